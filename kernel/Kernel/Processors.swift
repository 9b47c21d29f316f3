import Boot
import Core
import Drivers
import Machine
import Report
import X86

/// The other processors of the machine: found in ACPI's table, mapped before the first process exists, started one after
/// the other. They run no processes; they rest on tables and stacks of their own, which every table maps.
enum Processors {
  /// What the firmware says, or the one processor that reads this.
  static func find(_ loader: StartInfo) -> ProcessorTable {
    var window = BootWindow()
    guard Processor.hasLocalAPIC, let root = loader.rootPointer,
      let table = ProcessorTable(rootPointer: root, memory: &window)
    else {
      return ProcessorTable(only: Processor.identifier)
    }
    return table
  }

  /// Fills the tables of every processor of `table` but this one, before they become read-only.
  static func prepare(_ table: ProcessorTable, _ defect: ProcessorDefect) {
    for number in 1..<max(table.count, 1) { OtherProcessors.prepare(number, defect) }
  }

  /// Starts every processor of `table` but this one, which must have mapped their stacks and its local APIC. One that does
  /// not come in time is left out.
  static func start(_ table: ProcessorTable, _ defect: ProcessorDefect, under space: AddressSpace) {
    ExportedTable.publish(
      processor: 0, root: nil, stackTop: 0, taskState: DescriptorTables.taskStateAddress,
      descriptorTable: DescriptorTables.address, slot: { $0 })
    guard table.count > 1 else { return }
    var controller = LocalAPIC(registers: MappedLocalAPIC())
    controller.enable()
    let own = controller.identifier()
    var number = 1
    for position in 0..<table.count where table[position] != own && number < ProcessorBlock.capacity {
      if start(number, identifier: table[position], defect, &controller) {
        ExportedTable.publish(
          processor: number, root: CR3(root: space.root),
          stackTop: OtherProcessors.kernelStackTop(number).rawValue,
          taskState: OtherProcessors.taskState(number),
          descriptorTable: OtherProcessors.descriptorTable(number),
          slot: { OtherProcessors.slot($0, of: number) })
      }
      number += 1
    }
    say(arrived: number - 1)
  }

  /// The sequence of SDM Vol. 3A, 8.4.4.1: INIT, 10 ms, start, and a second start for one that has not heard the first.
  private static func start(
    _ number: Int, identifier: UInt8, _ defect: ProcessorDefect,
    _ controller: inout LocalAPIC<MappedLocalAPIC>
  ) -> Bool {
    var window = PhysicalWindow()
    var timer = IntervalTimer(ports: Ports())
    OtherProcessors.arm(number, defect, memory: &window)
    defer { OtherProcessors.disarm(memory: &window) }
    let page = UInt32(truncatingIfNeeded: OtherProcessors.startPage.rawValue)
    controller.sendInit(to: identifier)
    wait(milliseconds: 10, &timer)
    controller.sendStartUp(to: identifier, page: page)
    if arrives(number, withinMilliseconds: 200, &timer) { return true }
    controller.sendStartUp(to: identifier, page: page)
    return arrives(number, withinMilliseconds: 20_000, &timer)
  }

  private static func wait(milliseconds: UInt32, _ timer: inout IntervalTimer<Ports>) {
    timer.wait(ticks: UInt16(truncatingIfNeeded: IntervalTimer<Ports>.frequency / 1000 * milliseconds))
  }

  private static func arrives(
    _ number: Int, withinMilliseconds limit: UInt32, _ timer: inout IntervalTimer<Ports>
  ) -> Bool {
    var waited: UInt32 = 0
    while waited < limit {
      if ProcessorBlock.hasArrived(number) { return true }
      wait(milliseconds: 1, &timer)
      waited += 1
    }
    return false
  }

  private static func say(arrived expected: Int) {
    var arrived: UInt64 = 0
    for number in 1..<ProcessorBlock.capacity where ProcessorBlock.hasArrived(number) { arrived += 1 }
    var console = Console()
    console.write("processors: ")
    console.write(decimal: arrived)
    console.write(" of ")
    console.write(decimal: UInt64(truncatingIfNeeded: expected))
    console.line(" others rest on tables and stacks of their own")
  }
}

/// The first Swift code of another processor, on its own stack under the kernel's table.
@c(kernel_processor_main)
public func kernelProcessorMain(_ number: UInt64) {
  OtherProcessors.run(Int(truncatingIfNeeded: number))
}
