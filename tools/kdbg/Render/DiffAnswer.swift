import Inspect
import Session
import X86

/// What two address spaces translate differently.
public struct DiffAnswer: GaugedAnswer {
  public let gauge = TableGauge()
  private let first: CR3
  private let second: CR3
  private let half: ComparedHalf
  private let machine: any Debuggee
  private let interrupt: InterruptRequest?

  public init(
    _ first: CR3, _ second: CR3, half: ComparedHalf, of machine: any Debuggee, interrupt: InterruptRequest?
  ) {
    self.first = first
    self.second = second
    self.half = half
    self.machine = machine
    self.interrupt = interrupt
  }

  private var comparison: AddressSpaceComparison {
    AddressSpaceComparison(first, second, half: half, of: machine, interrupt: interrupt, gauge: gauge)
  }

  public func write(to page: inout TextPage, names: any NameSource) {
    ProcessorOperation(of: machine).write(to: &page)
    let (left, right) = (first.rawValue.hexadecimal, second.rawValue.hexadecimal)
    page.line(
      page.paint("CR3 \(left) and \(right)", .heading)
        + page.paint(half == .kernel ? ", the kernel half" : "", .quiet))
    var comparison = comparison
    comparison.run { difference in page.line("  " + difference.line(first, second, page, names)) }
    let totals = comparison.totals
    if totals.isCut { return page.line("the comparison ends before its time", .bad) }
    guard !totals.isEmpty else { return page.line("they translate every address alike", .good) }
    page.line(totals.words(first, second))
  }

  public func write(to object: inout JSONObjectStream, names: any NameSource) {
    var comparison = comparison
    object.member("first", .hexadecimal(first.rawValue))
    object.member("half", half == .kernel ? "kernel" : "both")
    object.list("items") { each in comparison.run { each(.object($0.members)) } }
    let totals = comparison.totals
    object.member("same", totals.isCut ? .null : .bool(totals.isEmpty))
    object.member("second", .hexadecimal(second.rawValue))
    object.member("totals", totals.json)
  }
}
