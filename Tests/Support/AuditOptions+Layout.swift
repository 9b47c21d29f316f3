import RingTransition
import X86

extension AuditOptions {
  /// Everything that the healthy machine's kernel can declare.
  public static var declared: AuditOptions {
    var options = AuditOptions()
    options.kernelStackSize = Layout.stackSize
    options.interruptStackSize = Layout.stackSize
    options.frameEnd = Layout.exitStackTop
    options.currentStackTop = Layout.rsp0
    options.otherStacks[0] = StackInterval(top: Layout.exitStackTop, byteCount: Layout.stackSize)
    options.destination = .ringThree
    options.residency = .resident
    return options
  }
}

extension TestMachine {
  /// The findings of an audit of this machine.
  public func audited(_ options: AuditOptions = .declared) -> FindingCollector {
    var machine = self
    var collector = FindingCollector()
    auditReturn(&machine, options: options, sink: &collector)
    return collector
  }
}
