import X86

/// A function whose code stands at an address. Several where one was inlined into the other.
public struct FunctionScope: Equatable, Sendable {
  /// ``SymbolName/qualified``, or the name as the compiler wrote it.
  public let name: String
  /// Where in this function the address lies: the line of the instruction, or of the call that was inlined.
  public let line: SourceLine?
  /// True for a function without code of its own here.
  public let isInlined: Bool

  public init(name: String, line: SourceLine?, isInlined: Bool) {
    self.name = name
    self.line = line
    self.isInlined = isInlined
  }
}

/// The functions at an address, the innermost first, and what traps there.
public struct CodeScopes: Equatable, Sendable {
  public var functions: [FunctionScope]
  /// What Swift's runtime failure at this instruction is, such as "arithmetic overflow"; nil for any other instruction.
  public var trap: String?

  public init(functions: [FunctionScope], trap: String? = nil) {
    self.functions = functions
    self.trap = trap
  }

  /// The compiler marks a trap by an inlined function that exists nowhere.
  static let trapPrefix = "Swift runtime failure: "
}
