import CElfutils
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

  func line(at address: VirtualAddress) -> SourceLine? {
    let location = address.rawValue
    // Ranges of different units do not overlap, except those of code that the linker dropped (at 0 or 1).
    let after = ranges.partitionPoint { $0.low > location }
    guard after > 0, location < ranges[after - 1].high else { return nil }
    // SAFETY: an empty entry, which libdw fills before it is used.
    var unit = unsafe Dwarf_Die()
    // SAFETY: the handle is live, the offset came from it, and `unit` lives across both calls.
    guard unsafe dwarf_offdie(dwarf, ranges[after - 1].entry, &unit) != nil,
      let row = unsafe dwarf_getsrc_die(&unit, location)
    else { return nil }
    var line: CInt = 0
    // SAFETY: the row belongs to the live handle; the path is copied at once.
    guard unsafe dwarf_lineno(row, &line) == 0, let path = unsafe dwarf_linesrc(row, nil, nil) else {
      return nil
    }
    return SourceLine(file: unsafe String(cString: path), line: Int(line))
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
