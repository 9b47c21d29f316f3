import Foundation
import TerminalSupport
import Testing

/// The prompt as a person uses it, through a pseudo-terminal.
@Suite struct PromptTests {
  private let probe: Probe
  private let terminal: PseudoTerminal

  init() throws {
    probe = try Probe()
    terminal = try probe.edit()
  }

  @Test func aLineIsTypedAndCorrected() throws {
    terminal.type("wall\(Key.backspace)k 0x1000\(Key.enter)")
    try terminal.expect("LINE <walk 0x1000>")
    try terminal.expect("kdbg> ")
    terminal.type("größe\(Key.backspace)\(Key.enter)")
    try terminal.expect("LINE <größ>")
  }

  @Test func theTerminalIsOursOnlyWhileAPromptIsShown() throws {
    #expect(!terminal.isAsTheShellLeftIt)
    terminal.type("busy\(Key.enter)")
    try terminal.expect("BUSY")
    #expect(terminal.isAsTheShellLeftIt)
  }

  @Test func controlDEnds() throws {
    terminal.type(Key.controlD)
    try terminal.expect("\nEND")
    #expect(try terminal.exitStatus() == 0)
    #expect(terminal.isAsTheShellLeftIt)
  }

  @Test func controlCClearsTheLine() throws {
    terminal.type("walk 0xdead")
    try terminal.expect("walk 0xdead")
    terminal.type(Key.controlC)
    try terminal.expect("^C\r\n")
    try terminal.expect("INTERRUPTED")
    try terminal.expect("kdbg> ")
    terminal.type("cpu\(Key.enter)")
    try terminal.expect("LINE <cpu>")
  }

  @Test func controlCEndsASearchInTheHistory() throws {
    terminal.type("\(Key.controlR)wal")
    try terminal.expect("reverse-i-search")
    terminal.type(Key.controlC)
    try terminal.expect("INTERRUPTED")
    try terminal.expect("kdbg> ")
    terminal.type("cpu\(Key.enter)")
    try terminal.expect("LINE <cpu>")
  }

  @Test func aControlCThatNoCommandAskedForIsForgotten() throws {
    terminal.type("deaf\(Key.enter)")
    try terminal.expect("DEAF")
    terminal.type(Key.controlC)
    try terminal.expect("kdbg> ")
    terminal.type("cpu\(Key.enter)")
    let before = try terminal.expect("LINE <cpu>")
    #expect(!before.contains("INTERRUPTED"))
  }

  /// Keys and Ctrl-C at the same moment: the terminal discards keys that it has already announced.
  @Test func controlCRightBehindOtherKeysIsHeard() throws {
    for keys in ["walk", "\(Key.controlR)wal", "\u{1b}", "\(Key.pasteBegins)half"] {
      for _ in 0..<10 {
        terminal.type(keys)
        terminal.type(Key.controlC)
        try terminal.expect("INTERRUPTED")
        try terminal.expect("kdbg> ")
      }
    }
    terminal.type("cpu\(Key.enter)")
    try terminal.expect("LINE <cpu>")
  }

  /// Readline reads a paste to its end in one go.
  @Test func controlCEndsAPasteThatHasNoEnd() throws {
    terminal.type("\(Key.pasteBegins)half")
    usleep(50_000)
    terminal.type(Key.controlC)
    try terminal.expect("INTERRUPTED")
    try terminal.expect("kdbg> ")
    terminal.type("cpu\(Key.enter)")
    try terminal.expect("LINE <cpu>")
  }

  @Test func controlCDropsTheRestOfAPaste() throws {
    terminal.type("\(Key.pasteBegins)deaf\none\ntwo\(Key.pasteEnds)\(Key.enter)")
    try terminal.expect("DEAF")
    terminal.type(Key.controlC)
    try terminal.expect("INTERRUPTED")
    try terminal.expect("kdbg> ")
    terminal.type("cpu\(Key.enter)")
    let before = try terminal.expect("LINE <cpu>")
    #expect(!before.contains("LINE"))
  }

  @Test func controlCWhileACommandRunsIsHeardByTheCommand() throws {
    terminal.type("busy\(Key.enter)")
    try terminal.expect("BUSY")
    terminal.type(Key.controlC)
    try terminal.expect("STOPPED")
    try terminal.expect("kdbg> ")
    terminal.type("cpu\(Key.enter)")
    try terminal.expect("LINE <cpu>")
  }

