import Foundation
import TerminalSupport

/// A directory of one test's own, and the probe started in it.
final class Probe {
  let directory: URL
  var historyFile: String { directory.appending(path: "state/kdbg/history").path }

  init() throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "editor-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  /// The probe is built beside the tests.
  static var path: String {
    let own = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    return own.deletingLastPathComponent().appending(path: "LineEditorProbe").path
  }

  /// A prompt to type at, already shown; descriptor 3 is what the test writes to `target`.
  func edit() throws -> PseudoTerminal {
    let terminal = try PseudoTerminal([Self.path, "edit", historyFile])
    try terminal.expect("kdbg> ")
    return terminal
  }

  /// A batch reader on the terminal.
  func batch() throws -> PseudoTerminal {
    let terminal = try PseudoTerminal([Self.path, "batch"])
    try terminal.expect("READY")
    return terminal
  }

  /// An interactive shell with job control, as a person has it; `$PROBE edit $HISTORY` starts the probe.
  func shell() throws -> PseudoTerminal {
    let terminal = try PseudoTerminal(
      ["/bin/bash", "--norc", "--noprofile", "-i"],
      environment: ["PROBE=\(Self.path)", "HISTORY=\(historyFile)", "PS1=shell: "])
    try terminal.expect("shell: ")
    return terminal
  }
}
