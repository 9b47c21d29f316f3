import RingTransition
import Testing
import X86

@testable import Inspect

/// One return after the other through the running example: what stands is read again and not walked again, and
/// whatever changed is noticed.
@Suite struct ValidatedReturnTests {
  private static func declared(_ machine: FakeMachine) -> KernelDeclarations {
    var machine = machine
    return KernelDeclarations(table: KernelTable(at: VirtualAddress(RunningExample.table), in: &machine))
  }

  private static func selection(_ scope: AuditScope) -> AuditSelection {
    var selection = AuditSelection()
    selection.scope = scope
    return selection
  }

  /// A machine whose return was audited once, and found good.
  private static func audited() -> (FakeMachine, ValidatedReturns) {
    var machine = RunningExample.make()
    var returns = ValidatedReturns()
    let first = returns.audit(&machine, declared: declared(machine), asking: selection(.everyReturn))
    #expect(!first.isViolated(from: .security))
    return (machine, returns)
  }

  private static func answers(_ audit: ReturnAudit) -> [String] {
    audit.findings.map { "\($0.rule.number) \($0.verdict)" }
  }

  @Test func whatStandsIsComparedAndAnsweredAlike() {
    var (machine, returns) = Self.audited()
    let declared = Self.declared(machine)
    #expect(returns.cost.cold.audits == 1 && returns.cost.warm.audits == 0)
    machine.loads = 0
    let again = returns.audit(&machine, declared: declared, asking: Self.selection(.everyReturn))
    #expect(returns.cost.warm.audits == 1)
    let loads = machine.loads
    // No qword that the first audit did not read, none of them left out, and none read twice.
    #expect(returns.cost.warm.meanQwords == returns.cost.cold.meanQwords)
    #expect(loads == returns.cost.warm.meanQwords)
    // What the specification allows: the path entries, TSS and frame; gates and descriptors come in blocks.
    #expect(returns.cost.warm.meanReads <= 45 + 13 + 5)
    #expect(returns.cost.warm.meanReads < returns.cost.warm.meanQwords)
    machine.loads = 0
    let whole = ReturnAudit(of: &machine, declared: declared, asking: Self.selection(.everyReturn))
    #expect(loads < machine.loads)
    #expect(Self.answers(again) == Self.answers(whole))
  }

  struct Change: CustomTestStringConvertible, Sendable {
    let name: String
    let rule: UInt16
    let apply: @Sendable (FakeMachine) -> Void

    init(_ name: String, _ rule: UInt16, _ apply: @escaping @Sendable (FakeMachine) -> Void) {
      (self.name, self.rule, self.apply) = (name, rule, apply)
    }

    var testDescription: String { name }
  }

  private static func edit(_ machine: FakeMachine, _ address: UInt64, _ change: (UInt64) -> UInt64) {
    var machine = machine
    let root = machine.registerFile.cr3.root
    let mode = machine.registerFile.pagingMode
    guard let old = machine.loadVirtual(VirtualAddress(address), root: root, mode: mode),
      let place = machine.walk(VirtualAddress(address), root: root, mode: mode).physicalAddress
    else { return }
    let new = change(old)
    machine.store(
      bytes: (0..<8).map { UInt8(truncatingIfNeeded: new >> UInt64($0 * 8)) }, at: place.rawValue)
  }

  /// Changes the last entry on the way to `address`.
  private static func editEntry(_ machine: FakeMachine, _ address: UInt64, _ change: (UInt64) -> UInt64) {
    var machine = machine
    let walk = machine.walk(
      VirtualAddress(address), root: machine.registerFile.cr3.root, mode: machine.registerFile.pagingMode)
    let step = walk[walk.count - 1]
    machine.store(change(step.entry.rawValue), at: step.entryAddress.rawValue)
  }

