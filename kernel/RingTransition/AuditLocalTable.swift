import X86

/// RT-080...RT-083: the local table, and who may touch any of them.
extension Auditor {
  /// RT-080.
  mutating func localTableSane<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard let table = registers.localTable else { return .unknown(.localTable) }
    guard !table.selector.isNull else { return .held }
    guard !table.selector.isLocal else {
      return .violated(.value(.localTableSelector, UInt64(table.selector.rawValue)))
    }
    if let attributes = table.attributes {
      guard !attributes.isCodeOrData, attributes.type == SystemDescriptorType.ldt.rawValue,
        attributes.isPresent
      else { return .violated(.value(.localTableType, UInt64(attributes.rawValue))) }
    }
    let first = probe(table.base, .supervisorRead, &memory)
    guard first.isAllowed else { return first.verdict }
    return probe(table.base &+ UInt64(table.limit), .supervisorRead, &memory).verdict
  }

  /// RT-081. Another thread of the process may write the table between this audit and the load.
  mutating func localSelectors(_ segments: FrameSegments) -> Verdict {
    guard let frame else { return .unknown(.returnFrame) }
    let selector = frame.codeSelector.isLocal ? frame.codeSelector : frame.stackSelector
    guard selector.isLocal else { return .held }
    guard let table = registers.localTable else { return .unknown(.localTable) }
    guard !table.selector.isNull else { return .violated(.descriptor(selector, nil, .noLocalTable)) }
    switch options.localTables {
    case .unused: return .violated(.descriptor(selector, nil, .noLocalTable))
    case .unknown: return .unknown(.localTableOwner)
    case .used: break
    }
    let code = codeDescriptorValid(frame, segments)
    guard case .held = code else { return code }
    return stackDescriptorValid(frame, segments)
  }

  /// RT-082. With SMAP on the same page is fatal, and the rules about the tables say so.
  mutating func tablesNotUserAccessible<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict
  {
    guard registers.globalTable != nil else { return .unknown(.globalTable) }
    guard registers.interruptTable != nil else { return .unknown(.interruptTable) }
    for table in 0..<4 {
      guard let (base, last) = tableSpan(table) else { continue }
      if let walk = page(of: base, last, where: { $0.isUser }, &memory) { return .violated(.rights(walk)) }
    }
    return loadedTask == nil ? .unknown(.taskRegister) : .held
  }

  /// RT-083. Only where every descriptor that is loaded has its A bit set already: RT-061.
  mutating func tablesReadOnly<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard registers.globalTable != nil else { return .unknown(.globalTable) }
    guard registers.interruptTable != nil else { return .unknown(.interruptTable) }
    for table in 0..<2 {
      guard let (base, last) = tableSpan(table) else { continue }
      if let walk = page(of: base, last, where: { $0.isWritable }, &memory) {
        return .violated(.rights(walk))
      }
    }
    return .held
  }

  /// First and last byte of the GDT, the IDT, the TSS and the LDT; nil for one that is not loaded.
  private func tableSpan(_ number: Int) -> (UInt64, UInt64)? {
    switch number {
    case 0:
      guard let table = registers.globalTable else { return nil }
      return (table.base.rawValue, table.base.rawValue &+ UInt64(table.limit))
    case 1:
      guard let table = registers.interruptTable else { return nil }
      return (table.base.rawValue, table.base.rawValue &+ UInt64(table.limit))
    case 2:
      guard let task = loadedTask else { return nil }
      return (task.base, task.base &+ min(UInt64(task.limit), TaskStateSegment.byteCount - 1))
    default:
      guard let table = registers.localTable, !table.selector.isNull else { return nil }
      return (table.base, table.base &+ min(UInt64(table.limit), 0xffff))
    }
  }

  /// The walk of the first mapped page of `base ... last` whose rights are as `condition` says. Tables of 64 KiB at
  /// most: seventeen pages.
  private func page<Memory: PhysicalMemory & ~Copyable>(
    of base: UInt64, _ last: UInt64, where condition: (PageRights) -> Bool, _ memory: inout Memory
  ) -> PageWalk? {
    var address = base
    for _ in 0..<17 {
      let walk = memory.walk(VirtualAddress(address), root: root, mode: mode)
      if walk.physicalAddress != nil, condition(walk.rights) { return walk }
      let next = VirtualAddress(address).pageBase().rawValue &+ PageSize.size4KiB.bytes
      guard next <= last, next > address else { return nil }
      address = next
    }
    return nil
  }
}
