import Foundation
import Testing

/// `map` of Ringside's own kernel against QEMU's monitor, page for page.
@Suite("kdbg's map against QEMU's monitor")
struct DifferentialMapTests {
  private struct Page: Hashable {
    let start: UInt64
    let physical: UInt64
  }

  private static func number(_ value: Any?) -> UInt64? {
    (value as? String).flatMap { UInt64($0.dropFirst(2), radix: 16) }
  }

  /// `info tlb`: every page with its frame, and the flags of its entry.
  private func listed(_ text: String) -> [Page: String] {
    var pages: [Page: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      let words = line.split(separator: " ")
      guard words.count == 3, words[0].hasSuffix(":"), let start = UInt64(words[0].dropLast(), radix: 16),
        let physical = UInt64(words[1], radix: 16)
      else { continue }
      pages[Page(start: start, physical: physical)] = String(words[2])
    }
    return pages
  }

  /// `info mem`: ranges, and what survives all levels, as in `ur-`.
  private func ranges(_ text: String) -> [(range: Range<UInt64>, rights: String)] {
    text.split(whereSeparator: \.isNewline).compactMap { line in
      let words = line.split(separator: " ")
      let ends = words.first?.split(separator: "-").compactMap { UInt64($0, radix: 16) } ?? []
      guard words.count == 3, ends.count == 2, ends[0] < ends[1] else { return nil }
      return (ends[0]..<ends[1], String(words[2]))
    }
  }

  @Test("every page and its rights, by each way to memory", arguments: ["ram", "packets"])
  func everyPage(way: String) throws {
    let finished = try Debugger.run([
      "run", KernelBuild.release.path, "--initrd", Repository.initrd, "--append", "init=/echo", "--no-check",
      "--memory-by", way, "--json", "-e", "map --leaves", "-e", "map", "-e", "monitor info tlb", "-e",
      "monitor info mem",
    ])
    #expect(finished.status == Debugger.allHeld, "\(finished.errors)")
    let answers = finished.output.split(separator: "\n").compactMap {
      try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
    let maps = answers.filter { $0["command"] as? String == "map" }
    let texts = answers.filter { $0["command"] as? String == "monitor" }.compactMap { $0["text"] as? String }
    try #require(maps.count == 2 && texts.count == 2)
    let expected = listed(texts[0])
    let effective = ranges(texts[1])
    #expect(expected.count > 1000)

    var seen: Set<Page> = []
    var wrong: [String] = []
    var place = 0
    for item in try #require(maps[0]["items"] as? [[String: Any]]) {
      guard item["kind"] as? String == "pages", let start = Self.number(item["start"]),
        let physical = Self.number(item["physical"]), let rights = item["rights"] as? [String: Bool],
        let flags = expected[Page(start: start, physical: physical)]
      else {
        wrong.append("\(item)")
        continue
      }
      seen.insert(Page(start: start, physical: physical))
      while place < effective.count, effective[place].range.upperBound <= start { place += 1 }
      let words = (rights["user"] == true ? "u" : "-") + "r" + (rights["write"] == true ? "w" : "-")
      if place == effective.count || !effective[place].range.contains(start)
        || effective[place].rights != words
      {
        wrong.append("\(words) at \(String(start, radix: 16))")
      }
      // This kernel takes the right to execute away at the page alone.
      if (flags.first == "X") == rights["execute"] { wrong.append("\(flags) at \(String(start, radix: 16))") }
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(5))")
    #expect(seen.count == expected.count)

    // The regions are the pages, merged.
    let pages = try #require(maps[1]["items"] as? [[String: Any]]).compactMap { $0["pages"] as? Int }
    #expect(pages.reduce(0, +) == expected.count)
  }

  /// 262,144 pages are one region; QEMU finds each of them where it is.
  @Test("a gigabyte in small pages")
  func gigabyte() throws {
    let start: UInt64 = 0xffff_ca80_0000_0000
    let places = (0..<64).map { _ in start + UInt64.random(in: 0..<1 << 18) << 12 }
    var arguments = [
      "run", KernelBuild.release.path, "--initrd", Repository.initrd, "--append",
      "fixture=map1g init=/echo", "--no-check", "--json",
    ]
    for command in ["map \(start)..", "map --tables \(start)..\(start + 1 << 30)"] {
      arguments += ["-e", command]
    }
    for place in places { arguments += ["-e", "map --leaves \(place)", "-e", "monitor gva2gpa \(place)"] }
    let finished = try Debugger.run(arguments)
    #expect(finished.status == Debugger.allHeld, "\(finished.errors)")
    let answers = finished.output.split(separator: "\n").compactMap {
      try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }.filter { ["map", "monitor"].contains($0["command"] as? String) }
    try #require(answers.count == 2 + 2 * places.count)
    let region = try #require((answers[0]["items"] as? [[String: Any]])?.first)
    #expect(region["pages"] as? Int == 1 << 18)
    #expect(Self.number(region["start"]) == start)
    #expect(Self.number(region["last"]) == start + 1 << 30 - 1)
    let totals = try #require(answers[1]["totals"] as? [String: Any])
    #expect(totals["tables"] as? Int == 512 + 3)
    for (position, place) in places.enumerated() {
      let leaf = try #require((answers[2 + 2 * position]["items"] as? [[String: Any]])?.first)
      let said = answers[3 + 2 * position]["text"] as? String ?? ""
      let physical = try #require(Self.number(leaf["physical"]))
      #expect(said.contains("gpa: 0x\(String(physical, radix: 16))"), "\(place): \(said)")
    }
  }
}
