import X86

/// The symbols of a program, in the order of their addresses.
///
/// Names stay in the file until somebody asks for one, and the index of demangled names is made by the first
/// look-up that the raw names do not answer: an address costs no more than sorting numbers.
final class SymbolTable {
  private let file: ElfHandle
  private let sections: [Section]
  private let names: Int
  /// Sorted by address; of those at one address the one to show comes last.
  private let entries: [ElfHandle.Entry]
  /// For each entry the highest end of it and all before it: how far back a look-up must go.
  private let highestEnds: [UInt64]
  private lazy var index = makeIndex()

  init(file: ElfHandle, sections: [Section]) {
    self.file = file
    self.sections = sections
    let (all, names) = file.symbolEntries()
    self.names = names
    entries = all.filter(Self.isUseful).sorted(by: Self.isBefore)
    var highest: UInt64 = 0
    highestEnds = entries.map { entry in
      highest = max(highest, entry.isAbsolute ? 0 : entry.end)
      return highest
    }
  }

  var isEmpty: Bool { entries.isEmpty }

  // MARK: By address

  /// The innermost symbol whose bytes hold `address`, else the label without a size directly before it in the
  /// same section. Nil in padding and outside the program.
  func symbol(at address: VirtualAddress) -> SymbolOffset? {
    let location = address.rawValue
    let next = entries.partitionPoint { $0.value > location }
    var at = next
    while at > 0 {
      at -= 1
      let entry = entries[at]
      if !entry.isAbsolute, location < entry.end { return offset(at, location) }
      if highestEnds[at] <= location { break }
    }
    return label(before: next, location)
  }

  /// The label without a size that stands last before `location`, unless a section's or a sized symbol's end
  /// lies between the two.
  private func label(before next: Int, _ location: UInt64) -> SymbolOffset? {
    guard let at = entries[..<next].lastIndex(where: { !$0.isAbsolute }) else { return nil }
    let entry = entries[at]
    let isInsideAnother = at > 0 && highestEnds[at - 1] > entry.value
    guard entry.byteCount == 0, !isInsideAnother,
      let section = sections.first(where: { $0.holds(VirtualAddress(location)) }),
      section.holds(VirtualAddress(entry.value))
    else { return nil }
    return offset(at, location)
  }

  private func offset(_ at: Int, _ location: UInt64) -> SymbolOffset {
    SymbolOffset(symbol: symbol(entries[at]), offset: location - entries[at].value)
  }

  // MARK: By name

  /// What `name` means: a raw name first, then any spelling of a demangled one.
  func match(_ name: String) -> SymbolMatch {
    var found = file.indices(of: name, among: entries, names: names)
    if found.isEmpty { found = index.places[name] ?? [] }
    if found.isEmpty {
      // The whole demangled text is too long to be worth an index of its own.
      found = entries.indices.filter { symbol(entries[$0]).demangledName == name }
    }
    guard let best = found.last else { return .unknown }
    return isOneAddress(found)
      ? .unique(symbol(entries[best])) : .ambiguous(found.map { symbol(entries[$0]) })
  }

  /// What to offer for `prefix`, sorted: of each function the shortest form that means it alone, so argument labels
  /// only where the name without them is ambiguous or `prefix` has reached them. Raw mangled names only when
  /// `prefix` is one, and none of several words, which cannot be typed as one argument.
  func names(withPrefix prefix: String) -> [String] {
    if prefix.hasPrefix("$") || prefix.hasPrefix("_") {
      let raw = entries.map { file.name($0, in: names) }.filter { $0.hasPrefix(prefix) }
      return Set(raw).union(index.offered.filter { $0.hasPrefix(prefix) }).sorted()
    }
    if prefix.contains("(") {
      return index.places.keys.filter { $0.hasPrefix(prefix) && !$0.contains(" ") }.sorted()
    }
    let start = index.offered.partitionPoint { $0 >= prefix }
    return Array(index.offered[start...].prefix { $0.hasPrefix(prefix) })
  }

  private struct NameIndex {
    /// Where in `entries` each spelling stands.
    var places: [String: [Int]] = [:]
    /// Those that completion offers.
    var offered: [String] = []
  }

