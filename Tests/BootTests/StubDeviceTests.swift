import Foundation
import Testing

/// What `monitor` shows and reaches beyond RAM.
@Suite("the stub's maps and its accesses of exact width")
struct StubDeviceTests {
  private static let both = KernelBuild.allCases

  /// What stands in the answers that gdb shows.
  private func answers(_ finished: Finished) -> [Substring] {
    finished.errors.split(separator: "\n").filter {
      !$0.hasPrefix("warning") && !$0.hasPrefix("Protocol error")
    }
  }

  @Test("monitor map: everything that is mapped, merged by rights", arguments: both)
  func map(_ kernel: KernelBuild) throws {
    let machine = try StubMachine(kernel, "gdb=wait")
    let gdb = try machine.gdb(
      ["hbreak *0x10000019", "continue", "delete", "monitor map", "detach"], kernel: kernel)
    let ranges = answers(gdb).filter { $0.hasPrefix("0x") }
    func has(_ line: String) -> Bool { ranges.contains { $0 == line } }
    #expect(has("0x0000000010000000-0x0000000010000fff r-x user"), "\(gdb.output)\(gdb.errors)")
    #expect(has("0x00007fffefff0000-0x00007fffefffffff rw- user"))
    #expect(has("0xffffc90000001000-0xffffc90000004fff rw- supervisor"), "the process's kernel stack")
    #expect(has("0xffff800000000000-0xffff80000009ffff rw- supervisor"), "the window's first RAM")
    // The kernel's text is the one place in the upper half where code runs, and nobody writes it.
    let code = ranges.filter { $0.hasSuffix("r-x supervisor") }
    #expect(code.count == 1 && code[0].hasPrefix("0xffffffff801"), "\(code)")
    #expect(!ranges.contains { $0.contains("wx") || $0.hasSuffix("global") })
    // Neighbours differ, or something lies between.
    for (left, right) in zip(ranges, ranges.dropFirst()) {
      let (last, start) = (number(left.dropFirst(19)), number(right))
      #expect(last < start)
      #expect(last + 1 < start || left.dropFirst(38) != right.dropFirst(38), "\(left) \(right)")
    }
    #expect(machine.exitStatus() == MachineStatus.success)
  }

  private func number(_ text: Substring) -> UInt64 {
    UInt64(text.dropFirst(2).prefix { $0.isHexDigit }, radix: 16) ?? 0
  }

  /// The map of a thread that does not run is that of its own table.
  @Test("monitor map of the selected thread")
  func mapOfAThread() throws {
    let machine = try StubMachine(.release, "gdb=on init=/echo")
    try #require(try machine.waitForRest(after: "echo: ready\n"))
    let gdb = try machine.gdb(["monitor map", "echo ---\\n", "thread 2", "monitor map", "kill"])
    let ranges = answers(gdb)
    #expect(ranges.filter { $0.hasSuffix("r-x supervisor") }.count == 2, "\(gdb.output)\(gdb.errors)")
    #expect(ranges.filter { $0.hasSuffix("r-x user") }.count == 1, "the boot thread maps no program")
  }

