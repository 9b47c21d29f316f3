import X86

/// Bytes that look like an instruction which the check has to know of. SDM Vol. 2: IRET, SYSRET, SYSEXIT, LLDT, LTR, LGDT,
/// LIDT, MOV to a debug register.
enum CandidateCode: Equatable {
  /// 48 CF.
  case interruptReturn
  /// 48 0F 07.
  case systemReturn
  /// 0F 07 and 0F 35 without REX.W: Ring 3 in compatibility mode.
  case compatibilityReturn
  case tableLoad

  /// Nil where nothing of it can begin at the first of `bytes`.
  init?(_ bytes: ArraySlice<UInt8>) {
    if PrivilegedCode.isReturn(bytes) {
      self = bytes.dropFirst().first == 0xcf ? .interruptReturn : .systemReturn
    } else if bytes.starts(with: [0x0f, 0x07]) || bytes.starts(with: [0x0f, 0x35]) {
      self = .compatibilityReturn
    } else if PrivilegedCode.isTableLoad(bytes) {
      self = .tableLoad
    } else {
      return nil
    }
  }

  /// Where a closer look is worth it: far fewer places than there are bytes.
  static func places(in bytes: [UInt8]) -> [Int] {
    let span = bytes.span
    var found: [Int] = []
    var index = 0
    while index &+ 1 < span.count {
      let byte = span[index]
      if byte == 0x48 {
        let next = span[index &+ 1]
        if next == 0xcf || next == 0x0f { found.append(index) }
      } else if byte == 0x0f {
        switch span[index &+ 1] {
        // Behind REX.W SYSRET is the instruction of the byte before.
        case 0x07, 0x35: if index == 0 || span[index &- 1] != 0x48 { found.append(index) }
        case 0x00, 0x01, 0x23: found.append(index)
        default: break
        }
      }
      index &+= 1
    }
    return found
  }
}

/// An IRETQ to the instruction behind it, with the selectors of Ring 0: how kernels serialise the processor.
///
/// Linux does it tens of thousands of times while it boots, whenever it has written code. It can lead nowhere else, because
/// the instructions directly before it push where it leads to:
///
///     mov eax, cs        8C C8
///     push rax           50
///     push $1f           68 imm32, the address behind IRETQ
///     iretq
///     1:
public enum SelfReturn {
  /// True where the IRETQ of `bytes[index]`, at `address`, is such a one.
  public static func stands(at index: Int, in bytes: ArraySlice<UInt8>, address: VirtualAddress) -> Bool {
    var before = Array(bytes[max(bytes.startIndex, index - 24)..<index])
    guard let target = takePush(&before, behind: address), target == (address + 2).rawValue else {
      return false
    }
    return takesOwnSelector(before)
  }

  /// The constant that the last of `code` pushes: PUSH imm32, or LEA RIP-relative and PUSH of the same register.
  private static func takePush(_ code: inout [UInt8], behind address: VirtualAddress) -> UInt64? {
    if code.count >= 5, code[code.count - 5] == 0x68 {
      let value = constant(code.suffix(4))
      code.removeLast(5)
      return value
    }
    guard code.count >= 8, let push = code.last, push & 0xf8 == 0x50 else { return nil }
    let load = Array(code.suffix(8))
    // 48 8D /r with mod 0 and r/m 5.
    guard load[0] == 0x48, load[1] == 0x8d, load[2] == (push & 7) << 3 | 5 else { return nil }
    code.removeLast(8)
    return (address - 1).rawValue &+ constant(load[3..<7])
  }

  /// MOV from CS and PUSH of that register, or PUSH of a selector whose RPL is 0.
  private static func takesOwnSelector(_ code: [UInt8]) -> Bool {
    if code.count >= 3, let push = code.last, push & 0xf8 == 0x50,
      code[code.count - 3] == 0x8c, code[code.count - 2] == 0xc8 | push & 7
    {
      return true
    }
    return code.count >= 2 && code[code.count - 2] == 0x6a && code[code.count - 1] & 0x83 == 0
  }

  /// Four bytes, with their sign.
  private static func constant(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    let value = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return UInt64(bitPattern: Int64(Int32(bitPattern: value)))
  }
}
