import Foundation
import TerminalSupport
import Testing

@Suite("the ends of kdbg check")
struct CheckEndingTests {
  /// A kernel whose one program waits for an NMI that nobody sends: one return to Ring 3, and then no stop at all.
  private static let idle = ["--fault", "none,nmi"]

  private static func check(_ options: [String], limit: Double = 240) throws -> Finished {
    try Debugger.run(
      ["check", "--run", KernelBuild.release.path, "--initrd", Repository.initrd] + options, limit: limit)
  }

  @Test("the text on the console")
  func text() throws {
    let check = try Self.check(["--until", "Hello from userspace!"])
    #expect(check.status == Debugger.allHeld, "\(check.output)\(check.errors)")
    #expect(check.lines.first?.contains("checked at 1 site, all held") == true)
    #expect(check.lines.dropFirst().first?.hasPrefix("The console said \"Hello from userspace!\", ") == true)
    let never = try Self.check(["--until", "nobody says this"])
    #expect(never.status == Debugger.violation)
    #expect(never.output.contains("\nThe machine ended before its console said \"nobody says this\".\n"))
  }

  @Test("a time, with all held; silence is an error all the same")
  func time() throws {
    let check = try Self.check(Self.idle + ["--for", "6"])
    #expect(check.status == Debugger.allHeld, "\(check.output)\(check.errors)")
    #expect(check.lines.first == "1 return to Ring 3 checked at 1 site, all held")
    #expect(check.lines.dropFirst().first?.hasPrefix("After 6 s, 0x10000") == true, "\(check.output)")
    let hung = try Self.check(Self.idle + ["--timeout", "6"])
    #expect(hung.status == Debugger.targetLost)
    #expect(hung.errors.contains("the machine still runs after 6 s without a stop (--timeout)"))
  }

  @Test("the machine's own end, where it must be that")
  func ownEnd() throws {
    let check = try Self.check(["--until-exit"])
    #expect(check.status == Debugger.allHeld, "\(check.output)\(check.errors)")
    #expect(check.output.contains("\nThe machine ended with status 33: everything ran"))
    let early = try Self.check(["--until-exit", "--returns", "5", "--for", "3600"])
    #expect(early.status == Debugger.violation)
    #expect(early.lines.first == "5 returns to Ring 3 checked at 1 site, all held")
    #expect(early.output.contains("\nThe machine did not come to its own end (--until-exit).\n"))
  }

  @Test("ends that cannot be had, and files that cannot be written, are told before anything starts")
  func usage() throws {
    let console = "--until needs the guest's console"
    for (options, words) in [
      (["--until", "x", "--console", "/dev/null"], console), (["--until", ""], "--until needs a text"),
      (["--for", "0"], "--for is a number of seconds"),
      (["--junit", "/nonexistent/junit.xml"], "/nonexistent/junit.xml: there is no directory /nonexistent"),
      (["--junit", "/"], "/: is a directory"),
    ] {
      let check = try Self.check(options)
      #expect(check.status == Debugger.wrongUsage, "\(options): \(check.errors)")
      #expect(check.errors.contains(words), "\(options): \(check.errors)")
      #expect(!check.errors.contains("=== ") && check.output.isEmpty, "no machine was started")
    }
    let endpoint = try Debugger.run([
      "check", "unix:/nonexistent", "--symbols", KernelBuild.release.path, "--until", "x",
    ])
    #expect(endpoint.status == Debugger.wrongUsage)
    #expect(endpoint.errors.contains(console))
  }

  @Test("with --keep-going a fault that stays is counted, and told once")
  func keepGoing() throws {
    let check = try Self.check([
      "--fault", "guard-mapped", "--severity", "hygiene", "--keep-going", "--returns", "40", "--append",
      "init=/calls",
    ])
    #expect(check.status == Debugger.violation, "\(check.output)\(check.errors)")
    // Hygiene is what ends this check, so it is no remark.
    #expect(check.output.hasPrefix("VIOLATION before the return to Ring 3 at"), "\(check.output)")
    #expect(check.output.components(separatedBy: "before the return to Ring 3 at").count == 2)
    let counts = try #require(
      check.output.firstMatch(
        of: /40 returns to Ring 3 checked at .*, (\d+) of them break a rule: 1 distinct/))
    #expect(try #require(Int(counts.1)) > 1)
    #expect(
      check.output.contains(
        "\n  RT-033 guard-below-stack: \(counts.1) times, first at return 1, in return_to_user"))
  }

  @Test("with --keep-going the machine dies of a fatal one, and the files say so")
  func reports() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "junit-\(UUID().uuidString).xml")
    defer { try? FileManager.default.removeItem(at: file) }
    let check = try Self.check([
      "--fault", "rsp0-pml4", "--keep-going", "--annotations", "--junit", file.path,
    ])
    #expect(check.status == Debugger.violation, "\(check.output)\(check.errors)")
    #expect(check.output.contains("\nThe machine ended with status 41: a double fault.\n"))
    #expect(
      check.output.contains(
        /\n::error file=kernel\/Boot\/trap_stubs\.S,line=\d+,title=RT-026 RSP0-frame-pages-writable::0xffffc90000004ff8 is not mapped/
      ))
    #expect(
      check.output.contains("\n::error title=kdbg check::The machine ended with status 41: a double fault.\n")
    )
    #expect(check.output.contains("\n::notice title=kdbg check::1 return to Ring 3 checked"))
    let report = try String(contentsOf: file, encoding: .utf8)
    #expect(
      report.contains(/<testsuite name="kdbg check [^"]*" tests="\d+" failures="2" errors="0" skipped="\d+"/))
    #expect(
      report.contains(
        "<failure message=\"The machine ended with status 41: a double fault.\" type=\"machine\">"))
    #expect(report.contains("\nhow to fix it: map the stack's pages into this table"))
  }

  @Test("a target that is lost is an error in the report too, and JSON stays pure")
  func lost() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "junit-\(UUID().uuidString).xml")
    defer { try? FileManager.default.removeItem(at: file) }
    let check = try Debugger.run([
      "check", "unix:/nonexistent", "--symbols", KernelBuild.release.path, "--junit", file.path,
      "--annotations",
      "--json",
    ])
    #expect(check.status == Debugger.targetLost, "\(check.errors)")
    #expect(!check.output.contains("::"))
    #expect(check.errors.contains("::notice title=kdbg check::nothing was checked (exit status 3)"))
    let report = try String(contentsOf: file, encoding: .utf8)
    #expect(report.contains("errors=\"1\""))
    #expect(report.contains("type=\"target lost\""))
  }

  @Test(
    "a progress line stands on a terminal, and is erased before the report; where controls mean nothing there is none"
  )
  func progress() throws {
    let arguments =
      [
        Repository.kdbg, "check", "--run", KernelBuild.release.path, "--initrd", Repository.initrd, "--for",
        "8",
      ]
      + Self.idle
    let terminal = try PseudoTerminal(arguments, environment: ["TERM=xterm"])
    _ = try terminal.expect("returns checked, ", seconds: 240)
    let rest = try terminal.expect("all held", seconds: 240)
    #expect(rest.contains("\r\u{1b}[K"))
    #expect(try terminal.exitStatus(seconds: 240) == Debugger.allHeld)
    let plain = try PseudoTerminal(arguments, environment: ["TERM=dumb"])
    let all = try plain.expect("all held", seconds: 240)
    #expect(!all.contains("returns checked") && !all.contains("\u{1b}["))
    #expect(try plain.exitStatus(seconds: 240) == Debugger.allHeld)
  }
}
