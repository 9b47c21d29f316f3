import TestSupport
import Testing
import X86

/// Reads through the tables, and the structures that are read with them.
@Suite struct LinearReadTests {
  private static let base: UInt64 = 0xffff_ffff_9000_0000

  /// Two pages of memory, linear neighbours and not physical ones.
  private func machine() -> TestMachine {
    var machine = TestMachine.healthy
    machine.mapFresh(Self.base + 0x1000, flags: .present)
    machine.mapFresh(Self.base, flags: .present)
    for offset in stride(from: UInt64(0), to: 0x2000, by: 8) {
      machine.storeVirtual(offset * 0x0101_0101_0101, at: Self.base + offset)
    }
    return machine
  }

  @Test(arguments: Array(0...16) as [UInt64]) func everyAlignmentAcrossThePage(step: UInt64) {
    var machine = machine()
    let address = Self.base + 0xff8 + step - 8
    var expected: UInt64 = 0
    for byte in UInt64(0)..<8 {
      let target = machine.physical(address + byte)
      let qword = machine.load(PhysicalAddress(truncating: target.rawValue & ~7))!
      expected |= (qword >> (target.rawValue % 8 * 8) & 0xff) << (byte * 8)
    }
    #expect(machine.loadVirtual(address) == expected)
  }

  @Test func secondPageAbsent() {
    var machine = machine()
    machine.clear(.pageTable, of: Self.base + 0x1000)
    #expect(machine.loadVirtual(Self.base + 0xff8) != nil)
    #expect(machine.loadVirtual(Self.base + 0xff9) == nil)
  }

  @Test func outsideMemory() {
    var machine = machine()
    machine.removeMemory(PhysicalFrame(containing: machine.physical(Self.base)))
    #expect(machine.loadVirtual(Self.base) == nil)
  }

  @Test(arguments: [0, 0x1000 - 8, 0x1000 - 40, 0x1000 - 37, 0x1000 - 100] as [UInt64])
  func taskStateSegment(offset: UInt64) throws {
    var machine = machine()
    let base = Self.base + offset
    for (index, value) in [UInt64(0x11), 0x22, 0x33].enumerated() {
      machine.storeVirtual(value << 32, at: base + 4 + UInt64(index) * 8)
    }
    for slot in UInt64(1)...7 { machine.storeVirtual(0xffff_c980_0000_0000 + slot, at: base + 28 + slot * 8) }
    machine.storeVirtual([0x68, 0x01], at: base + 102)
    let segment = try #require(
      TaskStateSegment.read(
        at: VirtualAddress(base), root: machine.root, mode: machine.mode, memory: &machine))
    #expect(segment.rsp0 == 0x11 << 32)
    #expect((0..<3).map { segment.stackPointer(ring: $0) } == [0x11 << 32, 0x22 << 32, 0x33 << 32])
    #expect((1...7).map { segment.interruptStack($0) } == (1...7).map { 0xffff_c980_0000_0000 + $0 })
    #expect(segment.ioMapBase == 0x168)
  }

  @Test func taskStateSegmentWithoutItsSecondPage() {
    var machine = machine()
    machine.clear(.pageTable, of: Self.base + 0x1000)
    let segment = TaskStateSegment.read(
      at: VirtualAddress(Self.base + 0x1000 - 40), root: machine.root, mode: machine.mode, memory: &machine)
    #expect(segment == nil)
    let whole = TaskStateSegment.read(
      at: VirtualAddress(Self.base + 0x1000 - 104), root: machine.root, mode: machine.mode,
      memory: &machine)
    #expect(whole != nil, "byte 104 is no part of the segment")
  }

  @Test func interruptFrame() {
    var machine = TestMachine.healthy
    let frame = InterruptFrame.read(
      at: VirtualAddress(machine.registers.rsp), root: machine.root, mode: machine.mode, memory: &machine)
    #expect(frame == TestMachine.userFrame)
    #expect(frame?.isUser == true)
    #expect(frame?.codeSelector.index == 6)
    machine.clear(.pageTable, of: machine.registers.rsp)
    #expect(
      InterruptFrame.read(
        at: VirtualAddress(machine.registers.rsp), root: machine.root, mode: machine.mode, memory: &machine)
        == nil)
  }

  @Test func frameTopIsAligned() {
    #expect(InterruptFrame.top(for: 0x5000) == 0x5000)
    #expect(InterruptFrame.top(for: 0x4fff) == 0x4ff0)
    #expect(InterruptFrame.top(for: 0) == 0)
  }
}
