/// What one agent expression may take. Clients generate no loops and a handful of stack cells: whoever reaches a limit
/// sent something else.
public enum AgentLimits {
  /// Bytes of bytecode.
  public static let bytecode = 1024
  /// Values on the stack, of 8 bytes each.
  public static let stackDepth = 64
  /// Instructions carried out; more than a loop-free expression of full length can have.
  public static let steps = 4096
  /// Bytes printed.
  public static let output = 1024
  /// Bytes of memory that one `%s` prints.
  public static let string = 256
  /// State variables, numbered from 0.
  public static let variables = 32
}
