import Inspect
import Session
import Symbols
import X86

/// What a step does at a call.
public enum CallTreatment: Sendable {
  /// It goes into the function.
  case into
  /// It runs until the function has returned.
  case over
}

extension RunControl {
  /// Executes `count` instructions, fewer when something else stops the machine.
  public func step(count: Int, _ calls: CallTreatment = .into) throws(SessionError) -> StopReason {
    for _ in 0..<count {
      if let reason = try stepInstruction(calls) { return reason }
    }
    return .stepped
  }

  /// Executes until another line of the source begins, `count` times.
  func stepLines(count: Int, _ calls: CallTreatment) throws(CommandFailure) -> StopReason {
    for _ in 0..<count {
      if let reason = try stepLine(calls) { return reason }
    }
    return .steppedLine
  }

  /// Runs until the function in which the machine stands has returned.
  func finish() throws(CommandFailure) -> StopReason {
    var machine = target
    let caller: StackFrame
    do { caller = try Unwinder(program).caller(in: &machine) } catch { throw .noCaller(error) }
    let place = RunPlace(
      address: caller.address.rawValue, stackPointer: caller.registers.rsp, thread: target.selectedThread)
    let reason = try session { () throws(SessionError) in try run(to: place) }
    guard case .arrived = reason else { return reason }
    return caller.isExact ? .arrived : .returned(target.coreRegisters.general[0])
  }

  /// Runs until the machine comes to `address`.
  func advance(to address: VirtualAddress) throws(CommandFailure) -> StopReason {
    try session { () throws(SessionError) in try run(to: RunPlace(address: address.rawValue)) }
  }

  private func session<Result>(_ body: () throws(SessionError) -> Result) throws(CommandFailure) -> Result {
    do { return try body() } catch { throw .session(error) }
  }
}

// MARK: One instruction, one line

extension RunControl {
  /// Nil where nothing else stopped the machine.
  private func stepInstruction(_ calls: CallTreatment) throws(SessionError) -> StopReason? {
    guard calls == .over, let behind = addressBehindCall() else { return try stepOnce() }
    return try runBehind(behind, stackPointer: target.coreRegisters.rsp)
  }

  /// Runs to `address` with the stack as it was there. Nil when the machine came there.
  private func runBehind(_ address: VirtualAddress, stackPointer: UInt64) throws(SessionError) -> StopReason?
  {
    let place = RunPlace(
      address: address.rawValue, stackPointer: stackPointer, thread: target.selectedThread)
    let reason = try run(to: place)
    if case .arrived = reason { return nil }
    return reason
  }

  /// The instruction behind the call at RIP; nil when there is no call.
  private func addressBehindCall() -> VirtualAddress? {
    let rip = VirtualAddress(target.coreRegisters.rip)
    guard target.coreRegisters.isLongMode, let disassembler = try? Disassembler(),
      let next = disassembler.disassemble(target.bytes(at: rip, count: 15), at: rip, limit: 1).first,
      next.mnemonic == "call" || next.mnemonic == "lcall"
    else { return nil }
    return next.nextAddress
  }

  /// More instructions than a line has that is not waiting for something.
  private static let mostInstructionsOfALine = 100_000

  private func stepLine(_ calls: CallTreatment) throws(CommandFailure) -> StopReason? {
    guard let start = sourceLine() else { throw .noSourceLine(target.coreRegisters.rip) }
    let ring = target.coreRegisters.cs.requestedPrivilege
    for _ in 0..<Self.mostInstructionsOfALine {
      let behind = addressBehindCall()
      let stackPointer = target.coreRegisters.rsp
      if let reason = try session({ () throws(SessionError) in try stepInstruction(calls) }) { return reason }
      // Another ring is another program: an interrupt, a system call, or the way back.
      if target.coreRegisters.cs.requestedPrivilege != ring { return nil }
      if let behind, calls == .into, sourceLine() == nil {
        // As in gdb, a function without lines is stepped over.
        if let reason = try session({ () throws(SessionError) in
          try runBehind(behind, stackPointer: stackPointer)
        }) {
          return reason
        }
      }
      guard let line = sourceLine() else { return nil }
      if line != start, !line.hasSuffix(":0") { return nil }
    }
    throw .noEndOfLine(start)
  }

  private func sourceLine() -> String? {
    program?.sourceLine(at: VirtualAddress(target.coreRegisters.rip))
  }
}
