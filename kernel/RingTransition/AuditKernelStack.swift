import X86

/// The pages of the stack under RSP0, as one pass over them found them.
struct KernelStackPages: Sendable {
  /// A deeper stack is compared with other memory down to this many pages.
  static let capacity = 16

  let interval: StackInterval
  /// The first page that refuses a supervisor write, from the top downwards.
  var refused: Auditor.Probe?
  /// True when a page does not translate at all, so that there is no frame to compare.
  var hasHole = false
  /// An address on the first page that Ring 3 can reach.
  var userAddress: UInt64?
  /// The frames of the tables on the way.
  var tables = FrameSet()
  /// How many mapped pages were kept.
  private(set) var count = 0
  private var addresses = InlineArray<16, UInt64>(repeating: 0)
  private var frames = InlineArray<16, UInt64>(repeating: 0)

  init(interval: StackInterval) { self.interval = interval }

  mutating func append(_ address: UInt64, _ physical: PhysicalAddress) {
    guard count < Self.capacity else { return }
    addresses[count] = address
    frames[count] = PhysicalFrame(containing: physical).address.rawValue
    count += 1
  }

  /// An address on the page at `position`, the topmost page being 0. Looking is `mutating`, here and in
  /// ``FrameSet``: Swift 6.3 copies a whole array to read one element through a shared reference.
  mutating func address(_ position: Int) -> UInt64 { addresses[position] }
  /// The frame behind it.
  mutating func frame(_ position: Int) -> PhysicalFrame {
    PhysicalFrame(containing: PhysicalAddress(truncating: frames[position]))
  }
}

/// RT-024...RT-030 and RT-033: the stack that every entry without IST starts on.
extension Auditor {
  /// RT-024.
  mutating func rsp0Canonical() -> Verdict {
    guard let rsp0 else { return .unknown(.taskStateSegment) }
    return isCanonicalStack(rsp0) ? .held : .violated(.value(.rsp0, rsp0))
  }

  /// RT-025.
  mutating func rsp0Initialised() -> Verdict {
    guard let rsp0 else { return .unknown(.taskStateSegment) }
    return VirtualAddress(rsp0).isUpperHalf ? .held : .violated(.value(.rsp0, rsp0))
  }

  /// RT-026.
  mutating func rsp0FramePagesWritable<Memory: PhysicalMemory & ~Copyable>(
    _ memory: inout Memory
  ) -> Verdict {
    guard let rsp0 else { return .unknown(.taskStateSegment) }
    switch push(below: rsp0, &memory) {
    case .accepted:
      // The key that IA32_PKRS may deny is not in the tables alone; RT-147 has it where the register is known.
      return registers.cr4.contains(.supervisorProtectionKeys) && registers.pkrs == nil
        ? .unknown(.protectionKeys) : .held
    case .nonCanonical: return .violated(.value(.rsp0, rsp0))
    case .refused(let probe): return probe.verdict
    }
  }

  /// One pass over the stack's pages, from the top downwards; nil when RSP0 names no stack.
  mutating func kernelStackPages<Memory: PhysicalMemory & ~Copyable>(
    _ memory: inout Memory
  ) -> KernelStackPages? {
    guard let rsp0, rsp0 != 0, isCanonicalStack(rsp0) else { return nil }
    // RSP0 a few bytes below the top still means the same pages.
    let top = (rsp0 &+ 15) & ~15
    let need = options.kernelStackSize ?? AuditOptions.minimumStackNeed
    var pages = KernelStackPages(interval: StackInterval(top: top, byteCount: max(need, 48)))
    var address = top &- 8
    for _ in 0..<Auditor.stackPageLimit {
      let probe = probe(address, .supervisorWrite, &memory)
      if !probe.isAllowed, pages.refused == nil { pages.refused = probe }
      if let physical = probe.walk.physicalAddress {
        if probe.walk.rights.isUser, pages.userAddress == nil { pages.userAddress = address }
        pages.append(address, physical)
      } else {
        pages.hasHole = true
      }
      pages.tables.insertTables(of: probe.walk)
      let page = VirtualAddress(address).pageBase().rawValue
      guard page > pages.interval.low, page < pages.interval.high else { return pages }
      address = page &- 8
    }
    return pages
  }

  /// RT-027. Aliases of the same frames at other addresses are not searched for here.
  mutating func rsp0NotUserAccessible<Memory: PhysicalMemory & ~Copyable>(
    _ pages: KernelStackPages?, _ memory: inout Memory
  ) -> Verdict {
    guard rsp0 != nil else { return .unknown(.taskStateSegment) }
    guard let pages, pages.count > 0 else { return .unknown(.kernelStack) }
    guard let address = pages.userAddress else { return .held }
    return .violated(.rights(memory.walk(VirtualAddress(address), root: root, mode: mode)))
  }

  /// RT-028.
  mutating func handlerHeadroom(_ pages: KernelStackPages?) -> Verdict {
    guard let rsp0 else { return .unknown(.taskStateSegment) }
    guard let pages else { return .violated(.value(.rsp0, rsp0)) }
    return pages.refused?.verdict ?? .held
  }

  /// RT-029. The processor aligns before it pushes, so the frame is not where arithmetic puts it.
  mutating func rsp0Aligned() -> Verdict {
    guard let rsp0 else { return .unknown(.taskStateSegment) }
    return rsp0 & 15 == 0 ? .held : .violated(.value(.rsp0, rsp0))
  }

  /// RT-030.
  mutating func rsp0BelongsToCurrent() -> Verdict {
    guard let rsp0 else { return .unknown(.taskStateSegment) }
    guard let top = options.currentStackTop else { return .unknown(.currentThread) }
    guard rsp0 != top else { return .held }
    let size = options.kernelStackSize ?? AuditOptions.minimumStackNeed
    let own = StackInterval(top: top, byteCount: size)
    return own.holds(stackPointer: rsp0)
      ? .violated(.mismatch(.rsp0, actual: rsp0, expected: top)) : .violated(.outside(.rsp0, rsp0, own))
  }

  /// RT-033.
  mutating func guardBelowStack<Memory: PhysicalMemory & ~Copyable>(
    _ pages: KernelStackPages?, _ memory: inout Memory
  ) -> Verdict {
    guard rsp0 != nil else { return .unknown(.taskStateSegment) }
    guard options.kernelStackSize != nil else { return .unknown(.stackSize) }
    guard let pages else { return .unknown(.kernelStack) }
    let below = VirtualAddress(pages.interval.low).pageBase() - 1
    let walk = memory.walk(below, root: root, mode: mode)
    switch walk.outcome {
    case .mapped: return refusesPush(walk) ? .held : .violated(.rights(walk))
    case .unreadable: return .unknown(.memory)
    case .notPresent, .nonCanonical, .reservedBits: return .held
    }
  }

  /// True where a push of the kernel faults although the page is present: a read-only page guards a stack too.
  func refusesPush(_ walk: PageWalk) -> Bool {
    !walk.rights.isWritable && registers.cr0.contains(.writeProtect)
  }
}
