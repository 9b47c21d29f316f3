import Core
import Drivers
import Machine
import Stub
import X86

/// A serial port as the stub's line.
struct DebugPort: ByteChannel {
  private var port: SerialPort<Ports>
  /// Ticks of the time-stamp counter in a microsecond.
  private let ticksPerMicrosecond: UInt64

  /// The request line of a serial port.
  static func line(of place: DebuggerPort) -> UInt8 { place == .com1 ? 4 : 3 }

  /// Starts the port unless the console has done so, and measures the time-stamp counter against the interval timer,
  /// which is used for nothing else yet.
  init(_ place: DebuggerPort) {
    port = SerialPort(base: place == .com1 ? SerialPort<Ports>.com1 : SerialPort<Ports>.com2, ports: Ports())
    var timer = IntervalTimer(ports: Ports())
    ticksPerMicrosecond = timer.measure { Processor.timestamp }
    // Started again, the console's port would lose what it holds.
    if place == .com2 { port.start() }
    port.enableReceiveInterrupt()
  }

  mutating func receive() -> UInt8? { port.receive() }

  #if PLAIN_LINE
    // The yardstick of `make bench`: a stub that asks the line before every byte, and sends digits only.
    static var encoding: LineEncoding { .plain }

    mutating func send(_ bytes: Span<UInt8>, from position: Int) -> Int {
      guard position >= 0, position < bytes.count else { return 0 }
      port.send(bytes[position])
      return 1
    }
  #else
    mutating func send(_ bytes: Span<UInt8>, from position: Int) -> Int {
      port.sendBurst(bytes, from: position)
    }
  #endif

  /// The compiler cannot see that the measured rate is never 0.
  mutating func microseconds() -> UInt64 { Processor.timestamp / max(ticksPerMicrosecond, 1) }

  mutating func pause() { Processor.pause() }
}
