import RingTransition
import X86

/// What somebody wrote down about a kernel: it counts for more than what the kernel says about itself.
public struct KernelConfiguration: Sendable {
  private var declarations: [@Sendable (inout AuditOptions) -> Void] = []
  /// The root table that the others are held against.
  public private(set) var referenceRoot: CR3?

  /// The root tables that belong together under page-table isolation.
  public private(set) var tablePairs: [TablePair] = []

  /// Which thread each processor runs, 0 for none, in the order of their numbers; empty where that is not declared.
  public private(set) var threads: [UInt64] = []

  /// How the kernel's list of processes is followed.
  public var processLinks = ProcessLinks()

  /// What a number of the kernel's memory says, and is read anew for each audit.
  private var readings: [Reading] = []

  /// Where a number comes from.
  public enum Number: Equatable, Sendable {
    case constant(UInt64)
    /// The qword at a linear address.
    case word(at: UInt64)
  }

  private struct Reading: Sendable {
    let numbers: [Number]
    let declare: @Sendable (inout KernelConfiguration, [UInt64]) -> Void
  }

  public init() {}

  /// Declares what `numbers` come to, once they are read.
  public mutating func declare(
    _ numbers: [Number], _ meaning: @escaping @Sendable (inout KernelConfiguration, [UInt64]) -> Void
  ) {
    readings.append(Reading(numbers: numbers, declare: meaning))
  }

  /// The same with what the memory of `machine` says now. What cannot be read is not declared.
  public func current(in machine: some Debuggee) -> KernelConfiguration {
    var current = self
    for reading in readings {
      let values = reading.numbers.compactMap { $0.value(in: machine) }
      if values.count == reading.numbers.count { reading.declare(&current, values) }
    }
    return current
  }

  public mutating func declare(threads: [UInt64]) { self.threads = threads }

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

extension KernelConfiguration.Number {
  fileprivate func value(in machine: some Debuggee) -> UInt64? {
    switch self {
    case .constant(let value): return value
    case .word(let address):
      let bytes = machine.bytes(at: VirtualAddress(address), count: 8)
      return bytes.count == 8 ? bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } : nil
    }
  }
}
