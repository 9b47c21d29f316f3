import RingTransition
import TestSupport
import Testing
import X86

/// The narrow check that the kernel makes: `[RSP0-48, RSP0)` and nothing else.
@Suite struct EntryStackTests {
  private func check(
    rsp0: UInt64 = Layout.rsp0, _ change: (inout TestMachine) -> Void = { _ in }
  ) -> EntryStack {
    var machine = TestMachine.healthy
    change(&machine)
    return auditStack(rsp0: rsp0, root: machine.root, mode: machine.mode, memory: &machine)
  }

  @Test func ready() {
    guard case .ready = check() else {
      Issue.record("not ready")
      return
    }
    #expect(check().violation == nil)
  }

  @Test func absent() {
    let finding = check { $0.clear(.pml4, of: Layout.rsp0 - 8) }.violation
    #expect(finding?.rule == .rsp0FramePagesWritable)
  }

  @Test func readOnly() {
    let stack = check { $0.remove(.writable, .pageTable, of: Layout.rsp0 - 8) }
    guard case .refused(let walk, .pageFault(let code)) = stack else {
      Issue.record("not refused")
      return
    }
    #expect(code == .protectionViolation | .write)
    #expect(walk.address.rawValue == Layout.rsp0 - 8)
  }

  @Test func userPage() {
    #expect(check { $0.setAll(.user, of: Layout.rsp0 - 8) }.violation?.rule == .rsp0NotUserAccessible)
  }

  @Test func lowerPageOfTheFrame() {
    let stack = check(rsp0: Layout.guardPage + 0x1020)
    guard case .refused(let walk, .pageFault(.write)) = stack else {
      Issue.record("not refused")
      return
    }
    #expect(walk.address.rawValue == Layout.guardPage + 0xff8)
  }

  @Test(arguments: [0x9000_0000_0000, 0x8000_0000_0000, 0xffff_8000_0000_0000] as [UInt64])
  func notCanonical(rsp0: UInt64) { #expect(check(rsp0: rsp0).violation?.rule == .rsp0Canonical) }

  @Test func zero() { #expect(check(rsp0: 0).violation?.rule == .rsp0FramePagesWritable) }

  @Test func deeperPagesAreNotItsBusiness() {
    #expect(check { $0.clear(.pageTable, of: Layout.rsp0 - 0x1008) }.violation == nil)
  }
}
