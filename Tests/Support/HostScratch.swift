import RingTransition

/// Room for as many keys as a test allows.
public struct HostScratch: FrameScratch {
  private var known: Set<UInt64> = []
  private var keys: [UInt64] = []
  private let limit: Int

  public init(limit: Int = 1 << 16) { self.limit = limit }

  public var positionCount: Int { keys.count }

  public mutating func insert(_ key: UInt64) -> FrameScratchAnswer {
    if known.contains(key) { return .known }
    guard keys.count < limit else { return .full }
    known.insert(key)
    keys.append(key)
    return .added
  }

  public mutating func contains(_ key: UInt64) -> Bool { known.contains(key) }
  public mutating func key(at position: Int) -> UInt64 { keys[position] }
}

extension TestMachine {
  /// The findings of an audit of this machine's whole tables.
  public func auditedTables(
    _ options: AuditOptions = .declared, room: Int = 1 << 16
  ) -> FindingCollector {
    var machine = self
    var scratch = HostScratch(limit: room)
    var collector = FindingCollector()
    auditTables(&machine, options: options, scratch: &scratch, sink: &collector)
    return collector
  }
}
