/// How the guest's physical memory is read. All three give the same answers; they differ in what they need, and in speed.
public enum MemoryWay: String, Sendable, CaseIterable {
  /// The file that QEMU has as the guest's RAM, mapped: of a QEMU that kdbg started, or of one on this machine that was
  /// given a shared file. ROM comes by packets.
  case ram
  /// `m` packets of QEMU's gdbserver while its addresses are physical ones (`Qqemu.PhyMemMode`).
  case packets
  /// `xp` of QEMU's human monitor.
  case monitor
}

/// A way to physical memory, and whether it is the best there will be.
struct ChosenSource {
  let source: any PhysicalSource
  /// Nil where there is none.
  let way: MemoryWay?
  /// True while the RAM file could not be told apart from another one: the choice is made anew after the machine ran.
  var isProvisional = false
}

extension Target {
  /// The way that reads take now; nil where there is none. Asks the target when nothing was read yet.
  public var memoryWay: MemoryWay? {
    guard state != .ended, state != .running else { return chosenSource?.way }
    return physicalMemory.way
  }

  /// Has physical memory read by `way` alone. Throws when the target does not offer it.
  public func require(_ way: MemoryWay) throws(SessionError) {
    try requireStopped(resumable: false)
    let chosen = try attempt { () throws(SessionError) in try makeSource(by: way) }
    guard let chosen else { throw .noMemoryWay(way) }
    requiredWay = way
    chosenSource = chosen
  }

  var physicalMemory: ChosenSource {
    if let chosenSource { return chosenSource }
    let chosen = chooseSource()
    chosenSource = chosen
    return chosen
  }

  /// The best way that this target offers.
  private func chooseSource() -> ChosenSource {
    if let requiredWay, let chosen = try? makeSource(by: requiredWay) { return chosen }
    if dialect.initialMode != nil, !dialect.isQEMU {
      return ChosenSource(source: PagedPhysicalSource(LinePageFetcher(client: client)), way: .packets)
    }
    var isUndecided = false
    for way in MemoryWay.allCases {
      do throws(SessionError) {
        if let chosen = try makeSource(by: way) {
          return ChosenSource(source: chosen.source, way: way, isProvisional: isUndecided)
        }
      } catch {
        // Its contents prove nothing yet.
        isUndecided = true
      }
    }
    return ChosenSource(source: NoPhysicalSource(), way: nil)
  }

  /// Nil where the target does not have it.
  private func makeSource(by way: MemoryWay) throws(SessionError) -> ChosenSource? {
    let map = GuestMemoryMapCache { [client] () throws(SessionError) in try client.monitor("info mtree -f") }
    let packets = PagedPhysicalSource(PacketPageFetcher(client: client, map: map))
    switch way {
    case .ram:
      if let emulator {
        let ram = GuestRAM(memory: emulator.ram, block: "ram0", origin: 0)
        return ChosenSource(source: MappedPhysicalSource(ram, map: map, other: packets), way: way)
      }
      guard dialect.isQEMU, client.line == .reliable else { return nil }
      let root = core.map { $0.cr3.root.address.rawValue }
      return try GuestRAMSearch(client, map, root: root).find().map {
        ChosenSource(source: MappedPhysicalSource($0, map: map, other: packets), way: way)
      }
    case .packets:
      return dialect.isQEMU ? ChosenSource(source: packets, way: way) : nil
    case .monitor:
      guard (try? client.monitor("xp /1gx 0"))?.contains(":") == true else { return nil }
      let fetcher = MonitorPageFetcher(map: map) { [client] line throws(SessionError) in
        try client.monitor(line)
      }
      return ChosenSource(source: PagedPhysicalSource(fetcher), way: way)
    }
  }
}
