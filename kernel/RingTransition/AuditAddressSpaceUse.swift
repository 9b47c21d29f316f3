import X86

/// RT-106...RT-113: what lies beside the needed paths.
extension Auditor {
  /// RT-106. The pages below the stacks are RT-033's and RT-045's; here it is those above, which a pop too many
  /// reaches. A read-only page there, such as that of the TSS, cannot be damaged.
  mutating func guardPages<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard let rsp0 else { return .unknown(.taskStateSegment) }
    guard options.kernelStackSize != nil else { return .unknown(.stackSize) }
    // RSP0 inside its stack is RT-030's business.
    if options.currentStackTop == nil || options.currentStackTop == rsp0,
      let walk = mappedPage(above: rsp0, &memory)
    {
      return .violated(.rights(walk))
    }
    guard options.interruptStackSize != nil else { return .held }
    for slot in 1...7 where isUsed(slot: slot) {
      guard let word = interruptStacks[slot - 1], let walk = mappedPage(above: word, &memory) else {
        continue
      }
      return .violated(.rights(walk))
    }
    return .held
  }

  /// The walk for the page that begins at `top`; nil where there is none, or where the stack ends inside a page.
  private func mappedPage<Memory: PhysicalMemory & ~Copyable>(
    above top: UInt64, _ memory: inout Memory
  ) -> PageWalk? {
    let top = VirtualAddress(top)
    guard top.rawValue != 0, top.offset(in: .size4KiB) == 0, top.isCanonical(mode.depth) else { return nil }
    let walk = memory.walk(top, root: root, mode: mode)
    return walk.physicalAddress == nil || refusesPush(walk) ? nil : walk
  }

  /// RT-108. One stop cannot show which address spaces share an identifier, nor whether a load drops what is cached
  /// under it: the kernel declares both.
  mutating func processContextHygiene() -> Verdict {
    guard registers.cr4.contains(.processContextIdentifiers) else { return .skipped(.featureOff) }
    var isDeclared = false
    for position in 0..<options.keptContexts.count {
      guard let kept = options.keptContexts[position] else { continue }
      isDeclared = true
      let isShared = (kept.rawValue ^ registers.cr3.rawValue) & Auditor.processContextMask == 0
      guard isShared, kept.root != root else { continue }
      return .violated(.sharedContext(registers.cr3, kept))
    }
    return isDeclared ? .held : .unknown(.addressSpaces)
  }

  /// CR3[11:0] while CR4.PCIDE is set. SDM Vol. 3A, 4.10.1.
  private static let processContextMask: UInt64 = 0xfff

  /// RT-110. Page 0, which nobody maps on purpose, and the kernel's own way up, which it should have taken down.
  mutating func lowIdentityMap<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    let first = memory.walk(VirtualAddress(0), root: root, mode: mode)
    switch first.outcome {
    case .mapped: return .violated(.rights(first))
    case .notPresent(let level) where level == mode.depth.root: return .held
    case .unreadable: return .unknown(.memory)
    case .notPresent, .reservedBits, .nonCanonical: break
    }
    // Where boot code and kernels are put: the page tables of a loader, 1 MiB, 2 MiB, 16 MiB.
    for shift: UInt64 in 12...24 {
      let address: UInt64 = 1 << shift
      let walk = memory.walk(VirtualAddress(address), root: root, mode: mode)
      if walk.physicalAddress?.rawValue == address, !walk.rights.isUser { return .violated(.rights(walk)) }
    }
    return .held
  }

  /// RT-111. A SYSCALL in the last two bytes below the hole leaves a RIP that cannot be returned to.
  mutating func topUserPage<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard registers.efer.contains(.syscallEnable), options.systemCallInstruction != .unused else {
      return .skipped(.systemCallInstruction)
    }
    let hole: UInt64 = 1 << UInt64(mode.depth.addressBits &- 1)
    let walk = memory.walk(VirtualAddress(hole &- PageSize.size4KiB.bytes), root: root, mode: mode)
    switch walk.result(of: .userFetch, in: mode) {
    case .allowed: return .violated(.rights(walk))
    case .unknown: return .unknown(.memory)
    case .pageFault, .nonCanonical: return .held
    }
  }

  /// RT-113. Stacks, descriptor tables, and the page tables on the way to them.
  mutating func stackMemoryType<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    if let address = paths.uncached {
      return .violated(.rights(memory.walk(VirtualAddress(address), root: root, mode: mode)))
    }
    if !registers.cr4.contains(.processContextIdentifiers) {
      let entry = PageTableEntry(rawValue: registers.cr3.rawValue)
      switch MemoryTypes(table: registers.pageAttributeTable).isWriteBack(
        entry, isLeaf: false, at: mode.depth.root)
      {
      case true: break
      case false: return .violated(.value(.cr3, registers.cr3.rawValue))
      case nil: return .unknown(.modelSpecificRegister)
      }
    }
    return paths.isTypeUnknown ? .unknown(.modelSpecificRegister) : .held
  }
}
