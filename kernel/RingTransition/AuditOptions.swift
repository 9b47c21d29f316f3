import X86

/// What the caller knows about the kernel under audit and the processor does not. Every part may be left out:
/// the rules that need it then answer "not checked" or "skipped".
public struct AuditOptions: Sendable {
  /// The room an entry needs when the stack's size is not known, in bytes: a frame with error code, fifteen
  /// saved registers and 2 KiB for the handler.
  public static let minimumStackNeed: UInt64 = 48 + 15 * 8 + 2048

  /// Which tiers are asked. Rules outside give no finding.
  public var scope = AuditScope.everything
  /// Whether all of these are asked, or only those that can change with every return.
  public var portion = Portion.whole
  /// How the audited return is made.
  public var instruction = ReturnInstruction.asDecoded
  public var destination = Destination.any
  public var history = History.unknown
  public var residency = Residency.demandPaged
  public var tracing = Tracing.notTraced

  // Stacks.

  /// The kernel stack's whole size in bytes. Nil: ``minimumStackNeed`` is checked and the guard page is not.
  public var kernelStackSize: UInt64?
  /// Each IST stack's size in bytes. Nil: only the frame's own bytes are checked.
  public var interruptStackSize: UInt64?
  /// The sizes of IST1...IST7 where they differ.
  public var interruptStackSizes = InlineArray<7, UInt64?>(repeating: nil)
  /// Where the return frame must end, for a kernel that always returns from one slot.
  public var frameEnd: UInt64?
  /// The top of the kernel stack of the thread that is about to run in Ring 3.
  public var currentStackTop: UInt64?
  /// Other stacks that must not be touched by an entry: other processors', the boot stack.
  public var otherStacks = InlineArray<4, StackInterval?>(repeating: nil)
  /// Where the SYSCALL entry finds its stack.
  public var systemCallStack = StackSource.unknown
  /// Whether the kernel returns to Ring 3 from IST stacks on purpose.
  public var interruptStackReturns = Use.unknown
  /// Whether a frame on the NMI stack below its top is part of the kernel's design.
  public var nestedNonMaskableFrames = Use.unknown

  // Ways in.

  /// The vectors of `int n` that are system calls. Nil: not declared; every gate from 32 on that is
  /// open to Ring 3 is taken for one.
  public var systemCallVectors: VectorSet?
  /// The vectors that devices and the local APIC raise, the spurious one included.
  public var interruptVectors: VectorSet?
  /// Whether Ring 3 makes system calls with SYSCALL.
  public var systemCallInstruction = Use.unknown
  public var swapgs = Use.unknown
  /// Whether entries begin under a table of their own, with little of the kernel mapped.
  public var pageTableIsolation = Use.unknown
  /// The kernel's code.
  public var kernelText: AddressInterval?
  /// Its constants, which nobody writes or executes.
  public var kernelConstants: AddressInterval?
  /// What the entry code touches before it leaves the table of Ring 3.
  public var entryData = InlineArray<8, AddressInterval?>(repeating: nil)
  /// How the entries of NMI, #DB, #MC and #DF find the kernel's GS base.
  public var paranoidEntry = ParanoidEntry.unknown
  /// The first vector of the interrupt controller, as the kernel programmed it.
  public var interruptControllerBase: UInt8?

  // The state of Ring 3.

  /// Whether a process may be given ports, by a bitmap of its own.
  public var portPermissions = Use.unused
  /// Whether processes may own local descriptor tables.
  public var localTables = Use.unknown
  /// The thread's own bases, as the kernel saved them.
  public var expectedFSBase: UInt64?
  public var expectedGSBase: UInt64?
  /// How many locks the processor holds.
  public var lockDepth: UInt64?
  public var expectedCR4: ExpectedBits?
  /// Of SMEP, SMAP and UMIP those that the kernel leaves off on purpose.
  public var protectionsLeftOff = CR4.none
  public var debugRegisters = DebugRegisterOwner.kernel

  // Tables and processors.

