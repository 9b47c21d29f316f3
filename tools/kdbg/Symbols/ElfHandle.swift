import CElfutils
import Glibc
import X86

/// An open ELF file: libelf behind a safe face. Every pointer it hands out is copied before it leaves.
///
/// The file is read by `pread` on demand and not mapped, so that a kernel rebuilt in place gives an error and
/// never a SIGBUS.
@safe
final class ElfHandle {
  let path: String
  let entry: VirtualAddress
  private let descriptor: CInt
  private let elf: OpaquePointer

  /// One entry of a symbol table, its name still in the string table.
  struct Entry {
    var name: UInt32
    var info: UInt8
    var section: UInt16
    var value: UInt64
    var byteCount: UInt64
  }

  init(path: String) throws(SymbolError) {
    let descriptor = try Self.openRegularFile(path)
    _ = elf_version(UInt32(EV_CURRENT))
    // SAFETY: the descriptor is open, and stays so until deinit has ended the handle.
    guard let elf = unsafe elf_begin(descriptor, ELF_C_READ, nil) else {
      close(descriptor)
      throw .damaged(path: path, reason: Self.lastError())
    }
    do throws(SymbolError) {
      // SAFETY: the handle was just opened.
      entry = try unsafe Self.checkHeader(elf, path)
    } catch {
      // SAFETY: nothing derived from the handle outlives this line.
      unsafe elf_end(elf)
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
    // SAFETY: from here on this object owns the handle.
    unsafe self.elf = elf
  }

  deinit {
    // SAFETY: the object owns handle and descriptor; a DwarfHandle holds this object, so it has ended before.
    unsafe elf_end(elf)
    close(descriptor)
  }

  private static func openRegularFile(_ path: String) throws(SymbolError) -> CInt {
    // O_NONBLOCK: opening a FIFO must not wait for its writer.
    // SAFETY: the String lends its bytes for the call only.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      // SAFETY: strerror's text is copied at once.
      throw .cannotOpen(path: path, reason: unsafe String(cString: strerror(errno)))
    }
    var status = stat()
    // SAFETY: `status` lives across the call.
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .notRegularFile(path: path)
    }
    return descriptor
  }

  private static func checkHeader(_ elf: OpaquePointer, _ path: String) throws(SymbolError) -> VirtualAddress
  {
    var header = GElf_Ehdr()
    // SAFETY: the handle is live and `header` lives across the call.
    guard unsafe elf_kind(elf) == ELF_K_ELF else { throw .notELF(path: path) }
    // SAFETY: as above.
    guard unsafe gelf_getehdr(elf, &header) != nil else {
      throw .damaged(path: path, reason: lastError())
    }
    // SAFETY: as above.
    guard unsafe gelf_getclass(elf) == CInt(ELFCLASS64) else { throw .not64Bit(path: path) }
    guard header.e_machine == UInt16(EM_X86_64) else {
      throw .otherMachine(path: path, machine: header.e_machine)
    }
    switch CInt(header.e_type) {
    case ET_EXEC, ET_DYN: break
    case ET_REL: throw .notLinked(path: path, kind: .object)
    case ET_CORE: throw .notLinked(path: path, kind: .core)
    default: throw .notLinked(path: path, kind: .other(header.e_type))
    }
    guard header.e_ident.5 == UInt8(ELFDATA2LSB) else {
      throw .damaged(path: path, reason: "big-endian data for a little-endian machine")
    }
    return VirtualAddress(header.e_entry)
  }

  private static func lastError() -> String {
    // SAFETY: elf_errmsg(-1) gives a static text, or null when there was no error.
    unsafe elf_errmsg(-1).map { unsafe String(cString: $0) } ?? "unknown error"
  }
}

// MARK: Sections

extension ElfHandle {
  /// The sections that occupy memory, in the file's order.
  func memorySections() -> [Section] {
    var found: [Section] = []
    // SAFETY: the sections are used before the closure returns.
    unsafe forEachSection { section, header, names in
      // One that wraps around the end of memory belongs to a damaged file.
      guard header.sh_flags & UInt64(SHF_ALLOC) != 0, header.sh_size > 0,
        header.sh_addr <= .max - (header.sh_size - 1)
      else { return }
      // SAFETY: the section belongs to the live handle.
      let index = unsafe elf_ndxscn(section)
      let contents: Section.Contents =
        header.sh_type == SHT_NOBITS ? .zeroes : header.sh_flags & UInt64(SHF_EXECINSTR) != 0 ? .code : .data
      found.append(
        Section(
          index: Int(index), name: string(Int(header.sh_name), in: names) ?? "",
          address: VirtualAddress(header.sh_addr), byteCount: header.sh_size, contents: contents))
    }
    return found
  }

  /// The section's bytes in the file; empty for .bss and for a section that reaches past the file's end.
  func bytes(of section: Section) -> [UInt8] { bytes(of: section, from: 0, count: .max) }

