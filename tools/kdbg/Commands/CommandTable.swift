/// Every command, in the order in which `help` lists them.
public struct CommandTable: Sendable {
  public static let standard = CommandTable(groups: [
    .init(
      title: "Look",
      commands: [
        CR3Command(), RootTableCommand(), WalkCommand(), MapCommand(), FindCommand(), DiffCommand(),
        SpacesCommand(), TaskStateCommand(),
        GlobalTableCommand(),
        LocalTableCommand(), ControlRegistersCommand(), ModelSpecificCommand(),
        InterruptTableCommand(), FrameCommand(), BacktraceCommand(), InfoCommand(), ListCommand(),
        ExamineCommand(),
        ExaminePhysicalCommand(), DisassembleCommand(),
        PrintCommand(), DisplayCommand(), UndisplayCommand(), SetCommand(), SymbolsCommand(),
        AddSymbolFileCommand(), SymbolFileCommand(),
      ]),
    .init(title: "Judge", commands: [ExplainCommand(), RecordCommand(), AuditCommand(), CheckCommand()]),
    .init(
      title: "Run",
      commands: [
        BreakCommand.software, BreakCommand.hardware, BreakCommand.temporary, WatchCommand.write,
        WatchCommand.read,
        WatchCommand.access, ConditionCommand(), IgnoreCommand(), EnableCommand.enable, EnableCommand.disable,
        BreakpointCommandsCommand(), DeleteCommand(), CatchCommand.kept, CatchCommand.once, ContinueCommand(),
        StepCommand.stepInstruction,
        StepCommand.nextInstruction, StepCommand.stepLine, StepCommand.nextLine, FinishCommand(),
        AdvanceCommand(),
        ProcessorCommand.processor, ProcessorCommand.thread,
      ]),
    .init(
      title: "Session",
      commands: [
        SourceCommand(), AssertCommand(), ExpectCommand(), EchoCommand(), MonitorCommand(), DetachCommand(),
        QuitCommand(), HelpCommand(),
      ]),
  ])

  public struct Group: Sendable {
    public let title: String
    public let commands: [any Command]
  }

  public let groups: [Group]

  public var commands: [any Command] { groups.flatMap(\.commands) }

  /// Every name and alias, sorted.
  public var allNames: [String] { commands.flatMap(\.names).sorted() }

  /// The command that `name` means: its name, an alias, or the beginning of one command's name alone.
  public func command(named name: String) throws(CommandFailure) -> any Command {
    if let exact = commands.first(where: { $0.names.contains(name) }) { return exact }
    let candidates = commands.filter { $0.names[0].hasPrefix(name) }
    switch candidates.count {
    case 0: throw .unknownCommand(name)
    case 1: return candidates[0]
    default: throw .ambiguousCommand(name, candidates: candidates.map(\.name).sorted())
    }
  }
}
