import Boot
import Core
import DebuggerTable
import Drivers
import Machine
import Stub
import X86

/// What the debugger remembers between stops.
struct DebuggerState: CellState, ~Copyable {
  var stub: Stub<DebugPort, KernelTarget>
  /// The stop to report, and what the client answered.
  var stop: StopReason
  var outcome = StubOutcome.detached
  let port: DebuggerPort
  /// Used where the port is the console's.
  var console = SharedConsole()

  mutating func finishUse() {}
}

typealias DebuggerCell = KernelCell<DebuggerState, DebuggerStorage>

/// The kernel's side of the stub: when to enter it, and how to go on. Off unless `gdb=` is given.
enum Debugger {
  static var isOn: Bool { DebuggerCell.isInitialized }

  /// The request line of the stub's port.
  static var line: UInt8? { DebuggerCell.inspect { DebugPort.line(of: $0.port) } }

  /// Opens the line; with `gdb=wait` the kernel stops here for a client.
  static func start(_ options: CommandLine) {
    guard options.debugger != .off else { return }
    let state = DebuggerState(
      stub: Stub(channel: DebugPort(options.debuggerPort), target: KernelTarget()),
      stop: StopReason(.signal, thread: KernelTarget.bootThread), port: options.debuggerPort)
    DebuggerCell.initialize(state)
    if options.debugger == .wait { stop(.waitingAtBoot) }
  }

  /// Lets the line interrupt the kernel. Also while a fault is injected, when every other line is masked.
  static func unmask() {
    guard let line else { return }
    var controller = InterruptController(ports: Ports())
    controller.unmask(line)
    // What came before raises no interrupt any more.
    sendOutput()
  }

  /// Stops in the debugger for a reason of the kernel's own. Comes back when the client lets it.
  static func stop(_ explanation: StopExplanation) {
    guard isOn else { return }
    DebuggerCell.inspect { $0.stub.withTarget { $0.explanation = explanation } }
    DebugHardware.trap()
  }

  // MARK: Exceptions

  /// #DB, #BP or NMI. False when it was none of the debugger's.
  static func handle(_ frame: inout trap_frame) -> Bool {
    guard isOn else { return false }
    switch ExceptionVector(rawValue: UInt8(truncatingIfNeeded: frame.vector)) {
    case .debug: return handleDebug(&frame)
    case .breakpoint: return handleBreakpoint(&frame)
    case .nonMaskableInterrupt:
      // The stub of this vector took the breakpoints out. If they were out already, the debugger is in use.
      if DebugHardware.isDisarmedTwice {
        DebugHardware.callAttention()
      } else {
        enter(.signal, .interrupt, &frame)
      }
      return true
    default: return false
    }
  }

  private static func handleDebug(_ frame: inout trap_frame) -> Bool {
    let cause = KernelTarget.hardwareCause(DebugHardware.status)
    let purpose = withStepping { $0.finish(&frame) } ?? nil
    if let cause {
      enter(cause, .trap, &frame)
    } else if purpose == .client {
      enter(.step, .trap, &frame)
    } else if purpose == nil {
      return false
    }
    return true
  }

  private static func handleBreakpoint(_ frame: inout trap_frame) -> Bool {
    if DebugHardware.isOwnTrap(rip: frame.rip) {
      let isAttention = DebuggerCell.inspect { $0.stub.withTarget { $0.explanation == .attention } } == true
      enter(.signal, isAttention ? .interrupt : .trap, &frame)
      return true
    }
    let address = frame.rip &- 1
    guard KernelTarget.softwareSlot(at: address) != nil else { return false }
    frame.rip = address
    enter(.softwareBreakpoint, .trap, &frame)
    return true
  }

  /// The kernel is about to return to Ring 3: a stepped system call of this thread ends here.
  static func returning(_ frame: inout trap_frame) {
    guard isOn else { return }
    let isAwaited = DebuggerCell.inspect { state in
      state.stub.withTarget { target -> Bool in
        guard let awaited = target.stepping.awaitedReturn, awaited.rip == frame.rip,
          awaited.thread == target.currentThread
        else { return false }
        target.stepping.forgetReturn()
        return true
      }
    }
    if isAwaited == true { enter(.step, .trap, &frame) }
  }

