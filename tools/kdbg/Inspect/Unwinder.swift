import Symbols
import X86

/// Finds the caller of a frame: by call-frame information, by the few instructions that need none, by frame pointers, and
/// through exception frames into what was interrupted.
///
/// Memory is read under the loaded CR3, whatever its rights.
public struct Unwinder {
  private let program: (any Program)?

  /// Without `program` frame pointers and exception frames must do.
  public init(_ program: (any Program)?) { self.program = program }

  /// The frame that the machine returns to from the function in which it stands.
  public func caller(in machine: inout some Debuggee) throws(StackEnd) -> StackFrame {
    try caller(of: StackFrame(current: machine.coreRegisters), in: &machine)
  }

  /// The frame that called `frame`, or was interrupted by it.
  public func caller(
    of frame: StackFrame, in machine: inout some Debuggee
  ) throws(StackEnd) -> StackFrame {
    let found = try find(frame, &machine)
    // What was interrupted may have been anywhere; that may be why.
    if found.isExact { return found }
    guard let rip = found.registers.rip, rip != 0 else { throw .outermost }
    guard machine.mapsCode(at: VirtualAddress(rip)) else { throw .wildReturnAddress(rip) }
    return found
  }

  private func find(_ frame: StackFrame, _ machine: inout some Debuggee) throws(StackEnd) -> StackFrame {
    if let program {
      let memory = machine
      do throws(UnwindFailure) {
        let unwound = try program.caller(at: frame.lookupAddress, frame.registers) { memory.qword(at: $0) }
        return StackFrame(unwound)
      } catch {
        switch error {
        case .noInformation: break
        case .outermost: throw .outermost
        case .unreadable(let address): throw .unreadable(address)
        case .unknownRegister, .damaged: throw .damagedInformation
        }
      }
    }
    if frame.origin == .processor, let found = interruptedByProcessor(frame, &machine) { return found }
    if frame.isExact, let found = try frameless(frame, &machine) { return found }
    return try byFramePointer(frame, &machine)
  }

  /// What the processor interrupted a moment ago, or is about to go back to.
  private func interruptedByProcessor(_ frame: StackFrame, _ machine: inout some Debuggee) -> StackFrame? {
    let registers = machine.coreRegisters
    if registers.rip == registers.lstar, registers.cs.requestedPrivilege == 0 {
      return StackFrame(systemCall: frame)
    }
    guard let view = try? FrameView(currentOf: &machine) else { return nil }
    switch view.origin {
    case .returnInstruction, .handlerEntry:
      return StackFrame(
        view.frame,
        .init(address: view.address, evidence: .processor, vector: view.onlyVector), over: frame)
    case .given, .stackTop: return nil
    }
  }

  /// The caller of a function that has no frame yet, or no longer.
  private func frameless(
    _ frame: StackFrame, _ machine: inout some Debuggee
  ) throws(StackEnd) -> StackFrame? {
    guard let rsp = frame.registers.rsp else { return nil }
    // A call to nowhere has pushed its return address and done nothing else.
    let isFirst = program?.name(of: frame.address)?.offset == 0 || !machine.mapsCode(at: frame.address)
    let code = machine.bytes(at: frame.address - 1, count: 6)
    guard let depth = isFirst ? 0 : FramelessCode.depth(code) else { return nil }
    return try returning(to: rsp &+ depth, frame.registers.rbp, .returnAddress, frame, &machine)
  }

