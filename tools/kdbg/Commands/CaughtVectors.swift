import Inspect
import X86

/// The vectors of `catch`, and where their handlers begin.
public struct CaughtVectors: Sendable {
  public private(set) var vectors: Set<UInt8> = []
  /// The vectors that enter at an address, as the table of interrupts says it.
  public private(set) var handlers: [UInt64: [UInt8]] = [:]

  public init() {}

  mutating func add(_ more: some Sequence<UInt8>) { vectors.formUnion(more) }

  /// Takes the handlers from `table`. A gate that delivers nothing has none.
  mutating func follow(_ table: InterruptTableView) {
    handlers = [:]
    for gate in table.gates where vectors.contains(gate.vector) && gate.canDeliver {
      handlers[gate.descriptor.offset.rawValue, default: []].append(gate.vector)
    }
  }

  /// The vectors that no gate delivers now.
  public var withoutHandler: [UInt8] { vectors.subtracting(handlers.values.joined()).sorted() }
}

extension InterruptTableView.Gate {
  var canDeliver: Bool {
    descriptor.isPresent && descriptor.type != nil && descriptor.offset.isCanonical(.four)
  }
}
