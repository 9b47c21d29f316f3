import X86

/// Which processors the machine has, as ACPI's MADT lists them. ACPI 6.4, 5.2.5 (RSDP), 5.2.7 (RSDT) and 5.2.12 (MADT).
public struct ProcessorTable: Sendable {
  /// More than these are not used.
  public static let capacity = 8
  /// More tables than any firmware has.
  private static let mostTables: UInt64 = 128
  /// A table longer than this is not believed.
  private static let longestTable: UInt64 = 1 << 16

  /// How many processors can run, the booting one included. 1 on a machine without the table.
  public private(set) var count = 0
  private var identifiers = InlineArray<8, UInt8>(repeating: 0)

  /// The identifier of a processor's local APIC, `0 ..< count`, in the table's order.
  public subscript(position: Int) -> UInt8 { identifiers[position] }

  /// A machine with the processor alone that runs this.
  public init(only identifier: UInt8) { append(identifier) }

  /// Nil when `root` does not lead to a MADT, or any table on the way is damaged.
  public init?<Memory: PhysicalMemory & ~Copyable>(rootPointer root: PhysicalAddress, memory: inout Memory) {
    let pointer = PhysicalBytes(start: root, byteCount: 20)
    guard pointer.matches("RSD PTR ", memory: &memory), pointer.sumsToZero(memory: &memory),
      let address = pointer.integer(UInt32.self, at: 16, memory: &memory),
      let list = Self.table("RSDT", at: address, memory: &memory)
    else { return nil }
    let count = min((list.byteCount - Self.headerBytes) / 4, Self.mostTables)
    for position in 0..<count {
      guard let address = list.integer(UInt32.self, at: Self.headerBytes + 4 * position, memory: &memory),
        let table = Self.table("APIC", at: address, memory: &memory)
      else { continue }
      read(table, memory: &memory)
      if self.count > 0 { return }
    }
    return nil
  }

  private static let headerBytes: UInt64 = 36

  /// The whole table at `address` if it bears `signature`.
  private static func table<Memory: PhysicalMemory & ~Copyable>(
    _ signature: StaticString, at address: UInt32, memory: inout Memory
  ) -> PhysicalBytes? {
    let start = PhysicalAddress(truncating: UInt64(address))
    let header = PhysicalBytes(start: start, byteCount: headerBytes)
    guard header.matches(signature, memory: &memory),
      let length = header.integer(UInt32.self, at: 4, memory: &memory),
      (headerBytes...longestTable).contains(UInt64(length))
    else { return nil }
    let table = PhysicalBytes(start: start, byteCount: UInt64(length))
    return table.sumsToZero(memory: &memory) ? table : nil
  }

  private mutating func read<Memory: PhysicalMemory & ~Copyable>(
    _ table: PhysicalBytes, memory: inout Memory
  ) {
    let localAPIC: UInt8 = 0
    let enabled: UInt32 = 1
    // The address of the local APICs and flags stand before the entries.
    var position = Self.headerBytes + 8
    while let type = table.byte(position, memory: &memory),
      let length = table.byte(position + 1, memory: &memory), length >= 2
    {
      if type == localAPIC, let identifier = table.byte(position + 3, memory: &memory),
        let flags = table.integer(UInt32.self, at: position + 4, memory: &memory), flags & enabled != 0
      {
        append(identifier)
      }
      position += UInt64(length)
    }
  }

  private mutating func append(_ identifier: UInt8) {
    guard count < Self.capacity else { return }
    identifiers[count] = identifier
    count += 1
  }
}

extension PhysicalBytes {
  /// ACPI's checksum: all bytes together are 0.
  fileprivate func sumsToZero<Memory: PhysicalMemory & ~Copyable>(memory: inout Memory) -> Bool {
    var sum: UInt8 = 0
    for position in 0..<byteCount {
      guard let byte = byte(position, memory: &memory) else { return false }
      sum &+= byte
    }
    return sum == 0
  }
}
