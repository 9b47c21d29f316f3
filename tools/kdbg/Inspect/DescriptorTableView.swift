import X86

/// The global or the local descriptor table, entry by entry.
public struct DescriptorTableView: Sendable {
  /// One descriptor, 8 or 16 bytes.
  public struct Entry: Equatable, Sendable {
    public let selector: SegmentSelector
    public let descriptor: SegmentDescriptor
    /// The second half of a 16-byte system descriptor.
    public let upperHalf: UInt64?
    /// Which meaning its system types have.
    public let layout: Layout

    public enum Layout: Equatable, Sendable {
      /// IA-32e mode: system descriptors of 16 bytes.
      case long
      /// Every other mode: 8 bytes.
      case legacy
    }

    /// The whole base: 64 bits for a system descriptor.
    public var base: UInt64 {
      UInt64(descriptor.base) | (upperHalf.map { ($0 & 0xffff_ffff) << 32 } ?? 0)
    }
  }

  public enum Kind: Equatable, Sendable { case global, local }

  public let kind: Kind
  public let register: TableRegister
  /// The root table that was asked for; nil for the loaded one.
  public let root: CR3?
  public let entries: [Entry]
  /// The first entry that could not be read, where the list ends early.
  public let unreadable: VirtualAddress?

  /// Reads the table that GDTR names in `machine`, under `root` or the loaded root table.
  public init(globalTableOf machine: inout some Debuggee, under root: CR3? = nil) throws(InspectionError) {
    guard let register = machine.registers.globalTable else { throw .unknownRegister(.globalTable) }
    self.init(.global, at: register, in: &machine, under: root)
  }

  /// Reads the table that LDTR names in `machine`, in the same way.
  public init(localTableOf machine: inout some Debuggee, under root: CR3? = nil) throws(InspectionError) {
    guard let cache = machine.registers.localTable else { throw .unknownRegister(.localTable) }
    guard !cache.selector.isNull else { throw .localTableNotLoaded }
    let limit = UInt16(truncatingIfNeeded: min(cache.limit, 0xffff))
    self.init(
      .local, at: TableRegister(base: VirtualAddress(cache.base), limit: limit), in: &machine,
      under: root)
  }

  private init(
    _ kind: Kind, at register: TableRegister, in machine: inout some Debuggee, under root: CR3?
  ) {
    let registers = machine.registers
    let isLong = registers.isLongMode || !machine.knowsControlRegisters
    var entries: [Entry] = []
    var unreadable: VirtualAddress?
    var offset: UInt64 = 0
    while register.holds(offset: offset, count: 8) {
      let address = register.base + offset
      guard let low = machine.linearQword(at: address, under: root) else {
        unreadable = address
        break
      }
      let descriptor = SegmentDescriptor(rawValue: low)
      var upperHalf: UInt64?
      // A zero slot has type 0 and is 8 bytes; only present 16-byte types own the next slot.
      if isLong, descriptor.isSixteenBytes, register.holds(offset: offset + 8, count: 8) {
        guard let high = machine.linearQword(at: address + 8, under: root) else {
          unreadable = address + 8
          break
        }
        upperHalf = high
      }
      entries.append(
        Entry(
          selector: SegmentSelector(rawValue: UInt16(truncatingIfNeeded: offset) | (kind == .local ? 4 : 0)),
          descriptor: descriptor, upperHalf: upperHalf, layout: isLong ? .long : .legacy))
      offset += upperHalf == nil ? 8 : 16
    }
    self.kind = kind
    self.register = register
    self.root = root
    self.entries = entries
    self.unreadable = unreadable
  }
}
