import X86

/// The value of `fault=`: `NAME[,WORD...]`, each word a modifier or what Ring 3 does.
public struct FaultOption: Equatable, Sendable {
  /// Nil for `none`.
  public private(set) var fault: InjectedFault?
  public private(set) var modifiers = FaultModifiers.none
  /// Nil when no word names one.
  public private(set) var requestedAct: FaultAct?

  /// How many returns to Ring 3 come before the fault; 0 unless `after=` says so.
  public private(set) var returnsBefore: UInt64 = 0

  /// What Ring 3 does first.
  public var act: FaultAct { requestedAct ?? fault?.description.act ?? .systemCall }

  /// False for `none` alone, which is a healthy boot.
  public var isProvocation: Bool { fault != nil || requestedAct != nil || !modifiers.isEmpty }

  /// True where the fault meets a machine that is at work: with its timer on, and other processes.
  public var isLate: Bool { returnsBefore > 0 }

  /// The word that says ``returnsBefore``; a number of decimal digits stands behind it.
  public static var countWord: StaticString { "after=" }

  public init() {}

  /// Nil when a word is not known.
  public init?<Memory: PhysicalMemory & ~Copyable>(parsing value: PhysicalBytes, memory: inout Memory) {
    var isFirst = true
    var position: UInt64 = 0
    while position <= value.byteCount {
      var end = position
      while end < value.byteCount, value.byte(end, memory: &memory) != UInt8(ascii: ",") { end += 1 }
      guard let word = value.slice(offset: position, count: end - position) else { return nil }
      guard isFirst ? setFault(word, memory: &memory) : add(word, memory: &memory) else { return nil }
      isFirst = false
      position = end + 1
    }
    // What is done while the kernel boots comes before every return.
    if isLate, fault?.description.moment == .boot { return nil }
  }

  private mutating func setFault<Memory: PhysicalMemory & ~Copyable>(
    _ word: PhysicalBytes, memory: inout Memory
  ) -> Bool {
    if word.isText("none", memory: &memory) { return true }
    for number in 0..<InjectedFault.count {
      guard let candidate = InjectedFault(rawValue: number) else { continue }
      if word.isText(candidate.name, memory: &memory) {
        fault = candidate
        return true
      }
    }
    return false
  }

  private mutating func add<Memory: PhysicalMemory & ~Copyable>(
    _ word: PhysicalBytes, memory: inout Memory
  ) -> Bool {
    if let digits = word.value(of: Self.countWord, memory: &memory) {
      guard let count = digits.decimal(memory: &memory), count > 0 else { return false }
      returnsBefore = count
      return true
    }
    for number in 0..<FaultModifiers.count where word.isText(FaultModifiers.name(number), memory: &memory) {
      modifiers.insert(FaultModifiers(rawValue: 1 << UInt64(number)))
      return true
    }
    for number in 0..<FaultAct.count {
      guard let candidate = FaultAct(rawValue: number) else { continue }
      if word.isText(candidate.name, memory: &memory) {
        requestedAct = candidate
        return true
      }
    }
    return false
  }
}

extension PhysicalBytes {
  /// These bytes as a number of decimal digits, nil for anything else and for more than a million.
  fileprivate func decimal<Memory: PhysicalMemory & ~Copyable>(memory: inout Memory) -> UInt64? {
    guard byteCount > 0 else { return nil }
    var value: UInt64 = 0
    for position in 0..<byteCount {
      guard let byte = byte(position, memory: &memory), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      else { return nil }
      value = value &* 10 &+ UInt64(byte &- UInt8(ascii: "0"))
      guard value <= 1_000_000 else { return nil }
    }
    return value
  }
}