  static let changes: [Change] = [
    Change("root entry of the stack", 26) { $0.store(0, at: RunningExample.processCR3 + 402 * 8) },
    Change("entry of a stack page", 26) { editEntry($0, RunningExample.rsp0 - 8) { $0 & ~2 } },
    Change("entry of the handler's page", 70) {
      editEntry($0, RunningExample.doubleFaultHandler) { $0 | 1 << 63 }
    },
    Change("gate", 65) { edit($0, RunningExample.idt + 14 * 16) { $0 & ~(1 << 47) } },
    Change("IST field of a gate", 40) { edit($0, RunningExample.idt + 8 * 16) { $0 & ~(7 << 32) } },
    Change("IST word of the TSS", 42) { machine in
      edit(machine, RunningExample.tss + 36) { _ in 0 }
    },
    Change("code descriptor", 62) { edit($0, RunningExample.gdt + 8) { $0 & ~(1 << 47) } },
    Change("limit of the IDT", 63) { $0.registerFile.interruptTable?.limit = 100 },
    Change("selector in TR", 20) { $0.registerFile.taskRegister = nil },
  ]

  @Test(arguments: changes) func whateverChangedIsNoticed(_ change: Change) {
    var (machine, returns) = Self.audited()
    let declared = Self.declared(machine)
    change.apply(machine)
    let audit = returns.audit(&machine, declared: declared, asking: Self.selection(.everyReturn))
    #expect(returns.cost.warm.audits == 0)
    let finding = audit.findings.first { $0.rule.number == change.rule }
    #expect(finding?.isViolated == true || finding?.isUnknown == true)
    let whole = ReturnAudit(of: &machine, declared: declared, asking: Self.selection(.everyReturn))
    #expect(Self.answers(audit).filter { !$0.hasPrefix("109 ") } == Self.answers(whole))
  }

  @Test func stackPointerOfAnotherThreadIsNoticed() {
    var (machine, returns) = Self.audited()
    let declared = Self.declared(machine)
    Self.edit(machine, RunningExample.tss + 4) { $0 - 0x1000 }
    let audit = returns.audit(&machine, declared: declared, asking: Self.selection(.everyReturn))
    #expect(returns.cost.warm.audits == 0)
    #expect(audit.findings.contains { $0.rule == .rsp0BelongsToCurrent && $0.isViolated })
  }

  @Test func whatTheProcessorWritesChangesNothing() {
    var (machine, returns) = Self.audited()
    let declared = Self.declared(machine)
    Self.editEntry(machine, RunningExample.rsp0 - 8) { $0 ^ 0x60 }
    _ = returns.audit(&machine, declared: declared, asking: Self.selection(.everyReturn))
    #expect(returns.cost.warm.audits == 1)
  }

