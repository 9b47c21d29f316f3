import Boot
import Core
import Machine
import Stub
import X86

/// The console and the stub on one line (`gdbport=com1`). A client that has resumed the machine gets the console's
/// output in packets; without one it is written as it is. What arrives and is no packet was typed.
extension Debugger {
  /// True when the console's bytes must not go to its port past the stub.
  private static var sharesConsole: Bool {
    isOn && !isServing && DebuggerCell.inspect { $0.port == .com1 } == true
  }

  /// Takes a byte of the console's output for a client that waits for the machine; false when there is none.
  static func takesOutput(_ byte: UInt8) -> Bool {
    guard sharesConsole else { return false }
    let isLineComplete = DebuggerCell.inspect { state -> Bool? in
      state.stub.isAwaited ? state.console.append(byte) : nil
    }
    guard let isLineComplete = isLineComplete ?? nil else { return false }
    if isLineComplete { sendOutput() }
    return true
  }

  /// The next typed byte; the outer nil where the console has its port for itself.
  static func typedByte() -> UInt8?? {
    guard sharesConsole else { return nil }
    return DebuggerCell.inspect { $0.console.read() }
  }

  /// The clock's tick: sends a line that has no end yet, and looks at the line, whose interrupt may have been lost before
  /// the controllers were set up.
  ///
  /// - Returns: true when something was typed.
  static func ticked(_ frame: inout trap_frame) -> Bool { isOn && lineInterrupted(&frame) }

  /// Bytes came over the line while the kernel ran.
  ///
  /// - Returns: true when some of them were typed.
  static func lineInterrupted(_ frame: inout trap_frame) -> Bool {
    let (wantsStop, isTyped) = talk { state in
      state.sendOutput()
      return state.listen()
    }
    if wantsStop || DebugHardware.takeAttention() { enter(.signal, .interrupt, &frame) }
    return isTyped
  }

  /// Sends what was collected. The client's wish to stop the machine may have come meanwhile, and no interrupt will tell
  /// of it again.
  static func sendOutput() {
    let (wantsStop, _) = talk { state in
      state.sendOutput()
      return state.listen()
    }
    if wantsStop { DebugHardware.callAttention() }
    // On the stack of a debug exception there is no room for another one: the next tick sees to it.
    guard !DebugHardware.isDisarmed, DebugHardware.takeAttention() else { return }
    stop(.attention)
  }

  /// Runs `body` with no breakpoint in, for one may stand in what it needs. An NMI meanwhile only calls for attention.
  private static func talk(
    _ body: (inout DebuggerState) -> (wantsStop: Bool, isTyped: Bool)
  ) -> (wantsStop: Bool, isTyped: Bool) {
    DebugHardware.disarm()
    defer { DebugHardware.arm() }
    return DebuggerCell.inspect(body) ?? (false, false)
  }
}

extension DebuggerState {
  /// Gives the collected output to the client.
  mutating func sendOutput() {
    guard console.hasOutput else { return }
    console.takeOutput { text in _ = stub.writeConsole(text) }
  }

  /// Takes what the line holds.
  fileprivate mutating func listen() -> (wantsStop: Bool, isTyped: Bool) {
    var isTyped = false
    while true {
      switch stub.pollWhileRunning() {
      case .nothing: return (false, isTyped)
      case .stop: return (true, isTyped)
      // Nobody reads a line that is the debugger's alone.
      case .typed(let byte):
        console.type(byte)
        isTyped = true
      }
    }
  }
}
