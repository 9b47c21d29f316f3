import Testing
import X86

@testable import Session

@Suite(.serialized) struct ModelSpecificTests {
  /// A page that the guest maps and does not use.
  private static let spare = VirtualAddress(0x10_6000)

  @Test func aBorrowedStepReadsRegistersAndLeavesNoTrace() throws {
    let target = try LaunchTests.atFirstReturn()
    defer { target.kill() }
    try target.writeMemory(Self.spare, bytes: Target.readInstruction)
    let before = target.registerNames.map { target.value(ofRegister: $0) }
    let state = target.state
    #expect(
      try target.readModelSpecificRegister(0xc000_0080, borrowing: Self.spare)
        == .value(target.coreRegisters.efer.rawValue))
    // IA32_APIC_BASE: enabled, of the boot processor, at its place. SDM Vol. 3A, 10.4.4.
    #expect(
      try target.readModelSpecificRegister(0x1b, borrowing: Self.spare) == .value(0xfee0_0900))
    #expect(target.registerNames.map { target.value(ofRegister: $0) } == before)
    #expect(target.state == state)
    // And the machine goes on: past its return, to the next one.
    #expect(try target.stepOffAndResume(.none) == nil)
    _ = try target.waitForStop(limit: LaunchTests.wait)
    #expect(target.coreRegisters.rip == Guest.iretq)
  }

  @Test func ringThreeLendsNothing() throws {
    let target = try LaunchTests.atFirstReturn()
    defer { target.kill() }
    _ = try target.step()
    #expect(target.coreRegisters.rip == Guest.userCode)
    #expect(throws: SessionError.notSupervisor) {
      try target.readModelSpecificRegister(0xc000_0080, borrowing: Self.spare)
    }
    #expect(target.coreRegisters.rip == Guest.userCode)
  }

  @Test func theProcessorIsLearnedOnceAndStays() throws {
    let target = try LaunchTests.atFirstReturn()
    defer { target.kill() }
    try target.writeMemory(Self.spare, bytes: Target.readInstruction)
    #expect(target.registers.star == nil)
    #expect(!target.knowsProcessor)
    try target.learnProcessor(borrowing: Self.spare)
    #expect(target.knowsProcessor)
    let registers = target.registers
    #expect(registers.star == 0)
    #expect(registers.lstar == 0)
    #expect(registers.apicBase == 0xfee0_0900)
    // IA32_PAT after reset. SDM Vol. 3A, 11.12.4.
    #expect(registers.pageAttributeTable == 0x0007_0406_0007_0406)
    #expect(registers.features.has(.supervisorAccessPrevention) == true)
    #expect(registers.vendor == .amd)
    #expect(registers.rip == Guest.iretq)
    #expect(try target.stepOffAndResume(.none) == nil)
    _ = try target.waitForStop(limit: LaunchTests.wait)
    #expect(target.registers.apicBase == 0xfee0_0900)
  }

  @Test func withoutAnInstructionTheMachineIsLeftAlone() throws {
    let target = try LaunchTests.atFirstReturn()
    defer { target.kill() }
    try target.learnProcessor(borrowing: nil)
    #expect(target.registers.lstar == nil)
    #expect(target.registers.features.has(.supervisorExecutionPrevention) == true)
  }

  @Test func theMonitorShowsTheDebugRegistersAndTheHiddenParts() throws {
    let target = try LaunchTests.atFirstReturn()
    defer { target.kill() }
    let registers = target.registers
    // SDM Vol. 3A, table 9-1.
    #expect(registers.debugControl == 0x400)
    #expect(registers.debugStatus == 0xffff_0ff0)
    #expect(registers.debugAddress?[0] == 0)
    #expect(registers.csCache?.selector.rawValue == 0x08)
    #expect(registers.csCache?.attributes?.isLong == true)
    #expect(registers.ssCache?.selector.rawValue == 0x10)
  }
}
