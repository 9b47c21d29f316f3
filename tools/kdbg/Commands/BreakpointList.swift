import X86

/// The breakpoints that the user set, numbered as gdb does: from 1, and never again.
public struct BreakpointList: Sendable {
  public struct Breakpoint: Equatable, Sendable {
    public let number: Int
    public let address: VirtualAddress
    public internal(set) var hits = 0
  }

  public private(set) var all: [Breakpoint] = []
  private var next = 1

  public init() {}

  public mutating func add(at address: VirtualAddress) -> Breakpoint {
    let breakpoint = Breakpoint(number: next, address: address)
    next += 1
    all.append(breakpoint)
    return breakpoint
  }

  /// Takes the breakpoint `number` off the list; nil when there is none.
  public mutating func remove(number: Int) -> Breakpoint? {
    guard let index = all.firstIndex(where: { $0.number == number }) else { return nil }
    return all.remove(at: index)
  }

  public mutating func removeAll() { all = [] }

  /// Counts a hit at `address`; the first breakpoint there.
  public mutating func hit(at address: VirtualAddress) -> Breakpoint? {
    guard let index = all.firstIndex(where: { $0.address == address }) else { return nil }
    all[index].hits += 1
    return all[index]
  }
}
