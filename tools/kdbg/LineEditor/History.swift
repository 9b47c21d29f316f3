import CReadline
import Glibc

/// The lines typed before, kept in a file that only its owner can read. Every failure is silent: a debugger must
/// not stumble over a read-only home.
struct History {
  /// How many lines are kept.
  static let limit: CInt = 1000

  private let path: String?
  private var last = ""

  /// `path` nil keeps the history for this run only.
  init(path: String?) {
    self.path = path
    using_history()
    stifle_history(Self.limit)
    guard let path, Self.makeReady(path) else { return }
    // SAFETY: the String lends its bytes for each call.
    unsafe read_history(path)
    unsafe history_truncate_file(path, Self.limit)
  }

  /// $XDG_STATE_HOME/kdbg/history, else ~/.local/state/kdbg/history; nil without either variable.
  static func defaultPath() -> String? {
    if let state = environment("XDG_STATE_HOME"), state.hasPrefix("/") { return state + "/kdbg/history" }
    return environment("HOME").map { $0 + "/.local/state/kdbg/history" }
  }

  private static func environment(_ name: String) -> String? {
    // SAFETY: nothing in the process changes its environment; the text is copied at once.
    guard let value = unsafe getenv(name), unsafe value.pointee != 0 else { return nil }
    return unsafe String(cString: value)
  }

  /// Adds a line, unless it is blank or the one before. It is written at once, so that a killed debugger keeps
  /// it and two at the same time do not overwrite each other's.
  mutating func add(_ line: String) {
    guard line != last, !line.allSatisfy(\.isWhitespace) else { return }
    last = line
    // SAFETY: readline copies the line, and the String lends its bytes for the call.
    unsafe add_history(line)
    guard let path, Self.makeReady(path) else { return }
    // SAFETY: as above.
    unsafe append_history(1, path)
  }

  /// Makes the file and its directory, for the owner only. True when the file is there.
  private static func makeReady(_ path: String) -> Bool {
    // SAFETY: the String lends its bytes for the call.
    if unsafe access(path, R_OK | W_OK) == 0 { return true }
    for end in path.indices.dropFirst() where path[end] == "/" {
      // SAFETY: as above. What exists already stays as it is.
      _ = unsafe mkdir(String(path[..<end]), 0o700)
    }
    // SAFETY: as above.
    let descriptor = unsafe open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return false }
    close(descriptor)
    return true
  }
}