  /// QEMU's I/O APIC and local APIC answer 32-bit accesses alone, its HPET 32 and 64 bits: what comes back tells the width.
  @Test("devices by physical address, width by width", arguments: both)
  func devices(_ kernel: KernelBuild) throws {
    let machine = try StubMachine(kernel, "gdb=wait")
    let gdb = try machine.gdb(
      [
        "monitor phys-read 4 0xfee00030", "monitor phys-read 1 0xfee00030",
        "monitor phys-write 4 0xfec00000 1",
        "monitor phys-read 4 0xfec00010", "monitor phys-read 2 0xfec00010", "monitor phys-read 8 0xfed00000",
        "monitor phys-read 4 0xfed00000", "monitor phys-read 4 0xfed00004",
        "monitor phys-write 4 0xfee00080 0x50", "monitor phys-read 4 0xfee00080",
        "monitor phys-write 4 0xfee00080 0", "monitor phys-read 4 0xfee00080", "x/1xw 0xfee00080", "detach",
      ], kernel: kernel)
    #expect(
      answers(gdb) == [
        "0x50014", "0x0", "0x170020", "0x0", "0x9896808086a201", "0x8086a201", "0x989680", "0x50", "0x0",
        "Cannot access memory at address 0xfee00080",
      ], "\(gdb.output)\(gdb.errors)")
    #expect(machine.exitStatus() == MachineStatus.success)
  }

  @Test("memory by linear address: exactly the bytes of the access change, in read-only text too")
  func memory() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let gdb = try machine.gdb([
      "hbreak *0x10000019", "continue", "delete", "monitor write 8 0x10002000 0x1122334455667788",
      "monitor write 1 0x10002003 0xaa", "monitor write 2 0x10002004 0xbbcc", "monitor read 8 0x10002000",
      "monitor read 4 0x10002004", "monitor read 2 0x10002002", "monitor read 1 0x10002007",
      "monitor write 4 0x10002000 0", "monitor read 8 0x10002000", "monitor write 8 0x10002000 0",
      "monitor read 1 0x10000019", "monitor write 1 0x10000019 0x90", "x/2xb 0x10000019",
      "monitor write 1 0x10000019 0xcd", "detach",
    ])
    #expect(
      answers(gdb).filter { $0.hasPrefix("0x") } == [
        "0x1122bbccaa667788", "0x1122bbcc", "0xaa66", "0x11", "0x1122bbcc00000000", "0xcd",
      ], "\(gdb.output)\(gdb.errors)")
    #expect(gdb.output.contains("0x10000019:\t0x90\t0x80"))
    #expect(machine.exitStatus() == MachineStatus.success)
    #expect(machine.consoleText.contains("✓ BASELINE PASSED"))
  }

  @Test("what cannot be accessed is refused in one line, and costs nothing")
  func refusals() throws {
    let refused = [
      ("read 4 0x10000002", "not a multiple of the width: 0x10000002"),
      ("read 8 0x5000", "nothing is mapped at 0x5000"),
      ("write 1 0x5000 1", "nothing is mapped at 0x5000"),
      ("read 4 0x800000000000", "no canonical address: 0x800000000000"),
      ("phys-read 8 0x10000000000", "no physical address of this processor: 0x10000000000"),
      ("phys-write 8 0xfffffffffffffff8 1", "no physical address of this processor: 0xfffffffffffffff8"),
      ("phys-read 2 0xfee00031", "not a multiple of the width: 0xfee00031"),
      ("write 1 0x10002000 0x100", "more than the width holds: 0x100"),
      ("read 3 0x10000000", "WIDTH ADDRESS; the width is 1, 2, 4 or 8"),
      ("read 4", "WIDTH ADDRESS; the width is 1, 2, 4 or 8"),
      ("read 4 0x10000000 5", "WIDTH ADDRESS; the width is 1, 2, 4 or 8"),
      ("read 4 0x10000000000000000", "WIDTH ADDRESS; the width is 1, 2, 4 or 8"),
      ("phys-write 4 0xfee00080", "WIDTH ADDRESS VALUE; the width is 1, 2, 4 or 8"),
      ("phys-write 4 0xfee00080 x", "WIDTH ADDRESS VALUE; the width is 1, 2, 4 or 8"),
    ]
    let machine = try StubMachine(.release, "gdb=wait")
    let gdb = try machine.gdb(
      ["hbreak *0x10000019", "continue", "delete"] + refused.map { "monitor " + $0.0 } + ["detach"])
    #expect(answers(gdb).map(String.init) == refused.map(\.1), "\(gdb.output)\(gdb.errors)")
    #expect(machine.exitStatus() == MachineStatus.success)
  }

  /// gdb itself refuses what is outside of the map: the stub hears nothing of it.
  @Test("the memory map is the kernel's: Ring 3's half, RAM in the window, stacks, image", arguments: both)
  func memoryMap(_ kernel: KernelBuild) throws {
    let machine = try StubMachine(kernel, "gdb=wait")
    let gdb = try machine.gdb(
      [
        "info mem", "monitor stats", "x/1xg 0xfffff00000000000", "monitor stats", "x/1xg 0xffff8000000a0000",
        "monitor stats", "x/1xg 0xffffc98000001000", "x/1xg 0xffff800000005000", "x/1xb &kernel_trap",
        "detach",
      ], kernel: kernel)
    let ranges = gdb.lines.filter { $0.contains(" rw ") || $0.contains(" ro ") }.map { line in
      line.split { $0.isWhitespace }.filter { $0.hasPrefix("0x") }.map { number($0[...]) }
    }
    try #require(ranges.count >= 6, "\(gdb.output)\(gdb.errors)")
    #expect(ranges[0] == [0, 0x8000_0000_0000])
    #expect(ranges[1].first == 0xffff_8000_0000_0000)
    #expect(ranges[2].first == 0xffff_8000_0010_0000)
    #expect(
      ranges.dropLast(3).last?.last ?? 0 > 0xffff_8000_0ff0_0000, "256 MiB, but for what the firmware keeps")
    #expect(ranges.suffix(3).prefix(2).map(\.first) == [0xffff_c900_0000_0000, 0xffff_c980_0000_0000])
    let image = try #require(ranges.last)
    let code = try kernel.address(of: "kernel_trap")
    #expect(image[0] > 0xffff_ffff_8010_0000 && image[0] < code && image[1] > code)
    #expect(!gdb.output.contains(" ro "), "a breakpoint in text takes no debug register")
    let counts = gdb.errors.matches(of: /packets received +(\d+)/).compactMap { Int($0.1) }
    try #require(counts.count == 3)
    #expect(counts[1] == counts[0] + 1 && counts[2] == counts[1] + 1, "\(counts)")
    #expect(gdb.output.contains("0xffff800000005000:\t0x"))
    #expect(machine.exitStatus() == MachineStatus.success)
  }
}
