/// The lines behind a command that takes them, up to `end`, instead of their being run.
public struct LineBlock {
  /// What is done with them, without `end`.
  let take: ([String]) throws(CommandFailure) -> CommandOutcome
}

/// A block whose end was not seen yet.
struct OpenBlock {
  let block: LineBlock
  let command: any Command
  private(set) var lines: [String] = []
  /// How many blocks have begun in it that have not ended.
  private var depth = 0

  init(_ block: LineBlock, of command: any Command) {
    self.block = block
    self.command = command
  }

  /// True where `text` is the end of the block; any other line is kept.
  mutating func takes(_ text: String) -> Bool {
    switch CommandLine(text)?.name {
    case "end":
      if depth == 0 { return true }
      depth -= 1
    case "commands": depth += 1
    default: break
    }
    lines.append(text.trimmingSpaces())
    return false
  }

  var missingEnd: CommandFailure { .other("\(command.names[0]): no line says \"end\"") }
}

/// The commands of a breakpoint that has stopped the machine.
struct StopCommands {
  let number: Int
  let lines: [String]
  /// True where nothing is to be told about the stop.
  let isSilent: Bool

  /// Nil for a stop without commands.
  init?(_ stop: StopAnswer) {
    guard case .breakpoint(let hit) = stop.reason, !hit.breakpoint.commands.isEmpty else { return nil }
    number = hit.breakpoint.number
    let lines = hit.breakpoint.commands
    isSilent = lines.first == "silent"
    self.lines = isSilent ? Array(lines.dropFirst()) : lines
  }

  func position(_ index: Int) -> ScriptPosition {
    ScriptPosition(file: "commands of breakpoint \(number)", line: index + (isSilent ? 2 : 1))
  }
}
