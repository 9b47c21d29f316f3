import X86

/// The interrupt descriptor table, gate by gate.
public struct InterruptTableView: Sendable {
  public struct Gate: Equatable, Sendable {
    public let vector: UInt8
    public let descriptor: GateDescriptor
  }

  public let register: TableRegister
  public let gates: [Gate]
  /// The first gate that could not be read, where the list ends early.
  public let unreadable: VirtualAddress?

  /// Reads the table that IDTR names in `machine`.
  public init(of machine: inout some Debuggee) throws(InspectionError) {
    let registers = machine.registers
    guard let register = registers.interruptTable else { throw .unknownRegister(.interruptTable) }
    guard registers.isLongMode || !machine.knowsControlRegisters else {
      throw .otherLayout(
        .interruptTable, register.base, registers.cr0.contains(.protectionEnable) ? .protected : .real)
    }
    var gates: [Gate] = []
    var unreadable: VirtualAddress?
    for vector in UInt8.min...UInt8.max {
      let offset = UInt64(vector) * GateDescriptor.byteCount
      guard register.holds(offset: offset, count: GateDescriptor.byteCount) else { break }
      let address = register.base + offset
      guard let low = machine.linearQword(at: address),
        let high = machine.linearQword(at: address + 8)
      else {
        unreadable = address
        break
      }
      gates.append(Gate(vector: vector, descriptor: GateDescriptor(low: low, high: high)))
    }
    self.register = register
    self.gates = gates
    self.unreadable = unreadable
  }

  /// The gates whose handler begins at `address`.
  public func vectors(handledAt address: VirtualAddress) -> [UInt8] {
    gates.filter { $0.descriptor.isPresent && $0.descriptor.offset == address }.map(\.vector)
  }
}
