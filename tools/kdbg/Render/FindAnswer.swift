import Inspect
import Session
import X86

/// All linear addresses of one physical one, in one address space or several.
public struct FindAnswer: GaugedAnswer {
  public let gauge = TableGauge()
  private let physical: PhysicalAddress
  private let spaces: [KnownSpace]
  private let machine: any Debuggee
  private let interrupt: InterruptRequest?

  public init(
    _ physical: PhysicalAddress, in spaces: [KnownSpace], of machine: any Debuggee,
    interrupt: InterruptRequest?
  ) {
    self.physical = physical
    self.spaces = spaces
    self.machine = machine
    self.interrupt = interrupt
  }

  private func scan(_ space: KnownSpace) -> AddressSpaceScan {
    var query = MapQuery()
    query.cr3 = space.cr3
    query.physical = physical.rawValue...physical.rawValue
    query.grouping = .none
    return AddressSpaceScan(query, of: machine, interrupt: interrupt, gauge: gauge)
  }

  public func write(to page: inout TextPage, names: any NameSource) {
    ProcessorOperation(of: machine).write(to: &page)
    let backing = machine.memoryExtent(at: physical)?.backing.remark ?? ""
    page.line(
      page.paint("physical \(physical.rawValue.hexadecimal)", .heading)
        + (backing.isEmpty ? "" : ", " + page.paint(backing, .warning)))
    var total: UInt64 = 0
    for space in spaces {
      page.line("CR3 \(space.cr3.rawValue.hexadecimal)" + page.paint(", " + space.words, .quiet))
      var scan = scan(space)
      while let item = scan.next() {
        switch item {
        case .region(let region): write(region, to: &page, names)
        case .repetition: page.line("  " + item.line(page, names: names, memoryTypes: nil))
        // They map nothing that is asked for.
        case .table, .circle, .reserved, .unreadable: continue
        }
      }
      let totals = scan.totals
      total += totals.pages.small + totals.pages.large + totals.pages.huge
      if totals.unreadable > 0 {
        page.line("  tables that cannot be read: \(totals.unreadable); what they map is not known", .bad)
      }
      if totals.isCut { return page.line("the list ends before its time", .bad) }
    }
    page.line(
      "\(total) address\(total == 1 ? "" : "es") in \(spaces.count) address space\(spaces.count == 1 ? "" : "s")"
    )
  }

  private func address(_ region: MappedRegion) -> VirtualAddress {
    region.start + (physical.rawValue &- (region.physical?.rawValue ?? 0))
  }

  private func write(_ region: MappedRegion, to page: inout TextPage, _ names: any NameSource) {
    let address = address(region)
    var line = "  \(address.fullHexadecimal)  \(region.rights.words.padded(14)) "
    line += (region.isGlobal ? "G " : "  ") + (region.size.map { "\($0.words) page" } ?? "")
    if let name = names.name(of: address) { line += "  " + page.paint(name.text, .symbol) }
    page.line(line)
  }

  public func write(to object: inout JSONObjectStream, names: any NameSource) {
    object.member(
      "backing", .optional(machine.memoryExtent(at: physical)?.backing) { .string($0.word) })
    var complete = true
    object.list("items") { each in
      for space in spaces where complete {
        var scan = scan(space)
        while let item = scan.next() {
          var members: [String: JSONValue]
          switch item {
          case .region(let region):
            members = region.members(names: names, memoryTypes: nil)
            members["address"] = .hexadecimal(address(region).rawValue)
          case .repetition, .unreadable:
            guard case .object(let object) = item.json(names: names, memoryTypes: nil) else { continue }
            members = object
          case .table, .circle, .reserved: continue
          }
          members["cr3"] = .hexadecimal(space.cr3.rawValue)
          each(.object(members))
        }
        complete = !scan.totals.isCut
      }
    }
    object.member("physical", .hexadecimal(physical.rawValue))
    object.member("spaces", .array(spaces.map(\.json)))
    object.member("totals", ["complete": .bool(complete)])
  }
}
