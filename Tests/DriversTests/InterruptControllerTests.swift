import Drivers
import Testing
import X86

@Suite struct InterruptControllerTests {
  private let recorder = PortRecorder()

  private func controller() -> InterruptController<RecordingPorts> {
    InterruptController(ports: RecordingPorts(recorder: recorder))
  }

  /// Intel 8259A data sheet, "Programming the 8259A": each chip gets ICW1 at its command port and ICW2 to ICW4 at
  /// its data port, in this order; then OCW1 masks every line.
  @Test func initialisesBothControllersInOrder() {
    var controller = controller()
    controller.start()
    let primary: [PortAccess] = [
      .write(0x11, to: 0x20), .write(0x20, to: 0x21), .write(0x04, to: 0x21), .write(0x01, to: 0x21),
      .write(0xff, to: 0x21),
    ]
    let secondary: [PortAccess] = [
      .write(0x11, to: 0xa0), .write(0x28, to: 0xa1), .write(0x02, to: 0xa1), .write(0x01, to: 0xa1),
      .write(0xff, to: 0xa1),
    ]
    func isPrimary(_ access: PortAccess) -> Bool {
      if case .write(_, to: let port) = access { port < 0x80 } else { false }
    }
    #expect(recorder.accesses.filter(isPrimary) == primary)
    #expect(recorder.accesses.filter { !isPrimary($0) } == secondary)
  }

  @Test(arguments: [0x08, 0x20, 0x70] as [UInt8])
  func startsAtAnyVector(vector: UInt8) {
    var controller = controller()
    controller.start(at: vector)
    #expect(recorder.accesses.filter { $0 == .write(vector, to: 0x21) }.count == 1)
    #expect(recorder.accesses.filter { $0 == .write(vector + 8, to: 0xa1) }.count == 1)
  }

  /// OCW3 chooses which register the next read of the command port gives.
  @Test func readsInServiceAndRequestRegisters() {
    recorder.answer = { $0 == 0x20 ? 0x81 : 0 }
    var controller = controller()
    let inService = controller.inService
    let requested = controller.requested
    #expect(inService == 0x81 && requested == 0x81)
    #expect(recorder.accesses == [.write(0x0b, to: 0x20), .read(0x20), .write(0x0a, to: 0x20), .read(0x20)])
  }

  @Test func vectorsStandBehindTheExceptions() {
    #expect(InterruptController<RecordingPorts>.firstVector == 32)
    #expect(InterruptController<RecordingPorts>.lineCount == 16)
  }

  @Test(arguments: 0...7 as ClosedRange<UInt8>)
  func unmasksOneLineAndLeavesTheOthers(line: UInt8) {
    for mask in [0xff, 0b1010_0101, 0x00] as [UInt8] {
      recorder.forget()
      recorder.answer = { $0 == 0x21 ? mask : 0 }
      var controller = controller()
      controller.unmask(line)
      #expect(recorder.accesses == [.read(0x21), .write(mask & ~(1 << line), to: 0x21)])
    }
  }

  /// Only the lowest-priority line of each chip is raised by noise; the others cost no look at the chip.
  @Test(arguments: [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14] as [UInt8])
  func otherLinesAreNeverSpurious(line: UInt8) {
    var controller = controller()
    let isSpurious = controller.isSpurious(line)
    #expect(!isSpurious)
    #expect(recorder.accesses.isEmpty)
  }

  @Test func line7IsSpuriousWhenItIsNotInService() {
    // Others are in service.
    recorder.answer = { $0 == 0x20 ? 0x7f : 0xff }
    var controller = controller()
    let isSpurious = controller.isSpurious(7)
    #expect(isSpurious)
    // Nothing is acknowledged: that would end someone else's interrupt.
    #expect(recorder.accesses == [.write(0x0b, to: 0x20), .read(0x20)])
  }

  @Test func line7IsRealWhenItIsInService() {
    recorder.answer = { $0 == 0x20 ? 0x80 : 0 }
    var controller = controller()
    let isSpurious = controller.isSpurious(7)
    #expect(!isSpurious)
    #expect(recorder.accesses == [.write(0x0b, to: 0x20), .read(0x20)])
  }

  /// The primary controller does not know that the secondary's request was noise: its cascade line is acknowledged.
  @Test func spuriousLine15EndsTheCascadeOnly() {
    recorder.answer = { $0 == 0xa0 ? 0x7f : 0xff }
    var controller = controller()
    let isSpurious = controller.isSpurious(15)
    #expect(isSpurious)
    #expect(recorder.accesses == [.write(0x0b, to: 0xa0), .read(0xa0), .write(0x20, to: 0x20)])
  }

  @Test func line15IsRealWhenItIsInService() {
    recorder.answer = { $0 == 0xa0 ? 0x80 : 0 }
    var controller = controller()
    let isSpurious = controller.isSpurious(15)
    #expect(!isSpurious)
    #expect(recorder.writes == [.write(0x0b, to: 0xa0)])
  }

  @Test(arguments: 0...15 as ClosedRange<UInt8>)
  func acknowledgesTheSecondaryFirst(line: UInt8) {
    var controller = controller()
    controller.acknowledge(line)
    let primary = PortAccess.write(0x20, to: 0x20)
    #expect(recorder.accesses == (line < 8 ? [primary] : [.write(0x20, to: 0xa0), primary]))
  }
}
