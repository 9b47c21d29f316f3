import Inspect
import X86

/// What `catch` stops the machine at.
public struct CaughtEvents: Sendable {
  public enum Event: Hashable, Sendable {
    case vectors
    /// The way out: the first instruction in Ring 3.
    case ring3
    /// The way in: the first instruction in Ring 0.
    case ring0
    case rootTable
  }

  public var vectors = CaughtVectors()
  /// The instructions that can lead into Ring 3, while that is caught.
  public var userReturns: CaughtInstructions?
  public var entries: KernelEntries?
  /// The instructions that load CR3, while that is caught.
  public var rootTableLoads: CaughtInstructions?
  /// The one root table whose load is of interest; nil for all.
  public var wantedRoot: CR3?
  /// What is no longer caught after its first stop.
  public var once: Set<Event> = []

  public init() {}

  public var isEmpty: Bool {
    vectors.vectors.isEmpty && userReturns == nil && entries == nil && rootTableLoads == nil
  }

  mutating func drop(_ event: Event) {
    once.remove(event)
    switch event {
    case .vectors: vectors = CaughtVectors()
    case .ring3: userReturns = nil
    case .ring0: entries = nil
    case .rootTable:
      rootTableLoads = nil
      wantedRoot = nil
    }
  }

  /// Where the machine has to stop for all that.
  var addresses: Set<UInt64> {
    var addresses = Set(vectors.handlers.keys)
    addresses.formUnion(userReturns?.addresses ?? [])
    addresses.formUnion(entries?.handlers.keys ?? [:].keys)
    if let system = entries?.systemCall { addresses.insert(system) }
    addresses.formUnion(rootTableLoads?.addresses ?? [])
    return addresses
  }

  /// True where one instruction must be executed to know what it does.
  func mustStep(at address: UInt64) -> Bool {
    (userReturns?.addresses.contains(address) ?? false)
      || (rootTableLoads?.addresses.contains(address) ?? false)
  }

  /// What one instruction did that is caught: the processor was in the state `before` and is in `after`.
  func crossing(_ before: ProcessorMoment, _ after: ProcessorMoment) -> StopReason? {
    if userReturns != nil, before.ring != 3, after.ring == 3 { return .caughtRing(3) }
    if entries != nil, before.ring == 3, after.ring != 3 { return .caughtRing(0) }
    if rootTableLoads != nil, before.root != after.root,
      wantedRoot == nil || wantedRoot?.root == after.root.root
    {
      return .caughtRootTable(from: before.root, to: after.root)
    }
    return nil
  }
}

/// Instructions at which the machine is to stop, and whether these are all there are.
public struct CaughtInstructions: Equatable, Sendable {
  public enum Source: Equatable, Sendable {
    /// The kernel's file.
    case file
    /// The pages that Ring 0 can execute now.
    case memory
    /// The same, and there was more than is searched.
    case partOfMemory
  }

  public let addresses: Set<UInt64>
  public let source: Source
}

/// Where Ring 3 comes into the kernel.
public struct KernelEntries: Sendable {
  /// By the handler's address: whether its vectors push an error code.
  public private(set) var handlers: [UInt64: Bool] = [:]
  /// LSTAR; nil while it is not known.
  public let systemCall: UInt64?

  init(_ table: InterruptTableView, systemCall: UInt64?) {
    self.systemCall = systemCall
    for gate in table.gates where gate.canDeliver {
      let pushes = ExceptionVector(rawValue: gate.vector)?.pushesErrorCode ?? false
      handlers[gate.descriptor.offset.rawValue] = pushes
    }
  }
}

/// What of a processor's state can be caught changing.
struct ProcessorMoment {
  let ring: UInt8
  let root: CR3

  init(_ registers: RegisterFile) {
    ring = UInt8(truncatingIfNeeded: registers.cs.requestedPrivilege)
    root = registers.cr3
  }
}
