import Boot
import Core
import Machine
import X86

/// Provokes one fault in the machine as it is, right before the first return to Ring 3. It runs on the exit stack:
/// nothing here needs the kernel stack that is about to be lost. Frames that it takes are never given back, because
/// after most of its faults nobody could.
struct FaultInjection {
  var window = PhysicalWindow()
  /// The table of the process about to run, which is loaded.
  let root = Processor.cr3.root
  let registers = Processor.registers
  /// The top of the kernel stack, which RSP0 holds while all is well.
  let stackTop = VirtualAddress(DescriptorTables.rsp0)
  /// How the processor is to leave.
  var exit = FaultExit.usual
  /// The vector of the timer that takes the processor from a process.
  var clockVector = timerVector
  /// What the processor remembers of the table is thrown away, unless that is the fault.
  var keepsTranslations = false
  private let forgetting: Forgetting

  /// What the processor forgets after the injection.
  enum Forgetting {
    /// All of the table, which is loaded again.
    case everything
    /// The page below RSP0, by INVLPG, as after an unmapping: no register is written.
    case oneStackPage
  }

  init(forgetting: Forgetting) { self.forgetting = forgetting }

  mutating func inject(_ fault: InjectedFault, into frame: inout trap_frame) {
    switch fault.rawValue {
    case ...InjectedFault.tableInHole.rawValue: injectIntoStack(fault)
    case ...InjectedFault.ioMapOpen.rawValue: injectIntoTables(fault)
    case ...InjectedFault.pageFaultGateOpen.rawValue: injectIntoGates(fault)
    case ...InjectedFault.returnFrameCrossing.rawValue: injectIntoFrame(fault, &frame)
    case ...InjectedFault.swapDouble.rawValue: injectIntoSystemCalls(fault)
    default: injectIntoKernel(fault)
    }
    guard !keepsTranslations else { return }
    switch forgetting {
    case .everything: Processor.load(Processor.cr3)
    case .oneStackPage: Processor.invalidate(stackTop - 8)
    }
  }
}

/// The way out of the kernel after an injection.
enum FaultExit {
  case usual
  /// RSP at the `iretq` is the exit stack's end: the first word is missing already.
  case frameAboveStack
  /// RSP at the `iretq` is 16 bytes below it: RIP and CS are there.
  case frameAcrossEnd
  /// The `iretq` is executed with these flags set in the kernel's own RFLAGS.
  case flags(RFlags)
  /// So many times `swapgs` before the `iretq`.
  case swaps(Int)
  /// `sysretq` with this in RCX.
  case systemReturn(UInt64)

  /// Leaves, if this is not the usual way. Returns otherwise.
  ///
  /// - Parameter frame: where the copy of the trap frame lies, at the end of the exit stack.
  func leave(_ frame: UInt) {
    var exit = fault_exit(
      stack_pointer: UInt64(frame) + UInt64(TRAP_RIP), rflags: RFlags.fixedOne.rawValue, swaps: 1,
      is_system_return: 0)
    switch self {
    case .usual: return
    case .frameAboveStack: exit.stack_pointer = UInt64(frame) + UInt64(TRAP_BYTES)
    case .frameAcrossEnd:
      // The last two words of the trap frame are the last two of the stack.
      withTrapFrame(at: frame) {
        $0.rsp = $0.rip
        $0.ss = $0.cs
      }
      exit.stack_pointer = UInt64(frame) + UInt64(TRAP_RSP)
    case .flags(let flags): exit.rflags |= flags.rawValue
    case .swaps(let count): exit.swaps = UInt32(truncatingIfNeeded: count)
    case .systemReturn(let address):
      withTrapFrame(at: frame) {
        $0.rcx = address
        $0.r11 = $0.rflags
        exit.stack_pointer = $0.rsp
      }
      exit.is_system_return = 1
    }
    FaultHardware.leave(frame: frame, by: exit)
  }
}
