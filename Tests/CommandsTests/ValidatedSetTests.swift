import RingTransition
import Testing
import X86

@testable import Inspect

/// What a warm audit compares instead of walking: all of it, at every return.
@Suite struct ValidatedSetTests {
  private let declared: KernelDeclarations
  private var machine = RunningExample.make()
  private var returns = ValidatedReturns()
  private let selection: AuditSelection

  init() {
    declared = KernelDeclarations(table: KernelTable(at: VirtualAddress(RunningExample.table), in: &machine))
    var selection = AuditSelection()
    selection.scope = .everyReturn
    self.selection = selection
    _ = returns.audit(&machine, declared: declared, asking: selection)
  }

  private static func answers(_ audit: ReturnAudit) -> [String] {
    audit.findings.filter { $0.rule != .staleTranslation }.map { "\($0.rule.number) \($0.verdict)" }
  }

  private mutating func stands() -> Bool {
    if case .stands = returns.check(&machine, declared: declared, asking: selection) { true } else { false }
  }

  /// The qwords at linear `address`, and the entries of all levels on the way there.
  private mutating func path(to address: UInt64) -> [UInt64] {
    let file = machine.registerFile
    let walk = machine.walk(VirtualAddress(address), root: file.cr3.root, mode: file.pagingMode)
    return (0..<walk.count).map { walk[$0].entryAddress.rawValue }
      + [walk.physicalAddress.map { $0.rawValue & ~7 } ?? 0]
  }

  @Test mutating func itHoldsWhatTheNextEntryNeeds() throws {
    let known = Set(try #require(returns.latest).reads.map(\.address.rawValue))
    let idt = RunningExample.idt
    let needed = [
      RunningExample.tss + 4, RunningExample.gdt + 8, idt + 14 * 16, idt + 14 * 16 + 8, idt + 8 * 16,
      idt + 0x80 * 16,
    ]
    for address in needed { #expect(known.isSuperset(of: path(to: address)), "\(address)") }
    // Of stacks and code what matters is the way there.
    let pages = [
      RunningExample.rsp0 - 8, RunningExample.interruptStackTop(1) - 8, RunningExample.doubleFaultHandler,
    ]
    for address in pages { #expect(known.isSuperset(of: path(to: address).dropLast()), "\(address)") }
  }

  /// One after the other, and each put back: a set in which one is passed over fails here.
  @Test mutating func aChangeOfAnyQwordIsSeenAtTheNextReturn() throws {
    #expect(stands())
    let reads = try #require(returns.latest).reads
    #expect(reads.count { $0.kind == .entry } > 12 && reads.count { $0.kind == .data } > 40)
    for read in reads {
      let address = read.address.rawValue
      let before = machine.qwords[address, default: 0]
      // An entry's present bit; of anything else a bit that no rule may care about, and that is compared all the same.
      machine.store(before ^ 1, at: address)
      var others = returns
      guard case .audited(let audit) = others.check(&machine, declared: declared, asking: selection) else {
        Issue.record("nobody saw the change at \(read)")
        continue
      }
      let whole = ReturnAudit(of: &machine, declared: declared, asking: selection)
      #expect(Self.answers(audit) == Self.answers(whole), "\(read)")
      machine.store(before, at: address)
    }
    #expect(stands())
  }

  @Test mutating func registersAreCompared() {
    machine.registerFile.cr4 = CR4(
      rawValue: machine.registerFile.cr4.rawValue ^ CR4.pageGlobalEnable.rawValue)
    #expect(!stands())
  }

  /// The answers that were not put together are those of an audit that reads everything.
  @Test mutating func answersThatStandAreTheSame() {
    guard case .stands(let answers) = returns.check(&machine, declared: declared, asking: selection) else {
      Issue.record("a healthy machine")
      return
    }
    let whole = ReturnAudit(of: &machine, declared: declared, asking: selection)
    #expect(Self.answers(answers.audit(asking: selection)) == Self.answers(whole))
    #expect(answers.fresh.allSatisfy { $0.rule.isAboutReturn } && !answers.fresh.isEmpty)
    #expect(answers.standing.allSatisfy { !$0.rule.isAboutReturn } && !answers.standing.isEmpty)
  }

  @Test mutating func aBadFrameDoesNotStand() {
    machine.registerFile.rflags = RFlags(rawValue: machine.registerFile.rflags.rawValue | 1 << 14)
    #expect(!stands())
  }
}

/// The kernel's own table is read at each stop, and understood anew where it says something else.
@Suite struct KnownKernelTableTests {
  @Test func whatChangedIsRead() throws {
    let machine = RunningExample.make()
    let place = VirtualAddress(RunningExample.table)
    var known: KnownKernelTable?
    let first = try #require(KernelTable.read(at: place, in: machine, known: &known))
    #expect(KernelTable.read(at: place, in: machine, known: &known) == first)
    machine.registerFile.cr3 = CR3(rawValue: RunningExample.processCR3)
    // The number of the current process: the qword behind the kernel's CR3.
    machine.store(7, linear: RunningExample.table + 24, root: RunningExample.processCR3)
    var other = machine
    let fresh = try #require(KernelTable(at: place, in: &other))
    #expect(fresh != first)
    #expect(KernelTable.read(at: place, in: machine, known: &known) == fresh)
    // Nothing that is no table is taken for the last one.
    machine.store(0, linear: RunningExample.table, root: RunningExample.processCR3)
    #expect(KernelTable.read(at: place, in: machine, known: &known) == nil)
  }
}
