import Drivers
import Testing
import X86

@Suite struct SerialPortTests {
  private let recorder = PortRecorder()
  private static let base: UInt16 = 0x3f8
  private static let lineStatus: UInt16 = 0x3fd

  private func port() -> SerialPort<RecordingPorts> {
    SerialPort(base: Self.base, ports: RecordingPorts(recorder: recorder))
  }

  @Test func com1IsWhereEveryPCHasIt() { #expect(SerialPort<RecordingPorts>.com1 == 0x3f8) }

  /// PC16550D data sheet, section 8: the divisor goes to the first two registers while DLAB, bit 7 of the line
  /// control register, is set.
  @Test func startsAt115200BaudEightBitsNoParity() {
    var port = port()
    port.start()
    #expect(
      recorder.accesses == [
        .write(0x00, to: 0x3f9),  // no interrupts meanwhile
        .write(0x80, to: 0x3fb),  // DLAB
        .write(0x01, to: 0x3f8), .write(0x00, to: 0x3f9),  // 115,200 / 1
        .write(0x03, to: 0x3fb),  // 8n1, DLAB off
        .write(0xc7, to: 0x3fa),  // FIFOs on and emptied
        .write(0x0b, to: 0x3fc),  // DTR, RTS, OUT2
      ])
  }

  @Test func usesTheBaseItWasGiven() {
    var port = SerialPort(base: 0x2f8, ports: RecordingPorts(recorder: recorder))
    port.start()
    let ports = recorder.accesses.compactMap { if case .write(_, to: let port) = $0 { port } else { nil } }
    #expect(ports.allSatisfy { (0x2f8...0x2fd).contains($0) })
    #expect(ports.count == 7)
  }

  @Test func receivedBytesInterruptOnlyWhenAsked() {
    var port = port()
    port.enableReceiveInterrupt()
    #expect(recorder.accesses == [.write(0x01, to: 0x3f9)])
  }

  @Test func waitsUntilTheTransmitterIsEmpty() {
    var polls = 0
    recorder.answer = { _ in
      polls += 1
      // Everything but bit 5, three times.
      return polls <= 3 ? 0xdf : 0x20
    }
    var port = port()
    port.send(0x41)
    #expect(
      recorder.accesses == Array(repeating: .read(Self.lineStatus), count: 4) + [.write(0x41, to: 0x3f8)])
  }

  @Test func sendsEveryByteInOrder() {
    recorder.answer = { _ in 0x60 }
    var port = port()
    for byte in 0...255 as ClosedRange<UInt8> { port.send(byte) }
    #expect(recorder.writes == (0...255).map { .write($0, to: Self.base) })
  }

  /// A line that never empties costs time, and not for ever.
  @Test func aDeadLineDoesNotHangTheKernel() {
    var polls = 0
    recorder.answer = { _ in
      polls += 1
      // Long after the kernel should have gone on; without this the test would hang where the kernel does.
      return polls < 3_000_000 ? 0 : 0x20
    }
    var port = port()
    port.send(0x41)
    #expect(polls <= 1_000_000)
  }

  @Test func receivesWhatIsThereAndDoesNotWait() {
    var port = port()
    recorder.answer = { $0 == Self.lineStatus ? 0xfe : 0x5a }
    #expect(port.receive() == nil)
    // The data register is not touched: reading it would take the next byte.
    #expect(recorder.accesses == [.read(Self.lineStatus)])
    recorder.forget()
    recorder.answer = { $0 == Self.lineStatus ? 0x01 : 0x5a }
    #expect(port.receive() == 0x5a)
    #expect(recorder.accesses == [.read(Self.lineStatus), .read(Self.base)])
  }
}
