/// How long a breakpoint's commands run.
public enum AgentPersistence: Equatable, Sendable {
  case whileAttached
  /// After the client has left, too.
  case afterDetach
}

/// The conditions and commands of one breakpoint: places in the buffer that holds their bytecode.
public struct AgentExpressionList: Sendable {
  /// Expressions of one breakpoint.
  public static let capacity = 8

  public private(set) var conditionCount = 0
  public private(set) var commandCount = 0
  public private(set) var persistence = AgentPersistence.whileAttached
  /// Bytes of the buffer that are taken.
  public private(set) var byteCount = 0
  /// Conditions, then commands: ``capacity`` of them.
  private var slices: InlineArray<8, AgentExpressionSlice>

  /// Neither conditions nor commands: every hit counts, and is told to the client.
  public init() { slices = InlineArray(repeating: .empty) }

  public func condition(_ index: Int) -> AgentExpressionSlice? {
    index >= 0 && index < conditionCount ? slice(index) : nil
  }

  public func command(_ index: Int) -> AgentExpressionSlice? {
    index >= 0 && index < commandCount ? slice(conditionCount &+ index) : nil
  }

  private func slice(_ index: Int) -> AgentExpressionSlice? {
    guard index >= 0, index < Self.capacity else { return nil }
    return slices[index]
  }

  mutating func append(condition: AgentExpressionSlice) throws(AgentFault) {
    guard commandCount == 0 else { throw .malformedList }
    try append(condition)
    conditionCount &+= 1
  }

  mutating func append(
    command: AgentExpressionSlice, persistence: AgentPersistence
  ) throws(AgentFault) {
    try append(command)
    commandCount &+= 1
    self.persistence = persistence
  }

  private mutating func append(_ slice: AgentExpressionSlice) throws(AgentFault) {
    let index = conditionCount &+ commandCount
    guard index >= 0, index < Self.capacity else { throw .tooManyExpressions }
    slices[index] = slice
    byteCount = slice.offset &+ slice.count
  }
}
