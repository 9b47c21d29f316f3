import Core
import Foundation
import Testing

@testable import reference

@Suite struct FaultReferenceTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  @Test func theCommittedDocumentIsTheGeneratedOne() throws {
    let committed = try String(contentsOf: Self.root.appending(path: "docs/FAULTS.md"), encoding: .utf8)
    #expect(committed == FaultReference.document, "run make reference")
  }

  @Test func everyRowOfTheSpecificationIsListed() {
    let rows = Set(FaultReference.faults.map(\.description.row) + FaultReference.combinations.map(\.row))
    #expect(rows == Set(0...74))
  }

  @Test func everyFaultHasItsLine() {
    for fault in FaultReference.faults {
      let description = fault.description
      let start = "| FI-\(description.row < 10 ? "0" : "")\(description.row) | `\(description.name)` | "
      #expect(FaultReference.document.contains("\n" + start + description.summary.description))
    }
  }
}
