import DebuggerTable
import RingTransition
import X86

/// What a kernel that exports `ringside_debugger_table` says about itself at this moment.
public struct KernelTable: Equatable, Sendable {
  /// The symbol of the table in the kernel's ELF file.
  public static let symbol = "ringside_debugger_table"

  /// The table that maps every kernel stack.
  public let kernelCR3: CR3
  /// Nil while a kernel thread runs.
  public let process: CurrentProcess?
  /// Bytes of every process's kernel stack, guard pages not counted.
  public let kernelStackSize: UInt64
  /// Where the frame of every `iretq` to Ring 3 lies; 0 until it is known.
  public let exitFrame: UInt64
  public let exitStack: Range<UInt64>
  /// IST1 to IST7; empty where unused.
  public let interruptStacks: [Range<UInt64>]
  public let image: Range<UInt64>
  /// Physical memory.
  public let memory: [Range<UInt64>]
  /// What was added to the table later; nil for a kernel whose table ends before it.
  public let interface: KernelInterface?
  /// The processors that run, the first one first; empty for a kernel that does not list them.
  public let processors: [KernelProcessor]
  /// Of SMEP, SMAP and UMIP those that the kernel leaves off on purpose.
  public let protectionsOff: CR4

  /// What is never written and never executed; nil for a kernel whose table ends before it.
  public let constants: Range<UInt64>?

  /// Nil for a kernel whose table ends before it.
  public let upkeep: KernelUpkeep?
  /// Where the kernel lists its processes; nil for one that does not.
  public let processes: KernelProcesses?

  /// Reads the table at `address` of `machine`. Nil when it is not mapped, not yet filled in, or of a version
  /// that this debugger does not know. A shorter table of an older kernel is read as far as it goes.
  public init?(at address: VirtualAddress, in machine: inout some Debuggee) {
    guard let fields = KernelTableFields(at: address, in: machine) else { return nil }
    self.init(fields)
  }

  init?(_ fields: KernelTableFields) {
    guard
      let kernelCR3 = fields.qword(\.kernel_cr3), let processNumber = fields.qword(\.current_process),
      let processCR3 = fields.qword(\.current_cr3), let stackTop = fields.qword(\.current_stack_top),
      let stackSize = fields.qword(\.kernel_stack_size), let exitFrame = fields.qword(\.exit_frame),
      let exitStack = fields.range(\.exit_stack),
      let interruptStacks = fields.ranges(\.interrupt_stacks, count: 7),
      let image = fields.range(\.kernel_image), let memoryCount = fields.qword(\.ram_range_count),
      memoryCount <= UInt64(RINGSIDE_RAM_RANGES),
      let memory = fields.ranges(\.physical_ram, count: Int(memoryCount))
    else { return nil }
    self.kernelCR3 = CR3(rawValue: kernelCR3)
    process =
      processNumber == 0
      ? nil
      : CurrentProcess(number: processNumber, cr3: CR3(rawValue: processCR3), kernelStackTop: stackTop)
    kernelStackSize = stackSize
    self.exitFrame = exitFrame
    self.exitStack = exitStack
    self.interruptStacks = interruptStacks
    self.image = image
    self.memory = memory
    interface = KernelInterface(fields)
    processors = KernelProcessor.all(fields)
    protectionsOff = CR4(rawValue: fields.qword(\.protections_off) ?? 0)
    constants = fields.range(\.kernel_rodata)
    upkeep = KernelUpkeep(fields)
    processes = KernelProcesses(fields)
  }

  /// The same as ``init(at:in:)``, where `known` is what was read before: most tables say what they said.
  public static func read(
    at address: VirtualAddress, in machine: some Debuggee, known: inout KnownKernelTable?
  ) -> KernelTable? {
    guard let fields = KernelTableFields(at: address, in: machine) else { return nil }
    if let known, known.fields == fields { return known.table }
    guard let table = KernelTable(fields) else { return nil }
    known = KnownKernelTable(fields: fields, table: table)
    return table
  }

  /// The processor whose TSS is at `address`.
  func processor(taskState address: UInt64?) -> KernelProcessor? {
    processors.first { $0.taskState == address }
  }
}

/// A table, and the bytes that say so.
public struct KnownKernelTable: Sendable {
  fileprivate let fields: KernelTableFields
  fileprivate let table: KernelTable
}

/// The process whose table the kernel says is loaded.
public struct CurrentProcess: Equatable, Sendable {
  public let number: UInt64
  public let cr3: CR3
  /// What TSS.RSP0 must hold while it runs in Ring 3.
  public let kernelStackTop: UInt64

