import X86

extension Debugger {
  /// The value of `--cr3 VALUE`, where nothing else may stand behind the command; nil for a bare command.
  func rootArgument(_ line: CommandLine, _ misuse: CommandFailure) throws(CommandFailure) -> CR3? {
    var words = line.words[...]
    guard let option = words.popFirst() else { return nil }
    guard option == "--cr3", !words.isEmpty else { throw misuse }
    return CR3(rawValue: try address(words.joined(separator: " ")).rawValue)
  }
}
