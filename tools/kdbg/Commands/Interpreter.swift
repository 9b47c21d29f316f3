import Session

/// Runs command lines against one debugger, and keeps the verdict that becomes the exit status.
public final class Interpreter {
  public let debugger: Debugger
  /// The worst that happened so far, as the exit status says it.
  public private(set) var status = ExitStatus.held
  /// True once a command or the machine's end has ended the session.
  public private(set) var isFinished = false
  /// What an empty line does again at a prompt; nil when it does nothing.
  private var repeatable: String?

  public init(_ debugger: Debugger) { self.debugger = debugger }

  /// How one line came out.
  public enum Outcome: Equatable, Sendable {
    case done
    /// A message was printed.
    case failed(ExitStatus)
    /// Ctrl-C stopped the machine.
    case interrupted
    case finished
  }

  /// Runs one line.
  @discardableResult
  public func run(_ text: String) -> Outcome {
    guard let line = CommandLine(text) else { return .done }
    do throws(CommandFailure) {
      let command = try debugger.commands.command(named: line.name)
      let outcome = try command.run(line, debugger)
      if let failure = debugger.loss() { throw CommandFailure.session(failure) }
      repeatable = Self.repetition(of: command, text)
      return finish(outcome, command)
    } catch {
      debugger.output.write(error, command: line.name)
      status = max(status, error.exitStatus)
      if error.exitStatus == .targetLost { isFinished = true }
      return .failed(error.exitStatus)
    }
  }

  /// Runs one line typed at a prompt: an empty one repeats the last step, continue or examination.
  public func runInteractively(_ text: String) -> Outcome {
    if text.allSatisfy(\.isWhitespace) { return repeatable.map { run($0) } ?? .done }
    return run(text)
  }

  /// Notes that Ctrl-C ended a script.
  public func noteInterruption() { status = max(status, .interrupted) }

  /// Asks a stopped target whether it is still there, and says so if not.
  public func noticeLoss() {
    do throws(SessionError) {
      try debugger.target.confirm()
    } catch {
      guard error.category == .lost else { return }
      debugger.output.write(.session(error), command: "")
      status = max(status, .targetLost)
    }
  }

  private func finish(_ outcome: CommandOutcome, _ command: any Command) -> Outcome {
    switch outcome {
    case .answer(let answer):
      debugger.output.write(answer, command: command.names[0], names: debugger.names)
      note(debugger.control.verdict)
      if let stop = answer as? StopAnswer, case .interrupted = stop.reason { return .interrupted }
      return .done
    case .end(let answer):
      debugger.output.write(answer, command: command.names[0], names: debugger.names)
      isFinished = true
      return .finished
    case .quit:
      isFinished = true
      return .finished
    }
  }

  private func note(_ verdict: ExitStatus) { status = max(status, verdict) }

  private static func repetition(of command: any Command, _ text: String) -> String? {
    switch command.names[0] {
    case "continue", "stepi", "nexti", "step", "next": text
    case "x": "x"
    default: nil
    }
  }
}

extension ExitStatus: Comparable {
  /// From good to bad; a lost target hides everything else, and a violation is worse than a slip of the finger.
  private var rank: Int {
    switch self {
    case .held: 0
    case .nothingChecked: 1
    case .interrupted: 2
    case .usage: 3
    case .violated: 4
    case .targetLost: 5
    }
  }

  public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}
