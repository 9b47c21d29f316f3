/// The values that an expression works on.
///
/// Whoever reads them does so through mutating functions: a read of one element of an inline array through a value
/// that cannot change copies all of it first.
struct AgentStack: ~Copyable {
  /// ``AgentLimits/stackDepth`` of them.
  private var cells: InlineArray<64, UInt64>
  private var depth = 0

  init() { cells = InlineArray(repeating: 0) }

  mutating func push(_ value: UInt64) throws(AgentFault) {
    guard depth >= 0, depth < AgentLimits.stackDepth else { throw .stackOverflow }
    cells[depth] = value
    depth &+= 1
  }

  mutating func pop() throws(AgentFault) -> UInt64 {
    let value = try pick(0)
    depth &-= 1
    return value
  }

  /// The value `distance` below the top, which stays.
  mutating func pick(_ distance: Int) throws(AgentFault) -> UInt64 {
    let place = depth &- 1 &- distance
    guard place >= 0, place < AgentLimits.stackDepth else { throw .stackUnderflow }
    return cells[place]
  }

  /// Takes `count` values from the top.
  mutating func drop(_ count: Int) throws(AgentFault) {
    guard count >= 0, count <= depth else { throw .stackUnderflow }
    depth &-= count
  }

  var isEmpty: Bool { depth == 0 }
}
