import Session
import X86

/// The breakpoints that the user set, numbered as gdb does: from 1, and never again.
public struct BreakpointList: Sendable {
  public internal(set) var all: [UserBreakpoint] = []
  private var next = 1

  public init() {}

  mutating func add(_ kind: BreakpointKind, at address: VirtualAddress) -> UserBreakpoint {
    let breakpoint = UserBreakpoint(number: next, kind: kind, address: address)
    next += 1
    all.append(breakpoint)
    return breakpoint
  }

  func index(of number: Int) -> Int? { all.firstIndex { $0.number == number } }

  /// Takes the breakpoint `number` off the list; nil when there is none.
  @discardableResult
  mutating func remove(number: Int) -> UserBreakpoint? { index(of: number).map { all.remove(at: $0) } }

  mutating func removeAll() { all = [] }

  /// What must be in the machine for them.
  var insertions: Set<Insertion> {
    Set(all.lazy.filter { $0.state == .enabled }.map { Insertion($0.kind, at: $0.address.rawValue) })
  }
}
