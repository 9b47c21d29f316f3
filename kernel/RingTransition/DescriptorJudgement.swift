import X86

extension SegmentDescriptor {
  /// Why `iretq` cannot load this descriptor into CS for a return to `ring`; nil when it can.
  /// SDM Vol. 2A, IRET.
  func problemAsReturnCode(_ selector: SegmentSelector, ring: UInt8) -> DescriptorProblem? {
    guard selector.requestedPrivilege == ring else { return .requestedPrivilege }
    guard attributes.isCode else { return .notCode }
    guard attributes.isConforming ? attributes.privilege <= ring : attributes.privilege == ring else {
      return .privilege
    }
    guard attributes.isPresent else { return .notPresent }
    guard !(attributes.isLong && attributes.isDefault32) else { return .operandSize }
    return nil
  }

  /// Why `iretq` cannot load this descriptor into SS for a return to `ring`; nil when it can.
  /// SDM Vol. 2A, IRET.
  func problemAsReturnStack(_ selector: SegmentSelector, ring: UInt8) -> DescriptorProblem? {
    guard selector.requestedPrivilege == ring else { return .requestedPrivilege }
    guard attributes.isWritableData else { return .notWritableData }
    guard attributes.privilege == ring else { return .privilege }
    guard attributes.isPresent else { return .notPresent }
    return nil
  }
}
