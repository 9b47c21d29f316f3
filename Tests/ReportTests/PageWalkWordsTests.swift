import Report
import TestSupport
import Testing
import X86

@Suite struct PageWalkWordsTests {
  private func text(_ address: UInt64, _ change: (inout TestMachine) -> Void) -> String {
    var machine = TestMachine.healthy
    change(&machine)
    let walk = machine.walk(VirtualAddress(address), root: machine.root, mode: machine.mode)
    return TextCollector.text { $0.write(walk) }
  }

  @Test func mapped() {
    #expect(
      text(Layout.rsp0 - 8) { _ in } == """
        walk of 0xffffc90000004ff8 under CR3 0x100000
          PML4[402] at 0x100c90 = 0x0000000000109007  P W U
          PDPT[0] at 0x109000 = 0x000000000010a007  P W U
          PD[0] at 0x10a000 = 0x000000000010b007  P W U
          PT[4] at 0x10b020 = 0x800000000010e003  P W NX
          maps 0x10eff8, 4 KiB page, rw- supervisor; supervisor by PT[4]; no-execute by PT[4]

        """)
  }

  @Test func notPresent() {
    #expect(
      text(Layout.rsp0 - 8) { $0.clear(.pml4, of: Layout.rsp0 - 8) } == """
        walk of 0xffffc90000004ff8 under CR3 0x100000
          PML4[402] at 0x100c90 = 0x0000000000000000  -
          not mapped: PML4[402] is not present

        """)
  }

  @Test func reservedBits() {
    let text = text(Layout.rsp0 - 8) { $0.edit(.pageTable, of: Layout.rsp0 - 8) { $0 | 1 << 51 } }
    #expect(text.hasSuffix("  not mapped: PT[4] has reserved bits set (0x8000000000000)\n"))
  }

  @Test func nonCanonical() {
    #expect(
      text(0x9000_0000_0000) { _ in } == """
        walk of 0x0000900000000000 under CR3 0x100000
          not mapped: the address is not canonical

        """)
  }

  @Test func tableOutsideMemory() {
    let text = text(Layout.rsp0 - 8) { machine in
      machine.edit(.pml4, of: Layout.rsp0 - 8) { _ in 0x7f_0000_0007 }
    }
    #expect(text.hasSuffix("  not mapped: PDPT[0] at 0x7f00000000 cannot be read\n"))
  }

  @Test func largePageWithEveryFlag() {
    let text = text(0x4000_0000) { machine in
      machine.map(
        0x4000_0000, to: PhysicalAddress(truncating: 0x4000_0000),
        flags: PageTableEntry.Flags(rawValue: 0x17f) | .noExecute, size: .size1GiB)
    }
    #expect(
      text == """
        walk of 0x0000000040000000 under CR3 0x100000
          PML4[0] at 0x100000 = 0x0000000000133007  P W U
          PDPT[1] at 0x133008 = 0x80000000400001ff  P W U PWT PCD A D PS G NX
          maps 0x40000000, 1 GiB page, rw- user; no-execute by PDPT[1]

        """)
  }

  @Test func rightsTakenAwayAtTheTop() {
    let text = text(Layout.userText) { $0.remove(.writable, .pml4, of: Layout.userText) }
    #expect(text.hasSuffix("4 KiB page, r-x user; read-only by PML4[0]\n"))
  }
}
