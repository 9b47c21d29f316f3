import Synchronization

/// How many tables were read so far for an answer, to be looked at from another thread.
public final class TableGauge: Sendable {
  private let count = Atomic(0)

  public init() {}

  public var tables: Int { count.load(ordering: .relaxed) }

  func noteTable() { count.wrappingAdd(1, ordering: .relaxed) }
}
