import X86

/// The faults that the kernel can provoke on purpose, before its first return to Ring 3. The names are those of
/// the boot option `fault=`.
public enum InjectedFault: UInt8, Equatable, Sendable {
  /// The process's table loses the top-level entry that maps its kernel stack.
  case rsp0PML4
  /// It loses the page-directory-pointer entry.
  case rsp0PDPT
  /// It loses the top page of the stack.
  case rsp0PTE
  /// The top page of the stack becomes read-only.
  case rsp0ReadOnly
  /// TSS.RSP0 is 0.
  case rsp0Zero
  /// TSS.RSP0 is 0x0000_9000_0000_0000.
  case rsp0NonCanonical

  public var name: StaticString {
    switch self {
    case .rsp0PML4: "rsp0-pml4"
    case .rsp0PDPT: "rsp0-pdpt"
    case .rsp0PTE: "rsp0-pte"
    case .rsp0ReadOnly: "rsp0-ro"
    case .rsp0Zero: "rsp0-zero"
    case .rsp0NonCanonical: "rsp0-noncanon"
    }
  }

  /// How many faults there are: `allCases` would be an array.
  public static let count: UInt8 = 6
}

/// Words after the fault's name that change what surrounds it.
public struct FaultModifiers: RegisterBits {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// #PF gets an IST stack, so that the first fault is seen instead of the double fault.
  public static let pageFaultStack = FaultModifiers(rawValue: 1)
  /// #DF loses its IST stack, so that the machine shuts down.
  public static let noDoubleFaultStack = FaultModifiers(rawValue: 2)
}

/// The in-kernel audit before every return to Ring 3.
public enum AuditMode: UInt8, Equatable, Sendable {
  case off
  case fast
  case full
}

/// The GDB stub on the second serial port.
public enum DebuggerMode: UInt8, Equatable, Sendable {
  case off
  /// It listens while the kernel runs.
  case on
  /// The kernel waits for a debugger before its first process.
  case wait
}

/// The boot command line: `key=value`, separated by spaces. Anything that it does not know is an error.
public struct CommandLine: Sendable {
  public var fault: InjectedFault?
  public var modifiers = FaultModifiers.none
  /// Nil when `assert=` was not given.
  public var requestedAudit: AuditMode?
  public var initPath = FileName("/init")
  public var debugger = DebuggerMode.off

  /// A word that is not understood: which bytes of the command line.
  public struct Unknown: Error, Sendable {
    public let word: PhysicalBytes
  }

  public init() {}

  /// `fault=` is there to be seen by a debugger, so it turns the kernel's own audit off unless one is asked for.
  public var audit: AuditMode { requestedAudit ?? (fault == nil ? .fast : .off) }

  public init<Memory: PhysicalMemory & ~Copyable>(
    parsing text: PhysicalBytes, memory: inout Memory
  ) throws(Unknown) {
    var position: UInt64 = 0
    while position < text.byteCount {
      if text.byte(position, memory: &memory) == UInt8(ascii: " ") {
        position += 1
        continue
      }
      var end = position
      while end < text.byteCount, text.byte(end, memory: &memory) != UInt8(ascii: " ") { end += 1 }
      guard let word = text.slice(offset: position, count: end - position) else { return }
      guard apply(word, memory: &memory) else { throw Unknown(word: word) }
      position = end
    }
  }

  private mutating func apply<Memory: PhysicalMemory & ~Copyable>(
    _ word: PhysicalBytes, memory: inout Memory
  ) -> Bool {
    if let value = word.value(of: "fault=", memory: &memory) { return applyFault(value, memory: &memory) }
    if let value = word.value(of: "assert=", memory: &memory) {
      if value.isText("off", memory: &memory) {
        requestedAudit = .off
      } else if value.isText("fast", memory: &memory) {
        requestedAudit = .fast
      } else if value.isText("full", memory: &memory) {
        requestedAudit = .full
      } else {
        return false
      }
      return true
    }
    if let value = word.value(of: "gdb=", memory: &memory) {
      if value.isText("off", memory: &memory) {
        debugger = .off
      } else if value.isText("on", memory: &memory) {
        debugger = .on
      } else if value.isText("wait", memory: &memory) {
        debugger = .wait
      } else {
        return false
      }
      return true
    }
    if let value = word.value(of: "init=", memory: &memory) {
      var path = FileName()
      for position in 0..<value.byteCount {
        guard let byte = value.byte(position, memory: &memory), path.append(byte) else { return false }
      }
      initPath = path
      return path.count > 0
    }
    return false
  }

  /// `fault=NAME[,MODIFIER...]`; `fault=none` is no fault.
  private mutating func applyFault<Memory: PhysicalMemory & ~Copyable>(
    _ value: PhysicalBytes, memory: inout Memory
  ) -> Bool {
    var isFirst = true
    var position: UInt64 = 0
    while position <= value.byteCount {
      var end = position
      while end < value.byteCount, value.byte(end, memory: &memory) != UInt8(ascii: ",") { end += 1 }
      guard let word = value.slice(offset: position, count: end - position) else { return false }
      if isFirst {
        guard setFault(word, memory: &memory) else { return false }
        isFirst = false
      } else if word.isText("pfist", memory: &memory) {
        modifiers.insert(.pageFaultStack)
      } else if word.isText("dfnoist", memory: &memory) {
        modifiers.insert(.noDoubleFaultStack)
      } else {
        return false
      }
      position = end + 1
    }
    return true
  }

  private mutating func setFault<Memory: PhysicalMemory & ~Copyable>(
    _ word: PhysicalBytes, memory: inout Memory
  ) -> Bool {
    if word.isText("none", memory: &memory) {
      fault = nil
      return true
    }
    for number in 0..<InjectedFault.count {
      guard let candidate = InjectedFault(rawValue: number) else { continue }
      if word.isText(candidate.name, memory: &memory) {
        fault = candidate
        return true
      }
    }
    return false
  }
}

extension PhysicalBytes {
  /// True when these bytes are `text` and nothing more.
  func isText<Memory: PhysicalMemory & ~Copyable>(_ text: StaticString, memory: inout Memory) -> Bool {
    byteCount == UInt64(text.utf8CodeUnitCount) && matches(text, memory: &memory)
  }

  /// What follows `key`, nil when these bytes begin otherwise.
  func value<Memory: PhysicalMemory & ~Copyable>(of key: StaticString, memory: inout Memory) -> PhysicalBytes?
  {
    let count = UInt64(key.utf8CodeUnitCount)
    guard byteCount >= count, matches(key, memory: &memory) else { return nil }
    return slice(offset: count, count: byteCount - count)
  }
}
