import Inspect
import Render
import Session
import X86

struct DiffCommand: Command {
  let names = ["diff"]
  let usage = "diff CR3 [CR3] [--kernel-half] | diff --kernel-half"
  let summary =
    "what two tables translate differently, and where they part, or whether all share one kernel half"
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
    guard (half == .kernel ? 0...2 : 1...2).contains(roots.count) else { throw misuse }
    try debugger.require(roots.count == 2 ? .memory : .tables)
    if roots.isEmpty { return .answer(try kernelHalves(debugger)) }
    if roots.count == 1 { roots.insert(debugger.target.coreRegisters.cr3, at: 0) }
    return .answer(DiffAnswer(roots[0], roots[1], half: half, of: debugger.target, interrupt: .shared))
  }

  /// The kernel half of every space that is known.
  private func kernelHalves(_ debugger: Debugger) throws(CommandFailure) -> KernelHalfAnswer {
    KernelHalfAnswer(
      try debugger.knownSpaces(), loaded: debugger.target.coreRegisters.cr3,
      declaredPrivate: Set(debugger.kernel?.interface?.privateRootEntries ?? []), of: debugger.target,
      interrupt: .shared)
  }
}