  /// Ring 3 has done what its process does not survive, and nothing brings back a step over that: the client sees it
  /// before the process ends.
  static func processFault(_ frame: inout trap_frame) {
    guard isOn, !isServing, withStepping({ $0.finish(&frame) }) == .some(.client) else { return }
    let signal: StopSignal
    switch ExceptionVector(rawValue: UInt8(truncatingIfNeeded: frame.vector)) {
    case .divideError: signal = .arithmetic
    case .debug, .breakpoint: signal = .trap
    case .invalidOpcode: signal = .illegalInstruction
    default: signal = .segmentation
    }
    enter(.signal, signal, &frame)
  }

  /// An exception that the kernel does not survive. The client may look; then the kernel goes on to its end.
  ///
  /// - Parameter address: where the frame stands.
  static func fault(_ frame: inout trap_frame, at address: UInt) {
    guard isOn, !isServing else { return }
    let vector = UInt8(truncatingIfNeeded: frame.vector)
    DebuggerCell.inspect { state in
      state.stub.withTarget { $0.explanation = .kernelFault(vector: vector, frame: UInt64(address)) }
    }
    enter(.signal, .segmentation, &frame)
  }

  // MARK: The stub

  /// True while the stub is in use: whatever faults then is the stub.
  static var isServing: Bool { DebugHardware.isServing }

  /// Stands, until the client wants the machine to go on.
  static func enter(_ cause: StopReason.Cause, _ signal: StopSignal, _ frame: inout trap_frame) {
    guard !isServing else { return }
    DebugHardware.disarm()
    defer { DebugHardware.arm() }
    // Something else may have come before the step was over.
    _ = withStepping { $0.finish(&frame) }
    DebuggerCell.inspect { state in
      state.sendOutput()
      state.stub.withTarget { target in
        target.frame = frame
        target.table = Processor.cr3
      }
    }
    announceWait()
    var cause = cause
    while true {
      DebuggerCell.inspect { state in
        let thread = state.stub.withTarget { $0.currentThread }
        state.stop = StopReason(cause, signal: signal, thread: thread)
      }
      DebugHardware.serve()
      guard goesOn() else {
        cause = .step
        continue
      }
      DebuggerCell.inspect { state in state.stub.withTarget { frame = $0.frame } }
      return
    }
  }

  /// Someone at the console would see a machine that does not answer any more.
  private static func announceWait() {
    let isAlone = DebuggerCell.inspect { $0.port == .com1 && !$0.stub.isAttached && !$0.stub.hasRequest }
    guard isAlone == true else { return }
    var console = Console()
    console.line("The machine stands, and waits for a debugger on this line.")
  }

  /// Carries out what the client wants. False when that was one instruction, which has been done here.
  private static func goesOn() -> Bool {
    let done = DebuggerCell.inspect { state -> Bool in
      switch state.outcome {
      case .resume(let plan):
        return state.stub.withTarget { target in
          target.explanation = nil
          return target.goesOn(plan)
        }
      case .detached:
        state.stub.withTarget { $0.explanation = nil }
        return true
      case .killed: MachineEnd.exit(RINGSIDE_EXIT_KILLED)
      case .reset: Processor.reset()
      }
    }
    return done ?? true
  }

  private static func withStepping<Result>(_ body: (inout Stepping) -> Result) -> Result? {
    DebuggerCell.inspect { state in state.stub.withTarget { body(&$0.stepping) } }
  }
}

extension KernelTarget {
  /// False when `plan` was one instruction that is already done.
  fileprivate mutating func goesOn(_ plan: ResumePlan) -> Bool {
    stepping.forgetReturn()
    switch plan.motion {
    case .step:
      if emulate() { return false }
      if let place = systemCallReturn() {
        stepping.awaitReturn(of: currentThread, to: place)
        passBreakpoint()
      } else {
        stepping.start(.client, &frame)
      }
    case .run: passBreakpoint()
    }
    return true
  }

  /// A breakpoint where the machine stands does not trigger for the first instruction.
  private mutating func passBreakpoint() {
    if Self.hasExecutionBreakpoint(at: frame.rip) { frame.rflags |= RFlags.resume.rawValue }
    guard Self.softwareSlot(at: frame.rip) != nil, !emulate() else { return }
    stepping.start(.passing, &frame)
  }
}

/// Serves the client: called by the assembly, on the stack that it remembers.
///
/// - Parameter isFirst: 0 when the stub faulted and left its frames behind.
@c(kernel_debug_serve)
public func kernelDebugServe(_ isFirst: UInt32) {
  DebuggerCell.inspect { state in
    state.outcome = isFirst == 0 ? state.stub.continueAfterFault() : state.stub.enterStopped(state.stop)
  }
}
