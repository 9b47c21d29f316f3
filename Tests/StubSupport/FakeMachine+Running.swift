import RemoteProtocol
public import Stub

/// The processor: `nop`, `inc %rax`, `mov %rax,d(%rip)`, `mov d(%rip),%rax`, `jmp d8`, `call d32`, `ret`, `push %rbp`,
/// `mov %rsp,%rbp`, `pop %rbp`.
extension FakeMachine {
  private func load(_ address: UInt64, _ count: Int) -> UInt64 {
    var value: UInt64 = 0
    for offset in (0..<UInt64(count)).reversed() {
      guard let place = place(address &+ offset, in: .linear(current)) else { return 0 }
      value = value << 8 | UInt64(memory[place])
    }
    return value
  }

  private func store(_ value: UInt64, at address: UInt64) {
    for offset in 0..<UInt64(8) {
      guard let place = place(address &+ offset, in: .linear(current)) else { continue }
      memory[place] = UInt8(truncatingIfNeeded: value >> (8 * offset))
    }
  }

  private func noteAccess(_ address: UInt64, writes: Bool) {
    for breakpoint in breakpoints
    where address < breakpoint.address &+ breakpoint.byteCount && breakpoint.address < address &+ 8 {
      switch breakpoint.type {
      case .writeWatchpoint where writes: touched = Watchpoint(kind: .write, address: breakpoint.address)
      case .accessWatchpoint: touched = Watchpoint(kind: .access, address: breakpoint.address)
      default: break
      }
    }
  }

  private func push(_ value: UInt64) {
    self[.rsp] &-= 8
    store(value, at: self[.rsp])
  }

  private func pop() -> UInt64 {
    defer { self[.rsp] &+= 8 }
    return load(self[.rsp], 8)
  }

  private func relative(_ offset: UInt64, bits: UInt64) -> UInt64 {
    UInt64(bitPattern: Int64(bitPattern: offset << (64 - bits)) >> Int64(64 - bits))
  }

  /// Executes one instruction. False for one that the processor does not know.
  func executeInstruction() -> Bool {
    instructionsExecuted += 1
    let rip = self[.rip]
    let code = load(rip, 8)
    switch code & 0xff {
    case 0x90: self[.rip] = rip &+ 1
    case 0xeb: self[.rip] = rip &+ 2 &+ relative(code >> 8 & 0xff, bits: 8)
    case 0x55:
      push(self[.rbp])
      self[.rip] = rip &+ 1
    case 0x5d:
      self[.rbp] = pop()
      self[.rip] = rip &+ 1
    case 0xc3: self[.rip] = pop()
    case 0xe8:
      push(rip &+ 5)
      self[.rip] = rip &+ 5 &+ relative(code >> 8 & 0xffff_ffff, bits: 32)
    case 0x48: return executeWide(code, rip)
    default: return false
    }
    return true
  }

  private func executeWide(_ code: UInt64, _ rip: UInt64) -> Bool {
    let next = rip &+ 7
    switch code & 0xff_ffff {
    case 0xc0_ff48:
      self[.rax] &+= 1
      self[.rip] = rip &+ 3
      return true
    case 0xe5_8948:
      self[.rbp] = self[.rsp]
      self[.rip] = rip &+ 3
      return true
    case 0x05_8948:
      let address = next &+ relative(code >> 24 & 0xffff_ffff, bits: 32)
      store(self[.rax], at: address)
      noteAccess(address, writes: true)
    case 0x05_8b48:
      let address = next &+ relative(code >> 24 & 0xffff_ffff, bits: 32)
      self[.rax] = load(address, 8)
      noteAccess(address, writes: false)
    default: return false
    }
    self[.rip] = next
    return true
  }

  /// Carries out `plan` until something stops it; `isStopWanted` is asked before every instruction but the first.
  /// A breakpoint at the start does not trigger.
  public func run(_ plan: ResumePlan, isStopWanted: () -> Bool) -> StopReason {
    touched = nil
    guard executeInstruction() else {
      return StopReason(.signal, signal: .illegalInstruction, thread: current)
    }
    if let touched { return StopReason(.watchpoint(touched), thread: current) }
    if plan.motion == .step { return StopReason(.step, thread: current) }
    while true {
      if let cause = breakpointCause() { return StopReason(cause, thread: current) }
      if isStopWanted() { return StopReason(.signal, signal: .interrupt, thread: current) }
      guard executeInstruction() else {
        return StopReason(.signal, signal: .illegalInstruction, thread: current)
      }
      if let touched { return StopReason(.watchpoint(touched), thread: current) }
    }
  }

  private func breakpointCause() -> StopReason.Cause? {
    for breakpoint in breakpoints where breakpoint.address == self[.rip] {
      switch breakpoint.type {
      case .software: return .softwareBreakpoint
      case .hardware: return .hardwareBreakpoint
      default: break
      }
    }
    return nil
  }
}
