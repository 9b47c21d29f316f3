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

  /// Whether a script goes on behind a line that failed.
  public enum FailurePolicy: Sendable {
    case stop
    case goOn
  }

  private let policy: FailurePolicy
  /// How many scripts stand in one another.
  private var depth = 0
  private static let deepest = 20

  public init(_ debugger: Debugger, onFailure policy: FailurePolicy = .stop) {
    self.debugger = debugger
    self.policy = policy
  }

  /// How one line came out.
  public enum Outcome: Equatable, Sendable {
    case done
    /// A message was printed.
    case failed(ExitStatus)
    /// Ctrl-C stopped the machine.
    case interrupted
    case finished
  }

  /// Runs one line, which stands at `position` of a script.
  @discardableResult
  public func run(_ text: String, at position: ScriptPosition? = nil) -> Outcome {
    guard let line = CommandLine(text) else { return .done }
    if let remark = ForeignLine.remark(on: line) {
      debugger.output.write(remark: remark, command: line.name)
      return .done
    }
    do throws(CommandFailure) {
      let command = try debugger.commands.command(named: line.name)
      let outcome = try command.run(line, debugger)
      if let failure = debugger.loss() { throw CommandFailure.session(failure) }
      repeatable = Self.repetition(of: command, text)
      let end = try finish(outcome, command)
      // An answer that is found out while it is written can lose the target there.
      if let failure = debugger.loss() { throw CommandFailure.session(failure) }
      return end
    } catch {
      debugger.output.write(error, command: line.name, at: position)
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

  private func finish(
    _ outcome: CommandOutcome, _ command: any Command
  ) throws(CommandFailure) -> Outcome {
    switch outcome {
    case .script(let script): return try run(script)
    case .answer(let answer):
      // What a script says about an answer is none of the machine's.
      if !(answer is HeldAnswer || answer is EchoAnswer) { debugger.lastAnswer = answer }
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

  private func run(_ script: Script) throws(CommandFailure) -> Outcome {
    guard depth < Self.deepest else { throw .other("source: more than \(Self.deepest) files in one another") }
    depth += 1
    defer { depth -= 1 }
    var outcome = Outcome.done
    for (index, line) in script.lines.enumerated() {
      let next = run(line, at: ScriptPosition(file: script.name, line: index + 1))
      switch next {
      case .done: break
      case .failed where policy == .goOn && !isFinished: outcome = next
      case .failed, .interrupted, .finished: return next
      }
      if InterruptRequest.shared.isPending { return .interrupted }
    }
    return outcome
  }

  private func note(_ verdict: ExitStatus) { status = max(status, verdict) }

  private static func repetition(of command: any Command, _ text: String) -> String? {
    switch command.names[0] {
    case "continue", "stepi", "nexti", "step", "next": text
    case "x", "list": command.names[0]
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
