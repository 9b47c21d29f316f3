import RingTransition
import X86

/// Linear addresses that stop the machine when something writes there.
public struct WatchedPlace: Hashable, Sendable {
  public let address: UInt64
  public let byteCount: Int

  /// True for an address of the place.
  public func holds(_ address: UInt64) -> Bool { address &- self.address < UInt64(byteCount) }
}

/// How many places a target can watch, and how large they are.
public enum WatchCapacity: Equatable, Sendable {
  /// As many as there are to watch, of any length: QEMU's translator.
  case unlimited
  /// So many, of 8 bytes each: the debug registers. SDM Vol. 3B, 18.2.
  case registers(Int)
}

/// Where the qwords lie on which one clean audit stood.
public struct WatchedSet: Sendable {
  let set: ValidatedSet
  public let places: Set<WatchedPlace>
  /// Qwords that are watched at every address that is known of them, and others.
  public let watched: Int
  public let unwatched: Int

  /// - Parameter first: the qwords that come first where not all of them can be watched.
  init(
    _ set: ValidatedSet, _ aliases: KernelAliases, first: [UInt64], capacity: WatchCapacity,
    in machine: inout some MachineView
  ) {
    self.set = set
    let qwords = set.reads.map(\.address.rawValue)
    var addresses: [UInt64] = []
    var whole = 0
    var order = qwords
    if capacity != .unlimited {
      let known = Set(qwords)
      order = first.filter(known.contains) + qwords.filter { !first.contains($0) }
    }
    for qword in order {
      let (found, isAll) = aliases.addresses(of: qword, in: &machine)
      if case .registers(let count) = capacity, addresses.count + found.count > count { continue }
      addresses += found
      if isAll, !found.isEmpty { whole += 1 }
    }
    watched = whole
    unwatched = qwords.count - whole
    places = Self.places(of: addresses, joined: capacity == .unlimited)
  }

  /// Neighbours become one place, but no place reaches over the end of a page.
  private static func places(of addresses: [UInt64], joined: Bool) -> Set<WatchedPlace> {
    var places: Set<WatchedPlace> = []
    var start: UInt64?
    var end: UInt64 = 0
    for address in Set(addresses).sorted() {
      if joined, let begun = start, address == end, address >> 12 == begun >> 12 {
        end = address &+ 8
        continue
      }
      if let start { places.insert(WatchedPlace(address: start, byteCount: Int(end &- start))) }
      start = address
      end = address &+ 8
    }
    if let start { places.insert(WatchedPlace(address: start, byteCount: Int(end &- start))) }
    return places
  }

  /// True while all of it is as it was, A and D aside.
  public func stillHolds(in machine: inout some MachineView) -> Bool {
    if case .equal = set.compare(with: &machine) { true } else { false }
  }

  /// True for the same qwords with the same values in them.
  public func isSame(as other: WatchedSet) -> Bool { set.reads == other.set.reads }
}

extension ReturnChecker {
  /// What the audit of the return where `machine` stands leaves to be watched, where it held and all that it stood on is
  /// known; nil otherwise. `earlier` is given back where nothing has changed.
  public func watchedSet(
    of machine: inout some Debuggee, declared: KernelDeclarations, among earlier: [WatchedSet],
    capacity: WatchCapacity, aliases: inout KernelAliases?
  ) -> WatchedSet? {
    guard let set = standingSet(of: &machine, declared: declared) else { return nil }
    if let known = earlier.last(where: { $0.set.reads == set.reads }) { return known }
    let first = Self.stackPath(of: &machine)
    if let aliases {
      let watched = WatchedSet(set, aliases, first: first, capacity: capacity, in: &machine)
      if watched.unwatched == 0 { return watched }
    }
    // The kernel may have mapped more since.
    let fresh = KernelAliases(of: machine)
    aliases = fresh
    return WatchedSet(set, fresh, first: first, capacity: capacity, in: &machine)
  }

  /// RSP0 in the TSS, and the entries that map the page below it, the last one first.
  private static func stackPath(of machine: inout some MachineView) -> [UInt64] {
    let registers = machine.registers
    guard let task = registers.taskRegister?.base else { return [] }
    let (root, mode) = (registers.cr3.root, registers.pagingMode)
    let offset = TaskStateSegment.offset(ofStackFor: 0)
    var qwords: [UInt64] = []
    for byte in [offset, offset + 7] {
      let place = machine.walk(VirtualAddress(task &+ byte), root: root, mode: mode).physicalAddress
      if let place, !qwords.contains(place.rawValue & ~7) { qwords.append(place.rawValue & ~7) }
    }
    guard let rsp0 = machine.loadVirtual(VirtualAddress(task &+ offset), root: root, mode: mode) else {
      return qwords
    }
    let walk = machine.walk(VirtualAddress(rsp0 &- 8), root: root, mode: mode)
    for position in (0..<walk.count).reversed() { qwords.append(walk[position].entryAddress.rawValue) }
    return qwords
  }
}
