import Report
import RingTransition

/// Keeps every finding.
public struct FindingCollector: FindingSink {
  public private(set) var findings: [Finding] = []

  public init() {}

  public mutating func record(_ finding: Finding) { findings.append(finding) }

  public func finding(_ rule: Rule) -> Finding? { findings.first { $0.rule == rule } }

  /// The numbers of the violated rules that follow from no other violated one.
  public var roots: [UInt16] {
    let violated = findings.filter(\.isViolated)
    return violated.filter { finding in !violated.contains { finding.follows($0) } }.map(\.rule.number)
  }

  /// The numbers of the violated rules that follow from another.
  public var followers: [UInt16] {
    let roots = roots
    return findings.filter { $0.isViolated && !roots.contains($0.rule.number) }.map(\.rule.number)
  }

  /// The numbers of the rules that apply and did not hold, or were not checked.
  public var notHeld: [UInt16] { findings.filter { !$0.isHeld && !$0.isSkipped }.map(\.rule.number) }

  /// The numbers of the rules that were not checked.
  public var unchecked: [UInt16] {
    findings.filter(\.isUnknown).map(\.rule.number)
  }

  /// Why each rule that does not apply does not, by number.
  public var reasons: [UInt16: Inapplicable] {
    var reasons: [UInt16: Inapplicable] = [:]
    for finding in findings {
      if case .skipped(let reason) = finding.verdict { reasons[finding.rule.number] = reason }
    }
    return reasons
  }

  /// The numbers of the rules that do not apply.
  public var skipped: [UInt16] { findings.filter(\.isSkipped).map(\.rule.number) }
}

/// Text as a string.
public struct TextCollector: TextSink {
  private var bytes: [UInt8] = []

  public init() {}

  public mutating func write(byte: UInt8) { bytes.append(byte) }

  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// What `write` writes.
  public static func text(_ write: (inout TextCollector) -> Void) -> String {
    var collector = TextCollector()
    write(&collector)
    return collector.text
  }
}
