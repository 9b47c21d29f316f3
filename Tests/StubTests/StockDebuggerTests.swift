import Foundation
import TerminalSupport
import Testing

/// gdb as a client: what it prints, and what it sends for it.
@Suite(.serialized) struct StockDebuggerTests {
  /// The lines that `script` added to gdb's greeting.
  private func lines(_ debugger: StockDebugger, _ script: String) throws -> [String] {
    try debugger.run(script).split(separator: "\n").map { String($0) }
  }

  @Test func registersOfEveryKind() throws {
    let lines = try lines(
      StockDebugger(), "info registers rax rip eflags cs fs_base cr0 cr4 efer tr gdtr_base lstar dr7 st0\n")
    for expected in [
      "rax            0x1000              4096", "rip            0x100000            0x100000 <_start>",
      "eflags         0x202               [ IF ]", "cs             0x1012              4114",
      "fs_base        0x1039              0x1039", "cr0            0x103c              [ EM TS ET NE ]",
      "cr4            0x103f              [ VME PVI TSD DE PSE PAE OSXSAVE ]".replacing(
        " OSXSAVE", with: " LA57"),
      "tr             0x1042              4162", "gdtr_base      0x104a              0x104a",
      "lstar          0x104f              0x104f", "st0            <unavailable>",
    ] { #expect(lines.contains(expected), "\(expected)\nin\n\(lines.joined(separator: "\n"))") }
  }

  @Test func aWholeSession() throws {
    let debugger = try StockDebugger()
    let output = try debugger.run(
      """
      x/3i $pc
      stepi
      stepi
      backtrace
      info threads
      break *0x10001a
      continue
      finish
      print $rax
      set var *(long *) 0x100028 = 0x1234
      print *(long *) 0x100028
      x/2xw 0x100028
      delete
      watch *(long *) 0x100028
      continue
      delete
      hbreak *0x100006
      continue
      next
      thread 2
      print $rax
      thread 1
      monitor lines 2
      find /b 0x100000, +0x30, 0xc3
      print $rbx = 77
      print $rbx
      """)
    for expected in [
      "=> 0x100000 <_start>:\tnop", "#1  0x0000000000100006 in _start ()",
      "* 1    Thread 1 \"boot\" (running)", "  3    Thread 31 \"<odd> & \"name\" }*#$\" (waiting)",
      "Thread 1 \"boot\" hit Breakpoint 1, ", "$1 = 1", "$2 = 4660",
      "0x100028 <counter>:\t0x00001234\t0x00000000",
      "Hardware watchpoint 2: *(long *) 0x100028", "Old value = 4660", "New value = 4661",
      "hit Breakpoint 3, ", "[Switching to thread 2 (Thread 2)]", "$3 = 8192",
      "line 0 of many\nline 1 of many",
      "0x100025 <count_up+22>\n1 pattern found.", "$4 = 77\n$5 = 77",
    ] { #expect(output.contains(expected), "\(expected)\nin\n\(output)") }
  }

  /// gdb leaves; what it left behind is the machine, not the breakpoints.
  @Test func leaveAndComeBack() throws {
    let debugger = try StockDebugger()
    _ = try debugger.run("break count_up\ncontinue\nprint $rax = 0x77\ndetach\n")
    let output = try debugger.run("info registers rip rax\ntbreak *0x100006\ncontinue\nkill\n")
    #expect(output.contains("rax            0x77                119"))
    #expect(output.contains("Temporary breakpoint 1"))
    #expect(output.contains("[Inferior 1 (Remote target) killed]"))
    #expect(try debugger.packets().contains("< D"))
    #expect(try debugger.packets().last { $0.hasPrefix("<") }?.hasPrefix("< vKill;") == true)
  }

  /// gdb goes away without a word, in the middle of what it does, and another one comes.
  @Test func vanishAndComeBack() throws {
    let debugger = try StockDebugger()
    _ = try debugger.run("set var *(long *) 0x100028 = 5\nbreak count_up\nstepi\nshell kill -9 $PPID\n")
    let output = try debugger.run("print *(long *) 0x100028\nstepi\nstepi\nstepi\nstepi\n")
    #expect(output.contains("$1 = 5"))
    // No breakpoint of the first one's stops the second one.
    #expect(!output.contains("hit Breakpoint"))
    #expect(output.contains("count_up ()"))
  }

  @Test func conditionsAreEvaluatedByTheTarget() throws {
    let debugger = try StockDebugger()
    let output = try debugger.run("break *0x100006 if $rax == 200\ncontinue\nprint $rax\n")
    #expect(output.contains("$1 = 200"))
    let packets = try debugger.packets()
    let start = try #require(packets.firstIndex { $0.hasPrefix("< Z0,100006,1;X") })
    // The insertion, the run, and its one stop: 199 other hits cost nothing.
    let stop = try #require(packets[start...].firstIndex { $0.hasPrefix("> T05") })
    #expect(packets[start...stop].filter { $0.hasPrefix("<") }.count <= 3)
  }

  @Test func printingIsDoneByTheTarget() throws {
    let debugger = try StockDebugger()
    let output = try debugger.run(
      """
      set dprintf-style agent
      dprintf *0x100006,"count is %d\\n", *(int *) 0x100028
      break *0x10000d if $rax == 3
      continue
      """)
    #expect(output.contains("count is 1\ncount is 2\ncount is 3\n"))
    #expect(try debugger.packets().filter { $0.hasPrefix("> O") && $0 != "> OK" }.count == 3)
  }

  @Test func whatIsRefused() throws {
    let debugger = try StockDebugger()
    #expect(try debugger.run("x/1xb 0xdeadbeef\n").contains("Cannot access memory at address 0xdeadbeef"))
    #expect(try debugger.run("break *0x10ff10\ncontinue\n").contains("Cannot insert breakpoint 1."))
    #expect(
      try debugger.run("print $cr3 = 5\n").contains(
        "Could not write register \"cr3\"; remote failure reply 'E.CR3 must not be changed'"))
    #expect(try debugger.run("monitor nonsense\n").contains("unknown command"))
  }

  @Test func aRunningMachineIsInterrupted() throws {
    let debugger = try StockDebugger()
    let terminal = try debugger.type("continue")
    try terminal.expect("Continuing.")
    while try debugger.packets().last?.hasPrefix("< vCont;c") != true { usleep(10_000) }
    terminal.type(Key.controlC)
    try terminal.expect("received signal SIGINT")
    terminal.type("print $rax > 0\n")
    try terminal.expect("$1 = 1")
    #expect(try debugger.packets().contains("< interrupt"))
    terminal.type("kill\nquit\n")
    #expect(try terminal.exitStatus() == 0)
  }

  /// With the text of the program taken from its file, a step is three packets: the step, the stack, the threads.
  /// gdb 13 alone reads the byte at RIP four times more, because its own unwinders look for a `ret`.
  @Test(arguments: [(true, 3), (false, 7)])
  func packetsPerStep(trustsFile: Bool, limit: Int) throws {
    let debugger = try StockDebugger()
    _ = try debugger.run(
      "set trust-readonly-sections \(trustsFile ? "on" : "off")\n" + String(repeating: "stepi\n", count: 40))
    let requests = try debugger.packets().filter { $0.hasPrefix("< ") }
    let steps = requests.indices.filter { requests[$0].hasPrefix("< vCont;s") }
    #expect(steps.count == 40)
    for (step, next) in zip(steps.dropFirst(2), steps.dropFirst(3)) {
      #expect(next - step <= limit, "\(requests[step..<next].joined(separator: "\n"))")
    }
  }

  /// What gdb says to a stub before its user can say anything.
  @Test func theGreeting() throws {
    let debugger = try StockDebugger()
    _ = try debugger.run("")
    let packets = try debugger.packets()
    #expect(packets.first?.hasPrefix("< qSupported:") == true)
    #expect(packets.contains("< QStartNoAckMode"))
    #expect(!packets.contains { $0.hasSuffix("damaged") })
    // What is answered with nothing is what gdb asks of every stub and this one has not.
    var unanswered: [Substring] = []
    for (request, reply) in zip(packets, packets.dropFirst()) where request.hasPrefix("<") && reply == "> " {
      unanswered.append(request)
    }
    #expect(Set(unanswered).isSubset(of: ["< vMustReplyEmpty", "< qTStatus", "< qOffsets"]), "\(unanswered)")
    #expect(packets.filter { $0.hasPrefix("<") }.count <= 25)
  }
}
