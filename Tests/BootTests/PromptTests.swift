import Foundation
import TerminalSupport
import Testing

@Suite("kdbg at a terminal")
struct PromptTests {
  /// A prompt on the kernel whose first program waits for the console, stopped at the first return to Ring 3.
  private func start(_ state: URL) throws -> PseudoTerminal {
    let terminal = try PseudoTerminal(
      [Repository.kdbg, "run", KernelBuild.release.path, "--append", "init=/echo"],
      environment: ["XDG_STATE_HOME=\(state.path)"])
    try terminal.expect("(kdbg) ")
    return terminal
  }

  private func withState(_ action: (URL) throws -> Void) throws {
    let state = FileManager.default.temporaryDirectory.appending(path: "prompt-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: state) }
    try action(state)
  }

  @Test("commands, symbols and registers complete")
  func completion() throws {
    try withState { state in
      let terminal = try start(state)
      terminal.type("wal" + Key.tab)
      try terminal.expect("walk ")
      terminal.type("kernel_tra" + Key.tab + Key.enter)
      try terminal.expect("r-x supervisor")
      try terminal.expect("(kdbg) ")
      terminal.type("print $ri" + Key.tab + Key.enter)
      try terminal.expect("0xffffffff80")
      try terminal.expect("(kdbg) ")
      terminal.type(Key.controlD)
      #expect(try terminal.exitStatus() == 0)
      #expect(terminal.isAsTheShellLeftIt)
    }
  }

  @Test("Ctrl-C stops the running machine, and a wrong word does not end the session")
  func interruption() throws {
    try withState { state in
      let terminal = try start(state)
      terminal.type("c" + Key.enter)
      try terminal.expect("echo: ready")
      terminal.type(Key.controlC)
      try terminal.expect("Interrupted")
      try terminal.expect("(kdbg) ")
      terminal.resize(columns: 60)
      terminal.type("nonsense" + Key.enter)
      try terminal.expect("Undefined command")
      try terminal.expect("(kdbg) ")
      terminal.type("check status" + Key.enter)
      try terminal.expect("all held")
      try terminal.expect("(kdbg) ")
      terminal.type("quit" + Key.enter)
      #expect(try terminal.exitStatus() == 0)
      #expect(terminal.isAsTheShellLeftIt)
    }
  }

  @Test("history is kept from one session to the next")
  func history() throws {
    try withState { state in
      var terminal = try start(state)
      terminal.type("print 40 + 2" + Key.enter)
      try terminal.expect("42")
      try terminal.expect("(kdbg) ")
      terminal.type(Key.controlD)
      #expect(try terminal.exitStatus() == 0)
      terminal = try start(state)
      terminal.type(Key.up)
      try terminal.expect("print 40 + 2")
      terminal.type(Key.enter)
      try terminal.expect("42")
      try terminal.expect("(kdbg) ")
      terminal.type("quit" + Key.enter)
      #expect(try terminal.exitStatus() == 0)
    }
  }

  @Test("a QEMU that dies under the prompt is said at once")
  func lost() throws {
    try withState { state in
      let terminal = try start(state)
      terminal.type("monitor quit" + Key.enter)
      try terminal.expect("QEMU ended with status 0")
      terminal.type(Key.controlD)
      _ = try terminal.exitStatus()
      #expect(terminal.isAsTheShellLeftIt)
    }
  }
}
