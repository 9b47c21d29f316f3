import Render
import Session
import X86

/// A breakpoint or watchpoint of the user.
public struct UserBreakpoint: Equatable, Sendable {
  /// An expression that must be true, as it was typed and as it was read.
  public struct Condition: Equatable, Sendable {
    public let text: String
    public let expression: Expression

    public init(_ text: String) throws(CommandFailure) {
      self.text = text
      expression = try Expression(text)
    }
  }

  public enum State: Equatable, Sendable { case enabled, disabled }

  /// What becomes of it when it has stopped the machine.
  public enum Lifetime: Equatable, Sendable { case kept, oneStop }

  public let number: Int
  public let kind: BreakpointKind
  public let address: VirtualAddress
  public internal(set) var lifetime = Lifetime.kept
  public internal(set) var state = State.enabled
  public internal(set) var condition: Condition?
  /// Under which root table alone it counts; nil for all.
  public internal(set) var root: CR3?
  /// What is run when it has stopped the machine.
  public internal(set) var commands: [String] = []
  /// How many more hits pass unnoticed.
  public internal(set) var ignored = 0
  public internal(set) var hits = 0
  /// What the watched bytes held when they were looked at last; nil while they cannot be read.
  public internal(set) var value: UInt64?

  /// True for one that watches memory.
  public var isWatchpoint: Bool { kind != .software && kind != .hardware }

  /// The watched bytes.
  var unit: MemoryUnit { MemoryUnit(byteCount: kind.byteCount) }

  /// True when a stop at `rip`, which the target explains with `watch`, can be its own.
  func isConcerned(rip: UInt64, watch: Watchpoint?) -> Bool {
    guard state == .enabled else { return false }
    guard isWatchpoint else { return address.rawValue == rip }
    guard let watch, watch.address &- address.rawValue < UInt64(kind.byteCount) else { return false }
    switch (kind, watch.kind) {
    case (.watchWrite, .write), (.watchRead, .read), (.watchAccess, _), (_, .access): return true
    default: return false
    }
  }
}

/// One stop of a breakpoint.
public struct BreakpointHit: Sendable {
  public let breakpoint: UserBreakpoint
  /// What a watched place held before; nil where it was not known, and for a breakpoint.
  public let oldValue: UInt64?
  /// Why its condition could not be evaluated: then it stops the machine.
  public let complaint: CommandFailure?
}
