import Foundation

/// The guest's main memory in a file that this process has mapped.
struct GuestRAM {
  let memory: MappedGuestRAM
  /// The name that it has in the memory map.
  let block: String
  /// Where in the file the block begins.
  let origin: Int
}

/// Finds the RAM file of a QEMU that somebody else started, with `-object memory-backend-file,share=on` or the like.
///
/// QEMU's monitor says where in its own address space the guest's memory lies (`gpa2hva`); a process with a shared
/// mapping of a file at that address is a candidate. It is believed only when the file shows what packets show.
struct GuestRAMSearch {
  private let client: GDBClient
  private let map: GuestMemoryMapCache
  private let root: UInt64?

  /// How many pages of each region are compared.
  private static var samples: UInt64 { 16 }

  /// `root` is a place where something other than zeros is likely.
  init(_ client: GDBClient, _ map: GuestMemoryMapCache, root: UInt64?) {
    self.client = client
    self.map = map
    self.root = root
  }

  /// Nil where there is no such file that this user may read. Throws `.ambiguousMemory` while the machine's memory
  /// holds zeros wherever it was looked at: any file's could.
  func find() throws(SessionError) -> GuestRAM? {
    guard client.endpoint.isLocal, let regions = try? map.regions(),
      let largest = regions.filter({ $0.kind == .ram }).max(by: { $0.last - $0.first < $1.last - $1.first }),
      let base = try hostAddress(of: largest)
    else { return nil }
    let extent = regions.filter { $0.block == largest.block }.map { $0.offset + ($0.last - $0.first) + 1 }
      .max()
    guard let extent else { return nil }
    for process in candidates() {
      for mapping in ProcessMapping.all(of: process) where mapping.holds(base, byteCount: extent) {
        guard let file = mapping.open(in: process), let memory = try? MappedGuestRAM(file),
          let origin = Int(exactly: mapping.offset + (base - mapping.first)),
          UInt64(memory.byteCount) >= UInt64(origin) + extent
        else { continue }
        let ram = GuestRAM(memory: memory, block: largest.block, origin: origin)
        switch try compare(ram) {
        case .same: return ram
        case .different: continue
        case .nothingToSee: throw .ambiguousMemory
        }
      }
    }
    return nil
  }

  /// Where QEMU has the beginning of the region's block: `Host virtual address for 0x0 (ram0) is 0x7f96bbfff000`.
  private func hostAddress(of region: GuestMemoryMap.Region) throws(SessionError) -> UInt64? {
    let text: String
    do {
      text = try client.monitor("gpa2hva 0x\(String(region.first, radix: 16))")
    } catch {
      guard error.category == .refused else { throw error }
      return nil
    }
    guard let word = text.split(whereSeparator: \.isWhitespace).last, word.hasPrefix("0x"),
      let address = UInt64(word.dropFirst(2), radix: 16), address >= region.offset
    else { return nil }
    return address - region.offset
  }

  /// The process at the other end of a unix socket; behind TCP it does not show, so all that are called after QEMU.
  private func candidates() -> [Int32] {
    if let peer = Socket.peerProcess(of: client.connection) { return [peer] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.filter { process in
      (try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8))?
        .prefix { $0 != "\0" }.contains("qemu") ?? false
    }
  }

  enum Comparison: Equatable {
    case same
    case different
    case nothingToSee
  }

  /// Holds the file against what packets show.
  func compare(_ ram: GuestRAM) throws(SessionError) -> Comparison {
    let packets = PagedPhysicalSource(PacketPageFetcher(client: client, map: map))
    let file = MappedPhysicalSource(ram, map: map, other: packets)
    var result = Comparison.nothingToSee
    let places = places(in: try map.regions().filter { $0.block == ram.block })
    for page in places { packets.prefetch(page, count: 4096) }
    for page in places {
      let one = try bytes(of: file, at: page)
      guard one == (try bytes(of: packets, at: page)) else { return .different }
      if one?.contains(where: { $0 != 0 }) == true { result = .same }
    }
    return result
  }

  private func places(in regions: [GuestMemoryMap.Region]) -> [UInt64] {
    var places = Set<UInt64>()
    for region in regions where region.kind == .ram {
      let pages = (region.last - region.first) >> 12
      for sample in 0...Self.samples { places.insert(region.first + (pages * sample / Self.samples) << 12) }
    }
    if let root, regions.contains(where: { $0.first <= root && root <= $0.last }) {
      places.insert(root & ~0xfff)
    }
    return places.sorted()
  }

  private func bytes(of source: some PhysicalSource, at page: UInt64) throws(SessionError) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let isRead = try bytes.withRawBytes { raw throws(SessionError) in
      try source.copy(page, count: 4096, into: &raw, at: 0)
    }
    return isRead ? bytes : nil
  }
}

/// A shared mapping of a file, as a line of `/proc/PID/maps` shows it. proc(5).
struct ProcessMapping: Equatable {
  let first: UInt64
  let end: UInt64
  /// Where in the file it begins.
  let offset: UInt64
  /// Never 0.
  let inode: UInt64

  ///     7f96bbfff000-7f96bffff000 rw-s 00000000 fe:01 1048604    /dev/shm/ram
  init?(parsing line: Substring) {
    let fields = line.split(separator: " ", maxSplits: 5)
    guard fields.count >= 5, fields[1].hasSuffix("s"), let dash = fields[0].firstIndex(of: "-"),
      let first = UInt64(fields[0][..<dash], radix: 16),
      let end = UInt64(fields[0][fields[0].index(after: dash)...], radix: 16), first < end,
      let offset = UInt64(fields[2], radix: 16), let inode = UInt64(fields[4]), inode != 0
    else { return nil }
    (self.first, self.end, self.offset, self.inode) = (first, end, offset, inode)
  }

  /// Those of `process`; none where its owner is another.
  static func all(of process: Int32) -> [ProcessMapping] {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/maps", encoding: .utf8) else { return [] }
    return text.split(separator: "\n").compactMap { ProcessMapping(parsing: $0) }
  }

  func holds(_ address: UInt64, byteCount: UInt64) -> Bool {
    first <= address && address < end && byteCount <= end - address
  }

  /// The file, through the descriptor by which the process holds it: its name may be gone, or mean another file here.
  func open(in process: Int32) -> Descriptor? {
    let directory = "/proc/\(process)/fd"
    for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
      let path = "\(directory)/\(name)"
      guard Descriptor.inode(ofFile: path) == inode else { continue }
      return Descriptor.reading(path)
    }
    return nil
  }
}
