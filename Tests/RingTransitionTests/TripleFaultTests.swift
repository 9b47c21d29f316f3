import RingTransition
import TestSupport
import Testing
import X86

/// Machines that shut down: only the interrupted program's registers are left.
@Suite struct TripleFaultTests {
  private func diagnose(cr2: UInt64, _ change: (inout TestMachine) -> Void) -> Diagnosis {
    var machine = TestMachine.healthy
    machine.standInTripleFault(cr2: cr2)
    change(&machine)
    return machine.diagnosed(.tripleFault)
  }

  @Test func unmappedStackWithoutInterruptStack() {
    let diagnosis = diagnose(cr2: Layout.rsp0 - 8) {
      $0.clear(.pml4, of: Layout.rsp0 - 8)
      $0.setGate(8)
    }
    #expect(
      diagnosis.summary == "DX-01 | proven | RT-26 | 128 14(2) 8(0) shutdown cr2 ffffc90000004ff8")
    #expect(diagnosis.located == nil)
    #expect(diagnosis.context == TestMachine.program())
  }

  @Test func interruptTableMissing() {
    let diagnosis = diagnose(cr2: 0xffff_ffff_8001_1080) { $0.clear(.pageTable, of: Layout.idt) }
    #expect(
      diagnosis.summary == "DX-08b | proven | RT-64 | 128 14(0) 8(0) shutdown cr2 ffffffff80011080")
  }

  @Test func globalTableMissing() {
    let diagnosis = diagnose(cr2: 0xffff_ffff_8001_0008) { $0.clear(.pageTable, of: Layout.gdt) }
    #expect(diagnosis.cause == .tablesUnmapped)
    #expect(diagnosis.rule == .globalTableMapped)
    #expect(diagnosis.confidence == .proven)
  }

  @Test func taskStateMissing() {
    let diagnosis = diagnose(cr2: 0xffff_ffff_8001_2024) { $0.clear(.pageTable, of: Layout.tss) }
    #expect(diagnosis.cause == .tablesUnmapped)
    #expect(diagnosis.rule == .taskStateMapped)
    #expect(diagnosis.confidence == .proven)
  }

  @Test func taskStateLimit() {
    let diagnosis = diagnose(cr2: 0) { $0.registers.taskRegister?.limit = 10 }
    #expect(diagnosis.summary == "DX-25 | proven | RT-21 | 128 10(18) 8(0) shutdown")
  }

  @Test func taskRegisterNeverLoaded() {
    let diagnosis = diagnose(cr2: 0x24) {
      $0.registers.taskRegister = SegmentCache(
        selector: SegmentSelector(rawValue: 0), base: 0, limit: 0xffff, attributes: nil)
    }
    #expect(diagnosis.cause == .taskRegisterNotLoaded)
    #expect(diagnosis.rule == .taskRegisterLoaded)
    #expect(diagnosis.confidence == .proven)
  }

  @Test func tablesLackTheKernel() {
    let diagnosis = diagnose(cr2: Layout.kernelText + 0x80) {
      $0.registers.rip = Layout.kernelText + 0x80
      $0.registers.cs = SegmentSelector(rawValue: 8)
      $0.clear(.pml4, of: Layout.kernelText)
    }
    #expect(diagnosis.cause == .tablesLackKernel)
  }

  @Test func machineReset() {
    let diagnosis = diagnose(cr2: 0) {
      $0.registers = RegisterFile()
      $0.registers.rip = 0xfff0
      $0.registers.cr0 = CR0(rawValue: 0x6000_0010)
    }
    #expect(diagnosis.cause == .machineReset)
  }
}
