import X86

/// Memory as it was read during one stop.
struct KnownQwords: Sendable {
  private var values: [UInt64: UInt64?] = [:]

  /// The qword at `address`, of the machine where it is not known yet.
  mutating func load(_ address: PhysicalAddress, from machine: inout some MachineView) -> UInt64? {
    if let value = values[address.rawValue] { return value }
    let value = machine.load(address)
    values[address.rawValue] = .some(value)
    return value
  }
}

/// A machine of which some qwords are known already, and not read a second time.
struct PartlyKnownMemory<Base: MachineView>: MachineView {
  private var base: Base
  private var known: KnownQwords

  init(_ base: Base, _ known: KnownQwords) {
    self.base = base
    self.known = known
  }

  var registers: RegisterFile { base.registers }

  mutating func load(_ address: PhysicalAddress) -> UInt64? { known.load(address, from: &base) }

  mutating func read(_ address: PhysicalAddress, into bytes: inout MutableRawSpan) -> Bool {
    base.read(address, into: &bytes)
  }

  mutating func isMemory(_ address: PhysicalAddress) -> Bool { base.isMemory(address) }

  mutating func prefetch(_ address: PhysicalAddress, byteCount: Int) {
    base.prefetch(address, byteCount: byteCount)
  }
}