  public init(number: UInt64, cr3: CR3, kernelStackTop: UInt64) {
    self.number = number
    self.cr3 = cr3
    self.kernelStackTop = kernelStackTop
  }
}

/// How Ring 3 and devices get in, and what the kernel saved for the current process.
public struct KernelInterface: Equatable, Sendable {
  /// The slots of the root table in which every process has an entry of its own.
  public let privateRootEntries: [Int]
  /// The vectors of `int n` that are system calls.
  public let systemCallVectors: [UInt8]
  /// The vectors that request lines and local APICs use.
  public let interruptVectors: [UInt8]
  /// All that is executable in the kernel half.
  public let text: Range<UInt64>
  public let userFSBase: UInt64
  public let userGSBase: UInt64
  public let lockDepth: UInt64
  /// Where the word lies from which the SYSCALL entry takes RSP; nil when there is none.
  public let systemCallStack: UInt64?
  /// The return instructions that lead to Ring 3 and nowhere else.
  public let returnsToRingThree: [UInt64]

  init?(_ fields: KernelTableFields) {
    guard let slots = fields.set(\.private_root_entries, words: 8),
      let calls = fields.set(\.system_call_vectors, words: 4),
      let interrupts = fields.set(\.interrupt_vectors, words: 4), let text = fields.range(\.kernel_text),
      let fsBase = fields.qword(\.user_fs_base), let gsBase = fields.qword(\.user_gs_base),
      let lockDepth = fields.qword(\.lock_depth), let stack = fields.qword(\.syscall_stack),
      let returns = fields.qwords(\.return_instructions, count: 2)
    else { return nil }
    privateRootEntries = slots
    systemCallVectors = calls.compactMap(UInt8.init(exactly:))
    interruptVectors = interrupts.compactMap(UInt8.init(exactly:))
    self.text = text
    userFSBase = fsBase
    userGSBase = gsBase
    self.lockDepth = lockDepth
    systemCallStack = stack == 0 ? nil : stack
    returnsToRingThree = returns.filter { $0 != 0 }
  }
}

/// What the kernel says of tables that go, and of CR4.
public struct KernelUpkeep: Equatable, Sendable {
  /// The root table freed last, which must be live nowhere; nil for none.
  public let freedRoot: PhysicalFrame?
  /// Requests to other processors to drop translations that are not answered yet.
  public let pendingShootdowns: UInt64
  /// Nil until it is known.
  public let expectedCR4: ExpectedBits?

  init?(_ fields: KernelTableFields) {
    guard let root = fields.qword(\.freed_root), let pending = fields.qword(\.pending_shootdowns),
      let value = fields.qword(\.expected_cr4), let mask = fields.qword(\.expected_cr4_mask)
    else { return nil }
    freedRoot = root == 0 ? nil : PhysicalFrame(containing: PhysicalAddress(truncating: root))
    pendingShootdowns = pending
    expectedCR4 = mask == 0 ? nil : ExpectedBits(mask: mask, value: value)
  }
}

/// One processor, as the kernel set it up.
public struct KernelProcessor: Equatable, Sendable {
  /// Its own data, whose first qword holds its address; 0 where there are none.
  public let block: UInt64
  /// The process that runs on it; nil for none. Not the first processor's: see ``KernelTable/process``.
  public let process: UInt64?
  /// What TSS.RSP0 must hold on a processor that runs no processes; 0 elsewhere.
  public let stackTop: UInt64
  public let taskState: UInt64
  public let exitStack: Range<UInt64>
  /// IST1 to IST7; empty where unused.
  public let interruptStacks: [Range<UInt64>]

  static func all(_ fields: KernelTableFields) -> [KernelProcessor] {
    guard let count = fields.qword(\.processor_count), count <= UInt64(RINGSIDE_PROCESSORS) else { return [] }
    return (0..<Int(count)).compactMap { KernelProcessor(fields.processor($0)) }
  }

  private init?(_ fields: KernelTableFields.Processor) {
    guard let block = fields.qword(\.block), let process = fields.qword(\.process),
      let stackTop = fields.qword(\.stack_top),
      let taskState = fields.qword(\.task_state),
      let exitStack = fields.ranges(\.exit_stack, count: 1)?.first,
      let interruptStacks = fields.ranges(\.interrupt_stacks, count: 7)
    else { return nil }
    self.block = block
    self.process = process == 0 ? nil : process
    self.stackTop = stackTop
    self.taskState = taskState
    self.exitStack = exitStack
    self.interruptStacks = interruptStacks
  }
}
