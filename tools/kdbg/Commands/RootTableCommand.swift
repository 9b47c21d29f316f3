import Inspect
import X86

struct RootTableCommand: Command {
  let names = ["pml4"]
  let usage = "pml4 [CR3]"
  let summary = "the root table's present entries, the kernel half compared with the reference table"
  let completion = ArgumentKind.address

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    let cr3 = line.rest.isEmpty ? nil : CR3(rawValue: try debugger.address(line.rest).rawValue)
    let reference = debugger.control.references.reference(
      for: cr3 ?? debugger.target.coreRegisters.cr3, kernel: debugger.kernel)
    return .answer(
      try debugger.inspect(needing: cr3 == nil ? .tables : .memory) { machine throws(InspectionError) in
        try RootTableView(of: &machine, under: cr3, comparedWith: reference)
      })
  }
}