  private func byFramePointer(
    _ frame: StackFrame, _ machine: inout some Debuggee
  ) throws(StackEnd) -> StackFrame {
    let rbp = frame.registers.rbp
    do {
      guard let rbp, rbp & 7 == 0, rbp != 0, rbp >= frame.registers.rsp ?? 0 else {
        throw StackEnd.unknown(framePointer: rbp)
      }
      guard let saved = machine.qword(at: VirtualAddress(rbp)) else {
        throw StackEnd.unreadable(VirtualAddress(rbp))
      }
      return try returning(to: rbp &+ 8, saved, .framePointer, frame, &machine)
    } catch {
      if !frame.isUser, let found = ExceptionFrameSearch.above(frame, &machine) { return found }
      // Zero ends a chain, and is what a program begins with; a kernel's entry may have found it there by chance.
      if rbp == 0 { throw frame.isUser || frame.origin == .framePointer ? .outermost : .noFramePointer }
      throw error as? StackEnd ?? .unknown(framePointer: rbp)
    }
  }

  /// The caller whose return address lies at `slot`.
  private func returning(
    to slot: UInt64, _ rbp: UInt64?, _ origin: StackFrame.Origin, _ frame: StackFrame,
    _ machine: inout some Debuggee
  ) throws(StackEnd) -> StackFrame {
    guard let rip = machine.qword(at: VirtualAddress(slot)) else { throw .unreadable(VirtualAddress(slot)) }
    // A word that no call put there is not believed without better evidence.
    guard machine.followsCall(VirtualAddress(rip)) else { throw .wildReturnAddress(rip) }
    var registers = FrameRegisters()
    registers.rip = rip
    registers.rsp = slot &+ 8
    registers.rbp = rbp
    registers.cs = frame.registers.cs
    return StackFrame(registers: registers, origin: origin, isExact: false)
  }
}

// MARK: Frames

extension StackFrame {
  fileprivate init(_ unwound: UnwoundFrame) {
    let hardware = VirtualAddress(unwound.frameAddress &- InterruptFrame.byteCount)
    let origin: Origin =
      if !unwound.isInterrupted {
        .callFrameInformation
      } else if unwound.registers.cs == nil {
        .systemCall
      } else {
        .exceptionFrame(.init(address: hardware, evidence: .callFrameInformation, vector: nil))
      }
    self.init(registers: unwound.registers, origin: origin, isExact: unwound.isInterrupted)
  }

  /// What `syscall` left, at the first instruction of its entry.
  fileprivate init(systemCall entry: StackFrame) {
    var registers = entry.registers
    registers.rip = entry.registers[Self.rcx]
    registers.cs = nil
    self.init(registers: registers, origin: .systemCall, isExact: true)
  }

  /// What was interrupted and left `frame`; of the other registers only those that nothing can have changed are known.
  init(_ frame: InterruptFrame, _ found: ExceptionFrame, over handler: StackFrame) {
    var registers = found.evidence == .processor ? handler.registers : FrameRegisters()
    registers.rip = frame.rip
    registers.rsp = frame.rsp
    registers.cs = frame.cs
    self.init(registers: registers, origin: .exceptionFrame(found), isExact: true)
  }

  /// RCX, by DWARF's numbers.
  private static let rcx = 2
}

extension FrameView {
  /// The vector, where the way the frame was found names exactly one.
  fileprivate var onlyVector: UInt8? {
    if case .handlerEntry(let vectors) = origin, vectors.count == 1 { return vectors[0] }
    return nil
  }
}

/// Code at which the return address is at a known place above RSP.
enum FramelessCode {
  /// How far above RSP, in bytes; nil for any other code. `bytes` are the byte before RIP and those from RIP on.
  static func depth(_ bytes: [UInt8]) -> UInt64? {
    guard bytes.count == 6 else { return nil }
    let next = bytes[1...]
    // ret, ret n; endbr64 or push %rbp, the first instruction of a function.
    if next.first == 0xc3 || next.first == 0xc2 { return 0 }
    if next.starts(with: [0xf3, 0x0f, 0x1e, 0xfa]) { return 0 }
    if next.starts(with: [0x55, 0x48, 0x89, 0xe5]) { return 0 }
    // mov %rsp, %rbp behind push %rbp.
    if bytes[0] == 0x55, next.starts(with: [0x48, 0x89, 0xe5]) { return 8 }
    return nil
  }
}
