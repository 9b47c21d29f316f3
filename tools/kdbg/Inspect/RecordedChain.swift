import RingTransition
import Session
import X86

/// One chain of deliveries as QEMU logged it: a second witness beside the replay.
public struct RecordedChain: Equatable, Sendable {
  public private(set) var deliveries: [RecordedDelivery] = []
  /// True where the machine shut down over it.
  public private(set) var isShutdown = false

  /// All chains of `events`, in their order.
  public static func chains(of events: [RecordedEvent]) -> [RecordedChain] {
    var chains: [RecordedChain] = []
    for event in events {
      switch event {
      case .shutdown:
        if !chains.isEmpty { chains[chains.count - 1].isShutdown = true }
      case .delivery(let delivery):
        if let last = chains.last?.deliveries.last, delivery.isRaised(byDeliveryOf: last) {
          chains[chains.count - 1].deliveries.append(delivery)
        } else {
          chains.append(RecordedChain(deliveries: [delivery]))
        }
      }
    }
    return chains
  }

  /// Whether `chain` has the same vectors, error codes, CR2 and end; nil where it does not say how it ends.
  public func agrees(with chain: DeliveryChain) -> Bool? {
    switch chain.end {
    case .delivered, .shutdown: break
    // A handler that faults again starts a new chain in the log; a SYSCALL is not in it.
    case .recursion, .systemCall, .unknown: return nil
    }
    guard chain.count == deliveries.count, isShutdown == (chain.end == .shutdown) else { return false }
    var address: UInt64?
    if case .exception(.pageFault, _, let first) = chain.event { address = first }
    for (position, delivery) in deliveries.enumerated() {
      guard let attempt = chain[position], attempt.vector == delivery.vector else { return false }
      if let code = attempt.errorCode, code != delivery.errorCode { return false }
      if let address, let recorded = delivery.faultAddress, address != recorded { return false }
      address = attempt.failure?.faultAddress
    }
    return true
  }

  private init(deliveries: [RecordedDelivery]) { self.deliveries = deliveries }
}

extension RecordedDelivery {
  /// Whether it comes of the attempt to deliver `earlier`, and not of an instruction after it.
  ///
  /// QEMU notes what was being delivered only where two exceptions may make a double fault. Otherwise nothing must have
  /// changed since: a delivery that arrives changes RSP, and a program that is returned to faults with U set.
  fileprivate func isRaised(byDeliveryOf earlier: RecordedDelivery) -> Bool {
    guard case .exception(let pending) = origin else { return false }
    if let pending { return pending == earlier.vector }
    if case .exception = earlier.origin, Self.isKeptPending(earlier.vector) { return false }
    guard rip == earlier.rip, rsp == earlier.rsp, privilege == earlier.privilege else { return false }
    let isUserAccess =
      vector == ExceptionVector.pageFault.rawValue
      && errorCode & PageFaultErrorCode.user.rawValue != 0
    return !isUserAccess || privilege != 3
  }

  private static func isKeptPending(_ vector: UInt8) -> Bool {
    [0, 8, 10, 11, 12, 13, 14].contains(vector)
  }
}

/// What QEMU recorded, held against an explanation.
public struct Testimony: Sendable {
  /// The chain of the event that is explained; nil where none was recorded.
  public let chain: RecordedChain?
  /// Nil where the two cannot be compared.
  public let agrees: Bool?

  /// Nil where nothing has happened that could have been recorded.
  public init?(of events: [RecordedEvent], about explanation: Explanation) {
    guard case .stop(let diagnosis) = explanation.finding, diagnosis.context != nil else { return nil }
    let chains = RecordedChain.chains(of: events)
    chain =
      chains.last { $0.deliveries[0].rip == diagnosis.context?.rip } ?? chains.last { $0.isShutdown }
      ?? chains.last
    agrees = chain.flatMap { chain in diagnosis.chain.flatMap { chain.agrees(with: $0) } }
  }
}
