import Inspect
import RingTransition
import Session
import X86

struct ExplainCommand: Command {
  let names = ["explain"]
  let usage = "explain [--engine architecture|machine]"
  let summary = "why the machine stands where it stands: the cause, the proof and the fix"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    let engine: Engine?
    switch line.words {
    case [], ["--engine", "machine"]: engine = nil
    case ["--engine", "architecture"]: engine = .architecture
    default: throw misuse
    }
    try debugger.requireStopped()
    try debugger.require(.tables)
    if debugger.isShutDown { return .answer(debugger.witnessed(debugger.explainShutdown())) }
    try debugger.session { () throws(SessionError) in _ = try debugger.control.knowProcessor(.now) }
    let declared = debugger.control.declarations
    let audit = try debugger.inspect { machine -> ReturnAudit? in
      guard returnKind(on: &machine) != nil else { return nil }
      var audit = ReturnAudit(of: &machine, declared: declared)
      debugger.control.checker?.compare(&audit, of: &machine, declared: declared)
      if let least = debugger.control.selection.leastSeverity { audit.leastSeverity = least }
      return audit.isInsideKernel ? nil : audit
    }
    if let audit { return .answer(debugger.witnessed(debugger.explain(audit, for: engine))) }
    return .answer(debugger.witnessed(debugger.explain(StopState(.handler), for: engine)))
  }
}

extension Debugger {
  /// `engine`: nil for the machine's own.
  func explain(_ audit: ReturnAudit, for engine: Engine? = nil) -> Explanation {
    var machine = target
    return Explanation(
      of: audit, on: &machine, kernel: kernel, references: control.references,
      earlier: control.earlierEntries, engine: engine ?? machine.engine)
  }

  func explain(_ stop: StopState, for engine: Engine? = nil) -> Explanation {
    var machine = target
    var stop = stop
    stop.engine = machine.engine
    stop.interruptInService = machine.interruptInService
    let declared = control.configuration.options
    stop.kernelStackSize = declared.kernelStackSize ?? stop.kernelStackSize
    stop.interruptStackSize = declared.interruptStackSize ?? stop.interruptStackSize
    return Explanation(
      of: stop, on: &machine, kernel: kernel, references: control.references,
      earlier: control.earlierEntries, replayedOn: engine)
  }

  /// True when QEMU holds the machine because it shut down. A debugger that came later sees an ordinary stop, and
  /// only the monitor tells.
  fileprivate var isShutDown: Bool {
    if case .stopped(.shutdown) = target.state { return true }
    return (try? target.monitor("info status"))?.contains("(shutdown)") ?? false
  }

  func explainShutdown() -> Explanation { explain(StopState(.tripleFault)) }
}
