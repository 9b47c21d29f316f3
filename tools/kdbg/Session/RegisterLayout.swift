import RemoteProtocol
import X86

/// The bytes of a `g` packet.
struct RegisterPacket: Equatable {
  private(set) var bytes: [UInt8] = []
  /// Offsets of bytes that the stub spelled `xx`: it does not know them.
  private var unavailable: Set<Int> = []

  /// Nil when it is not hexadecimal.
  init?(_ text: [UInt8]) {
    guard text.count.isMultiple(of: 2) else { return nil }
    bytes.reserveCapacity(text.count / 2)
    for position in stride(from: 0, to: text.count, by: 2) {
      if let byte = Hexadecimal.byte(text[position], text[position + 1]) {
        bytes.append(byte)
      } else if text[position] == UInt8(ascii: "x"), text[position + 1] == UInt8(ascii: "x") {
        unavailable.insert(bytes.count)
        bytes.append(0)
      } else {
        return nil
      }
    }
  }

  /// True when the stub knows every byte.
  var isComplete: Bool { unavailable.isEmpty }

  /// True when the stub spelled all of these bytes `xx`.
  func isUnavailable(_ offset: Int, byteCount: Int) -> Bool {
    !unavailable.isEmpty && (offset..<(offset + byteCount)).allSatisfy { unavailable.contains($0) }
  }

  /// True when all of these bytes are there.
  func isAvailable(_ offset: Int, byteCount: Int) -> Bool {
    guard offset + byteCount <= bytes.count else { return false }
    return unavailable.isEmpty || (offset..<(offset + byteCount)).allSatisfy { !unavailable.contains($0) }
  }
}

/// Where each register stands in the stub's `g` packet, worked out from its target description: nothing is
/// assumed about numbers or order.
struct RegisterLayout {
  struct Place: Equatable {
    let description: RegisterDescription
    /// In bytes.
    let offset: Int
    let byteCount: Int
  }

  /// Of a register in the packet, in bytes.
  private struct Position {
    let offset: Int
    let byteCount: Int

    init(_ place: Place) { (offset, byteCount) = (place.offset, place.byteCount) }
  }

  /// In the order of the packet.
  let places: [Place]
  /// Those that are wanted at every stop, looked up once: in the order of ``general``, ``selectors``,
  /// ``ControlRegisters/names`` and ``others``.
  private let generalPlaces: [Position?]
  private let selectorPlaces: [Position?]
  private let controlPlaces: [Position?]
  private let otherPlaces: [Position?]
  private let byName: [String: Place]

  /// Without these there is nothing to look at.
  private static let required =
    general.map { [$0] } + [["rip"], ["eflags", "rflags"]] + selectors.map { [$0] }

  private static let general = [
    "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15",
  ]
  private static let selectors = ["cs", "ss", "ds", "es", "fs", "gs"]
  private static let others = [
    "rip", "eflags", "fs_base", "gs_base", "k_gs_base", "cr8", "star", "lstar", "sfmask",
  ]

  /// The core registers as GDB has them of an x86-64 target that describes none. GDB manual, G.5.10.
  static let standard: [RegisterDescription] =
    ((general + ["rip"]).map { ($0, 64) } + (["eflags"] + selectors).map { ($0, 32) })
    .enumerated().map { RegisterDescription(name: $1.0, bitSize: $1.1, number: $0) }

  /// What the stub at the other end describes; where it describes no registers, what GDB would assume.
  init(reading client: GDBClient, _ features: StubFeatures) throws(SessionError) {
    var registers: [RegisterDescription] = []
    if features.has("qXfer:features:read") {
      let description = try TargetDescription { document throws(SessionError) in
        try client.transfer("features", document)
      }
      registers = description.registers
    }
    try self.init(registers.isEmpty ? Self.standard : registers)
  }

  init(_ description: TargetDescription) throws(SessionError) {
    try self.init(description.registers)
  }

  init(_ registers: [RegisterDescription]) throws(SessionError) {
    var offset = 0
    places = registers.map { register in
      let byteCount = (register.bitSize + 7) / 8
      defer { offset += byteCount }
      return Place(description: register, offset: offset, byteCount: byteCount)
    }
    let byName = Dictionary(places.map { ($0.description.name, $0) }) { first, _ in first }
    self.byName = byName
    generalPlaces = Self.general.map { byName[$0].map(Position.init) }
    selectorPlaces = Self.selectors.map { byName[$0].map(Position.init) }
    controlPlaces = ControlRegisters.names.map { byName[$0].map(Position.init) }
    otherPlaces = Self.others.map { name in
      (byName[name] ?? (name == "eflags" ? byName["rflags"] : nil)).map(Position.init)
    }
    let missing = Self.required.filter { names in names.allSatisfy { byName[$0] == nil } }
    guard missing.isEmpty else { throw .missingRegisters(missing.map { $0[0] }) }
  }

  subscript(name: String) -> Place? { byName[name] ?? (name == "rflags" ? byName["eflags"] : nil) }

