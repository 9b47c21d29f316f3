import X86

/// The in-kernel audit before every return to Ring 3.
public enum AuditMode: UInt8, Equatable, Sendable {
  case off
  case fast
  case full
}

/// The GDB stub on a serial port.
public enum DebuggerMode: UInt8, Equatable, Sendable {
  case off
  /// It listens while the kernel runs.
  case on
  /// The kernel waits for a debugger before its first process.
  case wait
}

/// The serial port that the stub speaks on.
public enum DebuggerPort: UInt8, Equatable, Sendable {
  /// The console's: both share the line.
  case com1
  case com2
}

/// The boot command line: `key=value`, separated by spaces. Anything that it does not know is an error.
public struct CommandLine: Sendable {
  /// What `fault=` says.
  public var provocation = FaultOption()
  /// Nil when `assert=` was not given.
  public var requestedAudit: AuditMode?
  public var initPath = FileName("/init")
  public var debugger = DebuggerMode.off
  public var timer = TimerSource.intervalTimer
  public var debuggerPort = DebuggerPort.com2
  public var fixture = Fixture.none

  /// A word that is not understood: which bytes of the command line.
  public struct Unknown: Error, Sendable {
    public let word: PhysicalBytes
  }

  public init() {}

  /// `fault=` is there to be seen by a debugger, so it turns the kernel's own audit off unless one is asked for.
  public var audit: AuditMode { requestedAudit ?? (provocation.isProvocation ? .off : .fast) }

  public var fault: InjectedFault? { provocation.fault }
  public var modifiers: FaultModifiers { provocation.modifiers }

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
    if let value = word.value(of: "fault=", memory: &memory) {
      guard let option = FaultOption(parsing: value, memory: &memory) else { return false }
      provocation = option
      return true
    }
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
    if let value = word.value(of: "gdbport=", memory: &memory) {
      if value.isText("com1", memory: &memory) {
        debuggerPort = .com1
      } else if value.isText("com2", memory: &memory) {
        debuggerPort = .com2
      } else {
        return false
      }
      return true
    }
    if let value = word.value(of: "timer=", memory: &memory) {
      if value.isText("pit", memory: &memory) {
        timer = .intervalTimer
      } else if value.isText("lapic", memory: &memory) {
        timer = .localAPIC
      } else {
        return false
      }
      return true
    }
    if let value = word.value(of: "fixture=", memory: &memory) {
      guard value.isText("map1g", memory: &memory) else { return false }
      fixture = .mappedGigabyte
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
