import Inspect
import Render

/// What can stand in place of the word under the cursor.
public struct Completer {
  private let commands: CommandTable
  private let program: (any Program)?

  public init(commands: CommandTable = .standard, program: (any Program)?) {
    self.commands = commands
    self.program = program
  }

  /// The candidates for the word at `word` of `line`.
  public func candidates(line: String, word: Range<String.Index>) -> [String] {
    let before = line[..<word.lowerBound].drop(while: \.isWhitespace)
    let text = String(line[word])
    guard let name = before.split(whereSeparator: \.isWhitespace).first else {
      return commands.allNames.filter { $0.hasPrefix(text) }
    }
    let head = String(name.prefix { $0 != "/" })
    guard let command = try? commands.command(named: head) else { return [] }
    switch command.completion {
    case .none: return []
    case .command: return commands.allNames.filter { $0.hasPrefix(text) }
    case .words(let words):
      // `info registers` goes on with the names of registers.
      if before.contains("registers") {
        return RegisterName.allCases.map(\.rawValue).filter { $0.hasPrefix(text) }
      }
      return words.filter { $0.hasPrefix(text) }
    case .address: return addresses(text)
    }
  }

  private func addresses(_ text: String) -> [String] {
    let registers = RegisterName.allCases.map { "$" + $0.rawValue }.filter { $0.hasPrefix(text) }
    // An empty word would list the whole kernel.
    guard !text.isEmpty else { return registers }
    return registers + (program?.names(withPrefix: text) ?? [])
  }
}
