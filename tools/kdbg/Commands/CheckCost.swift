import Inspect
import Render

/// What the audits of the check cost on average, apart for those that read everything and those that lean on one.
struct CheckCost: Answer {
  let cost: AuditCost

  func write(to page: inout TextPage, names: any NameSource) {
    var table = TextTable(.left, .right, .right, .right, .right, .right)
    table.headings("audits", "how many", "qwords each", "reads each", "requests each", "microseconds each")
    for (name, share) in [("that read everything", cost.cold), ("that compared", cost.warm)] {
      table.row(
        .init(name), .init(String(share.audits)), .init(String(share.meanQwords)),
        .init(String(share.meanReads)), .init(String(share.meanRequests)),
        .init(String(share.meanMicroseconds)))
    }
    page.table(table)
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    func object(_ share: AuditCost.Share) -> JSONValue {
      [
        "audits": .number(share.audits), "qwords": .number(share.meanQwords),
        "reads": .number(share.meanReads), "requests": .number(share.meanRequests),
        "microseconds": .number(share.meanMicroseconds),
      ]
    }
    return ["cold": object(cost.cold), "warm": object(cost.warm)]
  }
}
