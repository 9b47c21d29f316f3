import CCapstone
import X86

/// An instruction that can return to Ring 3, found in the program's code.
public struct ReturnSite: Equatable, Sendable {
  public let address: VirtualAddress
  public let instruction: Return
  /// Where it stands; nil in code without symbols.
  public let location: SymbolOffset?

  /// SDM Vol. 2: IRET, SYSRET, SYSEXIT.
  public enum Return: String, Equatable, Sendable {
    /// REX.W CF: five qwords, the only one that returns to 64-bit code.
    case iretq
    /// CF: five doublewords.
    case iretd
    /// 66 CF: five words.
    case iret
    /// REX.W 0F 07.
    case sysretq
    /// 0F 07: to compatibility mode.
    case sysret
    /// 0F 35.
    case sysexit
  }
}

extension ELFImage {
  /// Finds every instruction that can return to Ring 3, in the order of the sections and addresses.
  ///
  /// Each symbol's bytes are decoded from its start, so data between functions cannot put the decoder out of
  /// step; what a symbol declares to be data (`.type x, @object`) is not decoded. A stretch without any byte
  /// that such an instruction needs is skipped.
  public func returnSites() throws(SymbolError) -> [ReturnSite] {
    let disassembler = try Disassembler(detail: .off)
    return executableSections.flatMap { returnSites(in: $0, disassembler) }
  }

  private func returnSites(in section: Section, _ disassembler: Disassembler) -> [ReturnSite] {
    let bytes = bytes(of: section)
    var sites: [ReturnSite] = []
    for stretch in codeStretches(section, byteCount: bytes.count) {
      guard let last = bytes[stretch].lastCandidate else { continue }
      disassembler.identify(bytes[stretch]) { instruction, place in
        guard place.lowerBound <= last else { return .stop }
        if let kind = ReturnSite.Return(instruction, bytes[place]) {
          let address = section.address + UInt64(place.lowerBound)
          sites.append(ReturnSite(address: address, instruction: kind, location: symbol(at: address)))
        }
        return .goOn
      }
    }
    return sites
  }

  /// The parts of `section` to decode, as offsets: from each symbol to the next or to its own end, whichever is
  /// first, and what lies between, without the data.
  private func codeStretches(_ section: Section, byteCount: Int) -> [Range<Int>] {
    let entries = symbols.entries(in: section)
    let base = section.address.rawValue
    var bounds: Set<Int> = [0, byteCount]
    var data: [Range<Int>] = []
    for entry in entries {
      let start = Int(clamping: entry.value - base)
      let end = min(Int(clamping: entry.end - base), byteCount)
      bounds.insert(start)
      bounds.insert(end)
      if entry.kind == .object, start < end { data.append(start..<end) }
    }
    let sorted = bounds.filter { $0 <= byteCount }.sorted()
    var dataBefore = data[...]
    return zip(sorted, sorted.dropFirst()).map { $0..<$1 }.filter { stretch in
      while let first = dataBefore.first, first.upperBound <= stretch.lowerBound { dataBefore.removeFirst() }
      return !(dataBefore.first?.overlaps(stretch) ?? false)
    }
  }
}

extension ReturnSite.Return {
  /// Nil for an instruction that does not change the ring.
  fileprivate init?(_ instruction: x86_insn, _ bytes: ArraySlice<UInt8>) {
    switch instruction {
    case X86_INS_IRETQ: self = .iretq
    case X86_INS_IRETD: self = .iretd
    case X86_INS_IRET: self = .iret
    case X86_INS_SYSRET: self = bytes.hasWidePrefix ? .sysretq : .sysret
    case X86_INS_SYSEXIT: self = .sysexit
    default: return nil
    }
  }
}

extension ArraySlice<UInt8> {
  /// The index of the last byte at which the opcode of a return can begin: CF, 0F 07 or 0F 35.
  fileprivate var lastCandidate: Int? {
    indices.last { at in
      switch self[at] {
      case 0xcf: true
      case 0x0f: at + 1 < endIndex && (self[at + 1] == 0x07 || self[at + 1] == 0x35)
      default: false
      }
    }
  }
}
