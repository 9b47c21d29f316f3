import Foundation
import Testing

/// Attaching to machines that run no 64-bit kernel, or none yet, or nothing any more: every command has an answer or
/// one line that says why there is none.
@Suite("machines in every state", .serialized)
struct MachineStateTests {
  /// Every command that looks, and at the end one that runs.
  private static let commands = [
    "info registers", "info cpus", "info threads", "print $rip", "cr3", "pml4", "walk $rip",
    "walk 0xffffffff80000000", "tss", "gdt", "idt", "frame", "audit", "explain", "backtrace", "x/4gx $rsp",
    "x/3i $rip", "xp/2gx 0x7c00", "info symbol $rip", "info breakpoints", "catch vector 14", "catch off",
    "check on", "finish", "monitor info status", "break 0x7c00", "delete 1", "record on", "record off",
    "stepi",
  ]

  /// Runs them all. One answer or one line each, and the machine goes on as it was.
  private func answers(_ machine: BareMachine) throws -> [String: String] {
    let kdbg = try machine.ask(Self.commands, json: true)
    #expect(!kdbg.timedOut)
    #expect([0, 2].contains(kdbg.status), "\(kdbg.status) \(kdbg.errors)")
    let answers = kdbg.lines.filter { $0.hasPrefix("{") }
    let complaints = kdbg.errors.split(separator: "\n").filter { !$0.hasPrefix("Attached, ") }
    // An object for every command, and a line besides for one that failed.
    #expect(answers.count == Self.commands.count, "\(kdbg.output)\(kdbg.errors)")
    #expect(complaints.count == answers.count { $0.contains("\"error\":") }, "\(kdbg.output)\(kdbg.errors)")
    for answer in answers {
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(answer.utf8)) }
    }
    // Once more as people read it, each command under its own name.
    let text = try machine.ask(Self.commands.flatMap { ["echo ## \($0)", $0] })
    #expect([0, 2].contains(text.status), "\(text.status) \(text.errors)")
    var found: [String: String] = [:]
    var command = ""
    for line in text.lines {
      if line.hasPrefix("## ") { command = String(line.dropFirst(3)) }
      found[command, default: ""] += line + "\n"
    }
    for command in Self.commands { found[command, default: ""] += text.errors }
    #expect(machine.process.isRunning)
    return found
  }

  @Test("with the firmware's own code loaded", arguments: BootSector.allCases)
  func sector(_ sector: BootSector) throws {
    let machine = try BareMachine(
      sector, sector == .shutDown ? ["-no-reboot", "-no-shutdown"] : sector == .halted ? ["-smp", "2"] : [])
    #expect(
      try machine.comes(
        sector == .shutDown ? "(shutdown)" : "7c",
        to: sector == .shutDown ? "monitor info status" : "print/x $rip & 0xff00"))
    let answers = try answers(machine)
    for (command, text) in Self.expected[sector] ?? [:] {
      #expect(answers[command]?.contains(text) == true, "\(command): \(answers[command] ?? "no answer")")
    }
  }

  private static let expected: [BootSector: [String: String]] = [
    .realMode: [
      "idt": "the processor is in real mode: its interrupt vectors are at 0x0",
      "x/3i $rip": "jmp", "xp/2gx 0x7c00": "0x7c00:", "tss": "TR holds the null selector",
      "catch vector 14": "the processor is in real mode", "walk $rip": "paging is off (CR0.PG=0)",
    ],
    .halted: ["info cpus": "1", "x/3i $rip": "jmp", "stepi": "halted"],
    .shutDown: [
      "stepi": "the machine has shut down; it can be read, but not run",
      "monitor info status": "paused (shutdown)",
    ],
    .protectedMode: [
      "gdt": "32-bit TSS, available, base 0x2000", "x/3i $rip": "jmp",
      "idt": "not in long mode", "print $rip": "0x7c22", "walk $rip": "paging is off",
    ],
    .legacyPaging: [
      "gdt": "32-bit TSS, available, base 0x2000", "print $rip": "0x7c", "x/3i $rip": "jmp",
      "x/4gx $rsp": "0x7000:", "walk $rip": "not in long mode", "idt": "not in long mode",
    ],
  ]

  @Test("at reset, in the firmware, with processors that nobody has started")
  func others() throws {
    let machine = try BareMachine(nil, ["-S", "-smp", "2"])
    let first = try machine.ask([
      "print $rip", "x/1i $pc", "disassemble $pc,+1", "info registers cs dr6", "gdt", "info cpus",
      "stepi", "disassemble",
    ])
    #expect(first.errors.contains("stopped at 0xfff0 (in the code segment at 0xffff0000)"), "\(first.errors)")
    #expect(first.output.hasPrefix("0xfff0 (65520)\n=> 0xfffffff0:\tljmp"), "\(first.output)")
    #expect(
      first.output.contains("cs   0xf000      base 0xffff0000, limit 0xffff\ndr6  0xffff0ff0"),
      "\(first.output)")
    // The jump was to 0xf000:0xe05b.
    #expect(first.output.contains("\n=> 0xfe05b:\tcmp"), "\(first.output)")
    _ = try answers(machine)
    let firmware = try answers(try BareMachine(nil, ["-smp", "4"]))
    #expect(firmware["info cpus"]?.split(separator: "\n").count ?? 0 >= 4)
  }
}