  private func makeIndex() -> NameIndex {
    var index = NameIndex()
    for at in entries.indices {
      let raw = file.name(entries[at], in: names)
      let spellings = Demangler.demangle(raw).map { SymbolName(demangled: $0).spellings } ?? [raw]
      for spelling in spellings { index.places[spelling, default: []].append(at) }
    }
    var withLabels: Set<Substring> = []
    for spelling in index.places.keys where spelling.hasSuffix(")") {
      withLabels.insert(spelling.withoutLabels)
    }
    index.offered = index.places.keys.filter { spelling in
      if spelling.contains(" ") { return false }
      guard withLabels.contains(spelling.withoutLabels) else { return true }
      let isUnambiguous = isOneAddress(index.places[String(spelling.withoutLabels)] ?? [])
      return spelling.hasSuffix(")") != isUnambiguous
    }.sorted()
    return index
  }

  private func isOneAddress(_ places: [Int]) -> Bool {
    places.allSatisfy { entries[$0].value == entries[places[0]].value }
  }

  // MARK: Boundaries

  /// The symbols that lie in `section`, in the order of their addresses.
  func symbols(in section: Section) -> [Symbol] {
    entries(in: section).map(symbol)
  }

  /// The same without their names.
  func entries(in section: Section) -> [ElfHandle.Entry] {
    let start = entries.partitionPoint { $0.value >= section.address.rawValue }
    return entries[start...].prefix { section.holds(VirtualAddress($0.value)) }.filter { !$0.isAbsolute }
  }

  private func symbol(_ entry: ElfHandle.Entry) -> Symbol {
    let raw = file.name(entry, in: names)
    return Symbol(
      address: VirtualAddress(entry.value), byteCount: entry.byteCount, kind: entry.kind, rawName: raw,
      name: Demangler.demangle(raw).map { SymbolName(demangled: $0).qualified } ?? raw)
  }

  // MARK: Order

  private static func isUseful(_ entry: ElfHandle.Entry) -> Bool {
    let isKnownType = [ElfHandle.Entry.untyped, ElfHandle.Entry.object, ElfHandle.Entry.function].contains(
      entry.type)
    return isKnownType && entry.section != 0 && entry.name != 0
  }

  private static func isBefore(_ left: ElfHandle.Entry, _ right: ElfHandle.Entry) -> Bool {
    left.value != right.value ? left.value < right.value : left.rank < right.rank
  }
}

extension String {
  fileprivate var withoutLabels: Substring { prefix { $0 != "(" } }
}

extension ElfHandle.Entry {
  // ELF gABI, figure 4-17: the symbol types. Sections, files, TLS offsets are no addresses of code or data.
  static let untyped: UInt8 = 0
  static let object: UInt8 = 1
  static let function: UInt8 = 2
  /// SHN_ABS: a number, which only looks like an address.
  private static let absolute: UInt16 = 0xfff1

  var type: UInt8 { info & 0xf }
  private var binding: UInt8 { info >> 4 }
  var isAbsolute: Bool { section == Self.absolute }
  /// The first address past the symbol. Saturates, because the file may lie.
  var end: UInt64 { value > .max - byteCount ? .max : value + byteCount }

  var kind: Symbol.Kind {
    switch type {
    case Self.function: .function
    case Self.object: .object
    default: .untyped
    }
  }

  /// Of two symbols at one address the higher is shown: the typed before the label, the sized before the
  /// unsized, the global before the weak before the local. ELF gABI, figure 4-16: local 0, global 1, weak 2.
  fileprivate var rank: Int {
    let bound = binding == 1 ? 2 : binding == 2 ? 1 : 0
    return (type == Self.untyped ? 0 : 8) + (byteCount == 0 ? 0 : 4) + bound
  }
}

extension RandomAccessCollection where Index == Int {
  /// The first index whose element satisfies `predicate`, which the elements before it do not and those after
  /// it do.
  func partitionPoint(_ predicate: (Element) -> Bool) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = low + (high - low) / 2
      if predicate(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
