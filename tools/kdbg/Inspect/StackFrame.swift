import Symbols
import X86

/// One activation on a stack: a function that was called or interrupted, and what was inlined into it.
public struct StackFrame: Equatable, Sendable {
  /// How the frame's registers were found.
  public enum Origin: Equatable, Sendable {
    /// They are the processor's.
    case processor
    /// The callee's call-frame information says where they are.
    case callFrameInformation
    /// The callee has not made its frame yet, or has left it: the return address is where RSP says.
    case returnAddress
    /// The callee keeps its frame pointer in RBP.
    case framePointer
    /// The processor pushed them.
    case exceptionFrame(ExceptionFrame)
    /// `syscall` put RIP in RCX, and nothing has changed since.
    case systemCall
  }

  /// What lies between a handler and what it interrupted.
  public struct ExceptionFrame: Equatable, Sendable {
    /// Why five words are taken for an exception frame.
    public enum Evidence: Equatable, Sendable {
      /// The handler's call-frame information says so.
      case callFrameInformation
      /// The processor has just pushed it, or is about to pop it.
      case processor
      /// It stands at the top of a stack of the TSS.
      case stackTop
      /// The words look like one: a guess.
      case words
    }

    /// The address of the RIP slot.
    public let address: VirtualAddress
    public let evidence: Evidence
    /// Where it is known.
    public let vector: UInt8?
  }

  public let registers: FrameRegisters
  public let origin: Origin
  /// True when RIP is the instruction that is next there: of the processor, or interrupted. Else it is a return address.
  public let isExact: Bool

  /// RIP.
  public var address: VirtualAddress { VirtualAddress(registers.rip ?? 0) }
  /// An address inside the instruction that the frame stands at: the call may be the last of its function.
  public var lookupAddress: VirtualAddress { isExact ? address : address - 1 }
  /// True for code that runs in Ring 3.
  public var isUser: Bool { registers.cs.map { $0 & 3 == 3 } ?? !address.isUpperHalf }

  init(registers: FrameRegisters, origin: Origin, isExact: Bool) {
    self.registers = registers
    self.origin = origin
    self.isExact = isExact
  }

  /// Where the processor stands.
  public init(current registers: RegisterFile) {
    self.init(registers: FrameRegisters(registers), origin: .processor, isExact: true)
  }
}

/// Why a stack goes no further.
public enum StackEnd: Error, Equatable, Sendable {
  /// Nobody called: the call-frame information says so, or a chain of frame pointers or Ring 3 ends with RBP zero.
  case outermost
  /// RBP is zero in Ring 0, no chain of frame pointers has led there, and nothing else tells of a caller.
  case noFramePointer
  /// As many frames as were asked for.
  case limit
  /// The stack cannot be read here.
  case unreadable(VirtualAddress)
  /// The return address is no code.
  case wildReturnAddress(UInt64)
  /// RBP is no frame pointer, and nothing else tells of a caller.
  case unknown(framePointer: UInt64?)
  /// The frame was there before.
  case loop
  /// The call-frame information contradicts itself, or needs a register that was not saved.
  case damagedInformation
}
