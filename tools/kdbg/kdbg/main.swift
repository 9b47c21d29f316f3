import ArgumentParser
import Commands
import Session

// Arguments, signals, one verb, exit status.
SessionSignals.install()
CommandHelp.ending(for: Array(Swift.CommandLine.arguments.dropFirst()))?.leave()
do {
  var verb = try KernelDebugger.parseAsRoot()
  try verb.run()
} catch let ending as Ending {
  ending.leave()
} catch {
  Ending.leave(afterParsing: error)
}
