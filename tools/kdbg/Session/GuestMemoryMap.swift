/// Which physical addresses are memory, as QEMU's `info mtree -f` shows them.
struct GuestMemoryMap: Equatable {
  enum Kind: Equatable {
    case ram
    case rom
  }

  struct Region: Equatable {
    let kind: Kind
    let first: UInt64
    let last: UInt64
    /// The name of the block of memory that stands here, and where in it the region begins.
    let block: String
    let offset: UInt64
  }

  /// In ascending order, without overlap.
  private(set) var regions: [Region] = []

  /// Reads the flat view of the address space "memory". Nil when there is none.
  ///
  ///     FlatView #2
  ///      AS "memory", root: system
  ///      Root memory region: system
  ///       0000000000000000-00000000000bffff (prio 0, ram): pc.ram
  ///       0000000000100000-000000000fffffff (prio 0, ram): pc.ram @0000000000100000
  init?(parsing text: String) {
    var isWanted = false
    var isFound = false
    for line in text.split(whereSeparator: \.isNewline) {
      if line.hasPrefix("FlatView") {
        isWanted = false
      } else if line.hasPrefix(" AS \"memory\"") {
        isWanted = true
        isFound = true
      } else if isWanted, line.hasPrefix("  "), let region = Self.region(line.drop { $0 == " " }) {
        regions.append(region)
      }
    }
    guard isFound else { return nil }
    regions.sort { $0.first < $1.first }
  }

  /// The region that holds `address`.
  func region(at address: UInt64) -> Region? {
    regions.first { $0.first <= address && address <= $0.last }
  }

  /// What stands at `address`, up to where something else does.
  func extent(at address: UInt64) -> MemoryExtent {
    if let region = region(at: address) {
      return MemoryExtent(
        first: region.first, last: region.last, backing: region.kind == .ram ? .memory : .readOnlyMemory)
    }
    let below = regions.last { $0.last < address }
    let above = regions.first { $0.first > address }
    return MemoryExtent(
      first: below.map { $0.last + 1 } ?? 0, last: above.map { $0.first - 1 } ?? .max, backing: .nothing)
  }

  private static func region(_ line: Substring) -> Region? {
    guard let open = line.firstIndex(of: "("), let close = line.range(of: "): "),
      let dash = line.firstIndex(of: "-"), dash < open, open < close.lowerBound,
      let first = UInt64(line[..<dash], radix: 16),
      let last = UInt64(line[line.index(after: dash)..<open].prefix { $0 != " " }, radix: 16), first <= last
    else { return nil }
    let words = line[close.upperBound...].split(separator: " ")
    let offset = words.first { $0.hasPrefix("@") }.flatMap { UInt64($0.dropFirst(), radix: 16) }
    guard let block = words.first,
      let kind = kind(line[open..<close.lowerBound].split(separator: " ").last ?? "")
    else { return nil }
    return Region(kind: kind, first: first, last: last, block: String(block), offset: offset ?? 0)
  }

  /// Device memory ("i/o", "ramd") is none: reading it has effects.
  private static func kind(_ word: Substring) -> Kind? {
    switch word.hasPrefix("nv-") ? word.dropFirst(3) : word {
    case "ram": .ram
    case "rom", "romd": .rom
    default: nil
    }
  }
}
