import Symbols
import X86

/// What kdbg needs to know of the kernel's file.
public protocol Program: NameSource {
  /// The addresses that a name typed by a user means, in order, each once; empty for a name that nobody has.
  func addresses(named name: String) -> [VirtualAddress]
  /// The names that begin with `prefix`, sorted.
  func names(withPrefix prefix: String) -> [String]
  /// `file.swift:12` of the instruction at `address`.
  func sourceLine(at address: VirtualAddress) -> String?
  /// The same as data, with the path as the compiler recorded it.
  func sourcePlace(at address: VirtualAddress) -> SourceLine?
  /// Where the code of a line of the source begins, or of the next line that has some, in each function once. `file` is a
  /// file's name, or its path as the compiler recorded it.
  func places(file: String, line: Int) -> [SourceAddress]
  /// Every instruction that can return to Ring 3, in the order of the addresses.
  func returnInstructions() throws(SymbolError) -> [ReturnInstruction]
  /// Every instruction that loads TR, LDTR, GDTR, IDTR or a debug register, in the order of the addresses.
  func tableLoadInstructions() throws(SymbolError) -> [VirtualAddress]
  /// Every instruction that loads CR3, in the order of the addresses.
  func rootTableLoadInstructions() throws(SymbolError) -> [VirtualAddress]
  /// Every instruction that loads another register on which an entry from Ring 3 hangs: CR0, CR4, a model-specific one,
  /// XCR0 or PKRU. In the order of the addresses.
  func controlLoadInstructions() throws(SymbolError) -> [VirtualAddress]
  /// Where `code` stands in the program's code, whether or not an instruction begins there.
  func occurrences(of code: [UInt8]) -> [VirtualAddress]
  /// The functions whose code stands at `address`, the innermost first; nil without debugging information for it.
  func scopes(at address: VirtualAddress) -> CodeScopes?
  /// The caller of a frame with `registers` whose instruction is at `address`, by call-frame information; `read` gives a
  /// qword of memory.
  func caller(
    at address: VirtualAddress, _ registers: FrameRegisters, read: (VirtualAddress) -> UInt64?
  ) throws(UnwindFailure) -> UnwoundFrame

  /// The addresses of the function that `address` lies in; nil where no symbol says.
  func function(at address: VirtualAddress) -> Range<UInt64>?
  /// The file's path; nil for a program without one.
  var file: String? { get }
  /// True when the program's memory holds `address`.
  func holds(_ address: VirtualAddress) -> Bool
  /// The addresses of the program's code.
  var codeRanges: [Range<UInt64>] { get }
  /// Up to `count` bytes of the file's code from `address` on.
  func code(at address: VirtualAddress, count: Int) -> [UInt8]
  /// Places all over the code, by which it is known from another's.
  var codeSamples: [CodeSample] { get }
}

/// Bytes of code and where they belong.
public struct CodeSample: Equatable, Sendable {
  public let address: VirtualAddress
  public let bytes: [UInt8]

  public init(address: VirtualAddress, bytes: [UInt8]) {
    self.address = address
    self.bytes = bytes
  }
}

extension Program {
  public func sourcePlace(at address: VirtualAddress) -> SourceLine? { nil }
  public func places(file: String, line: Int) -> [SourceAddress] { [] }
  public func rootTableLoadInstructions() throws(SymbolError) -> [VirtualAddress] { [] }
  public func controlLoadInstructions() throws(SymbolError) -> [VirtualAddress] { [] }

  /// True where the code was linked for the upper half.
  public var isUpperHalf: Bool { codeRanges.contains { $0.lowerBound >> 63 == 1 } }

  public func function(at address: VirtualAddress) -> Range<UInt64>? { nil }
  public var file: String? { nil }
  public func holds(_ address: VirtualAddress) -> Bool { true }
  public var codeRanges: [Range<UInt64>] { [] }
  public func code(at address: VirtualAddress, count: Int) -> [UInt8] { [] }
  public var codeSamples: [CodeSample] { [] }
  public func scopes(at address: VirtualAddress) -> CodeScopes? { nil }

