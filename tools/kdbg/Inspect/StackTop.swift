import RingTransition
import X86

/// A stack pointer of the TSS, and whether an event can push there under one root table.
public struct StackTop: Sendable {
  /// Which field of the TSS.
  public let field: StackField
  /// The field's value.
  public let pointer: UInt64
  public let state: StackState
  /// The walks of the first and the last byte that an event with an error code pushes: `[A-48, A)` with
  /// A = pointer aligned down to 16. Equal pages are walked once.
  public let walks: [PageWalk]

  /// Looks at the frame that an event would push from `pointer`. SDM Vol. 3A, 6.14.2.
  public init(
    _ field: StackField, pointer: UInt64, root: PhysicalFrame, in machine: inout some Debuggee
  ) {
    self.field = field
    self.pointer = pointer
    guard pointer != 0 else {
      state = .zero
      walks = []
      return
    }
    let mode = machine.coreRegisters.pagingMode
    let top = VirtualAddress(InterruptFrame.top(for: pointer))
    let highest = top - 8
    let lowest = top - InterruptFrame.byteCountWithErrorCode
    guard VirtualAddress(pointer).isCanonical(mode.depth), highest.isCanonical(mode.depth),
      lowest.isCanonical(mode.depth)
    else {
      state = .nonCanonical
      walks = []
      return
    }
    var walks = [machine.walk(highest, root: root, mode: mode)]
    if lowest.pageBase() != highest.pageBase() {
      walks.append(machine.walk(lowest, root: root, mode: mode))
    }
    self.walks = walks
    let refused = walks.first { $0.result(of: .supervisorWrite, in: mode) != .allowed }
    switch refused?.result(of: .supervisorWrite, in: mode) {
    case nil: state = walks.contains { $0.rights.isUser } ? .userAccessible : .usable
    case .unknown: state = .unknown
    default: state = .refused
    }
  }

  /// The walk that the verdict rests on: the first that refuses the push, else the one of the highest qword.
  public func decidingWalk(in mode: PagingMode) -> PageWalk? {
    walks.first { $0.result(of: .supervisorWrite, in: mode) != .allowed } ?? walks.first
  }
}

/// The stack fields of the TSS. SDM Vol. 3A, figure 7-11.
public enum StackField: Equatable, Sendable {
  /// RSP0, RSP1, RSP2.
  case ring(Int)
  /// IST1...IST7.
  case interruptStack(Int)
}

/// What a push at a stack's top would come to.
public enum StackState: Equatable, Sendable {
  /// The field holds 0: no stack.
  case zero
  case nonCanonical
  /// Mapped, writable, supervisor.
  case usable
  /// The push works, but Ring 3 can write there too.
  case userAccessible
  /// The push ends in a page fault.
  case refused
  /// A table could not be read.
  case unknown
}
