import X86

/// An exception frame and how it was found.
public struct FrameView: Sendable {
  /// Why the frame is believed to stand where it does.
  public enum Origin: Equatable, Sendable {
    /// The user gave the address.
    case given
    /// The next instruction is `iretq`: the frame is what RSP points at.
    case returnInstruction
    /// RIP is at the first instruction of the handler of these vectors.
    case handlerEntry([UInt8])
    /// RSP lies in this stack of the TSS: the frame is what the processor pushed at the stack's top. The vector
    /// is known when one gate alone uses the stack.
    case stackTop(StackField, vector: UInt8?)
  }

  public let origin: Origin
  /// The address of the RIP slot.
  public let address: VirtualAddress
  public let frame: InterruptFrame
  /// The qword below the frame, where the vector pushes one.
  public let errorCode: UInt64?
  public let mode: PagingMode

  /// The frame whose RIP slot is at `address`.
  public init(at address: VirtualAddress, in machine: inout some Debuggee) throws(InspectionError) {
    try self.init(.given, at: address, hasErrorCode: false, in: &machine)
  }

  /// The frame that the processor is about to pop or has pushed last.
  public init(currentOf machine: inout some Debuggee) throws(InspectionError) {
    let registers = machine.registers
    if registers.isAtReturnInstruction(in: &machine) {
      try self.init(
        .returnInstruction, at: VirtualAddress(registers.rsp), hasErrorCode: false, in: &machine)
      return
    }
    let gates = try? InterruptTableView(of: &machine)
    let vectors = gates?.vectors(handledAt: VirtualAddress(registers.rip)) ?? []
    if let first = vectors.first {
      let pushes = ExceptionVector(rawValue: first)?.pushesErrorCode ?? false
      try self.init(
        .handlerEntry(vectors), at: VirtualAddress(registers.rsp) + (pushes ? 8 : 0), hasErrorCode: pushes,
        in: &machine)
      return
    }
    guard let state = try? TaskStateView(of: &machine),
      let stack = state.stacks.filter({ $0.holds(registers.rsp) }).min(by: { $0.pointer < $1.pointer })
    else { throw .noFrame }
    let vector = gates?.onlyVector(on: stack.field)
    let pushes = vector.flatMap(ExceptionVector.init(rawValue:))?.pushesErrorCode ?? false
    let top = VirtualAddress(InterruptFrame.top(for: stack.pointer))
    try self.init(
      .stackTop(stack.field, vector: vector), at: top - InterruptFrame.byteCount, hasErrorCode: pushes,
      in: &machine)
  }

  private init(
    _ origin: Origin, at address: VirtualAddress, hasErrorCode: Bool, in machine: inout some Debuggee
  ) throws(InspectionError) {
    let registers = machine.registers
    let root = registers.cr3.root
    let mode = registers.pagingMode
    guard let frame = InterruptFrame.read(at: address, root: root, mode: mode, memory: &machine) else {
      throw .unmapped(address, registers.cr3)
    }
    self.origin = origin
    self.address = address
    self.frame = frame
    self.mode = mode
    errorCode = hasErrorCode ? machine.loadVirtual(address - 8, root: root, mode: mode) : nil
  }
}

extension RegisterFile {
  /// True when the bytes at RIP are `iretq` (48 CF).
  public func isAtReturnInstruction(in machine: inout some Debuggee) -> Bool {
    let bytes = machine.loadVirtual(VirtualAddress(rip), root: cr3.root, mode: pagingMode)
    return bytes.map { $0 & 0xffff == 0xcf48 } ?? false
  }
}

extension StackTop {
  /// The farthest that a live stack pointer is taken to lie below its top, in bytes.
  private static let reach: UInt64 = 64 << 10

  /// True when `stackPointer` lies in this stack with a whole frame above it.
  fileprivate func holds(_ stackPointer: UInt64) -> Bool {
    guard state != .zero, state != .nonCanonical else { return false }
    let top = InterruptFrame.top(for: pointer)
    return stackPointer <= top &- InterruptFrame.byteCount && top &- stackPointer < Self.reach
  }
}

extension InterruptTableView {
  /// The vector whose gate alone names the IST slot `field`.
  fileprivate func onlyVector(on field: StackField) -> UInt8? {
    guard case .interruptStack(let slot) = field else { return nil }
    let users = gates.filter { $0.descriptor.isPresent && Int($0.descriptor.interruptStack) == slot }
    return users.count == 1 ? users[0].vector : nil
  }
}
