/// What the conditions of a breakpoint say when it is hit.
public enum AgentVerdict: Equatable, Sendable {
  /// There is no condition, or one that is true.
  case holds
  /// Every condition is false.
  case doesNotHold
  /// A condition could not be evaluated: the hit is to be told to the client, whose user asked for it.
  case cannotTell(AgentFault)
}

extension AgentExpressionList {
  /// Evaluates the conditions until one is true. Several breakpoints can share an address: one condition
  /// that holds is enough.
  ///
  /// - Parameter bytecode: the buffer that the list was read into.
  public func verdict<Environment: AgentEnvironment & ~Copyable>(
    of bytecode: Span<UInt8>, in environment: inout Environment
  ) -> AgentVerdict {
    guard conditionCount > 0 else { return .holds }
    var index = 0
    while let condition = condition(index) {
      do throws(AgentFault) {
        if try evaluateAgentExpression(condition, of: bytecode, in: &environment) != 0 { return .holds }
      } catch {
        return .cannotTell(error)
      }
      index &+= 1
    }
    return .doesNotHold
  }

  /// Runs every command, also when one before it fails.
  ///
  /// - Returns: why the first one that failed did.
  public func runCommands<Environment: AgentEnvironment & ~Copyable>(
    of bytecode: Span<UInt8>, in environment: inout Environment
  ) -> AgentFault? {
    var fault: AgentFault?
    var index = 0
    while let command = command(index) {
      do throws(AgentFault) {
        _ = try evaluateAgentExpression(command, of: bytecode, in: &environment)
      } catch {
        fault = fault ?? error
      }
      index &+= 1
    }
    return fault
  }
}
