extension Rule {
  /// True when the answer may change with every return, whatever the tables hold: it is about the frame, the registers
  /// or what the kernel declares. The answers of the others stand as long as what they read does.
  public var isAboutReturn: Bool {
    switch number {
    case 1...17, 48...50, 81, 125...130, 144, 145, 151, 160...163: true
    default: tier == .t3
    }
  }
}

extension AuditOptions.Portion {
  /// Whether `rule` belongs to this portion.
  public func asks(_ rule: Rule) -> Bool {
    switch self {
    case .whole: true
    case .thisReturn: rule.isAboutReturn
    case .surroundings: !rule.isAboutReturn
    }
  }
}
