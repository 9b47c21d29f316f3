import RingTransition
import TestSupport
import Testing
import X86

/// RT-091 beside everything else that such a table breaks.
@Suite struct RootTableTests {
  @Test func emptyTableIsTheCauseOfAll() {
    var machine = TestMachine.healthy
    machine.registers.cr3 = CR3(root: machine.allocateFrame())
    var options = AuditOptions.declared
    options.currentRoot = machine.root
    options.referenceRoot = machine.root
    let collector = machine.audited(options)
    #expect(collector.roots.first == 91)
    let fatal = collector.findings.filter { $0.isViolated && $0.severity == .fatal }
    let independent = fatal.filter { finding in !fatal.contains { finding.follows($0) } }
    #expect(independent.map(\.rule.number) == [91])
    #expect(fatal.count > 3)
  }

  @Test(arguments: [UInt64(0), 1 << 45, 0x4000_0000]) func tableThatCannotBe(_ raw: UInt64) {
    var machine = TestMachine.healthy
    machine.registers.cr3 = CR3(rawValue: raw)
    let finding = machine.audited().finding(.rootTableSane)
    #expect(finding?.isViolated == true)
    #expect(finding?.severity == .fatal)
  }

  @Test func bitsOfLinearAddressMaskingAreAllowed() {
    var machine = TestMachine.healthy
    machine.registers.cr3 = CR3(rawValue: 0x10_0000 | 3 << 61)
    #expect(machine.audited().finding(.rootTableSane)?.isHeld == true)
  }

  @Test func ignoredBitsWeighLittle() {
    var machine = TestMachine.healthy
    machine.registers.cr3 = CR3(rawValue: 0x10_0020)
    #expect(machine.audited().finding(.rootTableSane)?.severity == .hygiene)
    machine.registers.cr4.insert(.processContextIdentifiers)
    #expect(machine.audited().finding(.rootTableSane)?.isHeld == true)
  }
}

/// RT-100 beside what names the same entry.
@Suite struct RootEntryTests {
  /// The causes among the findings of both audits of a process whose table differs from the reference.
  private func causes(_ change: (inout TestMachine) -> Void) -> [UInt16] {
    var machine = TestMachine.healthy
    machine.copyRoot()
    change(&machine)
    var collector = FindingCollector()
    var scratch = HostScratch()
    auditReturn(&machine, options: .compared, sink: &collector)
    auditTables(&machine, options: .compared, scratch: &scratch, sink: &collector)
    return collector.roots
  }

  @Test func entryOfAPageThatSomethingElseNamesIsNotNamedTwice() {
    let data: UInt64 = 0xffff_d000_0000_0000
    #expect(causes { $0.mapFresh(data, flags: .present | .writable | .noExecute) } == [100])
    #expect(causes { $0.mapFresh(data, flags: .present | .writable) } == [104])
    #expect(causes { $0.mapFresh(data, flags: .present | .writable | .noExecute | .user) } == [101])
    #expect(
      causes {
        $0.clear(.pml4, of: Layout.rsp0 - 8)
        $0.mapFresh(data, flags: .present | .writable | .noExecute)
      } == [26])
  }

  @Test func entryOfAnotherPageIsNamedBeside() {
    let causes = causes {
      $0.mapFresh(0xffff_c100_0000_0000, flags: .present | .writable | .noExecute)
      $0.mapFresh(0xffff_d000_0000_0000, flags: .present | .writable)
    }
    #expect(causes == [100, 104])
  }
}
