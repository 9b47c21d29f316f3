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
  /// The block whose lines are read now.
  private var openBlock: OpenBlock?
  /// What the breakpoint of the last stop wants to be run.
  private var pending: StopCommands?
  private var isFollowing = false
  /// How often the machine has stopped.
  private var stops = 0
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

  /// Runs one line, which stands at `position` of a script, and what the breakpoints want that it came to.
  @discardableResult
  public func run(_ text: String, at position: ScriptPosition? = nil) -> Outcome {
    let outcome = openBlock == nil ? runLine(text, at: position) : collect(text, at: position)
    return isFollowing ? outcome : follow(outcome)
  }

  private func runLine(_ text: String, at position: ScriptPosition?) -> Outcome {
    guard let line = CommandLine(text) else { return .done }
    if let remark = ForeignLine.remark(on: line) {
      debugger.output.write(remark: remark, command: line.name)
      return .done
    }
    do throws(CommandFailure) {
      let command = try debugger.commands.command(named: line.name)
      let outcome = try command.run(line, debugger)
      if let failure = debugger.loss() { throw CommandFailure.session(failure) }
      let end = try finish(outcome, command)
      // An answer that is found out while it is written can lose the target there.
      if let failure = debugger.loss() { throw CommandFailure.session(failure) }
      return end
    } catch {
      return fail(error, command: line.name, at: position)
    }
  }

  private func fail(_ error: CommandFailure, command: String, at position: ScriptPosition?) -> Outcome {
    debugger.output.write(error, command: command, at: position)
    status = max(status, error.exitStatus)
    if error.exitStatus == .targetLost { isFinished = true }
    return .failed(error.exitStatus)
  }

  /// Runs one line typed at a prompt: an empty one repeats the last step, continue or examination.
  public func runInteractively(_ text: String) -> Outcome {
    if openBlock == nil {
      if text.allSatisfy(\.isWhitespace) { return repeatable.map { run($0) } ?? .done }
      if let line = CommandLine(text), let command = try? debugger.commands.command(named: line.name) {
        repeatable = Self.repetition(of: command, text)
      }
    }
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
    case .block(let block):
      openBlock = OpenBlock(block, of: command)
      return .done
    case .answer(let answer):
      var isSilent = false
      if let stop = answer as? StopAnswer {
        stops += 1
        pending = StopCommands(stop)
        // In JSON every command has its answer.
        if case .text = debugger.output.format { isSilent = pending?.isSilent ?? false }
      }
      // What a script says about an answer is none of the machine's.
      if !(answer is HeldAnswer || answer is EchoAnswer) { debugger.lastAnswer = answer }
      if !isSilent { debugger.output.write(answer, command: command.names[0], names: debugger.names) }
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
    if let missing = abandonBlock() { throw missing }
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

// MARK: Blocks of lines

extension Interpreter {
  /// True while lines are kept for the command that began a block.
  public var isInBlock: Bool { openBlock != nil }

  /// Forgets a block that has no end; says what is missing, or nil where no block is open.
  @discardableResult
  public func abandonBlock() -> CommandFailure? {
    defer { openBlock = nil }
    return openBlock?.missingEnd
  }

  /// Complains about a block that has no end.
  public func noteEndOfInput() {
    if let missing = abandonBlock() { _ = fail(missing, command: "", at: nil) }
  }

  private func collect(_ text: String, at position: ScriptPosition?) -> Outcome {
    guard var block = openBlock else { return .done }
    guard block.takes(text) else {
      openBlock = block
      return .done
    }
    openBlock = nil
    do throws(CommandFailure) {
      return try finish(try block.block.take(block.lines), block.command)
    } catch {
      return fail(error, command: block.command.names[0], at: position)
    }
  }

  /// Runs the commands of the breakpoint that stopped the machine, and of those that they lead to. What stands behind a
  /// command that let the machine go on is not run, as gdb has it.
  private func follow(_ outcome: Outcome) -> Outcome {
    isFollowing = true
    defer {
      isFollowing = false
      pending = nil
    }
    var last = outcome
    while let commands = pending, !isFinished, last == .done || policy == .goOn {
      pending = nil
      let before = stops
      for (index, line) in commands.lines.enumerated() {
        last = run(line, at: commands.position(index))
        switch last {
        case .done: break
        case .failed where policy == .goOn && !isFinished: break
        case .failed, .interrupted, .finished: return last
        }
        if InterruptRequest.shared.isPending { return .interrupted }
        if stops != before { break }
      }
    }
    return last
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
