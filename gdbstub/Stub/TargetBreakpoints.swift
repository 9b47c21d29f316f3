public import RemoteProtocol

/// A breakpoint or watchpoint as the client asks for it.
public struct BreakpointRequest: Equatable, Sendable {
  public var type: BreakpointType
  /// Linear, under the tables of ``thread``.
  public var address: UInt64
  /// Bytes watched; of a breakpoint 1.
  public var byteCount: UInt64
  /// The thread that the client had selected when it asked: its tables say where the address lies.
  public var thread: TargetThread

  public init(_ type: BreakpointType, at address: UInt64, byteCount: UInt64, thread: TargetThread) {
    self.type = type
    self.address = address
    self.byteCount = byteCount
    self.thread = thread
  }
}

/// Breakpoints and watchpoints, of the types that ``TargetCapabilities`` names.
public protocol TargetBreakpoints: ~Copyable {
  /// Throws where none may be, or when there is no room. Inserting the same one twice changes nothing.
  mutating func insert(_ breakpoint: BreakpointRequest) throws(Refusal)

  /// Removing one that is not there changes nothing.
  mutating func remove(_ breakpoint: BreakpointRequest) throws(Refusal)

  /// When a client leaves, or another one comes.
  mutating func removeAllBreakpoints()
}

extension TargetBreakpoints where Self: ~Copyable {
  public mutating func insert(_ breakpoint: BreakpointRequest) throws(Refusal) {
    throw Refusal(Refusal.invalid, "no breakpoints here")
  }
  public mutating func remove(_ breakpoint: BreakpointRequest) throws(Refusal) {
    throw Refusal(Refusal.invalid, "no breakpoints here")
  }
  public mutating func removeAllBreakpoints() {}
}
