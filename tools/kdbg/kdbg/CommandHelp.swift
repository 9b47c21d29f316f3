import Commands

/// A command of the prompt where a verb is expected: its manual is asked for, or somebody takes it for a verb.
enum CommandHelp {
  private static let words: Set<String> = ["help", "-h", "--help"]

  /// Nil when `arguments` are for the verbs.
  static func ending(for arguments: [String]) -> Ending? {
    let verbs = KernelDebugger.configuration.subcommands.compactMap { $0.configuration.commandName }
    let name = arguments.first == "help" ? arguments.dropFirst().first : arguments.first
    guard let name, !verbs.contains(name) else { return nil }
    guard let manual = CommandTable.standard.manual(of: name) else {
      guard arguments.first == "help", !name.hasPrefix("-"), name != "help" else { return nil }
      return Ending(
        .usage,
        "there is no verb and no command \"\(name)\": kdbg help lists the verbs, help at the prompt the commands"
      )
    }
    if arguments.contains(where: words.contains) {
      StandardStreams.out(manual)
      return Ending(.held)
    }
    return Ending(
      .usage, "\"\(name)\" is a command, not a verb: kdbg attach ENDPOINT -e \(name); kdbg help \(name)")
  }
}
