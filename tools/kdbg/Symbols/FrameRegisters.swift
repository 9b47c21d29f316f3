import X86

/// The registers of one frame of a stack, as far as they are known, numbered as DWARF does. System V ABI for x86_64,
/// figure 3.36.
public struct FrameRegisters: Equatable, Sendable {
  public static let stackPointer = 7
  public static let framePointer = 6
  public static let instructionPointer = 16
  /// The sixteen general registers and RIP.
  static let count = 17
  static let codeSelector = 51

  private var values = [UInt64?](repeating: nil, count: count)
  /// CS; only its two lowest bits count, which say in which ring the frame's code runs.
  public var cs: UInt64?

  public init() {}

  /// Those of the processor.
  public init(_ file: RegisterFile) {
    for (number, place) in Self.placesInFile.enumerated() { values[number] = file.general[place] }
    rip = file.rip
    cs = UInt64(file.cs.rawValue)
  }

  /// Where ``RegisterFile/general`` has DWARF's registers 0 to 15.
  private static let placesInFile = [0, 3, 2, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]

  /// Nil for a register whose value was not saved, and for a number that is none of the seventeen.
  public subscript(number: Int) -> UInt64? {
    get { values.indices.contains(number) ? values[number] : number == Self.codeSelector ? cs : nil }
    set {
      if values.indices.contains(number) { values[number] = newValue }
      if number == Self.codeSelector { cs = newValue }
    }
  }

  public var rip: UInt64? {
    get { self[Self.instructionPointer] }
    set { self[Self.instructionPointer] = newValue }
  }

  public var rsp: UInt64? {
    get { self[Self.stackPointer] }
    set { self[Self.stackPointer] = newValue }
  }

  public var rbp: UInt64? {
    get { self[Self.framePointer] }
    set { self[Self.framePointer] = newValue }
  }
}
