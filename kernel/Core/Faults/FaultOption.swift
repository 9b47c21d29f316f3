import X86

/// The value of `fault=`: `NAME[,WORD...]`, each word a modifier or what Ring 3 does.
public struct FaultOption: Equatable, Sendable {
  /// Nil for `none`.
  public private(set) var fault: InjectedFault?
  public private(set) var modifiers = FaultModifiers.none
  /// Nil when no word names one.
  public private(set) var requestedAct: FaultAct?

  /// What Ring 3 does first.
  public var act: FaultAct { requestedAct ?? fault?.description.act ?? .systemCall }

  /// False for `none` alone, which is a healthy boot.
  public var isProvocation: Bool { fault != nil || requestedAct != nil || !modifiers.isEmpty }

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
