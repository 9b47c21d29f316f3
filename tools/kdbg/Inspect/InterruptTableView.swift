import X86

/// The interrupt descriptor table, gate by gate.
public struct InterruptTableView: Sendable {
  public struct Gate: Equatable, Sendable {
    public let vector: UInt8
    public let descriptor: GateDescriptor
    /// Whether the kernel can execute the handler's first byte under the loaded table; nil for an absent gate, and
    /// where a table cannot be read.
    public let isExecutable: Bool?
  }

  public let register: TableRegister
  /// The root table that was asked for; nil for the loaded one.
  public let root: CR3?
  public let gates: [Gate]
  /// The first gate that could not be read, where the list ends early.
  public let unreadable: VirtualAddress?

  /// Reads the table that IDTR names in `machine`, under `root` or the loaded root table.
  public init(of machine: inout some Debuggee, under root: CR3? = nil) throws(InspectionError) {
    let registers = machine.registers
    guard let register = registers.interruptTable else { throw .unknownRegister(.interruptTable) }
    guard registers.isLongMode || !machine.knowsControlRegisters else {
      throw .otherLayout(
        .interruptTable, register.base, registers.cr0.contains(.protectionEnable) ? .protected : .real)
    }
    var gates: [Gate] = []
    var pages: [UInt64: Bool?] = [:]
    var unreadable: VirtualAddress?
    for vector in UInt8.min...UInt8.max {
      let offset = UInt64(vector) * GateDescriptor.byteCount
      guard register.holds(offset: offset, count: GateDescriptor.byteCount) else { break }
      let address = register.base + offset
      guard let low = machine.linearQword(at: address, under: root),
        let high = machine.linearQword(at: address + 8, under: root)
      else {
        unreadable = address
        break
      }
      let gate = GateDescriptor(low: low, high: high)
      let page = gate.offset.rawValue >> 12
      if gate.isPresent, pages[page] == nil {
        pages[page] = .some(Self.isExecutable(gate.offset, in: &machine, registers, under: root))
      }
      gates.append(
        Gate(vector: vector, descriptor: gate, isExecutable: gate.isPresent ? pages[page] ?? nil : nil))
    }
    self.register = register
    self.root = root
    self.gates = gates
    self.unreadable = unreadable
  }

  /// With SMEP the kernel executes no page of Ring 3.
  private static func isExecutable(
    _ address: VirtualAddress, in machine: inout some Debuggee, _ registers: RegisterFile,
    under root: CR3?
  ) -> Bool? {
    guard machine.knowsControlRegisters else { return nil }
    let walk = machine.walk(address, root: (root ?? registers.cr3).root, mode: registers.pagingMode)
    switch walk.outcome {
    case .mapped:
      return walk.rights.isExecutable
        && !(walk.rights.isUser && registers.cr4.contains(.supervisorExecutionPrevention))
    case .unreadable: return nil
    default: return false
    }
  }

  /// The gates whose handler begins at `address`.
  public func vectors(handledAt address: VirtualAddress) -> [UInt8] {
    gates.filter { $0.descriptor.isPresent && $0.descriptor.offset == address }.map(\.vector)
  }
}
