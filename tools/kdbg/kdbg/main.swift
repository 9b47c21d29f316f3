import ArgumentParser
import Commands
import Session

// Arguments, signals, one verb, exit status.
SessionSignals.install()
do {
  var verb = try KernelDebugger.parseAsRoot()
  try verb.run()
} catch let ending as Ending {
  ending.leave()
} catch {
  Ending.leave(afterParsing: error)
}