  /// Up to `count` of them from `offset` on.
  func bytes(of section: Section, from offset: Int, count: Int) -> [UInt8] {
    // SAFETY: the handle is live; an index that is out of range gives null.
    guard let handle = unsafe elf_getscn(elf, section.index), section.contents != .zeroes,
      // SAFETY: the section was just found.
      let data = unsafe elf_rawdata(handle, nil), let start = unsafe data.pointee.d_buf
    else { return [] }
    // SAFETY: libelf has read d_size bytes to d_buf and keeps them until elf_end; they are copied here.
    return unsafe [UInt8](
      UnsafeRawBufferPointer(start: start, count: data.pointee.d_size).dropFirst(offset).prefix(count))
  }

  /// The GNU build id; empty when the linker wrote none.
  func buildID() -> [UInt8] {
    var start: UnsafeRawPointer?
    // SAFETY: the handle is live; the result points into libelf's memory and is copied here.
    let count = unsafe dwelf_elf_gnu_build_id(elf, &start)
    guard count > 0, let start = unsafe start else { return [] }
    return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: Int(count)))
  }

  private func forEachSection(_ body: (OpaquePointer, GElf_Shdr, _ names: Int) -> Void) {
    var names = 0
    // SAFETY: the handle is live and `names` lives across the call.
    guard unsafe elf_getshdrstrndx(elf, &names) == 0 else { return }
    var section: OpaquePointer?
    // SAFETY: the handle is live; each section is the one that the previous call gave.
    while let next = unsafe elf_nextscn(elf, section) {
      unsafe section = next
      var header = GElf_Shdr()
      // SAFETY: `next` belongs to the live handle and `header` lives across the call.
      if unsafe gelf_getshdr(next, &header) != nil { unsafe body(next, header, names) }
    }
  }

  private func string(_ offset: Int, in table: Int) -> String? {
    // SAFETY: elf_strptr checks both numbers and the terminating zero; the text is copied here.
    unsafe elf_strptr(elf, table, offset).map { unsafe String(cString: $0) }
  }
}

// MARK: Symbols

extension ElfHandle {
  /// The entries of .symtab, or of .dynsym in a stripped program, and the string table of their names.
  func symbolEntries() -> (entries: [Entry], names: Int) {
    var full: (OpaquePointer, GElf_Shdr)?
    var dynamic: (OpaquePointer, GElf_Shdr)?
    // SAFETY: sections live as long as the handle, which this object keeps.
    unsafe forEachSection { section, header, _ in
      if header.sh_type == SHT_SYMTAB { unsafe full = (section, header) }
      if header.sh_type == SHT_DYNSYM { unsafe dynamic = (section, header) }
    }
    // SAFETY: the section belongs to the live handle.
    guard let (section, header) = unsafe full ?? dynamic, header.sh_entsize > 0,
      let data = unsafe elf_getdata(section, nil)
    else { return ([], 0) }
    let count = CInt(clamping: header.sh_size / header.sh_entsize)
    var entries: [Entry] = []
    entries.reserveCapacity(Int(min(count, 1 << 20)))
    for index in 0..<count {
      var symbol = GElf_Sym()
      // SAFETY: `data` belongs to the live handle, and gelf_getsym refuses an index past its end.
      guard unsafe gelf_getsym(data, index, &symbol) != nil else { break }
      entries.append(
        Entry(
          name: symbol.st_name, info: symbol.st_info, section: symbol.st_shndx, value: symbol.st_value,
          byteCount: symbol.st_size))
    }
    return (entries, Int(header.sh_link))
  }

  /// The text at an entry's name; empty when the string table does not hold it.
  func name(_ entry: Entry, in table: Int) -> String { string(Int(entry.name), in: table) ?? "" }

  /// The entries named exactly `name`, without making a String of every other name.
  func indices(of name: String, among entries: [Entry], names table: Int) -> [Int] {
    entries.indices.filter { index in
      // SAFETY: elf_strptr checks both numbers and the terminating zero, and strcmp ends at it.
      guard let text = unsafe elf_strptr(elf, table, Int(entries[index].name)) else { return false }
      return unsafe strcmp(text, name) == 0
    }
  }
}

// MARK: Debugging information

extension ElfHandle {
  /// A libdw handle on this file, to be ended before this object is; nil when there is no DWARF.
  func beginDwarf() -> OpaquePointer? {
    // SAFETY: the handle is live, and whoever asks keeps this object alive as long as the result.
    unsafe dwarf_begin_elf(elf, DWARF_C_READ, nil)
  }

  /// A libdw handle on .eh_frame, to be ended before this object is; nil when there is none.
  func beginCallFrames() -> OpaquePointer? {
    // SAFETY: the handle is live, and whoever asks keeps this object alive as long as the result.
    unsafe dwarf_getcfi_elf(elf)
  }
}
