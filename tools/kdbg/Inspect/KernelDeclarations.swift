import RingTransition
import X86

/// All that is known of the kernel under audit beside its registers and memory: what it says about itself, what its
/// devices show, and what was written down about it.
public struct KernelDeclarations: Sendable {
  /// What the kernel says about itself now; nil for a kernel that says nothing.
  public let table: KernelTable?
  public let configuration: KernelConfiguration
  /// The first vector of the 8259A, as the kernel programmed it.
  public let interruptControllerBase: UInt8?

  public init(
    table: KernelTable?, configuration: KernelConfiguration = .init(), interruptControllerBase: UInt8? = nil
  ) {
    self.table = table
    self.configuration = configuration
    self.interruptControllerBase = interruptControllerBase
  }

  /// What an audit of the processor with these registers is told.
  public func options(for registers: RegisterFile) -> AuditOptions {
    var options = AuditOptions()
    options.interruptControllerBase = interruptControllerBase
    if leadsToRingThree(registers.rip) { options.destination = .ringThree }
    if let table { Self.declare(table, for: registers, in: &options) }
    configuration.apply(to: &options)
    return options
  }

  /// The same for an audit that asks for `selection`.
  func options(for registers: RegisterFile, _ selection: AuditSelection) -> AuditOptions {
    var options = options(for: registers)
    options.scope = selection.scope ?? .everything
    options.instruction = selection.instruction
    return options
  }

  /// What the kernel says of its processors, in the order of their numbers.
  var processors: [ProcessorDeclaration] {
    var processors = (table?.processors ?? []).enumerated().map { number, processor in
      ProcessorDeclaration(
        block: processor.block == 0 ? nil : processor.block,
        // The first processor runs what the table calls current.
        thread: number == 0 ? table?.process?.number : processor.process)
    }
    for (number, thread) in configuration.threads.enumerated() {
      if number == processors.count { processors.append(ProcessorDeclaration()) }
      processors[number].thread = thread == 0 ? nil : thread
    }
    return processors
  }

  /// True for a return instruction that the kernel declares to lead to Ring 3 and nowhere else.
  public func leadsToRingThree(_ address: UInt64) -> Bool {
    table?.interface?.returnsToRingThree.contains(address) ?? false
  }

  private static func declare(
    _ table: KernelTable, for registers: RegisterFile, in options: inout AuditOptions
  ) {
    let processor = table.processor(taskState: registers.taskRegister?.base)
    let others = table.processors.filter { $0 != processor }
    options.kernelStackSize = table.kernelStackSize
    options.protectionsLeftOff = table.protectionsOff
    for range in table.memory { options.memory.insert(low: range.lowerBound, high: range.upperBound) }
    declare(interruptStacks: processor?.interruptStacks ?? table.interruptStacks, in: &options)
    if let processor, processor != table.processors.first {
      // It runs no processes, and so says itself what it returns to.
      if processor.stackTop != 0 { options.currentStackTop = processor.stackTop }
      options.otherStacks[0] = StackInterval(processor.exitStack)
    } else {
      if table.exitFrame != 0 { options.frameEnd = table.exitFrame &+ InterruptFrame.byteCount }
      options.otherStacks[0] = StackInterval(table.exitStack)
      declare(table.process, in: &options)
    }
    for (slot, other) in zip(1..<4, others) { options.otherStacks[slot] = StackInterval(other.exitStack) }
    if !table.processors.isEmpty {
      options.processorCount = UInt32(truncatingIfNeeded: table.processors.count)
    }
    if let block = processor?.block, block != 0 {
      options.perProcessorBlock = block
      options.selfPointerOffset = 0
    }
    if let upkeep = table.upkeep {
      options.retiredRoots[0] = upkeep.freedRoot
      options.rootRetirement = .listed
      options.pendingShootdowns = upkeep.pendingShootdowns
      options.expectedCR4 = upkeep.expectedCR4
    }
    if let interface = table.interface {
      declare(interface, of: table, in: &options)
      if processor == table.processors.first, table.process != nil {
        options.expectedFSBase = interface.userFSBase
        options.expectedGSBase = interface.userGSBase
      }
    }
  }

  private static func declare(_ process: CurrentProcess?, in options: inout AuditOptions) {
    options.currentStackTop = process?.kernelStackTop
    options.currentRoot = process?.cr3.root
  }

  private static func declare(interruptStacks: [Range<UInt64>], in options: inout AuditOptions) {
    for (slot, stack) in interruptStacks.prefix(7).enumerated() where !stack.isEmpty {
      options.interruptStackSizes[slot] = UInt64(stack.count)
    }
    options.interruptStackSize = interruptStacks.filter { !$0.isEmpty }.map { UInt64($0.count) }.min()
  }

  private static func declare(
    _ interface: KernelInterface, of table: KernelTable, in options: inout AuditOptions
  ) {
    options.systemCallVectors = VectorSet(interface.systemCallVectors)
    options.interruptVectors = VectorSet(interface.interruptVectors)
    if !interface.text.isEmpty {
      options.kernelText = AddressInterval(low: interface.text.lowerBound, high: interface.text.upperBound)
    }
    if let constants = table.constants, !constants.isEmpty {
      options.kernelConstants = AddressInterval(low: constants.lowerBound, high: constants.upperBound)
    }
    // Only a kernel that says in which slots tables differ says that they agree in the others.
    options.referenceRoot = table.kernelCR3.root
    for slot in interface.privateRootEntries { options.declarePerProcess(slot: slot) }
    options.lockDepth = interface.lockDepth
    // Whatever is not private is the same in every table, the entry code and its data included.
    options.pageTableIsolation = .unused
    options.systemCallInstruction = interface.systemCallStack == nil ? .unused : .used
    options.swapgs = table.processors.contains { $0.block != 0 } ? .used : .unused
    if let stack = interface.systemCallStack { options.systemCallStack = .variable(stack) }
  }
}

extension AuditOptions {
  /// Declares that every process has an entry of its own in `slot` of the root table.
  public mutating func declarePerProcess(slot: Int) { perProcessSlots[slot >> 6] |= 1 << UInt64(slot & 63) }
}

extension VectorSet {
  public init(_ vectors: some Sequence<UInt8>) {
    self.init()
    for vector in vectors { insert(vector) }
  }
}

extension StackInterval {
  /// Nil for a stack that is not there.
  fileprivate init?(_ range: Range<UInt64>) {
    guard !range.isEmpty else { return nil }
    self.init(low: range.lowerBound, high: range.upperBound)
  }
}
