import X86

/// A linked x86_64 program on disk: its symbols, code bytes and source lines.
///
/// Opening reads the headers only; each table is read by the first question that needs it. Addresses are the
/// ones that the program was linked at.
public final class ELFImage {
  public let path: String
  /// The linear address at which the program starts (e_entry).
  public var entry: VirtualAddress { file.entry }
  /// The sections that occupy memory, in the file's order.
  public private(set) lazy var sections: [Section] = file.memorySections()
  /// The GNU build id in hexadecimal digits; nil when the linker wrote none.
  public private(set) lazy var buildID: String? = makeBuildID()

  private let file: ElfHandle
  private(set) lazy var symbols = SymbolTable(file: file, sections: sections)
  private lazy var lines = DwarfHandle(file: file)
  private lazy var callFrames = CallFrameHandle(file: file, dwarf: lines)

  /// Opens the program at `path`; refuses whatever is not a linked 64-bit x86_64 ELF.
  public init(path: String) throws(SymbolError) {
    self.path = path
    file = try ElfHandle(path: path)
  }

  private func makeBuildID() -> String? {
    let bytes = file.buildID()
    let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    return bytes.isEmpty ? nil : digits.joined()
  }
}

// MARK: Symbols

extension ELFImage {
  /// False for a stripped program.
  public var hasSymbols: Bool { !symbols.isEmpty }

  /// The symbol whose bytes hold `address`, or the label without a size directly before it in the same section;
  /// nil in padding and outside the program.
  public func symbol(at address: VirtualAddress) -> SymbolOffset? { symbols.symbol(at: address) }

  /// What a name that a user typed means. In this order: a raw name; a demangled name without types
  /// (`Core.AddressSpace.map(_:to:)`), without labels (`Core.AddressSpace.map`), or the end of either from any
  /// component on (`AddressSpace.map`, `map(_:to:)`, `map`); a whole demangled name.
  public func match(_ name: String) -> SymbolMatch { symbols.match(name) }

  /// The address of `name`; nil when it is unknown or ambiguous, which ``match(_:)`` tells apart.
  public func address(of name: String) -> VirtualAddress? {
    guard case .unique(let symbol) = match(name) else { return nil }
    return symbol.address
  }

  /// What to offer for `prefix`, sorted: spellings of one word that ``match(_:)`` takes, each function in the
  /// shortest form that means it alone; raw mangled names only when `prefix` begins like one.
  public func names(withPrefix prefix: String) -> [String] { symbols.names(withPrefix: prefix) }

  /// The symbols inside `section`, in the order of their addresses.
  public func symbols(in section: Section) -> [Symbol] { symbols.symbols(in: section) }
}

// MARK: Code

extension ELFImage {
  /// The sections that hold instructions.
  public var executableSections: [Section] { sections.filter { $0.contents == .code } }

  /// The section's bytes in the file; empty for .bss.
  public func bytes(of section: Section) -> [UInt8] { file.bytes(of: section) }

  /// Up to `count` bytes of the file from `address`, as far as its section goes; empty outside every section.
  public func bytes(at address: VirtualAddress, count: Int) -> [UInt8] {
    guard let section = sections.first(where: { $0.holds(address) }) else { return [] }
    let offset = Int(clamping: address.rawValue - section.address.rawValue)
    return file.bytes(of: section, from: offset, count: max(count, 0))
  }

  /// The source line of the instruction at `address`; nil without DWARF for it.
  public func line(at address: VirtualAddress) -> SourceLine? { lines?.line(at: address) }
}

// MARK: Lines

extension ELFImage {
  /// Where the code of `line` of a file begins, once in each function that has some of it, in the order of the
  /// addresses; of a line without code, the next one that has some. `file` is the last component of a path, or a path
  /// as the compiler recorded it.
  public func places(file: String, line: Int) -> [SourceAddress] {
    let rows = lines?.rows(file: file, line: line) ?? []
    guard let best = rows.map(\.line.line).min() else { return [] }
    var first: [UInt64: SourceAddress] = [:]
    for row in rows where row.line.line == best {
      // What the linker dropped stands at 0 or nowhere.
      guard executableSections.contains(where: { $0.holds(row.address) }) else { continue }
      let function = symbol(at: row.address)?.symbol.address.rawValue ?? row.address.rawValue
      if let known = first[function], known.address <= row.address { continue }
      first[function] = row
    }
    return first.values.sorted { $0.address < $1.address }
  }
}

// MARK: Stacks

extension ELFImage {
  /// The functions whose code stands at `address`, the innermost first: by DWARF, else the symbol alone; nil without either.
  public func scopes(at address: VirtualAddress) -> CodeScopes? {
    if let scopes = lines?.scopes(at: address), !scopes.functions.isEmpty { return scopes }
    guard let symbol = symbol(at: address)?.symbol else { return nil }
    return CodeScopes(functions: [
      FunctionScope(name: symbol.name, line: line(at: address), isInlined: false)
    ])
  }

  /// The caller of a frame whose next instruction is at `address` and whose registers are `registers`, by the call-frame
  /// information; `read` gives a qword of memory.
  ///
  /// `address` is RIP, or one less for a frame that has called: the call may be the last instruction of its function.
  public func caller(
    at address: VirtualAddress, _ registers: FrameRegisters, read: (VirtualAddress) -> UInt64?
  ) throws(UnwindFailure) -> UnwoundFrame {
    guard let rules = callFrames.rules(at: address) else {
      // Nobody called the code at which the program starts.
      if let here = symbol(at: address)?.symbol, here == symbol(at: entry)?.symbol { throw .outermost }
      throw .noInformation
    }
    return try rules.caller(of: registers, read: read)
  }
}