  /// The value in `packet`, up to 64 bits of it. Nil where the packet does not have it.
  func value(_ place: Place, in packet: RegisterPacket) -> UInt64? {
    value(Position(place), in: packet)
  }

  private func value(_ place: Position?, in packet: RegisterPacket) -> UInt64? {
    guard let place, packet.isAvailable(place.offset, byteCount: place.byteCount) else { return nil }
    var value: UInt64 = 0
    var index = min(place.byteCount, 8)
    while index > 0 {
      index -= 1
      value = value << 8 | UInt64(packet.bytes[place.offset + index])
    }
    return value
  }

  private func value(_ name: String, in packet: RegisterPacket) -> UInt64? {
    self[name].flatMap { value($0, in: packet) }
  }

  /// Nil where the packet does not have them.
  func controlRegisters(in packet: RegisterPacket) -> ControlRegisters? {
    func value(_ number: Int) -> UInt64? { self.value(controlPlaces[number], in: packet) }
    guard let cr0 = value(0), let cr2 = value(1), let cr3 = value(2), let cr4 = value(3), let efer = value(4)
    else { return nil }
    return ControlRegisters(cr0: cr0, cr2: cr2, cr3: cr3, cr4: cr4, efer: efer)
  }

  /// The general registers that the packet says it does not have: a thread that does not run has saved a few alone.
  func unknownGeneralRegisters(in packet: RegisterPacket) -> Set<String> {
    guard !packet.isComplete else { return [] }
    return Set(
      Self.general.filter { name in
        self[name].map { packet.isUnavailable($0.offset, byteCount: $0.byteCount) } ?? false
      })
  }

  /// All that the packet gives but the control registers; 0 for ``unknownGeneralRegisters(in:)``. Throws when it is too
  /// short for a register that must be there.
  func registers(in packet: RegisterPacket) throws(SessionError) -> RegisterFile {
    func needed(_ place: Position?, _ name: String) throws(SessionError) -> UInt64 {
      guard let value = value(place, in: packet) else { throw .missingRegisters([name]) }
      return value
    }
    func selector(_ number: Int) throws(SessionError) -> SegmentSelector {
      let value = try needed(selectorPlaces[number], Self.selectors[number])
      return SegmentSelector(rawValue: UInt16(truncatingIfNeeded: value))
    }
    func other(_ number: Int) -> UInt64? { value(otherPlaces[number], in: packet) }
    var file = RegisterFile()
    let unknown = unknownGeneralRegisters(in: packet)
    for (index, name) in Self.general.enumerated() where unknown.isEmpty || !unknown.contains(name) {
      file.general[index] = try needed(generalPlaces[index], name)
    }
    file.rip = try needed(otherPlaces[0], "rip")
    file.rflags = RFlags(rawValue: try needed(otherPlaces[1], "rflags"))
    file.cs = try selector(0)
    file.ss = try selector(1)
    file.ds = try selector(2)
    file.es = try selector(3)
    file.fs = try selector(4)
    file.gs = try selector(5)
    file.fsBase = other(2)
    file.gsBase = other(3)
    file.kernelGSBase = other(4)
    file.cr8 = other(5)
    file.star = other(6)
    file.lstar = other(7)
    file.syscallMask = other(8)
    return file
  }

  /// The system registers of a stub that describes them as registers: `tr`, `tr_base`, `tr_limit`,
  /// `tr_attributes`, the same for `ldtr`, and `gdtr_base`, `gdtr_limit`, `idtr_base`, `idtr_limit`, `dr0` and so on.
  /// QEMU does not.
  func systemRegisters(in packet: RegisterPacket) -> SystemRegisters {
    func segment(_ name: String) -> SegmentCache? {
      guard let selector = value(name, in: packet), let base = value("\(name)_base", in: packet),
        let limit = value("\(name)_limit", in: packet)
      else { return nil }
      let attributes = value("\(name)_attributes", in: packet)
        .map { SegmentAttributes(rawValue: UInt16(truncatingIfNeeded: $0)) }
      return SegmentCache(
        selector: SegmentSelector(rawValue: UInt16(truncatingIfNeeded: selector)), base: base,
        limit: UInt32(truncatingIfNeeded: limit), attributes: attributes)
    }
    func table(_ name: String) -> TableRegister? {
      guard let base = value("\(name)_base", in: packet), let limit = value("\(name)_limit", in: packet)
      else { return nil }
      return TableRegister(base: VirtualAddress(base), limit: UInt16(truncatingIfNeeded: limit))
    }
    var system = SystemRegisters(
      task: segment("tr"), local: segment("ldtr"), global: table("gdtr"), interrupt: table("idtr"))
    let addresses = ["dr0", "dr1", "dr2", "dr3"].compactMap { value($0, in: packet) }
    if addresses.count == 4 { system.debugAddress = addresses }
    system.debugStatus = value("dr6", in: packet)
    system.debugControl = value("dr7", in: packet)
    return system
  }
}
