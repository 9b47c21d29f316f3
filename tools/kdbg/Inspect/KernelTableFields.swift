import DebuggerTable
import X86

/// The bytes of the kernel's table for debuggers, by the offsets that the compiler gave the C struct. A field past the
/// end of the kernel's table is nil.
struct KernelTableFields: Equatable {
  private let bytes: [UInt8]

  private init(bytes: [UInt8]) { self.bytes = bytes }

  /// Nil when there is no table of a version that is known here.
  init?(at address: VirtualAddress, in machine: some Debuggee) {
    guard let start = MemoryLayout<ringside_debugger_table>.offset(of: \.kernel_cr3) else { return nil }
    let head = KernelTableFields(bytes: machine.bytes(at: address, count: start))
    guard head.qword(\.magic) == UInt64(RINGSIDE_DEBUGGER_TABLE_MAGIC),
      let versionAndSize = head.qword(\.version),
      UInt32(truncatingIfNeeded: versionAndSize) == UInt32(RINGSIDE_DEBUGGER_TABLE_VERSION)
    else { return nil }
    let size = Int(UInt32(truncatingIfNeeded: versionAndSize >> 32))
    let count = min(size, MemoryLayout<ringside_debugger_table>.size)
    self.init(bytes: machine.bytes(at: address, count: count))
  }

  func qword(_ field: PartialKeyPath<ringside_debugger_table>) -> UInt64? {
    MemoryLayout<ringside_debugger_table>.offset(of: field).flatMap { qword(at: $0) }
  }

  func range(_ field: PartialKeyPath<ringside_debugger_table>) -> Range<UInt64>? {
    ranges(field, count: 1)?.first
  }

  /// `count` ranges from `field` on.
  func ranges(_ field: PartialKeyPath<ringside_debugger_table>, count: Int) -> [Range<UInt64>]? {
    MemoryLayout<ringside_debugger_table>.offset(of: field).flatMap { ranges(at: $0, count: count) }
  }

  /// `count` qwords from `field` on.
  func qwords(_ field: PartialKeyPath<ringside_debugger_table>, count: Int) -> [UInt64]? {
    guard let offset = MemoryLayout<ringside_debugger_table>.offset(of: field) else { return nil }
    let words = (0..<count).compactMap { qword(at: offset + $0 * 8) }
    return words.count == count ? words : nil
  }

  /// The numbers of the bits that are set in the `words` qwords from `field` on.
  func set(_ field: PartialKeyPath<ringside_debugger_table>, words: Int) -> [Int]? {
    qwords(field, count: words)?.enumerated().flatMap { word, bits in
      (0..<64).filter { bits & 1 << UInt64($0) != 0 }.map { word * 64 + $0 }
    }
  }

  func processor(_ index: Int) -> Processor { Processor(table: self, index: index) }

  /// One element of `processors`.
  struct Processor {
    fileprivate let table: KernelTableFields
    fileprivate let index: Int

    private func offset(_ field: PartialKeyPath<ringside_processor>) -> Int? {
      guard let start = MemoryLayout<ringside_debugger_table>.offset(of: \.processors),
        let inside = MemoryLayout<ringside_processor>.offset(of: field)
      else { return nil }
      return start + index * MemoryLayout<ringside_processor>.stride + inside
    }

    func qword(_ field: PartialKeyPath<ringside_processor>) -> UInt64? {
      offset(field).flatMap { table.qword(at: $0) }
    }

    func ranges(_ field: PartialKeyPath<ringside_processor>, count: Int) -> [Range<UInt64>]? {
      offset(field).flatMap { table.ranges(at: $0, count: count) }
    }
  }

  fileprivate func qword(at offset: Int) -> UInt64? {
    guard offset >= 0, offset + 8 <= bytes.count else { return nil }
    return bytes[offset..<(offset + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// A range that ends before it starts is taken as empty.
  fileprivate func ranges(at offset: Int, count: Int) -> [Range<UInt64>]? {
    var ranges: [Range<UInt64>] = []
    for index in 0..<count {
      guard let start = qword(at: offset + index * 16), let end = qword(at: offset + index * 16 + 8) else {
        return nil
      }
      ranges.append(start..<max(start, end))
    }
    return ranges
  }
}
