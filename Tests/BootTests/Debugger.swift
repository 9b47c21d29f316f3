import Foundation

/// build/kdbg, as a user runs it.
enum Debugger {
  static func run(
    _ arguments: [String], input: TypedInput = TypedInput(), limit: Double = 240,
    environment: [String: String] = [:]
  ) throws -> Finished {
    try BootTests.run(Repository.kdbg, arguments, input: input, limit: limit, environment: environment)
  }

  /// The exit statuses of the command line.
  static let allHeld: Int32 = 0
  static let violation: Int32 = 1
  static let wrongUsage: Int32 = 2
  static let targetLost: Int32 = 3
  static let nothingChecked: Int32 = 4
}

extension Finished {
  /// The output as one JSON value.
  func json() throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] ?? [:]
  }
}
