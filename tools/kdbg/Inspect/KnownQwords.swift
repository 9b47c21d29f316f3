import X86

/// Memory as it was read during one stop: what is read at every return, and what was read beside it.
struct KnownQwords: Sendable {
  /// In ascending order, and the qword of each.
  private let addresses: [UInt64]
  private var values: [UInt64?]
  /// What else was read, in the order of reading: a few.
  private(set) var others: [UInt64] = []
  private var otherValues: [UInt64?] = []

  /// - Parameter addresses: in ascending order; `values` has the qword of each.
  init(_ addresses: [UInt64], _ values: [UInt64?]) {
    self.addresses = addresses
    self.values = values
  }

  /// The qword at `address`, of the machine where it is not known yet.
  mutating func load(_ address: PhysicalAddress, from machine: inout some MachineView) -> UInt64? {
    if let position = position(of: address.rawValue) { return values[position] }
    var index = 0
    while index < others.count {
      if others[index] == address.rawValue { return otherValues[index] }
      index += 1
    }
    let value = machine.load(address)
    others.append(address.rawValue)
    otherValues.append(value)
    return value
  }

  private func position(of address: UInt64) -> Int? {
    var low = 0
    var high = addresses.count
    while low < high {
      let middle = (low + high) / 2
      if addresses[middle] < address { low = middle + 1 } else { high = middle }
    }
    return low < addresses.count && addresses[low] == address ? low : nil
  }
}

/// A machine of which some qwords are known already, and none is read a second time.
struct PartlyKnownMemory<Base: MachineView>: MachineView {
  private var base: Base
  private(set) var known: KnownQwords
  let registers: RegisterFile

  init(_ base: Base, _ known: KnownQwords, _ registers: RegisterFile) {
    self.base = base
    self.known = known
    self.registers = registers
  }

  mutating func load(_ address: PhysicalAddress) -> UInt64? { known.load(address, from: &base) }

  mutating func read(_ address: PhysicalAddress, into bytes: inout MutableRawSpan) -> Bool {
    for index in 0..<bytes.byteCount {
      let place = address.rawValue &+ UInt64(index)
      guard let qword = load(PhysicalAddress(truncating: place & ~7)) else { return false }
      bytes.storeBytes(
        of: UInt8(truncatingIfNeeded: qword >> ((place & 7) * 8)), toByteOffset: index, as: UInt8.self)
    }
    return true
  }

  mutating func isMemory(_ address: PhysicalAddress) -> Bool { base.isMemory(address) }

  mutating func prefetch(_ address: PhysicalAddress, byteCount: Int) {
    base.prefetch(address, byteCount: byteCount)
  }
}
