import RingTransition
import TestSupport
import Testing
import X86

@Suite struct TallyTests {
  private func tally(_ change: (inout TestMachine) -> Void) -> FindingTally {
    var machine = TestMachine.healthy
    change(&machine)
    var tally = FindingTally()
    auditReturn(&machine, options: .declared, sink: &tally)
    return tally
  }

  @Test func healthy() {
    let tally = tally { _ in }
    #expect(tally.held + tally.skipped == Rule.auditedCount)
    #expect(tally.checked == tally.held && tally.held > 60)
    #expect(tally.allHeld)
    #expect(tally.root == nil)
  }

  @Test func aCauseThatComesLaterIsTheRoot() {
    #expect(tally { $0.edit(.pageTable, of: Layout.rsp0 - 8) { $0 | 1 << 51 } }.root?.rule == .noReservedBits)
    #expect(tally { $0.setRSP0(Layout.rsp0 + 0x8000) }.root?.rule == .rsp0BelongsToCurrent)
  }

  @Test func aFatalViolationOutranksHygiene() {
    let tally = tally {
      $0.editFrame { $0.rflags.remove(.fixedOne) }
      $0.clear(.pml4, of: Layout.rsp0 - 8)
    }
    #expect(tally.root?.rule == .rsp0FramePagesWritable)
    #expect(tally.violated == 3)
    #expect(!tally.allHeld)
  }

  @Test func nothingCheckedIsNotHeld() {
    let tally = tally { $0.registers.efer.remove(.longModeActive) }
    // That it is not in long mode is the one answer.
    #expect(tally.unknown == Rule.auditedCount - 1)
    #expect(tally.root?.rule == .pagingMode)
    #expect(!tally.allHeld)
  }
}
