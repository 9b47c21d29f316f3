import Foundation
import Glibc
import Synchronization
import Testing
import X86

@testable import Session

/// Real machines, started and driven.
@Suite(.serialized) struct LaunchTests {
  static let wait = Duration.seconds(120)

  /// The guest, stopped at its first return to Ring 3.
  static func atFirstReturn(_ options: LaunchOptions = LaunchOptions(kernel: Guest.image)) throws -> Target {
    let target = try Target.launch(options)
    try target.insertBreakpoint(.hardware, at: VirtualAddress(Guest.iretq))
    try target.resume()
    let event = try target.waitForStop(limit: wait)
    try #require(target.coreRegisters.rip == Guest.iretq, "\(event)")
    return target
  }

  /// Has the guest end as told at its next system call.
  static func prepare(_ target: Target, _ ending: Guest.Ending) throws {
    let count = try #require(target.load(PhysicalAddress(truncating: Guest.returnCount)))
    try target.writeMemory(VirtualAddress(Guest.ending), bytes: [ending.rawValue])
    try target.writeMemory(
      VirtualAddress(Guest.returnLimit),
      bytes: (0..<8).map { UInt8(truncatingIfNeeded: (count + 1) >> ($0 * 8)) })
  }

  @Test func itStandsAtItsFirstInstruction() throws {
    let target = try Target.launch(LaunchOptions(kernel: nil))
    #expect(target.state == .stopped(.signal(5, thread: target.selectedThread, watch: nil)))
    let registers = target.registers
    // SDM Vol. 3A, table 9-1: the state after reset.
    #expect(registers.rip == 0xfff0)
    #expect(registers.cs.rawValue == 0xf000)
    #expect(registers.rflags == .fixedOne)
    #expect(registers.interruptTable == TableRegister(base: VirtualAddress(0), limit: 0xffff))
    #expect(!registers.isLongMode)
    #expect(registers.physicalAddressBits == 40)
    #expect(target.accelerator == .tcg)
    target.kill()
  }