  @Test func aPasteOfSeveralLinesIsSeveralLines() throws {
    terminal.type("\(Key.pasteBegins)one\ntwo\nthree\(Key.pasteEnds)\(Key.enter)")
    try terminal.expect("LINE <one>")
    try terminal.expect("LINE <two>")
    try terminal.expect("LINE <three>")
  }

  // MARK: Completion

  @Test func theOnlyCandidateIsInserted() throws {
    terminal.type("wa\(Key.tab)ker\(Key.tab)\(Key.enter)")
    try terminal.expect("LINE <walk kernel_main >")
  }

  @Test func aWordInsideAnExpressionIsCompleted() throws {
    terminal.type("walk 8+ker\(Key.tab)\(Key.enter)")
    try terminal.expect("LINE <walk 8+kernel_main >")
  }

  @Test func severalCandidatesAreListed() throws {
    terminal.type("co\(Key.tab)")
    try terminal.expect("nt")
    terminal.type("\(Key.tab)\(Key.tab)")
    try terminal.expect("context")
    try terminal.expect("continue")
    try terminal.expect("kdbg> ")
    terminal.type("i\(Key.tab)\(Key.enter)")
    try terminal.expect("LINE <continue >")
  }

  /// Readline would ask whether to show so many, and wait for the answer.
  @Test func aLongListIsCutWithoutAsking() throws {
    terminal.type("sy\(Key.tab)\(Key.tab)\(Key.tab)")
    try terminal.expect("... and 150 more")
    try terminal.expect("kdbg> ")
    terminal.type("249\(Key.enter)")
    try terminal.expect("LINE <symbol249>")
  }

  @Test func fileNamesAreNeverOffered() throws {
    terminal.type("/et\(Key.tab)\(Key.enter)")
    try terminal.expect("LINE </et>")
  }

  // MARK: The other descriptor

  @Test func newsArePrintedAboveTheHalfTypedLine() throws {
    terminal.type("wal")
    try terminal.expect("wal")
    terminal.target.fileHandleForWriting.write(Data("stop".utf8))
    let before = try terminal.expect("HEARD stop\r\n")
    #expect(before.hasSuffix("\r\u{1b}[K\r"), "the prompt was taken away first")
    try terminal.expect("kdbg> wal")
    terminal.type("k\(Key.enter)")
    try terminal.expect("LINE <walk>")
  }

  @Test func aClosedConnectionIsReportedOnce() throws {
    try terminal.target.fileHandleForWriting.close()
    try terminal.expect("GONE")
    terminal.type("cpu\(Key.enter)")
    try terminal.expect("LINE <cpu>")
  }

  // MARK: Ends

  @Test func anExitWithThePromptShownRestoresTheTerminal() throws {
    terminal.target.fileHandleForWriting.write(Data("exit".utf8))
    #expect(try terminal.exitStatus() == 3)
    #expect(terminal.isAsTheShellLeftIt)
    #expect(terminal.output.contains("\u{1b}[?2004l"), "marking of pastes is off again")
  }

  @Test(arguments: [SIGTERM, SIGHUP, SIGQUIT, SIGSEGV, SIGABRT])
  func aSignalThatEndsItRestoresTheTerminal(_ signal: CInt) throws {
    #expect(!terminal.isAsTheShellLeftIt)
    terminal.send(signal)
    #expect(try terminal.exitStatus() == 128 + signal)
    #expect(terminal.isAsTheShellLeftIt)
  }

  // MARK: The window

  @Test func aNewSizeDrawsThePromptAgain() throws {
    terminal.type("walk")
    try terminal.expect("walk")
    terminal.resize(columns: 20)
    try terminal.expect("kdbg> walk")
    terminal.type(" 0xffffffff80000000\(Key.enter)")
    try terminal.expect("LINE <walk 0xffffffff80000000>")
  }

  @Test func controlZStopsAndForegroundGoesOn() throws {
    let shell = try probe.shell()
    shell.type("\"$PROBE\" edit \"$HISTORY\"\(Key.enter)")
    try shell.expect("kdbg> ")
    shell.type("wal")
    try shell.expect("wal")
    shell.type(Key.controlZ)
    try shell.expect("Stopped")
    try shell.expect("shell: ")
    shell.type("fg\(Key.enter)")
    try shell.expect("kdbg> wal")
    shell.type("k\(Key.enter)")
    try shell.expect("LINE <walk>")
    try shell.expect("kdbg> ")
    shell.type(Key.controlD)
    try shell.expect("END")
    shell.type("exit 7\(Key.enter)")
    #expect(try shell.exitStatus() == 7)
  }
}