  /// How many processors run.
  public var processorCount: UInt32?
  /// This processor's own data, at which KERNEL_GS_BASE must point while Ring 3 runs.
  public var perProcessorBlock: UInt64?
  /// The offset in that block at which its own address is stored.
  public var selfPointerOffset: UInt64?
  /// The table that the upper halves of all others must agree with.
  public var referenceRoot: PhysicalFrame?
  /// The table of the current process.
  public var currentRoot: PhysicalFrame?
  /// The root tables that belong together under page-table isolation, where they are declared.
  public var tablePairs = InlineArray<8, TablePair?>(repeating: nil)
  /// The slots of the root table in which every process has an entry of its own, bit n of word n/64.
  public var perProcessSlots = InlineArray<8, UInt64>(repeating: 0)
  /// Live address spaces whose translations a load of CR3 keeps, bit 63 being set: no two may have one PCID.
  public var keptContexts = InlineArray<4, CR3?>(repeating: nil)
  /// Root tables that are being freed, and must be live nowhere.
  public var retiredRoots = InlineArray<4, PhysicalFrame?>(repeating: nil)
  public var rootRetirement = RootRetirement.unknown
  /// How many requests to other processors to drop translations are not answered yet.
  public var pendingShootdowns: UInt64?
  /// Which physical addresses are memory.
  public var memory = MemoryMap()
  /// Whether processes write code and execute it.
  public var generatedCode = Use.unknown

  public init() {}
}

extension AuditOptions {
  /// Whether a kernel has something.
  public enum Use: UInt8, Equatable, Sendable {
    case unknown
    case used
    case unused
  }

  /// Which rules of the scope are asked.
  public enum Portion: UInt8, Equatable, Sendable {
    case whole
    /// The frame, the registers, and what the kernel declares.
    case thisReturn
    /// Everything that other returns have in common with this one: tables, stacks and descriptors.
    case surroundings
  }

  /// The instruction of the audited return.
  public enum ReturnInstruction: UInt8, Equatable, Sendable {
    /// `sysretq` where the bytes at RIP say so, else `iretq`.
    case asDecoded
    case iretq
    case sysretq
  }

  /// Where the returns of the audited site may go.
  public enum Destination: UInt8, Equatable, Sendable {
    /// The site returns to whatever the frame names; a frame of Ring 0 is audited as such.
    case any
    /// The site is declared "return to Ring 3": RT-004 refuses everything else.
    case ringThree
  }

  /// What is known of how the thread last left Ring 3.
  public enum History: Sendable {
    case unknown
    /// It never ran there: whatever its registers hold came from the kernel.
    case firstReturn
    /// It entered with these values in the general registers, in the order of ``RegisterFile``.
    case entered(InlineArray<16, UInt64>)
  }

  /// Whether Ring 3's pages are all there from the start.
  public enum Residency: UInt8, Equatable, Sendable {
    /// An absent page, and a read-only one under the stack, may be the kernel's intent.
    case demandPaged
    case resident
  }

  /// Whether TF may be set in the frame.
  public enum Tracing: UInt8, Equatable, Sendable {
    case notTraced
    case singleStepped
  }

  /// Where a stack pointer comes from.
  public enum StackSource: Equatable, Sendable {
    case unknown
    /// The same RSP0 that events use.
    case rsp0
    case top(UInt64)
    /// The linear address of the qword that the entry code loads.
    case variable(UInt64)
  }

  /// What an empty list of root tables that are being freed means.
  public enum RootRetirement: UInt8, Equatable, Sendable {
    case unknown
    /// The kernel lists them, and now there are none.
    case listed
  }

  public enum ParanoidEntry: UInt8, Equatable, Sendable {
    case unknown
    /// A negative GS base is taken for the kernel's, which Ring 3 can forge with WRGSBASE.
    case signOfBase
    /// From something Ring 3 cannot write.
    case independent
  }

  /// Who programmed DR0...DR3.
  public enum DebugRegisterOwner: UInt8, Equatable, Sendable {
    case kernel
    case debugger
  }
}

/// What a register must hold in some of its bits.
public struct ExpectedBits: Equatable, Sendable {
  /// The bits that are compared.
  public let mask: UInt64
  public let value: UInt64

  public init(mask: UInt64, value: UInt64) {
    self.mask = mask
    self.value = value & mask
  }
}
