import Report
import TestSupport
import Testing
import X86

@Suite struct DoubleFaultReportTests {
  @Test func wholeReport() {
    var machine = TestMachine.healthy
    machine.clear(.pml4, of: Layout.rsp0 - 8)
    let walk = machine.walk(VirtualAddress(Layout.rsp0 - 8), root: machine.root, mode: machine.mode)
    let report = DoubleFaultReport(
      frame: TestMachine.program(), errorCode: 0, cr2: Layout.rsp0 - 8, cr3: machine.registers.cr3,
      rsp0: Layout.rsp0, walk: walk)
    #expect(
      TextCollector.text { $0.write(report) } == """
        DOUBLE FAULT - Error Code: 0x0
        Instruction Pointer: 0x10000019
        Code Segment: SegmentSelector { index: 6, rpl: Ring3 }
        CR2: 0xffffc90000004ff8
        CR3: 0x100000
        RSP0: 0xffffc90000005000
        walk of 0xffffc90000004ff8 under CR3 0x100000
          PML4[402] at 0x100c90 = 0x0000000000000000  -
          not mapped: PML4[402] is not present

        """)
  }

  @Test func whatIsNotKnownIsLeftOut() {
    let report = DoubleFaultReport(
      frame: TestMachine.program(), errorCode: 0, cr2: 0, cr3: CR3(rawValue: 0x1000), rsp0: nil, walk: nil)
    #expect(
      TextCollector.text { $0.write(report) } == """
        DOUBLE FAULT - Error Code: 0x0
        Instruction Pointer: 0x10000019
        Code Segment: SegmentSelector { index: 6, rpl: Ring3 }
        CR2: 0x0
        CR3: 0x1000

        """)
  }
}
