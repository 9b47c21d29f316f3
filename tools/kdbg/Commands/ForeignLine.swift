/// Lines of gdb's scripts that set up gdb itself. There is nothing here that they could set up, and a script is not to
/// fail for them: they are answered with a remark.
enum ForeignLine {
  /// What gdb's `set` has that changes nothing in the machine or in what is looked at.
  private static let settings: Set = [
    "arch", "architecture", "breakpoint", "can-use-hw-watchpoints", "confirm", "disassembly-flavor", "height",
    "history",
    "logging", "osabi", "pagination", "print", "prompt", "remotetimeout", "remote", "style", "tcp", "verbose",
    "width",
  ]

  /// Why the line changes nothing here; nil for one that is kdbg's own.
  static func remark(on line: CommandLine) -> String? {
    let words = line.words
    switch line.name {
    case "layout", "tui", "focus", "refresh", "winheight": return "kdbg has no windows; passed over"
    case "set" where words.first.map(settings.contains) == true:
      return "\"set \(words[0])\" sets up gdb; passed over"
    case "target" where words.first == "remote" || words.first == "extended-remote":
      return "kdbg has a target; another one is an argument of kdbg attach; passed over"
    default: return nil
    }
  }
}
