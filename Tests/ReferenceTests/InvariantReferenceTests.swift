import Foundation
import RingTransition
import Testing

@testable import reference

@Suite struct InvariantReferenceTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test func theCommittedDocumentIsTheGeneratedOne() throws {
    let file = Self.root.appending(path: "docs/INVARIANTS-CATALOGUE.md")
    let committed = try String(contentsOf: file, encoding: .utf8)
    #expect(committed == InvariantReference.document, "run make reference")
  }

  @Test func everyRuleHasItsRow() {
    let rows = InvariantReference.document.split(separator: "\n").filter { $0.hasPrefix("| RT-") }
    #expect(rows.count == Rule.catalogueCount)
    for rule in InvariantReference.rules {
      #expect(rows.count { $0.contains("| \(rule.name) | \(rule.severity) | ") } == 1, "RT-\(rule.number)")
    }
  }

  @Test func everyRuleIsAskedByOneAuditAndOneAlone() {
    for rule in InvariantReference.rules {
      let audits = [rule.isAudited, rule.isAboutTables, rule.isAboutProcessors].count { $0 }
      #expect(audits == (rule == .staleTranslation ? 0 : 1), "RT-\(rule.number)")
    }
  }
}
