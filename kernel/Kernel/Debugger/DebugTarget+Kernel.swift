import Boot
import Core
import Machine
import RemoteProtocol
import Report
import Stub
import X86

/// The kernel as the stub sees it: one processor, a thread for every process and one for the kernel's own.
///
/// Thread 1 is the boot thread; process P is thread P + 1.
struct KernelTarget: DebugTarget, ~Copyable {
  /// The registers of whoever ran when the machine stopped; given back when it goes on.
  var frame = trap_frame()
  /// The table that was loaded.
  var table = CR3(rawValue: 0)
  /// What the kernel itself says about the stop.
  var explanation: StopExplanation?
  /// The plan that the client's last wish became.
  var stepping = Stepping()

  static var capabilities: TargetCapabilities {
    .softwareBreakpoints | .hardwareBreakpoints | .writeWatchpoints | .accessWatchpoints | .breakpointCauses
      | .physicalMemory | .memoryMap | .regions | .monitor | .reset | .kill
  }

  static var registerFeatures: RegisterFeatures { .system }

  /// Where the tables of `thread` begin.
  func root(of thread: TargetThread) -> PhysicalFrame {
    guard thread != currentThread else { return table.root }
    let found = Cell.inspect { state -> PhysicalFrame? in
      guard let index = state.index(of: thread) else { return state.system.kernelSpace.root }
      return state.system.processes[index]?.space?.tables.root
    }
    return (found ?? nil) ?? table.root
  }
}

/// A stop that the kernel asked for, in its own words.
enum StopExplanation: Equatable, Sendable {
  case waitingAtBoot
  /// The trap frame stands at `frame`.
  case kernelFault(vector: UInt8, frame: UInt64)
  case refusedReturn
  case panic
  /// The client called while the kernel was busy with the line.
  case attention
}

extension KernelState {
  /// The process-table index of a thread; nil for the boot thread, and for one that is gone.
  mutating func index(of thread: TargetThread) -> Int? {
    thread.number > 1 ? system.processes.index(of: thread.number - 1) : nil
  }
}

// MARK: Threads

extension KernelTarget {
  static var bootThread: TargetThread { TargetThread(1) }

  var currentThread: TargetThread {
    let thread = Cell.inspect { state -> TargetThread in
      guard state.current >= 0, state.current < ProcessTable.capacity,
        let process = state.system.processes[state.current]
      else { return Self.bootThread }
      return TargetThread(process.id &+ 1)
    }
    return thread ?? Self.bootThread
  }

  mutating func thread(after thread: TargetThread?) -> TargetThread? {
    guard let thread else { return Self.bootThread }
    let next = Cell.inspect { state -> TargetThread? in
      var lowest: UInt64?
      for index in 0..<ProcessTable.capacity {
        guard let process = state.system.processes[index], !process.hasEnded else { continue }
        let number = process.id &+ 1
        if number > thread.number, number < lowest ?? UInt64.max { lowest = number }
      }
      return lowest.map { TargetThread($0) }
    }
    return next ?? nil
  }

  mutating func writeName<Sink: ByteSink & ~Copyable>(of thread: TargetThread, to sink: inout Sink) {
    var text = TextBuffer()
    if thread == Self.bootThread {
      text.write("kernel")
    } else {
      text.write("process ")
      text.write(decimal: thread.number - 1)
    }
    text.flush(to: &sink)
  }

  mutating func writeDetails<Sink: ByteSink & ~Copyable>(of thread: TargetThread, to sink: inout Sink) {
    let state = Cell.inspect { state -> ProcessState? in
      guard let index = state.index(of: thread) else { return nil }
      return state.system.processes[index]?.state
    }
    var text = TextBuffer()
    if thread == currentThread {
      text.write("running")
    } else {
      switch state ?? nil {
      case .ready, nil: text.write("ready")
      case .waitingForChild: text.write("waits for a child")
      case .waitingForInput: text.write("waits for input")
      case .ended: text.write("ended")
      }
    }
    text.write(", CR3 ")
    text.write(hex: CR3(root: root(of: thread)).rawValue)
    text.flush(to: &sink)
  }

  mutating func processor(of thread: TargetThread) -> UInt64? { 0 }
}

// MARK: Words for a stop

extension KernelTarget {
  mutating func describe<Sink: ByteSink & ~Copyable>(_ stop: StopReason, to sink: inout Sink) {
    var text = TextBuffer()
    switch explanation {
    case nil, .attention: break
    case .waitingAtBoot: text.write("the kernel waits before its first process\n")
    case .kernelFault(let vector, _):
      text.write("exception in the kernel: ")
      if let exception = ExceptionVector(rawValue: vector) { text.write(exception.mnemonic) }
      text.write(" (vector ")
      text.write(decimal: UInt64(vector))
      text.write("), error ")
      text.write(hex: frame.error_code)
      text.write(", CR2 ")
      text.write(hex: Processor.cr2)
      text.write("\n")
    case .refusedReturn:
      text.write("the audit refused a return to Ring 3; see the console or `monitor audit`\n")
    case .panic: text.write("the kernel gave up; see the console\n")
    }
    text.flush(to: &sink)
  }
}