  public func caller(
    at address: VirtualAddress, _ registers: FrameRegisters, read: (VirtualAddress) -> UInt64?
  ) throws(UnwindFailure) -> UnwoundFrame { throw .noInformation }
}

/// An instruction that can return to Ring 3: `iretq`, `sysretq` and their relatives.
public struct ReturnInstruction: Equatable, Sendable {
  /// Pops a frame.
  public static let interruptReturn = "iretq"
  /// Takes RIP and RFLAGS from registers.
  public static let systemReturn = "sysretq"

  public let address: VirtualAddress
  public let mnemonic: String

  /// True for the two that lead to 64-bit code in Ring 3. The rest of the family leads to other modes, and its short
  /// opcodes are mostly data that looks like code.
  public var isAudited: Bool { mnemonic == Self.interruptReturn || mnemonic == Self.systemReturn }

  public init(address: VirtualAddress, mnemonic: String) {
    self.address = address
    self.mnemonic = mnemonic
  }
}

/// An ELF file as a ``Program``.
public final class ELFProgram: Program {
  private let image: ELFImage
  public private(set) lazy var codeSamples: [CodeSample] = samples()

  public init(_ image: ELFImage) { self.image = image }

  public var file: String? { image.path }

  public func function(at address: VirtualAddress) -> Range<UInt64>? {
    guard let symbol = image.symbol(at: address)?.symbol, symbol.byteCount > 0 else { return nil }
    let start = symbol.address.rawValue
    return start..<start + min(symbol.byteCount, .max - start)
  }

  /// Where .text begins.
  public var textAddress: VirtualAddress? { image.sections.first { $0.name == ".text" }?.address }

  public func holds(_ address: VirtualAddress) -> Bool { image.sections.contains { $0.holds(address) } }

  public var codeRanges: [Range<UInt64>] {
    image.executableSections.map { $0.address.rawValue..<$0.address.rawValue + $0.byteCount }
  }

  public func code(at address: VirtualAddress, count: Int) -> [UInt8] {
    image.bytes(at: address, count: count)
  }

  /// Sixteen places in each section of code, the first and the last bytes among them. A kernel's code for its start lies
  /// in the lower half, and is gone when it runs.
  private func samples() -> [CodeSample] {
    let count: UInt64 = 16
    let length = 16
    let image = image
    let sections = image.executableSections.filter { $0.address.isUpperHalf == isUpperHalf }
    return sections.flatMap { section in
      let last = section.byteCount - min(section.byteCount, UInt64(length))
      return (0..<count).map { number in
        let place = section.address + last / (count - 1) * number
        let address = number == count - 1 ? section.address + last : place
        return CodeSample(address: address, bytes: image.bytes(at: address, count: length))
      }
    }
  }

  public func name(of address: VirtualAddress) -> SymbolicName? {
    image.symbol(at: address).map { SymbolicName(name: $0.symbol.name, offset: $0.offset) }
  }

  public func addresses(named name: String) -> [VirtualAddress] {
    switch image.match(name) {
    case .unique(let symbol): [symbol.address]
    case .ambiguous(let symbols): symbols.map(\.address)
    case .unknown: []
    }
  }

  public func names(withPrefix prefix: String) -> [String] { image.names(withPrefix: prefix) }

  public func sourceLine(at address: VirtualAddress) -> String? { image.line(at: address)?.description }

  public func sourcePlace(at address: VirtualAddress) -> SourceLine? { image.line(at: address) }

  public func places(file: String, line: Int) -> [SourceAddress] { image.places(file: file, line: line) }

  public func scopes(at address: VirtualAddress) -> CodeScopes? { image.scopes(at: address) }

