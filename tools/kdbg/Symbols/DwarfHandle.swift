import CElfutils
import Glibc
import X86

/// The line tables of a program: libdw behind a safe face.
///
/// Compilers rarely write `.debug_aranges`, so the first look-up makes that table from the units' own ranges; a
/// unit's line program is run when an address falls into it.
@safe
final class DwarfHandle {
  private let file: ElfHandle
  private let dwarf: OpaquePointer
  private lazy var ranges = makeRanges()
  private var functions: [Dwarf_Off: FunctionIndex] = [:]

  /// Addresses that one compilation unit covers, and where the unit's entry stands in .debug_info.
  private struct UnitRange {
    var low: UInt64
    var high: UInt64
    var entry: Dwarf_Off
  }

  /// Nil when the program has no DWARF.
  init?(file: ElfHandle) {
    // SAFETY: this object keeps `file` alive, and ends the handle before it lets go.
    guard let dwarf = unsafe file.beginDwarf() else { return nil }
    self.file = file
    unsafe self.dwarf = dwarf
  }

  deinit {
    // SAFETY: this object owns the handle, and `file` is still alive.
    unsafe dwarf_end(dwarf)
  }

  /// The table of .debug_frame, which belongs to this object; nil when there is none.
  func callFrames() -> OpaquePointer? {
    // SAFETY: the handle is live.
    unsafe dwarf_getcfi(dwarf)
  }

  /// Where the entry of the unit stands whose code holds `address`.
  func unit(at address: VirtualAddress) -> Dwarf_Off? {
    let location = address.rawValue
    // Ranges of different units do not overlap, except those of code that the linker dropped (at 0 or 1).
    let after = ranges.partitionPoint { $0.low > location }
    guard after > 0, location < ranges[after - 1].high else { return nil }
    return ranges[after - 1].entry
  }

  /// The entry at `offset`, which came from this object.
  func entry(at offset: Dwarf_Off) -> Dwarf_Die? {
    // SAFETY: an empty entry, which libdw fills before it is used.
    var entry = unsafe Dwarf_Die()
    // SAFETY: the handle is live and `entry` lives across the call.
    return unsafe dwarf_offdie(dwarf, offset, &entry) == nil ? nil : entry
  }

  func line(at address: VirtualAddress) -> SourceLine? {
    guard let offset = unit(at: address), var unit = unsafe entry(at: offset),
      // SAFETY: the unit's entry belongs to the live handle.
      let row = unsafe dwarf_getsrc_die(&unit, address.rawValue)
    else { return nil }
    var line: CInt = 0
    // SAFETY: the row belongs to the live handle; the path is copied at once.
    guard unsafe dwarf_lineno(row, &line) == 0, let path = unsafe dwarf_linesrc(row, nil, nil) else {
      return nil
    }
    return SourceLine(file: unsafe String(cString: path), line: Int(line))
  }

  /// Every row of the line tables for `line` of a file, or for the next line of it that has code. `file` is the last
  /// component of a path, or a path as the compiler recorded it. Runs the line programs of all units.
  func rows(file: String, line: Int) -> [SourceAddress] {
    guard let line = CInt(exactly: line), line > 0 else { return [] }
    // SAFETY: null, for which libdw allocates.
    var rows: UnsafeMutablePointer<OpaquePointer?>? = nil
    var count = 0
    // SAFETY: the handle is live, the String lends its bytes for the call, and both results live across it.
    guard unsafe dwarf_getsrc_file(dwarf, file, line, 0, &rows, &count) == 0, let rows = unsafe rows else {
      return []
    }
    // SAFETY: libdw has allocated the array with malloc for its caller.
    defer { unsafe free(rows) }
    return (0..<count).compactMap { index in
      var address: Dwarf_Addr = 0
      var number: CInt = 0
      // SAFETY: libdw gave `count` rows, which belong to the live handle; the path is copied at once.
      guard let row = unsafe rows[index], unsafe dwarf_lineaddr(row, &address) == 0,
        unsafe dwarf_lineno(row, &number) == 0, let path = unsafe dwarf_linesrc(row, nil, nil)
      else { return nil }
      return SourceAddress(
        address: VirtualAddress(address),
        line: SourceLine(file: unsafe String(cString: path), line: Int(number)))
    }
  }

  /// The functions whose code stands at `address`, the innermost first; nil where no entry covers it.
  func scopes(at address: VirtualAddress) -> CodeScopes? {
    guard let unit = unit(at: address) else { return nil }
    let index = functions[unit] ?? FunctionIndex(unit: unit, of: self)
    functions[unit] = index
    return index.scopes(at: address, line: line(at: address), in: self)
  }

  private func makeRanges() -> [UnitRange] {
    var found: [UnitRange] = []
    var unit: OpaquePointer?
    // SAFETY: an empty entry, which libdw fills before it is used.
    var entry = unsafe Dwarf_Die()
    // SAFETY: the handle is live; each unit is the one that the previous call gave; `entry` lives across.
    while unsafe dwarf_get_units(dwarf, unit, &unit, nil, nil, &entry, nil) == 0 {
      // SAFETY: `entry` was just filled.
      let offset = unsafe dwarf_dieoffset(&entry)
      var base: Dwarf_Addr = 0
      var low: Dwarf_Addr = 0
      var high: Dwarf_Addr = 0
      var next = 0
      while true {
        // SAFETY: `entry` was just filled, and `next` is 0 or what the previous call gave.
        next = unsafe dwarf_ranges(&entry, next, &base, &low, &high)
        guard next > 0 else { break }
        if low < high { found.append(UnitRange(low: low, high: high, entry: offset)) }
      }
    }
    return found.sorted { $0.low < $1.low }
  }
}
