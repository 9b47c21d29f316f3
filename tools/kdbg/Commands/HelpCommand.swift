import Inspect
import Render

struct HelpCommand: Command {
  let names = ["help", "h"]
  let usage = "help [COMMAND]"
  let summary = "the commands, or one of them"
  let completion = ArgumentKind.command

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    guard line.words.count <= 1 else { throw misuse }
    if let name = line.words.first {
      return .answer(ManualPage(command: try debugger.commands.command(named: name)))
    }
    return .answer(CommandOverview(table: debugger.commands))
  }
}

/// `help`.
struct CommandOverview: Answer {
  let table: CommandTable

  func write(to page: inout TextPage, names: any NameSource) {
    let width = table.commands.map(\.usage.count).max() ?? 0
    for (index, group) in table.groups.enumerated() {
      if index > 0 { page.line() }
      page.line(group.title, .heading)
      for command in group.commands {
        let padding = String(repeating: " ", count: width - command.usage.count)
        page.line("  \(command.usage)\(padding)  \(command.summary)")
      }
    }
    page.line()
    page.line(
      "An ADDRESS is a number (0x for hexadecimal), a symbol, a $register, or an expression: \"help print\".")
    page.line("Type \"help COMMAND\" for more; a name may be cut short as long as it is unique.")
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    ["commands": .array(table.commands.map { .object(ManualPage.summary(of: $0)) })]
  }
}