  public func caller(
    at address: VirtualAddress, _ registers: FrameRegisters, read: (VirtualAddress) -> UInt64?
  ) throws(UnwindFailure) -> UnwoundFrame { try image.caller(at: address, registers, read: read) }

  public func returnInstructions() throws(SymbolError) -> [ReturnInstruction] {
    try image.returnSites().map { ReturnInstruction(address: $0.address, mnemonic: $0.instruction.rawValue) }
      .sorted { $0.address < $1.address }
  }

  public func tableLoadInstructions() throws(SymbolError) -> [VirtualAddress] {
    try instructions(TableLoad.mayBegin)
  }

  public func rootTableLoadInstructions() throws(SymbolError) -> [VirtualAddress] {
    try instructions(PrivilegedCode.isRootTableLoad)
  }

  public func controlLoadInstructions() throws(SymbolError) -> [VirtualAddress] {
    try instructions(PrivilegedCode.isControlLoad)
  }

  /// Every instruction whose bytes look as `mayBegin` says.
  private func instructions(
    _ mayBegin: (ArraySlice<UInt8>) -> Bool
  ) throws(SymbolError) -> [VirtualAddress] {
    let disassembler = try Disassembler()
    var found: [VirtualAddress] = []
    for section in image.executableSections {
      let bytes = image.bytes(of: section)
      for offset in bytes.indices where mayBegin(bytes[offset...]) {
        let address = section.address + UInt64(offset)
        if isInstruction(address, disassembler, mayBegin) { found.append(address) }
      }
    }
    return found.sorted()
  }

  public func occurrences(of code: [UInt8]) -> [VirtualAddress] {
    guard let first = code.first else { return [] }
    return image.executableSections.flatMap { section in
      let bytes = image.bytes(of: section)
      return bytes.indices
        .filter { bytes[$0] == first && bytes[$0...].starts(with: code) }
        .map { section.address + UInt64($0) }
    }
  }

  /// Whether the bytes at `address` that look like an instruction are one: decoded from the start of the symbol around
  /// them, it begins there (or at a prefix before).
  private func isInstruction(
    _ address: VirtualAddress, _ disassembler: Disassembler, _ mayBegin: (ArraySlice<UInt8>) -> Bool
  ) -> Bool {
    // Code without symbols cannot be decoded in step; the bytes alone are believed there, because a breakpoint
    // too many costs one stop and one too few costs the truth.
    guard let place = image.symbol(at: address) else { return true }
    let code = image.bytes(at: place.symbol.address, count: Int(place.offset) + TableLoad.longest)
    return disassembler.disassemble(code, at: place.symbol.address).contains {
      $0.address == address && $0.isValid && mayBegin($0.bytes[...])
    }
  }
}

/// The encodings of LLDT, LTR, LGDT, LIDT and MOV to a debug register. SDM Vol. 2A and 2B.
private enum TableLoad {
  static let longest = 15

  /// True when an opcode of one of them can begin at the first of `bytes`. REX and segment prefixes may stand
  /// before it: then the instruction begins earlier and is found there.
  static func mayBegin(_ bytes: ArraySlice<UInt8>) -> Bool {
    var rest = bytes.prefix(longest)
    while let first = rest.first, isPrefix(first) { rest.removeFirst() }
    guard rest.count >= 3, rest[rest.startIndex] == 0x0f else { return false }
    let group = rest[rest.startIndex + 1]
    let modRM = rest[rest.startIndex + 2]
    let operation = (modRM >> 3) & 7
    switch group {
    case 0x00: return operation == 2 || operation == 3
    case 0x01: return (operation == 2 || operation == 3) && modRM >> 6 != 3
    case 0x23: return true
    default: return false
    }
  }

  private static func isPrefix(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x40...0x4f, 0x26, 0x2e, 0x36, 0x3e, 0x64...0x67, 0xf2, 0xf3: true
    default: false
    }
  }
}
