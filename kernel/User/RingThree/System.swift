import UserRuntime

/// The kernel, as a program of Ring 3 sees it. Results below 0 are -errno.
public enum System {
  /// Ends the program.
  public static func exit(_ status: Int32) -> Never {
    _ = system_call(0, UInt64(truncatingIfNeeded: status), 0, 0)
    while true {}
  }

  /// Writes `text` to the console and returns how many bytes arrived.
  @discardableResult
  public static func write(_ text: String) -> Int64 {
    var text = text
    return text.withUTF8 { bytes in
      // The kernel reads the buffer during the call and keeps nothing.
      system_call(1, 1, UInt64(UInt(bitPattern: bytes.baseAddress)), UInt64(bytes.count))
    }
  }

  /// The next byte of the console; waits for it. Nil on an error.
  public static func readByte() -> UInt8? {
    var byte: UInt8 = 0
    // SAFETY: the kernel stores one byte at `place` during the call and keeps nothing.
    let count = unsafe withUnsafeMutablePointer(to: &byte) { place in
      system_call(2, 0, UInt64(UInt(bitPattern: place)), 1)
    }
    return count == 1 ? byte : nil
  }

  /// Lets others run.
  public static func yield() { _ = system_call(3, 0, 0, 0) }

  /// Milliseconds since boot.
  public static var milliseconds: Int64 { system_call(4, 0, 0, 0) }

  /// 0 in the child, the child's id in the parent.
  public static func fork() -> Int64 { system_call(5, 0, 0, 0) }

  /// Waits for child `id`; its status, or -errno.
  public static func wait(_ id: Int64) -> (id: Int64, status: Int32) {
    var status: Int32 = 0
    // SAFETY: the kernel stores four bytes at `place` during the call and keeps nothing.
    let ended = unsafe withUnsafeMutablePointer(to: &status) { place in
      system_call(6, UInt64(bitPattern: id), UInt64(UInt(bitPattern: place)), 0)
    }
    return (ended, status)
  }

  /// Replaces the program. Comes back only with -errno.
  public static func exec(_ path: StaticString) -> Int64 {
    // SAFETY: a literal ends with a zero byte and lives as long as the program.
    unsafe system_call(11, UInt64(UInt(bitPattern: path.utf8Start)), 0, 0)
  }

  public static var processID: Int64 { system_call(39, 0, 0, 0) }
}

/// `value` in decimal. The standard library's own conversion brings Unicode tables along.
public func decimal(_ value: Int64) -> String {
  var digits: [UInt8] = []
  var rest = value.magnitude
  repeat {
    digits.append(UInt8(ascii: "0") + UInt8(rest % 10))
    rest /= 10
  } while rest > 0
  if value < 0 { digits.append(UInt8(ascii: "-")) }
  return String(decoding: digits.reversed(), as: UTF8.self)
}

/// The time-stamp counter.
public func timestamp() -> UInt64 { read_user_timestamp() }
