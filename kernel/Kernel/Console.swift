import Core
import Drivers
import Machine
import Report

/// The kernel's console: the first serial port, which the debugger's stub may share. It has no state of its own, so any
/// part of the kernel may hold one, the report of a double fault included.
struct Console: TextSink, ConsoleDevice {
  private var port = SerialPort(base: SerialPort<Ports>.com1, ports: Ports())

  mutating func start() { port.start() }
  mutating func enableReceiveInterrupt() { port.enableReceiveInterrupt() }
  mutating func write(byte: UInt8) {
    if !Debugger.takesOutput(byte) { port.send(byte) }
  }
  mutating func write(_ byte: UInt8) { write(byte: byte) }
  mutating func read() -> UInt8? { Debugger.typedByte() ?? port.receive() }

  mutating func line(_ text: StaticString) {
    write(text)
    newline()
  }
}

/// Where the Swift runtime prints the message of a failed precondition, in builds that keep the message.
@c(putchar)
public func putCharacter(_ character: Int32) -> Int32 {
  var console = Console()
  console.write(byte: UInt8(truncatingIfNeeded: character))
  return character
}
