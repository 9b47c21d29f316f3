import DebuggerTable
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

  /// Reads the table at `address` of `machine`. Nil when it is not mapped, not yet filled in, or of a version
  /// that this debugger does not know.
  public init?(at address: VirtualAddress, in machine: inout some Debuggee) {
    let registers = machine.coreRegisters
    let fields = FieldReader(base: address, root: registers.cr3.root, mode: registers.pagingMode)
    guard fields.qword(\.magic, of: &machine) == UInt64(RINGSIDE_DEBUGGER_TABLE_MAGIC),
      let versionAndSize = fields.qword(\.version, of: &machine),
      UInt32(truncatingIfNeeded: versionAndSize) == UInt32(RINGSIDE_DEBUGGER_TABLE_VERSION),
      let kernelCR3 = fields.qword(\.kernel_cr3, of: &machine),
      let processNumber = fields.qword(\.current_process, of: &machine),
      let processCR3 = fields.qword(\.current_cr3, of: &machine),
      let stackTop = fields.qword(\.current_stack_top, of: &machine),
      let stackSize = fields.qword(\.kernel_stack_size, of: &machine),
      let exitFrame = fields.qword(\.exit_frame, of: &machine),
      let exitStack = fields.ranges(\.exit_stack, count: 1, of: &machine)?.first,
      let interruptStacks = fields.ranges(\.interrupt_stacks, count: 7, of: &machine),
      let image = fields.ranges(\.kernel_image, count: 1, of: &machine)?.first,
      let memoryCount = fields.qword(\.ram_range_count, of: &machine),
      memoryCount <= UInt64(RINGSIDE_RAM_RANGES),
      let memory = fields.ranges(\.physical_ram, count: Int(memoryCount), of: &machine)
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
  }
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

/// Reads fields of the C struct by the offsets that the compiler gave them.
private struct FieldReader {
  let base: VirtualAddress
  let root: PhysicalFrame
  let mode: PagingMode

  func qword<Field>(
    _ field: KeyPath<ringside_debugger_table, Field>, of machine: inout some Debuggee
  ) -> UInt64? {
    guard let offset = MemoryLayout<ringside_debugger_table>.offset(of: field) else { return nil }
    return machine.loadVirtual(base + UInt64(offset), root: root, mode: mode)
  }

  /// `count` ranges from `field` on. A range that ends before it starts is taken as empty.
  func ranges<Field>(
    _ field: KeyPath<ringside_debugger_table, Field>, count: Int, of machine: inout some Debuggee
  ) -> [Range<UInt64>]? {
    guard let offset = MemoryLayout<ringside_debugger_table>.offset(of: field) else { return nil }
    var ranges: [Range<UInt64>] = []
    for index in 0..<count {
      let address = base + UInt64(offset + index * MemoryLayout<ringside_range>.stride)
      guard let start = machine.loadVirtual(address, root: root, mode: mode),
        let end = machine.loadVirtual(address + 8, root: root, mode: mode)
      else { return nil }
      ranges.append(start..<max(start, end))
    }
    return ranges
  }
}

/// How this project's kernel ended, by the status with which QEMU's isa-debug-exit leaves.
public struct MachineEnding: Equatable, Sendable {
  public let status: Int32

  public init(status: Int32) { self.status = status }

  /// The value that the kernel wrote to the port: QEMU ends with `(value << 1) | 1`.
  private var code: ringside_exit_code? {
    guard status > 0, status & 1 == 1 else { return nil }
    return ringside_exit_code(rawValue: UInt32(status >> 1))
  }

  /// True when the kernel says that everything ran.
  public var isSuccess: Bool { code == RINGSIDE_EXIT_SUCCESS }

  /// What the kernel's status means, nil for one that its header does not name.
  public var meaning: String? {
    switch code {
    case RINGSIDE_EXIT_SUCCESS: "everything ran and the kernel powered off"
    case RINGSIDE_EXIT_BASELINE_FAILED: "the baseline test failed"
    case RINGSIDE_EXIT_AUDIT_FAILED: "the kernel's own audit refused a return to Ring 3"
    case RINGSIDE_EXIT_KERNEL_FAULT: "an exception in Ring 0"
    case RINGSIDE_EXIT_DOUBLE_FAULT: "a double fault"
    case RINGSIDE_EXIT_PANIC: "a kernel invariant did not hold"
    case RINGSIDE_EXIT_COMMAND_LINE: "an unknown key or value on the kernel's command line"
    case RINGSIDE_EXIT_BOOT_FAILED: "something that booting needs is missing"
    case RINGSIDE_EXIT_INIT_FAILED: "the init program ended with a failure"
    default: nil
    }
  }
}
