import X86

/// When TR, LDTR, GDTR and IDTR are asked of the monitor.
public enum SystemRegistersPolicy: Sendable {
  /// At the first use after every stop.
  case everyStop
  /// Once per processor, and then kept until the policy is set again: for loops that know when they change.
  case keepAcrossStops
}

extension Target {
  /// The selected processor's registers. TR, LDTR, GDTR and IDTR are asked of the monitor at their first use;
  /// those that cannot be had are nil. Zeros while the machine runs, and after its end.
  public var registers: RegisterFile {
    if let complete { return complete }
    var file = coreRegisters
    guard core != nil else { return file }
    attemptQuietly { () throws(SessionError) in try currentSystemRegisters() }?.apply(to: &file)
    if !modelSpecific.isEmpty, let cpu = try? selectedCPU() { modelSpecific[cpu]?.apply(to: &file) }
    // What failed may succeed the next time.
    if failure == nil { complete = file }
    return file
  }

  /// The same without TR, LDTR, GDTR and IDTR: costs nothing at a stop.
  public var coreRegisters: RegisterFile {
    if let core { return core }
    _ = attemptQuietly { () throws(SessionError) in try fetchRegisters() }
    return core ?? RegisterFile()
  }

  /// The general registers of the selected processor that the stub does not know.
  public var unknownGeneralRegisters: Set<String> {
    _ = coreRegisters
    return packet.map { layout.unknownGeneralRegisters(in: $0) } ?? []
  }

  /// Every register of the stub of up to 64 bits, in the stub's order.
  public var registerNames: [String] {
    layout.places.filter { $0.byteCount <= 8 }.map(\.description.name)
  }

  /// The selected processor's register `name`; nil when the stub does not give it.
  public func value(ofRegister name: String) -> UInt64? {
    guard let place = layout[name], place.byteCount <= 8 else { return nil }
    _ = coreRegisters
    return packet.flatMap { layout.value(place, in: $0) }
  }

  /// Writes a register of the selected processor.
  public func writeRegister(_ name: String, value: UInt64) throws(SessionError) {
    try requireStopped(resumable: false)
    guard let place = layout[name], place.byteCount <= 8 else { throw .unknownRegister(name) }
    try attempt { () throws(SessionError) in
      var request = Request("P")
      request.append(hexadecimal: UInt64(place.description.number))
      request.append("=")
      request.append(
        hexadecimal: (0..<place.byteCount).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) })
      try client.request(request.bytes, "write \(name)").requireOK("write \(name)")
      // The stub may keep only a part of it, and the tables may be others now.
      invalidate()
      try fetchRegisters()
    }
  }

  /// Reads the selected processor's registers. `g` always, never `p`: under KVM QEMU answers `p` with what the
  /// registers were before.
  func fetchRegisters() throws(SessionError) {
    try requireStopped(resumable: false)
    let reply = try client.request([UInt8(ascii: "g")], "read registers")
    guard reply.bytes.count > 3, let values = RegisterPacket(reply.bytes) else {
      throw reply.failure("read registers")
    }
    var file = try layout.registers(in: values)
    controlRegisters = layout.controlRegisters(in: values)
    if controlRegisters == nil { controlRegisters = try monitorControlRegisters() }
    controlRegisters?.apply(to: &file)
    file.physicalAddressBits = physicalAddressBits()
    core = file
    packet = values
  }

  /// False where neither the stub nor a monitor gives CR0, CR3, CR4 and EFER: those of ``registers`` mean nothing then.
  public var knowsControlRegisters: Bool {
    _ = coreRegisters
    return controlRegisters != nil
  }

  /// The control registers of a QEMU whose gdbserver does not give them: before version 3.
  private func monitorControlRegisters() throws(SessionError) -> ControlRegisters? {
    guard monitorMayShowRegisters else { return nil }
    do throws(SessionError) {
      let text = try client.monitor("info registers -a")
      if let registers = ControlRegisters(parsing: text, cpu: try selectedCPU()) { return registers }
    } catch {
      guard error.category == .refused else { throw error }
    }
    monitorMayShowRegisters = false
    return nil
  }

  private func currentSystemRegisters() throws(SessionError) -> SystemRegisters {
    let cpu = try selectedCPU()
    if let known = systemRegisters[cpu] { return known }
    var system = packet.map { layout.systemRegisters(in: $0) } ?? SystemRegisters()
    let asksMonitor = dialect.isQEMU || layout["cr3"] == nil && monitorMayShowRegisters
    if system.isUnknown, asksMonitor, knowsControlRegisters {
      // Through the stub even where there is a QMP connection: 0.1 ms against 0.7. The monitor's own processor
      // does not follow the selected one, so it shows them all.
      let text = try client.monitor("info registers -a")
      system = SystemRegisters(parsing: text, cpu: cpu, isLongMode: core?.isLongMode ?? false)
    }
    systemRegisters[cpu] = system
    return system
  }

  /// MAXPHYADDR of QEMU's processors, asked for once.
  private func physicalAddressBits() -> Int? {
    if let knownAddressBits { return knownAddressBits }
    guard dialect.isQEMU else { return nil }
    let bits = (try? emulator?.physicalAddressBits()) ?? monitorAddressBits()
    let checked = bits.flatMap { (32...52).contains($0) ? $0 : nil }
    knownAddressBits = .some(checked)
    return checked
  }

  private func monitorAddressBits() -> Int? {
    guard emulator == nil else { return nil }
    return (try? processorProperty("phys-bits")).flatMap { Int($0) }
  }

  /// What QEMU's monitor says of its first processor object, without white space; its complaint where there is no such
  /// property.
  func processorProperty(_ name: String) throws(SessionError) -> String {
    try client.monitor("qom-get /machine/unattached/device[0] \(name)").filter { !$0.isWhitespace }
  }

  /// Forgets what was read from the machine: it ran, or was written to.
  func invalidate() {
    packet = nil
    core = nil
    if systemRegistersPolicy == .everyStop { systemRegisters.removeAll(keepingCapacity: true) }
    if chosenSource?.isProvisional == true { chosenSource = nil }
    chosenSource?.source.invalidate()
  }
}
