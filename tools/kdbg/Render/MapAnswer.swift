import Inspect
import Session
import X86

/// What an address space maps: found while it is written, so that it may be longer than memory.
public struct MapAnswer: GaugedAnswer {
  public let gauge = TableGauge()
  private let query: MapQuery
  private let machine: any Debuggee
  private let interrupt: InterruptRequest?

  public init(_ query: MapQuery, of machine: any Debuggee, interrupt: InterruptRequest?) {
    self.query = query
    self.machine = machine
    self.interrupt = interrupt
  }

  public func write(to page: inout TextPage, names: any NameSource) {
    let registers = machine.coreRegisters
    ProcessorOperation(of: machine).write(to: &page)
    var scan = AddressSpaceScan(query, of: machine, interrupt: interrupt, gauge: gauge)
    page.line(
      page.paint("CR3 \(scan.cr3.rawValue.hexadecimal)", .heading)
        + page.paint(scan.mode.depth == .five ? ", five levels" : ", four levels", .quiet))
    while let item = scan.next() {
      page.line("  " + item.line(page, names: names, memoryTypes: registers.pageAttributeTable))
    }
    scan.totals.write(to: &page, query)
  }

  public func write(to object: inout JSONObjectStream, names: any NameSource) {
    let registers = machine.coreRegisters
    var scan = AddressSpaceScan(query, of: machine, interrupt: interrupt, gauge: gauge)
    object.member("cr3", .hexadecimal(scan.cr3.rawValue))
    object.list("items") { each in
      while let item = scan.next() {
        each(item.json(names: names, memoryTypes: registers.pageAttributeTable))
      }
    }
    object.member("levels", .number(Int(scan.mode.depth.rawValue)))
    object.member("mode", .string(ProcessorOperation(of: machine).word))
    object.member("totals", scan.totals.json)
  }
}
