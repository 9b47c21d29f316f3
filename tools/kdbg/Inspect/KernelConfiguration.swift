import RingTransition
import X86

/// What somebody wrote down about a kernel: it counts for more than what the kernel says about itself.
public struct KernelConfiguration: Sendable {
  private var declarations: [@Sendable (inout AuditOptions) -> Void] = []
  /// The root table that the others are held against.
  public private(set) var referenceRoot: CR3?

  /// The root tables that belong together under page-table isolation.
  public private(set) var tablePairs: [TablePair] = []

  public init() {}

  /// Declares `value` for `field`.
  public mutating func declare<Value: Sendable>(
    _ field: WritableKeyPath<AuditOptions, Value> & Sendable, _ value: Value
  ) {
    declarations.append { options in options[keyPath: field] = value }
  }

  public mutating func declare(referenceRoot cr3: CR3) {
    referenceRoot = cr3
    declare(\.referenceRoot, cr3.root)
  }

  /// At most ``AuditOptions/tablePairLimit`` of them; who has pairs has page-table isolation.
  public mutating func declare(tablePairs pairs: [TablePair]) {
    tablePairs = pairs
    var places = InlineArray<8, TablePair?>(repeating: nil)
    for (position, pair) in pairs.prefix(AuditOptions.tablePairLimit).enumerated() { places[position] = pair }
    declare(\.tablePairs, places)
    declare(\.pageTableIsolation, .used)
  }

  /// Replaces in `options` what was declared.
  public func apply(to options: inout AuditOptions) {
    for declaration in declarations { declaration(&options) }
  }

  /// What was declared, and nothing else.
  public var options: AuditOptions {
    var options = AuditOptions()
    apply(to: &options)
    return options
  }
}
