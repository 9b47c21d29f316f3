import X86

extension Finding {
  /// True when this violation follows from one of a page table, `cause`, whose evidence is `other`.
  func followsInTables(_ cause: Rule, _ other: Evidence, _ evidence: Evidence) -> Bool {
    switch (cause.number, evidence) {
    case (91, .access(let walk, _, _)):
      // Nothing is mapped, so nothing that is needed is.
      if case .value = other, walk.count <= 1, walk.physicalAddress == nil { return true }
    case (93, .sharedFrame(_, .outsideMemory)): if rule == .rsp0FramesSane { return true }
    case (104, .rights(let walk)):
      // The handler's page is writable as well as executable.
      if rule == .handlerPageReadOnly, walk.rights.isWritable, !walk.rights.isUser { return true }
    default: break
    }
    // The entry that differs is on the path that something else names already.
    guard rule == .kernelHalfConsistent, case .rootEntry(let slot, _, _) = evidence,
      cause.severity != .hygiene
    else { return false }
    if cause == .globalTableAccessedBits || cause == .accessedBitsSettable { return true }
    return other.walk.map { $0.count > 0 && $0[0].index == Int(slot) } ?? false
  }
}

extension Evidence {
  /// The walk that shows it, where it is one.
  var walk: PageWalk? {
    switch self {
    case .access(let walk, _, _): walk
    case .sharedFrame(let walk, _): walk
    case .rights(let walk): walk
    default: nil
    }
  }
}
