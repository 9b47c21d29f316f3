import X86

/// Whether an entry from Ring 3 could push its frame: what a kernel asks before it loads a CR3 or returns.
public enum EntryStack: Sendable {
  case ready
  /// RSP0, or a byte that would be pushed, is not canonical: #SS, and CR2 tells nothing.
  case nonCanonical(rsp0: UInt64)
  /// A page of the frame is absent, read-only or otherwise refused.
  case refused(PageWalk, AccessResult)
  /// The pushes work, and Ring 3 can rewrite what they store.
  case userAccessible(PageWalk)

  /// The same as the rule it breaks; nil when the stack is ready.
  public var violation: Finding? {
    switch self {
    case .ready: nil
    case .nonCanonical(let rsp0): Finding(.rsp0Canonical, .violated(.value(.rsp0, rsp0)))
    case .refused(let walk, let result):
      Finding(.rsp0FramePagesWritable, .violated(.access(walk, .supervisorWrite, result)))
    case .userAccessible(let walk): Finding(.rsp0NotUserAccessible, .violated(.rights(walk)))
    }
  }
}

/// Checks exactly `[RSP0-48, RSP0)`, the bytes that an entry from Ring 3 pushes: mapped, writable and
/// supervisor under the tables of `root`. Two walks at most. SDM Vol. 3A, 6.14.2.
public func auditStack<Memory: PhysicalMemory & ~Copyable>(
  rsp0: UInt64, root: PhysicalFrame, mode: PagingMode, memory: inout Memory
) -> EntryStack {
  let top = InterruptFrame.top(for: rsp0)
  guard VirtualAddress(rsp0).isCanonical(mode.depth), VirtualAddress(top &- 8).isCanonical(mode.depth),
    VirtualAddress(top &- InterruptFrame.byteCountWithErrorCode).isCanonical(mode.depth)
  else { return .nonCanonical(rsp0: rsp0) }
  let upperPage = VirtualAddress(top &- 8).pageBase()
  var address = VirtualAddress(top &- 8)
  while true {
    let walk = memory.walk(address, root: root, mode: mode)
    let result = walk.result(of: .supervisorWrite, in: mode)
    guard result == .allowed else { return .refused(walk, result) }
    guard !walk.rights.isUser else { return .userAccessible(walk) }
    let lowest = VirtualAddress(top &- InterruptFrame.byteCountWithErrorCode)
    guard address.pageBase() == upperPage, lowest < upperPage else { return .ready }
    address = upperPage - 8
  }
}
