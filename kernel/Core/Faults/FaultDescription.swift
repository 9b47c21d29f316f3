/// When a fault is put into the machine.
public enum FaultMoment: UInt8, Equatable, Sendable {
  /// On the exit stack, right before the first `iretq` to Ring 3.
  case beforeReturn
  /// The same before the second return: the first one was as it should be.
  case beforeSecondReturn
  /// While the kernel boots.
  case boot
  /// By the kernel's own handler, when Ring 3 enters it for the first time.
  case firstEntry

  public var summary: StaticString {
    switch self {
    case .beforeReturn: "before the first return"
    case .beforeSecondReturn: "before the second return"
    case .boot: "at boot"
    case .firstEntry: "at the first entry"
    }
  }
}

/// One fault of the list, in words: what `fault=` takes and what docs/FAULTS.md shows.
public struct FaultDescription: Sendable {
  /// The specification's row, FI-`row`.
  public let row: UInt8
  /// The name on the command line.
  public let name: StaticString
  /// What becomes of the machine, in one line.
  public let summary: StaticString
  /// What Ring 3 does unless the command line says otherwise: the event that meets the fault.
  public let act: FaultAct
  public let moment: FaultMoment

  init(
    _ row: UInt8, _ name: StaticString, _ summary: StaticString, act: FaultAct = .systemCall,
    at moment: FaultMoment = .beforeReturn
  ) {
    self.row = row
    self.name = name
    self.summary = summary
    self.act = act
    self.moment = moment
  }
}
