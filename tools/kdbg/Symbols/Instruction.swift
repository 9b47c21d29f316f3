import X86

/// One decoded instruction.
public struct Instruction: Equatable, Sendable {
  public let address: VirtualAddress
  /// 1...15 bytes; one for a byte that begins no instruction.
  public let bytes: [UInt8]
  /// ``invalidMnemonic`` for a byte that begins no instruction.
  public let mnemonic: String
  public let operands: String
  /// The target of a direct branch, or the address that a RIP-relative operand names.
  public let referencedAddress: VirtualAddress?

  /// What stands for a byte that begins no instruction, as in gdb and objdump.
  public static let invalidMnemonic = "(bad)"

  public var isValid: Bool { mnemonic != Self.invalidMnemonic }
  public var nextAddress: VirtualAddress { address + UInt64(bytes.count) }
}

extension Instruction: CustomStringConvertible {
  public var description: String { operands.isEmpty ? mnemonic : "\(mnemonic) \(operands)" }
}
