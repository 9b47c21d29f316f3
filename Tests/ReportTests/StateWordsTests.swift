import Report
import RingTransition
import TestSupport
import Testing
import X86

/// The words of groups C to H, and that no case of an enumeration is without.
@Suite struct StateWordsTests {
  private func line(
    _ rule: Rule, options: AuditOptions = .declared, _ change: (inout TestMachine) -> Void
  ) -> String? {
    var machine = TestMachine.healthy
    change(&machine)
    return machine.audited(options).finding(rule).map { finding in
      TextCollector.text { $0.write(finding) }
    }
  }

  @Test func stacks() {
    #expect(
      line(.interruptStacksDistinct) { $0.setGate(18, interruptStack: 2) }
        == "RT-044 IST-stacks-distinct: fatal: the gates of NMI and #MC both name IST2")
    #expect(
      line(.returnNotFromInterruptStack) {
        $0.registers.rsp = Layout.interruptStackTop(1) - 40
        $0.setFrame(TestMachine.userFrame)
      }
        == "RT-048 return-not-from-IST: hygiene: the frame on the IST stack 0xffffc9800000cfd8 lies on "
        + "0xffffc98000009000-0xffffc9800000d000")
    #expect(
      line(.portBitmapClosed) {
        $0.storeVirtual(0xffff_ffff_ffff_fffd, at: Layout.tss + 104)
        $0.registers.taskRegister?.limit = 111
      } == "RT-034 IOPB-closed: security: port 0x1 is open to Ring 3")
  }

  @Test func gates() {
    #expect(
      line(.gatePrivilege) { $0.setGate(14, privilege: 3) }
        == "RT-067 gate-DPL-policy: security: gate 0xe is interrupt gate to 0xffffffff80001270, selector 0x8, no "
        + "IST, DPL 3, present")
    #expect(line(.gatePrivilege) { $0.setGate(0x80) }?.hasPrefix("RT-067 gate-DPL-policy: fatal: ") == true)
    #expect(line(.gatePrivilege) { $0.setGate(3) }?.hasPrefix("RT-067 gate-DPL-policy: hygiene: ") == true)
    #expect(
      line(.kernelCodeDescriptor) { $0.setGate(0x80, selector: 0x10, privilege: 3) }
        == "RT-062 kernel-CS-descriptor: fatal: selector 0x10 (writable data, DPL 0, present, accessed): not a code "
        + "segment")
    #expect(
      line(.interruptTableLimit) { $0.registers.interruptTable?.limit = 0x7ff }
        == "RT-063 IDT-limit: fatal: the IDT limit is 0x7ff, at least 0xfff is needed")
    #expect(
      line(.handlerPageReadOnly) { $0.set(.writable, .pageTable, of: Layout.kernelText) }
        == "RT-071 handler-page-supervisor-and-read-only: security: 0xffffffff80001200, a handler's code, is writable "
        + "in CR3 0x100000 (frame 0x101000)")
    #expect(
      line(.tablesNotUserAccessible) { $0.setAll(.user, of: Layout.idt) }
        == "RT-082 tables-not-user-accessible: security: 0xffffffff80011000, in a descriptor table, is accessible to "
        + "Ring 3 in CR3 0x100000 (frame 0x106000)")
  }

  @Test func systemCalls() {
    func line(_ rule: Rule, _ change: (inout TestMachine) -> Void) -> String? {
      self.line(rule, options: .systemCalls) {
        $0.enableSystemCalls()
        change(&$0)
      }
    }
    #expect(
      line(.systemCallTarget) { $0.registers.lstar = 0 }
        == "RT-121 LSTAR-target: fatal: 0x0 is not mapped for supervisor fetches in CR3 0x100000: PD[0] is not "
        + "present; SYSCALL raises #PF (error 0x10, CR2 0x0)")
    #expect(
      line(.systemCallSelectors) { $0.registers.star = 0x0020_0008 << 32 }
        == "RT-123 STAR: fatal: STAR 0x20000800000000: SYSRET's selectors need RPL 3")
    #expect(
      line(.systemCallMask) { $0.registers.syscallMask = 0x47600 }
        == "RT-124 SFMASK: security: SFMASK 0x47600: TF must be set")
    #expect(
      line(.swapgsBalance) { $0.registers.kernelGSBase = 0 }
        == "RT-125 swapgs-balance-at-return: fatal: KERNEL_GS_BASE is 0x0, expected 0xffffffff80020000")
    #expect(
      line(.systemReturnAddress) {
        $0.standAtSysretq()
        $0.registers.general[2] = 0x8000_0000_0000
      }
        == "RT-126 sysret-RIP: fatal: RCX, the RIP of Ring 3, 0x800000000000 is no user address; sysretq raises #GP(0)"
    )
    #expect(
      line(.opcodeIsSysretq) {
        $0.standAtSysretq()
        $0.storeVirtual([0x0f, 0x07, 0x90], at: Layout.iretq)
      } == "RT-129 sysret-opcode: fatal: the bytes at RIP are 0f 07, not 48 0f 07")
  }

  @Test func control() {
    #expect(
      line(.machineCheckEnabled) { $0.registers.cr4.remove(.machineCheckEnable) }
        == "RT-051 MC-enabled: hygiene: CR4 0x20: MCE must be set")
    #expect(
      line(.writeProtection) { $0.registers.cr0.remove(.writeProtect) }
        == "RT-141 CR0.WP: security: CR0 0x80000021: WP must be set")
    #expect(
      line(.pagingMode) { $0.registers.efer.remove(.longModeActive) }
        == "RT-140 paging-mode: fatal: EFER 0x900: LMA must be set")
    #expect(
      line(.taskPriorityZero) { $0.registers.cr8 = 15 }
        == "RT-145 CR8-zero: fatal: CR8 0xf holds interrupts back while Ring 3 runs")
    #expect(
      line(.noBreakpointOnEntry) {
        $0.registers.debugAddress?[3] = Layout.kernelText
        $0.registers.debugControl = 1 << 7
      } == "RT-050 DB-on-kernel-entry: security: DR3 0xffffffff80001000 is a breakpoint in the kernel")
    #expect(
      line(.interruptStacksPerProcessor) { _ in }
        == "RT-047 IST-unique-per-CPU: skipped: there is one processor")
    #expect(
      line(.userBasesCanonical) { $0.registers.fsBase = nil }
        == "RT-160 user-FS/GS-canonical: not checked: the bases of FS and GS are not known")
  }

  @Test func everyCaseHasWordsOfItsOwn() {
    let subjects = (0...UInt8.max).compactMap(Subject.init(rawValue:)).map { subject in
      TextCollector.text { $0.write(subject) }
    }
    #expect(Set(subjects).count == subjects.count, "\(subjects)")
    #expect(!subjects.contains("a register"))
    let missing = (0...UInt8.max).compactMap(Missing.init(rawValue:)).map { missing in
      TextCollector.text { $0.write(missing) }
    }
    #expect(Set(missing).count == missing.count)
    let reasons = (0...UInt8.max).compactMap(Inapplicable.init(rawValue:)).map { reason in
      TextCollector.text { $0.write(reason) }
    }
    #expect(Set(reasons).count == reasons.count)
    let problems = (0...UInt8.max).compactMap(DescriptorProblem.init(rawValue:)).map { problem in
      TextCollector.text { $0.write(problem) }
    }
    #expect(Set(problems).count == problems.count)
  }
}
