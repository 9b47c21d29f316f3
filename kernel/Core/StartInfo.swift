import X86

/// What the loader hands over: Xen's `hvm_start_info`, version 1, which QEMU fills for PVH kernels.
/// Source: the public header xen/include/public/arch-x86/hvm/start_info.h.
public struct StartInfo: Sendable {
  private static let magic: UInt32 = 0x336e_c578
  private static let ramType: UInt32 = 1
  private static let mapEntryBytes: UInt64 = 24
  /// The longest command line that is looked at.
  private static let longestCommandLine: UInt64 = 2048

  /// Everything the firmware calls RAM.
  public let ram: MemoryMap
  /// The command line without its terminator.
  public let commandLine: PhysicalBytes
  /// The first module, if there is one: the initrd.
  public let initrd: PhysicalBytes?
  /// Where ACPI's tables begin (the RSDP); nil where the loader knows of none.
  public let rootPointer: PhysicalAddress?
  /// The structures themselves, which must outlive the boot.
  public let ownRange: MemoryRange

  /// Nil when `address` does not hold a start info of version 1 with a memory map.
  public init?<Memory: PhysicalMemory & ~Copyable>(at address: PhysicalAddress, memory: inout Memory) {
    let header = PhysicalBytes(start: address, byteCount: 56)
    guard header.integer(UInt32.self, at: 0, memory: &memory) == Self.magic,
      let version = header.integer(UInt32.self, at: 4, memory: &memory), version >= 1,
      let moduleCount = header.integer(UInt32.self, at: 12, memory: &memory),
      let modules = header.integer(UInt64.self, at: 16, memory: &memory),
      let commandLine = header.integer(UInt64.self, at: 24, memory: &memory),
      let root = header.integer(UInt64.self, at: 32, memory: &memory),
      let map = header.integer(UInt64.self, at: 40, memory: &memory),
      let mapCount = header.integer(UInt32.self, at: 48, memory: &memory), mapCount <= 128
    else { return nil }
    let entries = PhysicalBytes(
      start: PhysicalAddress(truncating: map), byteCount: UInt64(mapCount) * Self.mapEntryBytes)
    var ram = MemoryMap()
    for position in 0..<UInt64(mapCount) {
      let offset = position * Self.mapEntryBytes
      guard let start = entries.integer(UInt64.self, at: offset, memory: &memory),
        let size = entries.integer(UInt64.self, at: offset + 8, memory: &memory),
        let type = entries.integer(UInt32.self, at: offset + 16, memory: &memory)
      else { return nil }
      if type == Self.ramType, start <= PhysicalAddress.architecturalMask {
        ram.append(MemoryRange(start: start, end: start &+ min(size, PhysicalAddress.architecturalMask)))
      }
    }
    guard ram.count > 0 else { return nil }
    self.ram = ram
    self.commandLine = Self.string(at: commandLine, memory: &memory)
    let module = PhysicalBytes(start: PhysicalAddress(truncating: modules), byteCount: 32)
    if moduleCount > 0, let start = module.integer(UInt64.self, at: 0, memory: &memory),
      let size = module.integer(UInt64.self, at: 8, memory: &memory), size > 0,
      ram.contains(start, byteCount: size)
    {
      initrd = PhysicalBytes(start: PhysicalAddress(truncating: start), byteCount: size)
    } else {
      initrd = nil
    }
    rootPointer = root == 0 ? nil : PhysicalAddress(truncating: root)
    // QEMU puts header, module list and command line side by side; one page around them is enough and cheap.
    ownRange = MemoryRange(
      start: address.rawValue & ~4095, end: (address.rawValue + Self.longestCommandLine + 4096) & ~4095)
  }

  private static func string<Memory: PhysicalMemory & ~Copyable>(
    at address: UInt64, memory: inout Memory
  ) -> PhysicalBytes {
    let place = PhysicalAddress(truncating: address)
    let room = PhysicalBytes(start: place, byteCount: longestCommandLine)
    var count: UInt64 = 0
    while address != 0, let byte = room.byte(count, memory: &memory), byte != 0 { count += 1 }
    return PhysicalBytes(start: place, byteCount: count)
  }
}
