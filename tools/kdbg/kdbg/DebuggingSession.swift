import Commands
import Foundation
import Inspect
import LineEditor
import Render
import Session
import X86

/// One session from its first stop to its end: a script, or a person at a prompt.
struct DebuggingSession {
  private let debugger: Debugger
  private let target: Target
  private let interpreter: Interpreter
  private let common: CommonOptions
  private let interrupts = InterruptBridge()

  init(_ debugger: Debugger, on target: Target, _ common: CommonOptions) {
    self.debugger = debugger
    self.target = target
    self.common = common
    interpreter = Interpreter(debugger, onFailure: common.keepGoing ? .goOn : .stop)
    SessionCleanup.shared.add { LineEditor.restoreTerminal() }
    // A person can press Ctrl-C; a script cannot.
    debugger.control.patience = isInteractive ? nil : common.patience
  }

  /// True when commands come from a keyboard.
  private var isInteractive: Bool {
    common.execute.isEmpty && common.script == nil && LineEditor.isPossible
  }

  /// Brings the machine to its first stop, and says where that is.
  func begin(_ check: InitialCheck, at stop: InitialStop, verb: String) throws {
    do throws(CommandFailure) {
      let answer = try interrupts.during { () throws(CommandFailure) in try debugger.begin(check, at: stop) }
      if let answer {
        debugger.output.write(answer, command: verb, names: debugger.names)
      }
    } catch {
      throw Ending(error)
    }
  }

  /// Says where an attached machine stands, and that nothing is checked.
  func greet() {
    let rip = target.coreRegisters.rip
    let place = debugger.names.name(of: VirtualAddress(rip)).map { " <\($0.text)>" } ?? ""
    debugger.output.note(
      "Attached, stopped at \(rip.hexadecimal)\(place)\(segment). The check is off; \"check on\" turns it on."
    )
  }

  /// Outside of 64-bit mode RIP counts from the beginning of the code segment, wherever that is.
  private var segment: String {
    guard target.knowsControlRegisters, !target.coreRegisters.isLongMode,
      let base = target.registers.csCache?.base, base != 0
    else { return "" }
    return " (in the code segment at \(base.hexadecimal))"
  }

  /// Runs all commands there are, ends the session and leaves with its status.
  func serve() throws -> Never {
    guard !isInteractive else {
      converse()
      // Whoever typed a wrong word has seen the answer; only a lost target is worth a status.
      leave(interpreter.status == .targetLost ? .targetLost : .held)
    }
    try runScripts()
    leave(max(interpreter.status, debugger.control.verdict))
  }

  /// Checks to the end, runs the commands of the script where the check ended, and leaves with the verdict.
  /// `conclude` hands on what came of it, and gives the status.
  func check(
    until ends: CheckEnds, bell: CheckBell, conclude: (CheckOutcome) -> ExitStatus
  ) throws -> Never {
    let patience = debugger.control.patience
    // The end is in sight already, and a machine that is idle until then does not hang.
    if ends.time != nil, common.timeout == nil { debugger.control.patience = nil }
    let procedure = CheckProcedure(
      debugger, until: ends, onViolation: common.keepGoing ? .goOn : .stop, bell: bell)
    let verdict = conclude(interrupts.during { procedure.run() })
    debugger.control.patience = patience
    if case .stopped = target.state, !common.execute.isEmpty || common.script != nil { try runScripts() }
    leave(max(verdict, interpreter.status))
  }

  private func leave(_ status: ExitStatus) -> Never {
    if target.state != .ended { try? target.detach() }
    if let emulator = target.emulator, emulator.lifetime == .kept, !debugger.control.hasEnded {
      debugger.output.note(
        "QEMU goes on as process \(emulator.processIdentifier): kdbg attach \(emulator.gdbEndpoint)")
    }
    Ending(status).leave()
  }
}

// MARK: Scripts

extension DebuggingSession {
  private func runScripts() throws {
    for line in common.execute where !interpreter.isFinished {
      guard goesOn(after: line) else { return }
    }
    do throws(BatchReader.Failure) {
      if let path = common.script {
        try run(from: try BatchReader.file(path))
      } else if common.execute.isEmpty {
        try run(from: BatchReader.standardInput())
      }
      interpreter.noteEndOfInput()
    } catch {
      throw Ending(.usage, "\(error)")
    }
  }

  private func run(from reader: BatchReader) throws(BatchReader.Failure) {
    while !interpreter.isFinished {
      switch try reader.nextLine() {
      case .line(let line):
        let position = ScriptPosition(file: reader.name, line: reader.lineNumber)
        guard goesOn(after: line, at: position) else { return }
      case .endOfInput: return
      case .interrupted:
        interpreter.noteInterruption()
        return
      }
    }
  }
}

// MARK: Lines

extension DebuggingSession {
  /// Runs one line of a script. False when the script ends here: at a failure that nobody wants to pass over, or by
  /// Ctrl-C.
  private func goesOn(after line: String, at position: ScriptPosition? = nil) -> Bool {
    switch interrupts.during({ interpreter.run(line, at: position) }) {
    case .done: return true
    case .failed: return common.keepGoing
    case .finished: return false
    case .interrupted:
      interpreter.noteInterruption()
      return common.keepGoing
    }
  }
}

// MARK: A person

extension DebuggingSession {
  private func converse() {
    let completer = Completer(commands: debugger.commands, program: debugger.programs)
    let editor = LineEditor(prompt: "(kdbg) ") { line, word in completer.candidates(line: line, word: word) }
    while !interpreter.isFinished {
      editor.prompt = interpreter.isInBlock ? "> " : "(kdbg) "
      let isThere = target.state != .ended
      let event = editor.nextLine(alsoWaitingOn: isThere ? target.pollDescriptor : nil) {
        // A stopped target has nothing to say: whatever comes now is its end.
        interpreter.noticeLoss()
        return .withoutDescriptor
      }
      switch event {
      case .line(let line): _ = interrupts.during { interpreter.runInteractively(line) }
      case .interrupted: interpreter.abandonBlock()
      case .endOfInput:
        guard interpreter.abandonBlock() != nil else { return }
      }
    }
  }
}
