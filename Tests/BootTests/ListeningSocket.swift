import Foundation

/// The socket of a program that was just started. Its file is there a moment before anybody listens, and whoever comes
/// in between is refused.
enum ListeningSocket {
  /// Waits until somebody listens at `path`; false when `program` ends before that.
  static func wait(at path: String, of program: Process) -> Bool {
    waits(while: { program.isRunning }, for: { isOpen(path) })
  }

  /// unix(7): the fourth field is the flags, and __SO_ACCEPTCON is 1 << 16.
  private static func isOpen(_ path: String) -> Bool {
    let table = (try? String(contentsOfFile: "/proc/net/unix", encoding: .utf8)) ?? ""
    return table.split(separator: "\n").contains { line in
      line.hasSuffix(" " + path) && line.split(separator: " ").dropFirst(3).first == "00010000"
    }
  }
}

/// Waits until `condition` holds, as long as `isAlive` and 240 seconds at the most; whether it came.
func waits(while isAlive: () -> Bool, for condition: () throws -> Bool) rethrows -> Bool {
  let limit = Date(timeIntervalSinceNow: 240)
  while true {
    let isLast = !isAlive() || limit.timeIntervalSinceNow <= 0
    if try condition() { return true }
    if isLast { return false }
    Thread.sleep(forTimeInterval: 0.02)
  }
}
