import Foundation
import Testing
import X86

@testable import Core

/// The list of faults against the specification's table.
@Suite struct InjectedFaultListTests {
  private static let all = (0..<InjectedFault.count).compactMap { InjectedFault(rawValue: $0) }

  /// Row and boot option of every line of the specification.
  private static func specification() throws -> [(row: String, option: String)] {
    let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "FaultMatrix/specification.tsv")
    return try String(contentsOf: path, encoding: .utf8).split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false)
      return cells[0].hasPrefix("FI-") ? (String(cells[0]), String(cells[1])) : nil
    }
  }

  private func parse(_ text: String) -> FaultOption? {
    var memory = FakeMemory(Array(text.utf8), at: 0x1003)
    let bytes = PhysicalBytes(
      start: PhysicalAddress(truncating: 0x1003), byteCount: UInt64(text.utf8.count))
    return FaultOption(parsing: bytes, memory: &memory)
  }

  @Test func everyOptionOfTheSpecificationIsUnderstood() throws {
    let specification = try Self.specification()
    #expect(specification.count > 100)
    for (row, option) in specification {
      let parsed = try #require(parse(option), "\(row) \(option)")
      let name = option.split(separator: ",")[0]
      #expect(parsed.fault.map { $0.name.description } ?? "none" == name)
    }
  }

  @Test func everyFaultIsInTheSpecificationsRow() throws {
    let specification = try Self.specification()
    for fault in Self.all {
      let description = fault.description
      let rows = specification.filter { $0.option.split(separator: ",")[0] == description.name.description }
      let row = "FI-" + (description.row < 10 ? "0" : "") + "\(description.row)"
      #expect(rows.contains { $0.row == row }, "\(description.name)")
    }
  }

  @Test func theSpecificationsActIsTheDefault() throws {
    for (row, option) in try Self.specification() {
      let words = option.split(separator: ",").dropFirst()
      guard let fault = parse(option)?.fault, fault.description.act != .systemCall else { continue }
      // Where a fault needs an event of its own, the row says the same one or leaves it to the fault.
      let acts = words.filter { word in
        (0..<FaultAct.count).contains { FaultAct(rawValue: $0)?.name.description == String(word) }
      }
      #expect(acts.allSatisfy { $0 == fault.description.act.name.description }, "\(row) \(option)")
    }
  }

  @Test func namesAndNumbersAreUnique() {
    #expect(Self.all.count == Int(InjectedFault.count))
    #expect(Set(Self.all.map { $0.name.description }).count == Self.all.count)
    #expect(Set(Self.all.map { $0.description.summary.description }).count == Self.all.count)
    let words =
      (0..<FaultAct.count).map { FaultAct(rawValue: $0)!.name.description }
      + (0..<FaultModifiers.count).map { FaultModifiers.name($0).description }
    #expect(Set(words).count == words.count)
    #expect(FaultAct(rawValue: FaultAct.count) == nil)
    #expect(
      Set((0..<FaultAct.count).map { FaultAct(rawValue: $0)!.instruction }).count == words.count
        - Int(FaultModifiers.count))
  }

  @Test func wordsAddUp() throws {
    let option = try #require(parse("rsp0-user,smap,pfist,ac"))
    #expect(option.fault == .rsp0User)
    #expect(option.modifiers == .accessPrevention | .pageFaultStack)
    #expect(option.act == .ac)
    let all = try #require(parse("rsp0-pte,pfist,dfnoist,smap,smep,wp0,evict"))
    #expect(all.modifiers.rawValue == 1 << UInt64(FaultModifiers.count) - 1)
    #expect(all.act == .systemCall)
    #expect(try #require(parse("pf-gate-absent")).act == .load)
    #expect(try #require(parse("pf-gate-absent,cli")).act == .cli)
  }

  @Test func noneIsHealthyUntilAWordFollows() throws {
    #expect(try !#require(parse("none")).isProvocation)
    #expect(try #require(parse("none,cli")).isProvocation)
    #expect(try #require(parse("none,smap")).isProvocation)
    #expect(try #require(parse("rsp0-pte")).isProvocation)
  }

  @Test(arguments: [
    "", "rsp0", "rsp0-pte+", "rsp0-pte+df-ist", "none,none", "cli", "rsp0-pte,rsp0-ro", "rsp0-pte,,cli",
    "rsp0-pte,pfist,", "iret-cs-ld",
  ])
  func refuses(text: String) { #expect(parse(text) == nil) }
}