  @Test func itReadsRegistersTablesAndMemory() throws {
    let target = try Self.atFirstReturn(LaunchOptions(kernel: Guest.image, memory: "1G"))
    let registers = target.registers
    #expect(registers.isLongMode)
    #expect(registers.cs.rawValue == 0x08)
    #expect(registers.cr3 == CR3(rawValue: Guest.pml4))
    #expect(registers.globalTable == TableRegister(base: VirtualAddress(Guest.globalTable), limit: 0x37))
    #expect(
      registers.interruptTable == TableRegister(base: VirtualAddress(Guest.interruptTable), limit: 0x80f))
    #expect(registers.taskRegister?.selector.rawValue == 0x18)
    #expect(registers.taskRegister?.base == Guest.taskState)
    #expect(registers.taskRegister?.limit == 0x67)
    var machine = target
    let frame = InterruptFrame.read(
      at: VirtualAddress(registers.rsp), root: registers.cr3.root, mode: registers.pagingMode,
      memory: &machine)
    #expect(frame?.rip == Guest.userCode)
    #expect(frame?.isUser == true)
    let segment = TaskStateSegment.read(
      at: VirtualAddress(Guest.taskState), root: registers.cr3.root, mode: registers.pagingMode,
      memory: &machine)
    #expect(segment?.rsp0 == Guest.rsp0)
    #expect(try target.readVirtual(VirtualAddress(Guest.iretq), byteCount: 2) == [0x48, 0xcf])
    // The guest maps 1 GiB, and that is its RAM: the first byte that is missing is named.
    #expect(try target.readVirtual(VirtualAddress(0x3fff_f000), byteCount: 4096).allSatisfy { $0 == 0 })
    #expect(throws: SessionError.notMapped(VirtualAddress(0x4000_0000))) {
      try target.readVirtual(VirtualAddress(0x3fff_f800), byteCount: 4096)
    }
    let failure = target.takeFailure()
    #expect(failure == nil)
    target.kill()
  }

  @Test func physicalMemoryEndsWhereRAMEnds() throws {
    let target = try Target.launch(LaunchOptions(kernel: nil, memory: "64M"))
    let last = PhysicalAddress(truncating: (64 << 20) - 8)
    #expect(target.load(last) == 0)
    #expect(target.load(PhysicalAddress(truncating: 64 << 20)) == nil)
    #expect(throws: SessionError.outsideMemory(last)) { try target.readPhysical(last, byteCount: 9) }
    // The local APIC answers reads, and is no memory.
    #expect(target.load(PhysicalAddress(truncating: 0xfee0_0000)) == nil)
    // The firmware is not in the RAM file; it comes by packets. Its reset vector is a far jump.
    #expect(try target.readPhysical(PhysicalAddress(truncating: 0xffff_fff0), byteCount: 1) == [0xea])
    #expect(target.load(PhysicalAddress(truncating: 0xf_fff0)).map { $0 & 0xff } == 0xea)
    target.kill()
  }

  @Test func aStepAndAResumePassTheBreakpointTheyStandAt() throws {
    let target = try Self.atFirstReturn()
    #expect(try target.step() == .signal(5, thread: target.selectedThread, watch: nil))
    #expect(target.coreRegisters.rip == Guest.userCode)
    #expect(target.coreRegisters.cs.requestedPrivilege == 3)
    let counter = PhysicalAddress(truncating: Guest.returnCount)
    for count in 1...5 {
      #expect(try target.stepOffAndResume(.none) == nil)
      #expect(
        try target.waitForStop(limit: Self.wait) == .signal(5, thread: target.selectedThread, watch: nil))
      #expect(target.coreRegisters.rip == Guest.iretq)
      // Fresh at every stop.
      #expect(target.load(counter) == UInt64(count))
    }
    // Set twice, it is still one; without it the machine runs until it is asked to stop.
    try target.insertBreakpoint(.hardware, at: VirtualAddress(Guest.iretq))
    try target.removeBreakpoint(.hardware, at: VirtualAddress(Guest.iretq))
    try target.resume()
    #expect(throws: SessionError.running) { try target.resume() }
    #expect(throws: SessionError.timedOut(operation: "wait for a stop", limit: .milliseconds(50))) {
      try target.waitForStop(limit: .milliseconds(50))
    }
    try target.interrupt()
    #expect(try target.waitForStop(limit: Self.wait) == .signal(2, thread: target.selectedThread, watch: nil))
    target.kill()
    #expect(throws: SessionError.ended) { try target.resume() }
  }

  @Test func registersAndMemoryCanBeWritten() throws {
    let target = try Self.atFirstReturn()
    try target.writeRegister("rax", value: 0x1122_3344_5566_7788)
    #expect(target.coreRegisters.general[0] == 0x1122_3344_5566_7788)
    #expect(target.value(ofRegister: "rax") == 0x1122_3344_5566_7788)
    let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    try target.writeMemory(VirtualAddress(0x20_0ff0), bytes: bytes)
    #expect(try target.readVirtual(VirtualAddress(0x20_0ff0), byteCount: 5000) == bytes)
    #expect(throws: SessionError.notMapped(VirtualAddress(0x4000_0000))) {
      try target.writeMemory(VirtualAddress(0x4000_0000), bytes: [1])
    }
    target.kill()
  }

  @Test func watchpointsStopAtTheAccess() throws {
    let target = try Self.atFirstReturn()
    try target.removeBreakpoint(.hardware, at: VirtualAddress(Guest.iretq))
    try target.insertBreakpoint(.watchWrite(byteCount: 8), at: VirtualAddress(Guest.returnCount))
    try target.resume()
    #expect(
      try target.waitForStop(limit: Self.wait)
        == .signal(
          5, thread: target.selectedThread, watch: Watchpoint(kind: .write, address: Guest.returnCount)))
    target.kill()
  }

  @Test func systemRegistersAreKeptOnlyWhereAsked() throws {
    let target = try Target.launch(LaunchOptions(kernel: Guest.image))
    #expect(target.registers.globalTable?.limit == 0xffff)
    try target.insertBreakpoint(.hardware, at: VirtualAddress(Guest.iretq))
    try target.resume()
    _ = try target.waitForStop(limit: Self.wait)
    #expect(target.registers.globalTable?.limit == 0x37)
    target.systemRegistersPolicy = .keepAcrossStops
    #expect(target.registers.globalTable?.limit == 0x37)
    // Behind kdbg's back; the processor's register is what it was, the cache too.
    target.systemRegisters[0]?.global?.limit = 0x99
    #expect(try target.step() == .signal(5, thread: target.selectedThread, watch: nil))
    #expect(target.registers.globalTable?.limit == 0x99)
    target.systemRegistersPolicy = .everyStop
    #expect(target.registers.globalTable?.limit == 0x37)
    target.kill()
  }

  @Test func anOrderlyEndHasItsStatus() throws {
    let target = try Self.atFirstReturn()
    try Self.prepare(target, .debugExit)
    #expect(try target.stepOffAndResume(.none) == nil)
    #expect(try target.waitForStop(limit: Self.wait) == .exited(status: Guest.debugExitStatus))
    #expect(target.state == .ended)
    #expect(target.emulator?.waitForExit(limit: .zero) == .exited(Guest.debugExitStatus))
  }

  @Test func aTripleFaultHoldsTheMachine() throws {
    let target = try Self.atFirstReturn()
    try Self.prepare(target, .tripleFault)
    #expect(try target.stepOffAndResume(.none) == nil)
    #expect(try target.waitForStop(limit: Self.wait) == .shutdown(.reset))
    // It can be looked at, and nothing waits for an answer that never comes.
    #expect(target.registers.interruptTable?.limit == 0)
    #expect(target.load(PhysicalAddress(truncating: Guest.returnLimit)) == 1)
    #expect(throws: SessionError.needsReset) { try target.resume() }
    #expect(throws: SessionError.needsReset) { try target.step() }
    target.kill()
  }

  @Test func aPowerOffIsToldFromAReset() throws {
    let target = try Self.atFirstReturn()
    try Self.prepare(target, .powerOff)
    #expect(try target.stepOffAndResume(.none) == nil)
    #expect(try target.waitForStop(limit: Self.wait) == .shutdown(.powerOff))
    target.kill()
  }

  @Test func anEmulatorThatIsKilledIsLost() throws {
    let target = try Self.atFirstReturn()
    try target.removeBreakpoint(.hardware, at: VirtualAddress(Guest.iretq))
    let identifier = try #require(target.emulator?.processIdentifier)
    try target.resume()
    Glibc.kill(identifier, SIGKILL)
    #expect(try target.waitForStop(limit: Self.wait) == .lost(.emulatorEnded(.signalled(SIGKILL))))
    #expect(throws: SessionError.emulatorEnded(.signalled(SIGKILL))) { try target.step() }
    #expect("\(SessionError.emulatorEnded(.signalled(SIGKILL)))" == "QEMU was ended by signal 9")
  }

  @Test func anEmulatorThatIsKilledWhileItStandsIsLost() throws {
    let target = try Self.atFirstReturn()
    Glibc.kill(try #require(target.emulator?.processIdentifier), SIGKILL)
    #expect(throws: SessionError.emulatorEnded(.signalled(SIGKILL))) {
      while true { _ = try target.step() }
    }
    #expect(target.state == .ended)
  }

  @Test func theMonitorSpeaksForTheSelectedProcessor() throws {
    let target = try Target.launch(LaunchOptions(kernel: Guest.image, cpus: 2))
    try target.insertBreakpoint(.hardware, at: VirtualAddress(Guest.iretq))
    try target.resume()
    _ = try target.waitForStop(limit: Self.wait)
    let threads = try target.threads()
    #expect(threads.map(\.cpuIndex) == [0, 1])
    #expect(threads[0].identifier == target.selectedThread)
    #expect(target.registers.isLongMode)
    let root = "CR3=0000000000108000"
    #expect(try target.monitor("info registers").contains(root))
    // The second processor waits for its start-up in the firmware.
    try target.select(threads[1].identifier)
    #expect(!target.registers.isLongMode)
    #expect(target.registers.taskRegister?.base == 0)
    #expect(target.registers.interruptTable?.base.rawValue != Guest.interruptTable)
    #expect(try !target.monitor("info registers").contains(root))
    try target.select(threads[0].identifier)
    #expect(target.registers.taskRegister?.base == Guest.taskState)
    let both = try target.processorRegisters()
    #expect(both.map(\.isLongMode) == [true, false])
    #expect(both.map { $0.taskRegister?.base } == [Guest.taskState, 0])
    #expect(target.selectedThread == threads[0].identifier)
    let nobody = ThreadIdentifier(process: .number(1), thread: .number(9))
    #expect(throws: SessionError.unknownThread("p1.9")) { try target.select(nobody) }
    target.kill()
  }

  @Test func theConsoleArrivesInOrderAndWhole() throws {
    let sink = ConsoleText()
    var options = LaunchOptions(kernel: Guest.image)
    options.console = .callback { bytes in sink.append(bytes) }
    let target = try Self.atFirstReturn(options)
    target.kill()
    #expect(sink.text == Guest.message)
  }

  @Test func theConsoleGoesToAFile() throws {
    let directory = try PrivateDirectory()
    var options = LaunchOptions(kernel: Guest.image)
    options.console = .file(path: "\(directory.path)/console,1")
    let target = try Self.atFirstReturn(options)
    #expect(try String(contentsOfFile: "\(directory.path)/console,1", encoding: .utf8) == Guest.message)
    target.kill()
  }

  private final class ConsoleText: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    func append(_ more: [UInt8]) { bytes.withLock { $0 += more } }
    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
  }
}
