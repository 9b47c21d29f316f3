import Session
import X86

/// What Ring 0 can execute under one root table: its pages, without those of Ring 3.
public struct ExecutableRanges: Equatable, Sendable {
  public struct Range: Equatable, Sendable {
    public let start: VirtualAddress
    public let last: VirtualAddress

    var byteCount: UInt64 { last.rawValue &- start.rawValue &+ 1 }
    func holds(_ address: UInt64) -> Bool { address >= start.rawValue && address <= last.rawValue }
  }

  /// What is most likely the kernel's own text first: around `places`, then in the upper half, the smaller before the larger.
  public private(set) var ranges: [Range] = []
  /// False where there were more tables than are read.
  public private(set) var isComplete = true

  private static let mostTables = 1 << 14

  /// The ranges of the table that `machine` has loaded; none outside of long mode.
  public init(in machine: any Debuggee, around places: [UInt64] = []) {
    let registers = machine.coreRegisters
    guard registers.isLongMode, machine.knowsControlRegisters, machine.memoryWay != nil else { return }
    var reader = machine
    var search = MappedRangeSearch(
      root: registers.cr3.root, mode: registers.pagingMode, tables: Self.mostTables)
    while let range = search.next(memory: &reader) {
      guard range.rights.isExecutable, !range.rights.isUser else { continue }
      // What differs in other rights alone is one piece of code.
      if let before = ranges.last, before.last + 1 == range.start, range.start.rawValue != 0 {
        ranges[ranges.count - 1] = Range(start: before.start, last: range.last)
      } else {
        ranges.append(Range(start: range.start, last: range.last))
      }
    }
    isComplete = search.stop == nil
    ranges.sort { Self.rank($0, places) < Self.rank($1, places) }
  }

  /// How much of it lies in the upper half.
  public var upperByteCount: UInt64 {
    ranges.reduce(0) { $0 &+ ($1.start.isUpperHalf ? $1.byteCount : 0) }
  }

  public func holds(_ address: VirtualAddress) -> Bool { ranges.contains { $0.holds(address.rawValue) } }

  private static func rank(_ range: Range, _ places: [UInt64]) -> (Int, UInt64, UInt64) {
    let isNamed = places.contains { range.holds($0) }
    return (isNamed ? 0 : range.start.isUpperHalf ? 1 : 2, range.byteCount, range.start.rawValue)
  }
}
