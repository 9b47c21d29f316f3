import Inspect
import Render
import Session
import X86

struct DiffCommand: Command {
  let names = ["diff"]
  let usage = "diff CR3 [CR3] [--kernel-half]"
  let summary = "what two tables translate differently, and where they part"
  let completion = ArgumentKind.address

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    var half = ComparedHalf.both
    var roots: [CR3] = []
    for word in line.words {
      if word == "--kernel-half" {
        half = .kernel
      } else {
        guard !word.hasPrefix("--") else { throw misuse }
        roots.append(CR3(rawValue: try debugger.address(word).rawValue))
      }
    }
    guard (1...2).contains(roots.count) else { throw misuse }
    try debugger.require(roots.count == 1 ? .tables : .memory)
    if roots.count == 1 { roots.insert(debugger.target.coreRegisters.cr3, at: 0) }
    return .answer(DiffAnswer(roots[0], roots[1], half: half, of: debugger.target, interrupt: .shared))
  }
}
