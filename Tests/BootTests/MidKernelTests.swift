import Foundation
import Testing

/// `audit` and `explain` wherever a healthy machine can be stopped: no rule is broken, and nothing is said to be proven
/// that did not happen.
@Suite("a healthy machine away from its returns")
struct MidKernelTests {
  struct Place: CustomTestStringConvertible, Sendable {
    let name: String
    let ways: [String]
    var append = "init=/calls"
    /// What `explain` must say: its verdict, how sure it is, and the event.
    let verdict: String
    var confidence: String?
    var event: String?
    /// Where the machine stands: Ring 3 has its own bases loaded, and the kernel's can be judged.
    var ring = 0

    var testDescription: String { name }
  }

  /// The timer's gate, and a frame that Ring 3 left.
  private static let timer = "break trap_stubs+0x200 if (*($rsp+8) & 3) == 3"

  static let places = [
    Place(name: "Ring 3", ways: ["catch ring 3", "continue"], verdict: "running", ring: 3),
    Place(
      name: "the first instruction of the entry", ways: ["break trap_stubs+0x800", "continue"],
      verdict: "diagnosis", confidence: "proven by replay", event: "int 0x80"),
    Place(
      name: "the second one", ways: ["break trap_stubs+0x800", "continue", "stepi"], verdict: "diagnosis",
      confidence: "proven by replay", event: "int 0x80"),
    Place(
      name: "the third one", ways: ["break trap_stubs+0x800", "continue", "stepi 2"], verdict: "diagnosis",
      confidence: "proven by replay", event: "int 0x80"),
    Place(
      name: "kernel_trap after int 0x80",
      ways: ["break trap_stubs+0x800", "continue", "delete", "break kernel_trap", "continue"],
      verdict: "diagnosis", confidence: "proven by replay", event: "int 0x80"),
    Place(
      name: "kernel_trap after the timer",
      ways: [timer, "continue", "delete", "break kernel_trap", "continue"],
      append: "", verdict: "diagnosis", confidence: "proven by replay", event: "interrupt 0x20"),
    Place(name: "syscall_entry", ways: ["break syscall_entry", "continue"], verdict: "nothing"),
    Place(
      name: "syscall_entry, its stack taken", ways: ["break syscall_entry", "continue", "stepi 4"],
      verdict: "nothing"),
    Place(
      name: "syscall_entry, its frame written", ways: ["break syscall_entry", "continue", "stepi 11"],
      verdict: "diagnosis", confidence: "guess", event: "syscall"),
    Place(
      name: "kernel_trap after syscall",
      ways: ["break syscall_entry", "continue", "delete", "break kernel_trap", "continue"],
      verdict: "diagnosis", confidence: "guess", event: "syscall"),
  ]

  private func ask(_ arguments: [String], _ ways: [String]) throws -> [[String: Any]] {
    let session = try Debugger.run(
      ["run", KernelBuild.release.path, "--initrd", Repository.initrd, "--no-check", "--json"] + arguments
        + (ways + ["print $cs & 3", "audit", "explain", "quit"]).flatMap { ["-e", $0] })
    let answers = try session.lines.filter { $0.hasPrefix("{") }.map { line in
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
    }
    #expect(
      session.status == 0 && answers.allSatisfy { $0["error"] == nil }, "\(session.output)\(session.errors)")
    return answers
  }

  /// No rule that matters is broken, and most were asked.
  private func expectNothingBroken(_ answers: [[String: Any]], ring: Int) throws {
    let audit = try #require(answers.last { $0["command"] as? String == "audit" })
    let findings = try #require(audit["findings"] as? [[String: Any]])
    // What a processor that never runs Ring 3 has below its stack is a remark.
    let broken = findings.filter {
      $0["verdict"] as? String == "violated" && $0["severity"] as? String != "hygiene"
    }
    #expect(broken.isEmpty, "\(broken)")
    #expect(findings.count { $0["verdict"] as? String == "held" } > 45)
    let swapgs = findings.first { $0["rule"] as? String == "RT-125" }
    #expect(swapgs?["verdict"] as? String == (ring == 3 ? "held" : "skipped"))
    #expect(audit["frame"] is NSNull)
  }

  @Test(arguments: places) func place(_ place: Place) throws {
    let answers = try ask(place.append.isEmpty ? [] : ["--append", place.append], place.ways)
    try expectNothingBroken(answers, ring: place.ring)
    let explained = try #require(answers.last { $0["command"] as? String == "explain" })
    #expect(explained["verdict"] as? String == place.verdict, "\(explained)")
    #expect(explained["confidence"] as? String == place.confidence, "\(explained)")
    #expect(explained["cause"] is NSNull)
    let event = ((explained["chain"] as? [String: Any])?["event"] as? String)
    if place.verdict != "running" { #expect(event == place.event, "\(explained)") }
  }

  /// The second processor, halted until it is needed.
  @Test func halted() throws {
    let answers = try ask(["--cpus", "2", "--append", "timer=lapic"], ["cpu 1"])
    try expectNothingBroken(answers, ring: 0)
    let explained = try #require(answers.last { $0["command"] as? String == "explain" })
    #expect(explained["verdict"] as? String == "nothing", "\(explained)")
  }
}
