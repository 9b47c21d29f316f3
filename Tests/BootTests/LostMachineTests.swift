import Foundation
import Synchronization
import Testing

/// QEMU goes away while kdbg works: one line and status 3, whatever kdbg was doing.
@Suite("machines that are lost", .serialized)
struct LostMachineTests {
  /// What each waits for is different: registers, the monitor, memory, a step, a stop, a breakpoint.
  static let commands = [
    "info registers", "info cpus", "cr3", "pml4", "walk $rip", "gdt", "idt", "tss", "frame", "audit",
    "explain",
    "backtrace", "x/4gx 0x9000", "xp/4gx 0x7c00", "x/2i 0x7c00", "print {u64 physical} 0x9000",
    "break 0x7c00",
    "hbreak 0x7c00", "watch 0x9000", "monitor info mtree", "record on", "stepi", "continue",
    "detach",
  ]

  /// What becomes of a QEMU that does not answer.
  enum Fate { case killed, silent }

  /// A QEMU that is held (SIGSTOP) answers nothing, so that the command is surely under way.
  private func lose(_ command: String, _ fate: Fate) throws -> (finished: Finished, lines: [Substring]) {
    let machine = try BareMachine(nil, ["-S"])
    let qemu = machine.process.processIdentifier
    let kdbg = Process()
    let (input, output, errors) = (Pipe(), Pipe(), Pipe())
    kdbg.executableURL = URL(filePath: Repository.kdbg)
    kdbg.arguments = ["attach", machine.endpoint]
    (kdbg.standardInput, kdbg.standardOutput, kdbg.standardError) = (input, output, errors)
    try kdbg.run()
    defer { if kdbg.isRunning { kill(kdbg.processIdentifier, SIGKILL) } }
    // Attached once it answers; after a write nothing is known any more that the command would not ask for.
    try input.fileHandleForWriting.write(contentsOf: Data("set {u8} 0x8000 = 1\nprint 0x1777\n".utf8))
    var answer = Data()
    while answer.range(of: Data("0x1777".utf8)) == nil {
      let more = output.fileHandleForReading.availableData
      try #require(!more.isEmpty, "kdbg ended")
      answer += more
    }
    kill(qemu, SIGSTOP)
    try input.fileHandleForWriting.write(contentsOf: Data("\(command)\n".utf8))
    if fate == .killed {
      usleep(200_000)
      kill(qemu, SIGKILL)
    }
    _ = try? input.fileHandleForWriting.close()
    let rest = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let complaints = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    kdbg.waitUntilExit()
    kill(qemu, SIGKILL)
    let finished = Finished(
      status: kdbg.terminationReason == .exit ? kdbg.terminationStatus : -kdbg.terminationStatus,
      output: rest,
      errors: complaints, timedOut: false)
    return (finished, complaints.split(separator: "\n").filter { !$0.hasPrefix("Attached, ") })
  }

  @Test("killed in the middle of a command", arguments: commands)
  func killed(_ command: String) throws {
    let (kdbg, lines) = try lose(command, .killed)
    #expect(kdbg.status == Debugger.targetLost, "\(kdbg.status) \(kdbg.output)\(kdbg.errors)")
    #expect(lines.count == 1, "\(kdbg.errors)")
    #expect(lines.first?.contains("the target closed the connection") == true, "\(kdbg.errors)")
  }

  @Test("silent", arguments: ["walk $rip", "monitor info mtree", "stepi"])
  func silent(_ command: String) throws {
    let (kdbg, lines) = try lose(command, .silent)
    #expect(kdbg.status == Debugger.targetLost, "\(kdbg.status) \(kdbg.output)\(kdbg.errors)")
    #expect(lines.count == 1, "\(kdbg.errors)")
    #expect(lines.first?.contains("the target did not answer within 10 s") == true, "\(kdbg.errors)")
  }

  @Test("a way to memory that the target does not have is status 2 and one line")
  func noSuchWay() throws {
    let machine = try BareMachine(nil, ["-S"])
    for (way, status) in [("ram", Debugger.wrongUsage), ("packets", 0), ("monitor", 0)] {
      let kdbg = try Debugger.run(["attach", machine.endpoint, "--memory-by", way, "-e", "xp/1gx 0xffff0"])
      #expect(kdbg.status == status, "\(way): \(kdbg.status) \(kdbg.errors)")
      let lines = kdbg.errors.split(separator: "\n").filter { !$0.hasPrefix("Attached, ") }
      let refusal = "kdbg: the target's memory is in no file that both QEMU and kdbg may read"
      #expect(lines.map(String.init) == (status == 0 ? [] : [refusal]))
    }
  }
}
