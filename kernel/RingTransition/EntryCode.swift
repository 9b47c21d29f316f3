import X86

/// What the code behind a gate pushes below the processor's frame before anything else: as a rule a zero where an
/// error code would be, and the vector.
struct EntryCode: Sendable {
  private var constants = InlineArray<3, UInt64>(repeating: 0)
  private(set) var count = 0
  /// How many of them were pushed where RIP stands among these instructions; nil where it stands elsewhere.
  private(set) var pushedAtRIP: Int?

  subscript(position: Int) -> UInt64? {
    position >= 0 && position < count ? constants[position] : nil
  }

  fileprivate mutating func push(_ constant: UInt64) {
    guard count < constants.count else { return }
    constants[count] = constant
    count += 1
  }

  fileprivate mutating func noteRIP() { pushedAtRIP = count }
}

extension Examiner {
  /// The lowest byte of what the processor pushed, where RIP stands in the first instructions of entry code: those that
  /// follow a gate's offset without a jump. And the vector, nil where several have this code: which of them came is
  /// not to be seen there.
  func frameInEntryCode<Memory: PhysicalMemory & ~Copyable>(
    _ memory: inout Memory
  ) -> (vector: UInt8?, address: UInt64)? {
    var found: (vector: UInt8?, address: UInt64)?
    for number in 0...255 {
      let vector = UInt8(truncatingIfNeeded: number)
      guard let gate = auditor.gate(vector, &memory), gate.isPresent,
        registers.rip &- gate.offset.rawValue <= Self.longestEntryCode,
        let pushed = entryCode(of: gate, &memory).pushedAtRIP
      else { continue }
      let isOnlyOne = found == nil
      found = (isOnlyOne ? vector : nil, registers.rsp &+ UInt64(truncatingIfNeeded: pushed) * 8)
    }
    return found
  }

  /// The vector whose entry code has left its constants below the frame at `address`, its own number last: that is
  /// where kernels keep the vector, and one word alone could be anything.
  func vectorByEntryCode<Memory: PhysicalMemory & ~Copyable>(
    belowFrameAt address: UInt64, _ memory: inout Memory
  ) -> UInt8? {
    var found: UInt8?
    for slot in UInt64(1)...4 {
      guard let word = auditor.load(address &- slot * 8, &memory) else { continue }
      for isInverted in 0...1 {
        let value = isInverted == 1 ? ~word : word
        guard value <= 0xff || value >= ~0x7f else { continue }
        let vector = UInt8(truncatingIfNeeded: value)
        guard vector != found, hasRun(vector, belowFrameAt: address, &memory) else { continue }
        if found != nil { return nil }
        found = vector
      }
    }
    return found
  }

  /// The furthest that RIP may be behind a gate's offset, in bytes.
  private static var longestEntryCode: UInt64 { 32 }

  /// True when what the entry code of `vector` pushes stands below the frame, where RSP has come to pass.
  private func hasRun<Memory: PhysicalMemory & ~Copyable>(
    _ vector: UInt8, belowFrameAt address: UInt64, _ memory: inout Memory
  ) -> Bool {
    guard let gate = auditor.gate(vector, &memory), gate.isPresent else { return false }
    let code = entryCode(of: gate, &memory)
    guard code.count > 0, let last = code[code.count - 1] else { return false }
    let byte = UInt8(truncatingIfNeeded: last)
    guard byte == vector || byte == ~vector else { return false }
    let hasErrorCode = ExceptionVector(rawValue: vector)?.pushesErrorCode == true
    var slot = address &- (hasErrorCode ? 8 : 0)
    for position in 0..<code.count {
      slot = slot &- 8
      guard registers.rsp <= slot, auditor.load(slot, &memory) == code[position] else { return false }
    }
    // SYSCALL pushes nothing by itself, and its entry may make the frame look like the one of `int n`.
    return gate.privilege != 3 || !followsSystemCall(address, &memory)
  }

  /// True when the program of the frame at `address` stands right behind a SYSCALL that it may have executed.
  private func followsSystemCall<Memory: PhysicalMemory & ~Copyable>(
    _ address: UInt64, _ memory: inout Memory
  ) -> Bool {
    guard registers.efer.contains(.syscallEnable), let frame = readFrame(at: address, &memory) else {
      return false
    }
    return auditor.codeBytes(frame.rip &- 2, &memory) == Self.systemCallOpcode
  }

  /// 0F 05, as a little-endian word.
  static var systemCallOpcode: UInt16 { 0x050f }

  /// Reads PUSH of a constant, and on the way what entry code may have beside it: NOP, CLI, CLD, CLAC, ENDBR64.
  private func entryCode<Memory: PhysicalMemory & ~Copyable>(
    of gate: GateDescriptor, _ memory: inout Memory
  ) -> EntryCode {
    var code = EntryCode()
    var address = gate.offset.rawValue
    for _ in 0..<6 {
      if address == registers.rip { code.noteRIP() }
      guard let opcode = auditor.codeByte(address, &memory) else { break }
      switch opcode {
      case 0x90, 0xfa, 0xfc: address = address &+ 1
      case 0x0f where auditor.codeBytes(address &+ 1, &memory) == 0xca01: address = address &+ 3
      case 0xf3 where auditor.codeBytes(address &+ 2, &memory) == 0xfa1e: address = address &+ 4
      case 0x6a:
        guard let byte = auditor.codeByte(address &+ 1, &memory) else { return code }
        code.push(UInt64(bitPattern: Int64(Int8(bitPattern: byte))))
        address = address &+ 2
      case 0x68:
        guard let low = auditor.codeBytes(address &+ 1, &memory),
          let high = auditor.codeBytes(address &+ 3, &memory)
        else { return code }
        let word = UInt32(low) | UInt32(high) << 16
        code.push(UInt64(bitPattern: Int64(Int32(bitPattern: word))))
        address = address &+ 5
      default: return code
      }
    }
    return code
  }
}
