import X86

/// What the caller knows about the kernel under audit and the processor does not. Every part may be left out:
/// the rules that need it then answer "not checked".
public struct AuditOptions: Sendable {
  /// The room an entry needs when the stack's size is not known, in bytes: a frame with error code, fifteen
  /// saved registers and 2 KiB for the handler.
  public static let minimumStackNeed: UInt64 = 48 + 15 * 8 + 2048

  /// The kernel stack's whole size in bytes. Nil: ``minimumStackNeed`` is checked and the guard page is not.
  public var kernelStackSize: UInt64?
  /// Each IST stack's size in bytes. Nil: only the frame's own bytes are checked.
  public var interruptStackSize: UInt64?
  /// The vectors whose gates decide which IST slots are in use.
  public var interruptStackVectors = VectorSet.interruptStackDefault
  /// Where the return frame must end, for a kernel that always returns from one slot.
  public var frameEnd: UInt64?
  /// The top of the kernel stack of the thread that is about to run in Ring 3.
  public var currentStackTop: UInt64?
  /// Other stacks that must not be touched by an entry: other processors', the boot stack.
  public var otherStacks = InlineArray<4, StackInterval?>(repeating: nil)
  public var destination = Destination.any
  public var history = History.unknown
  public var residency = Residency.demandPaged
  public var tracing = Tracing.notTraced

  public init() {}

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
}
