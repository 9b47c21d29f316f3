import X86

extension TextSink {
  /// A walk, level by level, and how it ends: several lines, the first of them a heading.
  public mutating func write(_ walk: PageWalk) {
    write("walk of ")
    write(paddedHex: walk.address.rawValue)
    write(" under CR3 ")
    write(hex: walk.root.address.rawValue)
    newline()
    for position in 0..<walk.count {
      write("  ")
      write(walk[position])
      newline()
    }
    write("  ")
    writeEnd(of: walk)
    newline()
  }

  /// One entry: `PML4[402] at 0x104c90 = 0x0000000000105023  P W A D`.
  public mutating func write(_ step: PageWalk.Step) {
    writeName(step.level, step.index)
    write(" at ")
    write(hex: step.entryAddress.rawValue)
    write(" = ")
    write(paddedHex: step.entry.rawValue)
    write("  ")
    write(flags: step.entry, at: step.level)
  }

  /// The set flags in the manual's letters, lowest bit first; `-` for none.
  public mutating func write(flags entry: PageTableEntry, at level: PagingLevel) {
    var words = WordList()
    let isLargePage =
      (level == .pageDirectory || level == .pageDirectoryPointer) && entry.flags.contains(.pageSize)
    for flag in 0..<10 {
      // Bit 12 of a large page: between G and NX.
      if flag == 9, isLargePage, entry.rawValue & PageTableEntry.largePagePAT != 0 {
        words.write("PAT", to: &self)
      }
      let (bits, letters): (PageTableEntry.Flags, StaticString) =
        switch flag {
        case 0: (.present, "P")
        case 1: (.writable, "W")
        case 2: (.user, "U")
        case 3: (.writeThrough, "PWT")
        case 4: (.cacheDisable, "PCD")
        case 5: (.accessed, "A")
        case 6: (.dirty, "D")
        case 7: (.pageSize, level == .pageTable ? "PAT" : "PS")
        case 8: (.global, "G")
        default: (.noExecute, "NX")
        }
      if entry.flags.contains(bits) { words.write(letters, to: &self) }
    }
    words.end(in: &self)
  }

  /// Where the walk ended and why, or what it maps, with the level that takes each right away.
  public mutating func writeEnd(of walk: PageWalk) {
    guard case .mapped(let physical, let size) = walk.outcome else {
      write("not mapped: ")
      writeReason(of: walk)
      return
    }
    write("maps ")
    write(hex: physical.rawValue)
    write(", ")
    write(size)
    write(" page, ")
    write(walk.rights)
    for right in 0..<3 {
      let (bit, word, isSet): (PageTableEntry.Flags, StaticString, Bool) =
        switch right {
        case 0: (.writable, "read-only", false)
        case 1: (.user, "supervisor", false)
        default: (.noExecute, "no-execute", true)
        }
      guard let step = walk.firstStep(where: bit, isSet: isSet) else { continue }
      write("; ")
      write(word)
      write(" by ")
      writeName(step.level, step.index)
    }
  }

  /// Why the walk came to no page: `PML4[402] is not present`.
  public mutating func writeReason(of walk: PageWalk) {
    switch walk.outcome {
    case .mapped: write("it is mapped")
    case .notPresent(let level):
      writeName(level, level.index(of: walk.address))
      write(" is not present")
    case .reservedBits(let level, let mask):
      writeName(level, level.index(of: walk.address))
      write(" has reserved bits set (")
      write(hex: mask)
      write(")")
    case .nonCanonical: write("the address is not canonical")
    case .unreadable(let level, let address):
      writeName(level, level.index(of: walk.address))
      write(" at ")
      write(hex: address.rawValue)
      write(" cannot be read")
    }
  }

  /// `PML4[402]`.
  public mutating func writeName(_ level: PagingLevel, _ index: Int) {
    write(level.tableName)
    write("[")
    write(decimal: UInt64(truncatingIfNeeded: index))
    write("]")
  }

  /// `rwx` with dashes, then who may.
  public mutating func write(_ rights: PageRights) {
    write("r")
    write(rights.isWritable ? "w" : "-")
    write(rights.isExecutable ? "x" : "-")
    write(rights.isUser ? " user" : " supervisor")
  }

  /// `0xffffc98000001000-0xffffc98000010fff rw- supervisor`, and `global` where it is.
  public mutating func write(_ range: MappedRange) {
    write(paddedHex: range.start.rawValue)
    write("-")
    write(paddedHex: range.last.rawValue)
    write(" ")
    write(range.rights)
    if range.isGlobal { write(" global") }
  }

  public mutating func write(_ size: PageSize) {
    switch size {
    case .size4KiB: write("4 KiB")
    case .size2MiB: write("2 MiB")
    case .size1GiB: write("1 GiB")
    }
  }
}

extension PageWalk {
  /// The first entry in which `bit` is set, or clear: the one that takes a right away.
  func firstStep(where bit: PageTableEntry.Flags, isSet: Bool) -> Step? {
    for position in 0..<count where self[position].entry.flags.contains(bit) == isSet {
      return self[position]
    }
    return nil
  }
}
