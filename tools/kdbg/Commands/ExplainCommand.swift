import Inspect
import RingTransition
import Session
import X86

struct ExplainCommand: Command {
  let names = ["explain"]
  let usage = "explain"
  let summary = "why the machine stands where it stands: the cause, the proof and the fix"
  let details = """
    At an iretq to Ring 3: whether the next entry can be delivered. In the handler of an exception, and after a
    triple fault: what started it and how it went on, proven by replaying the delivery on memory as it is.
    """

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    guard line.rest.isEmpty else { throw misuse }
    try debugger.requireStopped()
    if debugger.isShutDown { return .answer(debugger.explainShutdown()) }
    let kernel = debugger.kernel
    let audit = try debugger.inspect { machine -> ReturnAudit? in
      guard machine.coreRegisters.isAtReturnInstruction(in: &machine) else { return nil }
      let audit = ReturnAudit(of: &machine, kernel: kernel)
      return audit.frame?.isUser == false ? nil : audit
    }
    if let audit { return .answer(debugger.explain(audit)) }
    return .answer(debugger.explain(StopState(.handler)))
  }
}

extension Debugger {
  func explain(_ audit: ReturnAudit) -> Explanation {
    var machine = target
    return Explanation(of: audit, on: &machine, kernel: kernel, references: control.references)
  }

  func explain(_ stop: StopState) -> Explanation {
    var machine = target
    return Explanation(of: stop, on: &machine, kernel: kernel, references: control.references)
  }

  /// True when QEMU holds the machine because it shut down. A debugger that came later sees an ordinary stop, and
  /// only the monitor tells.
  fileprivate var isShutDown: Bool {
    if case .stopped(.shutdown) = target.state { return true }
    return (try? target.monitor("info status"))?.contains("(shutdown)") ?? false
  }

  func explainShutdown() -> Explanation { explain(StopState(.tripleFault)) }
}
