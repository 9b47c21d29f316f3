import Inspect
import Render
import X86

/// `info breakpoints`.
struct BreakpointsAnswer: Answer {
  let breakpoints: [UserBreakpoint]

  func write(to page: inout TextPage, names: any NameSource) {
    guard !breakpoints.isEmpty else {
      page.line("No breakpoints.")
      return
    }
    var table = TextTable()
    table.headings("Num", "Type", "Enb", "Address", "Hits", "Where")
    for breakpoint in breakpoints {
      table.row(
        .init(String(breakpoint.number)), .init(breakpoint.listedType),
        .init(breakpoint.state == .enabled ? "y" : "n"), .init(breakpoint.address.fullHexadecimal),
        .init(String(breakpoint.hits)), .init(names.name(of: breakpoint.address)?.text ?? "", .symbol))
      for words in breakpoint.qualifications { table.remark("       " + words) }
      for line in breakpoint.commands { table.remark("         " + line) }
    }
    page.table(table, indent: 0)
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    ["breakpoints": .array(breakpoints.map { .object($0.members(names: names)) })]
  }
}

extension UserBreakpoint {
  /// `break`, `tbreak`, `watch 4`.
  fileprivate var listedType: String {
    let word = lifetime == .oneStop ? "t" + kind.typeWord : kind.typeWord
    return isWatchpoint ? "\(word) \(kind.byteCount)" : word
  }
}
