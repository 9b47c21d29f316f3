import X86

/// The two root tables of a process under page-table isolation.
public struct TablePair: Equatable, Sendable {
  /// Maps everything; the entry code changes to it.
  public let kernel: PhysicalFrame
  /// The one that Ring 3 runs under: its own half, and of the kernel's little more than the entry code.
  public let user: PhysicalFrame

  public init(kernel: PhysicalFrame, user: PhysicalFrame) {
    self.kernel = kernel
    self.user = user
  }

  /// True for either half.
  public func has(_ root: PhysicalFrame) -> Bool { kernel == root || user == root }
}

extension AuditOptions {
  public static let tablePairLimit = 8

  /// The declared pair that `root` is one half of.
  public func tablePair(with root: PhysicalFrame) -> TablePair? {
    let pairs = tablePairs
    for position in 0..<Self.tablePairLimit {
      if let pair = pairs[position], pair.has(root) { return pair }
    }
    return nil
  }

  /// True where `root` has a kernel half of its own on purpose, which no other table has to look like.
  func isIsolated(_ root: PhysicalFrame) -> Bool {
    guard pageTableIsolation == .used else { return false }
    return tablePair(with: root).map { $0.user == root } ?? true
  }
}
