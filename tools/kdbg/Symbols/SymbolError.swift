/// Why a file cannot serve as the program being debugged.
public enum SymbolError: Error, Equatable, Sendable {
  /// The file cannot be opened; `reason` is the system's word for it.
  case cannotOpen(path: String, reason: String)
  /// A directory, a device or a pipe.
  case notRegularFile(path: String)
  case notELF(path: String)
  /// An ELF of 32-bit class, whatever its machine.
  case not64Bit(path: String)
  /// An ELF for another machine, by its number in e_machine.
  case otherMachine(path: String, machine: UInt16)
  /// An object file or a core: its addresses are not those of a running program.
  case notLinked(path: String, kind: UnlinkedKind)
  /// The headers contradict themselves; `reason` is libelf's word for it.
  case damaged(path: String, reason: String)
  /// Capstone has no x86 decoder or no memory; `reason` is its own word for it.
  case noDisassembler(reason: String)
}

/// The ELF types that hold no linked program.
public enum UnlinkedKind: Equatable, Sendable {
  case object
  case core
  case other(UInt16)
}

extension SymbolError: CustomStringConvertible {
  /// One line for the user, without a full stop.
  public var description: String {
    switch self {
    case .cannotOpen(let path, let reason): "\(path): cannot be opened: \(reason)"
    case .notRegularFile(let path): "\(path): not a regular file"
    case .notELF(let path): "\(path): not an ELF file"
    case .not64Bit(let path): "\(path): a 32-bit ELF file, and an x86_64 one is needed"
    case .otherMachine(let path, let machine):
      "\(path): an ELF file for \(Self.name(ofMachine: machine)), and an x86_64 one is needed"
    case .notLinked(let path, .object): "\(path): an unlinked object file, and a linked program is needed"
    case .notLinked(let path, .core): "\(path): a core file, and a linked program is needed"
    case .notLinked(let path, .other(let type)):
      "\(path): an ELF file of type \(type), and a linked program is needed"
    case .damaged(let path, let reason): "\(path): a damaged ELF file: \(reason)"
    case .noDisassembler(let reason): "no x86 disassembler: \(reason)"
    }
  }

  /// The architectures somebody may confuse with x86_64 by a wrong path; ELF gABI, e_machine.
  private static func name(ofMachine machine: UInt16) -> String {
    switch machine {
    case 3: "i386"
    case 8: "MIPS"
    case 21: "PowerPC 64"
    case 22: "s390x"
    case 40: "ARM"
    case 183: "AArch64"
    case 243: "RISC-V"
    case 258: "LoongArch"
    default: "machine number \(machine)"
    }
  }
}
