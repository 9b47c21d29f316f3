import CCapstone
import X86

/// The x86 decoder: Capstone behind a safe face.
@safe
public final class Disassembler {
  /// How operands are written.
  public enum Syntax: Equatable, Sendable {
    case intel
    case att
  }

  /// What the code segment makes of instructions. SDM Vol. 1, 3.6.
  public enum Width: Sendable {
    case bits16
    case bits32
    case bits64

    fileprivate var mode: cs_mode {
      switch self {
      case .bits16: CS_MODE_16
      case .bits32: CS_MODE_32
      case .bits64: CS_MODE_64
      }
    }
  }

  private let handle: csh
  private let decoded: UnsafeMutablePointer<cs_insn>

  /// Whether operands are decoded as values too, at a fifth of the speed.
  enum Detail { case on, off }

  public convenience init(
    syntax: Syntax = .intel, width: Width = .bits64
  ) throws(SymbolError) {
    try self.init(syntax: syntax, width: width, detail: .on)
  }

  init(syntax: Syntax = .intel, width: Width = .bits64, detail: Detail) throws(SymbolError) {
    var handle: csh = 0
    // SAFETY: `handle` lives across the call.
    let status = unsafe cs_open(CS_ARCH_X86, width.mode, &handle)
    guard status == CS_ERR_OK else {
      // SAFETY: cs_strerror gives a static text.
      throw .noDisassembler(reason: unsafe String(cString: cs_strerror(status)))
    }
    let style = syntax == .intel ? CS_OPT_SYNTAX_INTEL : CS_OPT_SYNTAX_ATT
    cs_option(handle, CS_OPT_SYNTAX, Int(style.rawValue))
    cs_option(handle, CS_OPT_DETAIL, Int(detail == .on ? CS_OPT_ON.rawValue : CS_OPT_OFF.rawValue))
    // SAFETY: the handle is open, with the detail option already set, which decides what cs_malloc makes.
    guard let decoded = unsafe cs_malloc(handle) else {
      // SAFETY: nothing uses the handle after this.
      unsafe cs_close(&handle)
      throw .noDisassembler(reason: "out of memory")
    }
    self.handle = handle
    unsafe self.decoded = decoded
  }

  deinit {
    var handle = handle
    // SAFETY: this object owns both, and nothing derived from them is kept.
    unsafe cs_free(decoded, 1)
    unsafe cs_close(&handle)
  }

  /// Decodes `bytes`, which stand at `address`, to their end or up to `limit` instructions. A byte that begins
  /// no instruction, also because the bytes end inside it, gives one `(bad)` and decoding goes on after it.
  public func disassemble(
    _ bytes: [UInt8], at address: VirtualAddress, limit: Int = .max
  ) -> [Instruction] {
    var found: [Instruction] = []
    guard limit > 0 else { return found }
    // SAFETY: `describe` copies what it needs of the instruction before the closure returns.
    unsafe walk(bytes[...], at: address) { offset, instruction in
      found.append(unsafe describe(bytes, offset, address, instruction))
      return found.count < limit ? .goOn : .stop
    }
    return found
  }

  /// Whether a walk over instructions goes on.
  enum Progress { case goOn, stop }

  /// Calls `body` with the kind of each valid instruction in `bytes` and the indices of its bytes.
  func identify(_ bytes: ArraySlice<UInt8>, _ body: (x86_insn, Range<Int>) -> Progress) {
    // SAFETY: two numbers of the instruction are copied before the closure returns.
    unsafe walk(bytes, at: VirtualAddress(0)) { offset, instruction in
      guard let instruction = unsafe instruction?.pointee else { return .goOn }
      return unsafe body(
        x86_insn(instruction.id), offset..<offset + Int(instruction.size))
    }
  }

  /// Calls `body` for each instruction of `bytes` with its index there, and with nil for a byte that begins
  /// none. What it points at holds until `body` returns.
  private func walk(
    _ bytes: ArraySlice<UInt8>, at address: VirtualAddress, _ body: (Int, UnsafePointer<cs_insn>?) -> Progress
  ) {
    // SAFETY, for the whole closure: the array lends its storage to it; `code` and `left` describe the part of it that is
    // still to be decoded, which cs_disasm_iter moves forward together. `decoded` came from cs_malloc.
    unsafe bytes.withUnsafeBufferPointer { buffer in
      var code = buffer.baseAddress
      var left = buffer.count
      var location = address.rawValue
      while left > 0 {
        let offset = bytes.endIndex - left
        if unsafe cs_disasm_iter(handle, &code, &left, &location, decoded) {
          if unsafe body(offset, decoded) == .stop { return }
        } else {
          if body(offset, nil) == .stop { return }
          unsafe code = code.map { unsafe $0 + 1 }
          left -= 1
          location &+= 1
        }
      }
    }
  }

  private func describe(
    _ bytes: [UInt8], _ offset: Int, _ base: VirtualAddress, _ decoded: UnsafePointer<cs_insn>?
  ) -> Instruction {
    let address = base + UInt64(offset)
    // SAFETY: only compared with null.
    guard let decoded = unsafe decoded else {
      return Instruction(
        address: address, bytes: [bytes[offset]], mnemonic: Instruction.invalidMnemonic, operands: "",
        referencedAddress: nil)
    }
    var reference: UInt64 = 0
    // SAFETY: `decoded` was just filled by Capstone, with detail; its texts are zero-terminated arrays inside
    // the structure, copied here.
    let refers = unsafe capstone_referenced_address(decoded, &reference)
    let own = bytes[offset..<offset + Int(unsafe decoded.pointee.size)]
    var mnemonic = unsafe Self.text(decoded.pointer(to: \.mnemonic))
    // Capstone 4 keeps the operand size of these two to itself, and it decides where they return to.
    if mnemonic == "sysret" || mnemonic == "sysexit", own.hasWidePrefix { mnemonic += "q" }
    return Instruction(
      address: address, bytes: Array(own), mnemonic: mnemonic,
      operands: unsafe Self.text(decoded.pointer(to: \.op_str)),
      referencedAddress: refers ? VirtualAddress(reference) : nil)
  }

  private static func text<Characters>(_ characters: UnsafePointer<Characters>?) -> String {
    // SAFETY: only compared with null.
    guard let characters = unsafe characters else { return "" }
    // SAFETY: a C array of characters, which Swift sees as a tuple, that Capstone ends with a zero.
    return unsafe String(cString: UnsafeRawPointer(characters).assumingMemoryBound(to: CChar.self))
  }
}

extension ArraySlice<UInt8> {
  /// True for an instruction of two opcode bytes with REX.W, bit 3 of a REX prefix, which counts only directly
  /// before the opcode. SDM Vol. 2A, 2.2.1.
  var hasWidePrefix: Bool { (dropLast(2).last ?? 0) & 0xf8 == 0x48 }
}
