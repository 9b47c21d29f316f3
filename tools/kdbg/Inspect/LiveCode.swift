import Session
import X86

/// Where byte patterns stand in what Ring 0 can execute now.
///
/// For a kernel without a file. Nobody knows where instructions begin there, so some of the places are the inside of others;
/// a breakpoint that changes memory must not stand in them.
public struct LiveCode: Sendable {
  public private(set) var places: Set<UInt64> = []
  /// False where there was more code than is searched.
  public private(set) var isComplete = true

  /// More than kernels have, and read in a moment.
  private static let mostBytes: UInt64 = 256 << 20
  private static let mostTables = 1 << 16
  /// What is read at once; a pattern may reach over its end.
  private static let pieceByteCount: UInt64 = 1 << 20
  private static let longestPattern = 4

  /// Searches the supervisor's executable pages under the loaded root table for `matches`, which is asked at every byte.
  public init(in machine: any Debuggee, where matches: (ArraySlice<UInt8>) -> Bool) {
    var reader = machine
    let registers = machine.coreRegisters
    var search = MappedRangeSearch(
      root: registers.cr3.root, mode: registers.pagingMode, tables: Self.mostTables)
    var left = Self.mostBytes
    while let range = search.next(memory: &reader) {
      guard range.rights.isExecutable, !range.rights.isUser else { continue }
      var place = range.start
      var rest = range.last.rawValue &- range.start.rawValue &+ 1
      while rest > 0, left > 0 {
        let count = min(rest, Self.pieceByteCount, left)
        let ahead = min(rest, count + UInt64(Self.longestPattern - 1))
        note(machine.bytes(at: place, count: Int(ahead)), at: place, limit: Int(count), matches)
        place = place + count
        rest -= count
        left -= count
      }
      if rest > 0 { isComplete = false }
    }
    if search.stop != nil { isComplete = false }
  }

  private mutating func note(
    _ bytes: [UInt8], at start: VirtualAddress, limit: Int, _ matches: (ArraySlice<UInt8>) -> Bool
  ) {
    for index in bytes.indices.prefix(limit) where matches(bytes[index...].prefix(Self.longestPattern)) {
      places.insert((start + UInt64(index)).rawValue)
    }
  }
}

/// Encodings of instructions that change the ring or the address space.
public enum PrivilegedCode {
  /// IRETQ: 48 CF. SYSRETQ: 48 0F 07. SDM Vol. 2A and 2B.
  public static func isReturn(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.starts(with: [0x48, 0xcf]) || bytes.starts(with: [0x48, 0x0f, 0x07])
  }

  /// MOV to CR3: 0F 22 with 3 in ModRM.reg, whatever ModRM.mod says; a REX prefix may stand before it. SDM Vol. 2B, MOV.
  public static func isRootTableLoad(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard let first = bytes.first else { return false }
    let opcode = first & 0xf0 == 0x40 ? bytes.dropFirst() : bytes
    guard opcode.starts(with: [0x0f, 0x22]), let modRM = opcode.dropFirst(2).first else { return false }
    return (modRM >> 3) & 7 == 3
  }

  /// MOV to CR0 and CR4: 0F 22 with 0 or 4 in ModRM.reg. CLTS: 0F 06. LMSW: 0F 01 /6. XSETBV and WRPKRU: 0F 01 D1 and EF.
  /// WRMSR: 0F 30. SDM Vol. 2A to 2D.
  public static func isControlLoad(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard let first = bytes.first else { return false }
    let opcode = first & 0xf0 == 0x40 ? bytes.dropFirst() : bytes
    guard opcode.first == 0x0f, let second = opcode.dropFirst().first else { return false }
    if second == 0x30 || second == 0x06 { return true }
    guard let modRM = opcode.dropFirst(2).first else { return false }
    let operation = (modRM >> 3) & 7
    if second == 0x22 { return operation == 0 || operation == 4 }
    return second == 0x01 && (operation == 6 || modRM == 0xd1 || modRM == 0xef)
  }

  /// True for WRMSR.
  public static func isModelSpecificWrite(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.starts(with: [0x0f, 0x30])
  }

  /// LLDT, LTR (0F 00 /2, /3), LGDT, LIDT (0F 01 /2, /3 of memory) and MOV to a debug register (0F 23). SDM Vol. 2A and 2B.
  static func isTableLoad(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard bytes.first == 0x0f, let group = bytes.dropFirst().first, let modRM = bytes.dropFirst(2).first
    else { return false }
    let loads = (modRM >> 3) & 7 == 2 || (modRM >> 3) & 7 == 3
    return group == 0x00 && loads || group == 0x01 && loads && modRM >> 6 != 3 || group == 0x23
  }
}
