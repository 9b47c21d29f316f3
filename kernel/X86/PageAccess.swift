/// Who touches a page, and how. The implicit kinds are the processor's own accesses while it delivers an
/// event or loads a descriptor: supervisor accesses even at CPL 3, and never excused by RFLAGS.AC.
/// SDM Vol. 3A, 4.6.1.
public enum PageAccess: UInt8, Equatable, Sendable {
  case supervisorRead
  case supervisorWrite
  case supervisorFetch
  case userRead
  case userWrite
  case userFetch

  public var isWrite: Bool { self == .supervisorWrite || self == .userWrite }
  public var isFetch: Bool { self == .supervisorFetch || self == .userFetch }
  public var isUser: Bool {
    switch self {
    case .userRead, .userWrite, .userFetch: true
    case .supervisorRead, .supervisorWrite, .supervisorFetch: false
    }
  }
}

/// What an access to a translated address comes to.
public enum AccessResult: Equatable, Sendable {
  case allowed
  case pageFault(PageFaultErrorCode)
  /// #GP, or #SS for a stack access; CR2 is left alone.
  case nonCanonical
  /// A table could not be read, so nothing is known.
  case unknown
}

extension PageWalk {
  /// Whether `access` goes through in `mode`, and the error code of the page fault if not.
  /// SDM Vol. 3A, 4.6.1 (rights) and 4.7 (error code).
  public func result(of access: PageAccess, in mode: PagingMode) -> AccessResult {
    switch outcome {
    case .nonCanonical: .nonCanonical
    case .unreadable: .unknown
    case .notPresent: .pageFault(code(access, .none, mode))
    case .reservedBits: .pageFault(code(access, .protectionViolation | .reservedBit, mode))
    case .mapped:
      isAllowed(access, in: mode) ? .allowed : .pageFault(code(access, .protectionViolation, mode))
    }
  }

  private func isAllowed(_ access: PageAccess, in mode: PagingMode) -> Bool {
    let rights = rights
    switch access {
    case .userRead: return rights.isUser
    case .userWrite: return rights.isUser && rights.isWritable
    case .userFetch: return rights.isUser && rights.isExecutable
    case .supervisorRead: return !(rights.isUser && mode.preventsSupervisorAccess)
    case .supervisorWrite:
      return !(rights.isUser && mode.preventsSupervisorAccess) && (rights.isWritable || !mode.writeProtect)
    case .supervisorFetch:
      return rights.isExecutable && !(rights.isUser && mode.preventsSupervisorFetch)
    }
  }

  private func code(
    _ access: PageAccess, _ base: PageFaultErrorCode, _ mode: PagingMode
  ) -> PageFaultErrorCode {
    var code = base
    if access.isWrite { code.insert(.write) }
    if access.isUser { code.insert(.user) }
    // The fetch bit exists only where a fetch can be refused at all.
    if access.isFetch, mode.noExecuteEnabled || mode.preventsSupervisorFetch {
      code.insert(.instructionFetch)
    }
    return code
  }
}
