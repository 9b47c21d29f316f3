import X86

/// How a model-specific register came out.
public enum ModelSpecificRead: Equatable, Sendable {
  case value(UInt64)
  /// The processor raised an exception instead: it has no such register.
  case refused
}

extension Target {
  /// RDMSR's bytes. SDM Vol. 2B, RDMSR.
  public static let readInstruction: [UInt8] = [0x0f, 0x32]

  /// What one borrowed step changes, and so what is put back: the exception that a missing register raises pushes
  /// a frame below RSP and enters a handler.
  private static let borrowed = ["rip", "rax", "rcx", "rdx", "rsp", "eflags", "cs", "ss"]

  private static let mostSteps = 3

  /// Reads a register that no stub hands out, by lending the selected processor one step over an RDMSR of the
  /// kernel's own code and putting everything back. The other processors stay where they are, and interrupts out.
  ///
  /// - Parameter instruction: where `0F 32` stands in memory that Ring 0 can execute.
  /// - Throws: `.notSupervisor` unless the processor is in Ring 0, where alone RDMSR executes.
  public func readModelSpecificRegister(
    _ number: UInt32, borrowing instruction: VirtualAddress
  ) throws(SessionError) -> ModelSpecificRead {
    try requireStopped(resumable: true)
    guard coreRegisters.cs.requestedPrivilege == 0, coreRegisters.isLongMode else { throw .notSupervisor }
    let names = Self.borrowed.filter { layout[$0] != nil }
    let values = names.map { value(ofRegister: $0) ?? 0 }
    let stop = state
    let processor = selected
    defer { if case .stopped = state { state = stop } }
    do {
      try set(["rip": instruction.rawValue, "rcx": UInt64(number)])
      // On a busy host QEMU's step now and then executes nothing.
      for _ in 0..<Self.mostSteps {
        _ = try step()
        guard coreRegisters.rip == instruction.rawValue else { break }
      }
      let file = coreRegisters
      let isRead = file.rip == instruction.rawValue &+ UInt64(Self.readInstruction.count)
      let low = file.general[0] & 0xffff_ffff
      let high = file.general[3] & 0xffff_ffff
      selected = processor
      try set(Dictionary(uniqueKeysWithValues: zip(names, values)))
      return isRead ? .value(high << 32 | low) : .refused
    } catch {
      // Whatever went wrong, the machine must not go on from the borrowed instruction.
      if case .stopped = state { try? set(Dictionary(uniqueKeysWithValues: zip(names, values))) }
      throw error
    }
  }

  /// True when ``learnProcessor(borrowing:)`` was called for the selected processor.
  public var knowsProcessor: Bool { (try? selectedCPU()).map { modelSpecific[$0] != nil } ?? false }

  /// Finds out what neither the stub nor the monitor hands out at every stop: from now on ``registers`` has STAR,
  /// LSTAR, SFMASK and the like of the selected processor, and what its model can do. They are taken as they are
  /// now, and kept.
  ///
  /// - Parameter instruction: as in ``readModelSpecificRegister(_:borrowing:)``; nil to leave the machine alone.
  public func learnProcessor(borrowing instruction: VirtualAddress?) throws(SessionError) {
    try requireStopped(resumable: false)
    var learned = ModelSpecificRegisters()
    if let instruction, coreRegisters.cs.requestedPrivilege == 0, coreRegisters.isLongMode {
      for (number, place) in ModelSpecificRegisters.numbers {
        let read = try readModelSpecificRegister(number, borrowing: instruction)
        if case .value(let value) = read { learned[keyPath: place] = value }
      }
    }
    if dialect.isQEMU { try askModel(&learned) }
    modelSpecific[try selectedCPU()] = learned
  }

  /// The same for every other processor of QEMU's that can be asked: one that is not halted, and in Ring 0 with
  /// `instruction` mapped. What is known of the rest stays.
  public func learnOtherProcessors(borrowing instruction: VirtualAddress) throws(SessionError) {
    try requireStopped(resumable: false)
    guard dialect.isQEMU, let here = selectedThread else { return }
    let others = try threads().filter { $0.identifier != here && !$0.isHalted }
    guard !others.isEmpty else { return }
    defer { try? select(here) }
    for thread in others {
      try select(thread.identifier)
      let registers = coreRegisters
      let mode = registers.pagingMode
      var machine = self
      guard registers.cs.requestedPrivilege == 0, registers.isLongMode,
        machine.walk(instruction, root: registers.cr3.root, mode: mode).result(of: .supervisorFetch, in: mode)
          == .allowed
      else { continue }
      try learnProcessor(borrowing: instruction)
    }
  }

  /// The properties of QEMU's processor objects that stand for bits of CPUID.
  private static let properties: [(String, ProcessorFeature)] = [
    ("smep", .supervisorExecutionPrevention), ("smap", .supervisorAccessPrevention),
    ("umip", .userModeInstructionPrevention), ("pdpe1gb", .gigabytePages), ("mce", .machineCheckException),
  ]

  private func askModel(_ learned: inout ModelSpecificRegisters) throws(SessionError) {
    for (name, feature) in Self.properties {
      switch try processorProperty(name) {
      case "true": learned.features.set(feature, true)
      case "false": learned.features.set(feature, false)
      default: break
      }
    }
    switch try processorProperty("vendor") {
    case "\"GenuineIntel\"": learned.vendor = .intel
    case "\"AuthenticAMD\"": learned.vendor = .amd
    default: break
    }
  }

  private func set(_ values: [String: UInt64]) throws(SessionError) {
    for (name, value) in values.sorted(by: { $0.key < $1.key }) {
      try writeRegister(name, value: value)
    }
  }
}
