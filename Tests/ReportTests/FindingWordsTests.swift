import Report
import RingTransition
import TestSupport
import Testing
import X86

@Suite struct FindingWordsTests {
  /// The lines of all violated rules of a broken machine.
  private func violations(_ change: (inout TestMachine) -> Void) -> [String] {
    var machine = TestMachine.healthy
    change(&machine)
    return machine.audited().findings.filter(\.isViolated).map { finding in
      TextCollector.text { $0.write(finding) }
    }
  }

  @Test func heldAndNotChecked() {
    var options = AuditOptions.declared
    options.currentStackTop = nil
    let collector = TestMachine.healthy.audited(options)
    #expect(
      TextCollector.text { $0.write(collector.finding(.rsp0FramePagesWritable)!) }
        == "RT-026 RSP0-frame-pages-writable: held")
    #expect(
      TextCollector.text { $0.write(collector.finding(.rsp0BelongsToCurrent)!) }
        == "RT-030 RSP0-belongs-to-current: not checked: the current thread's stack is not known")
  }

  @Test func unmappedStack() {
    #expect(
      violations { $0.clear(.pml4, of: Layout.rsp0 - 8) } == [
        "RT-026 RSP0-frame-pages-writable: fatal: 0xffffc90000004ff8 is not mapped for supervisor writes in "
          + "CR3 0x100000: PML4[402] is not present; next entry raises #PF (error 0x2, CR2 0xffffc90000004ff8)",
        "RT-028 handler-headroom: fatal: 0xffffc90000004ff8 is not mapped for supervisor writes in "
          + "CR3 0x100000: PML4[402] is not present; next entry raises #PF (error 0x2, CR2 0xffffc90000004ff8)",
      ])
  }

  @Test func refusals() {
    #expect(
      violations { $0.remove(.writable, .pageDirectory, of: Layout.rsp0 - 8) }[0]
        == "RT-026 RSP0-frame-pages-writable: fatal: 0xffffc90000004ff8 refuses supervisor writes in "
        + "CR3 0x100000: PD[0] is read-only; next entry raises #PF (error 0x3, CR2 0xffffc90000004ff8)")
    #expect(
      violations {
        $0.setAll(.user, of: Layout.rsp0 - 8)
        $0.registers.cr4.insert(.supervisorAccessPrevention)
      }[0]
        == "RT-026 RSP0-frame-pages-writable: fatal: 0xffffc90000004ff8 refuses supervisor writes in CR3 "
        + "0x100000: it is a user page and SMAP is on; next entry raises #PF (error 0x3, CR2 0xffffc90000004ff8)"
    )
    #expect(
      violations { $0.set(.noExecute, .pageTable, of: Layout.userText) } == [
        "RT-014 user-RIP-page: hygiene: 0x10000000 refuses user fetches in CR3 0x100000: PT[0] is no-execute; "
          + "Ring 3 raises #PF (error 0x15, CR2 0x10000000)"
      ])
    #expect(
      violations { $0.remove(.user, .pageTable, of: Layout.userStackTop - 8) } == [
        "RT-015 user-stack-page: hygiene: 0x7ffefffffff8 refuses user writes in CR3 0x100000: PT[511] is "
          + "supervisor; Ring 3 raises #PF (error 0x7, CR2 0x7ffefffffff8)"
      ])
    #expect(
      violations { $0.clear(.pageTable, of: Layout.exitStackTop - 8) } == [
        "RT-001 frame-readable: fatal: 0xffffc98000004fd8 is not mapped for supervisor reads in CR3 0x100000: "
          + "PT[4] is not present; iretq raises #PF (error 0x0, CR2 0xffffc98000004fd8)"
      ])
  }

  @Test func stackPointers() {
    #expect(
      violations { $0.setRSP0(0) }[0]
        == "RT-025 RSP0-initialised: fatal: RSP0 is 0x0: next entry pushes to 0xfffffffffffffff8")
    #expect(
      violations { $0.setRSP0(0x9000_0000_0000) }[0]
        == "RT-024 RSP0-canonical: fatal: RSP0 0x900000000000 has no canonical frame below it; its entry raises "
        + "#SS, and CR2 is not written")
    #expect(
      violations { $0.setRSP0(Layout.rsp0 - 8) } == [
        "RT-029 RSP0-aligned: hygiene: RSP0 0xffffc90000004ff8 is not a multiple of 16; the processor aligns it "
          + "before it pushes",
        "RT-030 RSP0-belongs-to-current: fatal: RSP0 is 0xffffc90000004ff8, the current thread's stack top is "
          + "0xffffc90000005000",
      ])
    #expect(
      violations { $0.setRSP0(Layout.rsp0 + 0x8000) }.last
        == "RT-030 RSP0-belongs-to-current: fatal: RSP0 0xffffc9000000d000 lies outside the current thread's "
        + "stack 0xffffc90000001000-0xffffc90000005000")
    #expect(
      violations { $0.setInterruptStack(1, 0) } == [
        "RT-042 IST-slot-usable: fatal: IST1 is 0x0: its entry pushes to 0xfffffffffffffff8"
      ])
    #expect(
      violations { $0.setInterruptStack(1, Layout.rsp0) } == [
        "RT-031 RSP0-exclusive: fatal: the stack under RSP0, 0xffffc90000001000-0xffffc90000005000, overlaps "
          + "IST1, 0xffffc90000001000-0xffffc90000005000",
        "RT-044 IST-stacks-distinct: fatal: IST1, 0xffffc90000001000-0xffffc90000005000, overlaps RSP0, "
          + "0xffffc90000001000-0xffffc90000005000",
      ])
  }

  @Test func frames() {
    #expect(
      violations { $0.setAll(.user, of: Layout.rsp0 - 8) } == [
        "RT-027 RSP0-not-user-accessible: security: 0xffffc90000004ff8, on the kernel stack, is accessible to "
          + "Ring 3 in CR3 0x100000 (frame 0x10e000)"
      ])
    #expect(
      violations { $0.mapFresh(Layout.guardPage, flags: .present | .writable | .noExecute) } == [
        "RT-033 guard-below-stack: hygiene: 0xffffc90000000fff, below the kernel stack, is mapped in "
          + "CR3 0x100000 (frame 0x13a000)"
      ])
    #expect(
      violations { machine in
        machine.map(
          Layout.rsp0 - 4096, to: machine.root.address, flags: .present | .writable | .noExecute)
      }[0]
        == "RT-032 RSP0-frames-sane: fatal: the frame under 0xffffc90000004ff8, 0x100000, is a page table of the "
        + "same CR3")
  }

  @Test func frameWords() {
    #expect(
      violations { $0.editFrame { $0.rflags = .fixedOne | .trap | RFlags(rawValue: 1 << 40 | 3 << 12) } } == [
        "RT-009 RFLAGS-image-fixed-bits: hygiene: frame RFLAGS 0x10000003102: bits 0x10000000000 must be clear",
        "RT-012 RFLAGS-image-policy: fatal: frame RFLAGS 0x10000003102: TF IOPL=3 must be clear, IF must be set",
      ])
    #expect(
      violations { $0.registers.rflags.insert(.nestedTask) } == [
        "RT-003 kernel-NT-clear: fatal: RFLAGS 0x4002: NT must be clear",
        "RT-144 RFLAGS-at-return: fatal: RFLAGS 0x4002: NT must be clear",
      ])
    #expect(
      violations { $0.editFrame { $0.rip = 0x9000_0000_0000 } }[0]
        == "RT-005 RIP-canonical: fatal: frame RIP 0x900000000000 is not canonical; iretq raises #GP(0)")
    #expect(
      violations { $0.storeVirtual([0xcf, 0x90], at: Layout.iretq) } == [
        "RT-002 opcode-is-iretq: fatal: the bytes at RIP are cf 90, not 48 cf"
      ])
    #expect(
      violations { $0.registers.rsp -= 8 }.last
        == "RT-017 frame-at-expected-slot: hygiene: the frame's end is 0xffffc98000004ff8, expected "
        + "0xffffc98000005000")
  }

  @Test func descriptors() {
    #expect(
      violations { $0.setDescriptor(6, 0x00af_7b00_0000_ffff) } == [
        "RT-006 CS-descriptor-valid: fatal: selector 0x33 (64-bit code, DPL 3, not present, accessed): not "
          + "present; iretq raises #NP(0x30)"
      ])
    #expect(
      violations { $0.editFrame { $0.ss = 0x28 } } == [
        "RT-007 SS-descriptor-valid: fatal: selector 0x28 (writable data, DPL 3, present, accessed): the "
          + "selector's RPL is wrong; iretq raises #GP(0x28)"
      ])
    #expect(
      violations { $0.editFrame { $0.cs = 3 } } == [
        "RT-006 CS-descriptor-valid: fatal: selector 0x3: the selector is null; iretq raises #GP(0)"
      ])
    #expect(
      violations { $0.setGate(8) } == [
        "RT-040 DF-has-IST: fatal: gate 0x8 is interrupt gate to 0xffffffff80001240, selector 0x8, no IST, "
          + "DPL 0, present"
      ])
    #expect(
      violations { $0.setTaskDescriptor(base: Layout.tss, limit: 102, type: .busyTSS) } == [
        "RT-023 TSS-descriptor-agrees: hygiene: the TSS limit is 0x66 in the GDT and 0x67 in TR"
      ])
  }

  @Test func taskRegister() {
    #expect(
      violations {
        $0.registers.taskRegister = SegmentCache(
          selector: SegmentSelector(rawValue: 0), base: 0, limit: 0xffff, attributes: nil)
      } == ["RT-020 TR-loaded: fatal: TR is 0x0: LTR was never executed"])
    #expect(
      violations { $0.registers.taskRegister?.limit = 42 }[0]
        == "RT-021 TSS-limit: fatal: the TSS limit is 0x2a, at least 0x43 is needed; next entry raises #TS")
  }
}
