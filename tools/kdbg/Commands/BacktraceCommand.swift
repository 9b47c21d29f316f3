import Inspect

struct BacktraceCommand: Command {
  let names = ["backtrace", "bt", "where"]
  let usage = "backtrace [full] [COUNT]"
  let summary = "the stack: who called, through exception frames into what was interrupted"

  /// Unless COUNT is given.
  private static let usualCount = 100

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    var count = Self.usualCount
    // gdb's `bt full` adds local variables, of which kdbg knows none.
    let words = line.words.first == "full" ? line.words.dropFirst() : line.words[...]
    if let word = words.first {
      guard words.count == 1, let number = Int(word), number > 0 else { throw misuse }
      count = min(number, Backtrace.mostFrames)
    }
    return .answer(
      try debugger.inspect(needing: .nothing) { machine throws(InspectionError) in
        Backtrace(of: &machine, debugger.program, limit: count)
      })
  }
}