  @Test func entryThatLostRightsMayStillBeCached() throws {
    var (machine, returns) = Self.audited()
    let declared = Self.declared(machine)
    Self.editEntry(machine, RunningExample.rsp0 - 8) { $0 & ~2 }
    let audit = returns.audit(&machine, declared: declared, asking: Self.selection(.everyReturn))
    let finding = try #require(audit.findings.first { $0.rule == .staleTranslation })
    guard case .narrowed(_, let now, let before) = try #require(finding.evidence) else {
      Issue.record("\(finding)")
      return
    }
    #expect(before.flags.contains(.writable) && !now.flags.contains(.writable))
    #expect(audit.root?.rule == .rsp0FramePagesWritable)
  }

  /// What `audit` and `explain` ask for themselves knows what the check saw before.
  @Test func anAuditMadeElsewhereIsComparedToo() throws {
    var (machine, returns) = Self.audited()
    let declared = Self.declared(machine)
    var healthy = ReturnAudit(of: &machine, declared: declared)
    returns.compare(&healthy, of: &machine, declared: declared, asking: AuditSelection())
    #expect(!healthy.findings.contains { $0.rule == .staleTranslation })
    Self.editEntry(machine, RunningExample.rsp0 - 8) { _ in 0 }
    var audit = ReturnAudit(of: &machine, declared: declared)
    returns.compare(&audit, of: &machine, declared: declared, asking: AuditSelection())
    #expect(audit.findings.contains { $0.rule == .staleTranslation && $0.isViolated })
    #expect(audit.findings.map(\.rule.number) == audit.findings.map(\.rule.number).sorted())
    // At another return nothing was seen.
    machine.registerFile.rip = RunningExample.sysretq
    var other = ReturnAudit(of: &machine, declared: declared)
    returns.compare(&other, of: &machine, declared: declared, asking: AuditSelection())
    #expect(!other.findings.contains { $0.rule == .staleTranslation })
  }

  @Test func entriesAreThoseOfTheLoadedTable() throws {
    var (machine, returns) = Self.audited()
    let declared = Self.declared(machine)
    let walk = machine.walk(
      VirtualAddress(RunningExample.rsp0 - 8), root: machine.registerFile.cr3.root,
      mode: machine.registerFile.pagingMode)
    let step = walk[walk.count - 1]
    machine.store(0, at: step.entryAddress.rawValue)
    // What counts is what was there.
    let entries = returns.entries(under: machine.registerFile, declared: declared)
    let kept = try #require(entries.entry(at: step.entryAddress))
    #expect(kept.isPresent && kept.frame == step.entry.frame)
    var foreign = machine.registerFile
    foreign.cr3 = CR3(rawValue: RunningExample.kernelCR3)
    #expect(returns.entries(under: foreign, declared: declared).entry(at: step.entryAddress) == nil)
    // The same root table, and another process's by now.
    let stranger = KernelDeclarations(table: nil)
    #expect(
      returns.entries(under: machine.registerFile, declared: stranger).entry(at: step.entryAddress) == nil)
  }

  /// A violation is believed only after the processor was asked again, and what was removed is remembered over that.
  @Test func removalIsSeenThroughASecondLook() throws {
    var checker = try #require(ReturnChecker(FakeProgram().returns))
    var machine = RunningExample.make()
    let declared = Self.declared(machine)
    for _ in 0..<2 {
      guard case .held = checker.audit(&machine, declared: declared) else {
        Issue.record("the healthy machine")
        return
      }
    }
    Self.editEntry(machine, RunningExample.rsp0 - 8) { _ in 0 }
    var looks = 0
    let outcome = checker.audit(&machine, declared: declared) {
      looks += 1
      return true
    }
    guard case .violated(let audit) = outcome else {
      Issue.record("nothing found")
      return
    }
    #expect(looks == 1)
    #expect(audit.root?.rule == .rsp0FramePagesWritable)
    #expect(audit.findings.contains { $0.rule == .staleTranslation && $0.isViolated })
  }

  @Test func frameIsJudgedEachTime() {
    var (machine, returns) = Self.audited()
    let declared = Self.declared(machine)
    Self.edit(machine, RunningExample.exitFrame + 8) { _ in 0x2b }
    let audit = returns.audit(&machine, declared: declared, asking: Self.selection(.everyReturn))
    #expect(returns.cost.warm.audits == 1)
    #expect(audit.findings.contains { $0.rule == .codeDescriptorValid && $0.isViolated })
  }

  @Test func badSurroundingsAreNotKept() {
    var machine = RunningExample.makeWithoutStack()
    var returns = ValidatedReturns()
    let declared = Self.declared(machine)
    for _ in 0..<3 {
      let audit = returns.audit(&machine, declared: declared, asking: Self.selection(.everyReturn))
      #expect(audit.isViolated(from: .fatal))
    }
    #expect(returns.cost.warm.audits == 0)
  }

  @Test func widerScopesAreAskedInFull() {
    var (machine, returns) = Self.audited()
    let declared = Self.declared(machine)
    let audit = returns.audit(&machine, declared: declared, asking: Self.selection(.everything))
    #expect(returns.cost.warm.audits == 0)
    #expect(audit.findings.contains { $0.rule == .writeXorExecute })
  }
}
