import Inspect
import Render
import X86

/// What the names of an expression stand for in a stopped machine.
struct MachineScope: ExpressionScope {
  let target: any Debuggee
  let program: (any Program)?
  /// The root table under which linear memory is read; nil for the loaded one.
  var root: CR3?

  func register(_ name: String) throws(CommandFailure) -> UInt64? {
    if let part = RegisterPart(name: name) {
      return try register(part.whole.rawValue).map { $0 & part.mask }
    }
    guard let register = RegisterName(alias: name) else { return nil }
    try requireStopped()
    // Where segments have a base, as gdb's users mean it.
    if name == "pc" { return target.codeAddress.rawValue }
    let registers = register.isDebug ? target.registers : target.coreRegisters
    guard let value = register.value(in: registers), !target.unknownRegisters.contains(register)
    else { throw .unknownRegister(name) }
    return value
  }

  func symbol(_ name: String) throws(CommandFailure) -> UInt64? {
    let addresses = program?.addresses(named: name) ?? []
    guard addresses.count <= 1 else { throw .ambiguousSymbol(name, addresses.map(\.rawValue)) }
    return addresses.first?.rawValue
  }

  func memory(_ unit: MemoryUnit, at address: UInt64) throws(CommandFailure) -> UInt64 {
    try requireStopped()
    var machine = target
    let bytes: [UInt8]
    switch unit.space {
    case .linear: bytes = machine.bytes(at: VirtualAddress(address), count: unit.byteCount, under: root)
    case .physical:
      guard let physical = PhysicalAddress(exactly: address) else { throw .notAPhysicalAddress(address) }
      bytes = machine.bytes(at: physical, count: unit.byteCount)
    }
    guard bytes.count == unit.byteCount else {
      if let failure = target.takeFailure(), failure.category == .lost { throw .session(failure) }
      throw .unreadable(address &+ UInt64(bytes.count), unit.space)
    }
    return unit.value(of: bytes)
  }

  private func requireStopped() throws(CommandFailure) {
    guard case .stopped = target.state else {
      throw .session(target.state == .running ? .running : .ended)
    }
  }
}
