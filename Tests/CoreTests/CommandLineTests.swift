import Testing
import X86

@testable import Core

@Suite struct CommandLineTests {
  /// The options, or the word that was refused.
  private enum Parsed {
    case options(CommandLine)
    case unknown(String)
  }

  private func parse(_ text: String) -> Parsed {
    var memory = FakeMemory(Array(text.utf8), at: 0x1003)
    let bytes = PhysicalBytes(
      start: PhysicalAddress(truncating: 0x1003), byteCount: UInt64(text.utf8.count))
    do {
      return .options(try CommandLine(parsing: bytes, memory: &memory))
    } catch {
      let word = (0..<error.word.byteCount).map { error.word.byte($0, memory: &memory)! }
      return .unknown(String(decoding: word, as: UTF8.self))
    }
  }

  private func options(_ text: String) throws -> CommandLine {
    let parsed = parse(text)
    guard case .options(let options) = parsed else {
      Issue.record("refused: \(parsed)")
      throw CancellationError()
    }
    return options
  }

  private func path(_ options: CommandLine) -> String {
    String(decoding: (0..<options.initPath.count).map { options.initPath[$0] }, as: UTF8.self)
  }

  @Test(arguments: ["", " ", "     "])
  func saysNothing(text: String) throws {
    let options = try options(text)
    #expect(options.fault == nil)
    #expect(options.modifiers.isEmpty)
    #expect(options.requestedAudit == nil)
    #expect(options.audit == .fast)
    #expect(path(options) == "/init")
  }

  @Test(arguments: [("off", .off), ("fast", .fast), ("full", .full)] as [(String, AuditMode)])
  func choosesTheAudit(value: String, mode: AuditMode) throws {
    #expect(try options("assert=" + value).audit == mode)
    // A fault changes nothing about what was asked for.
    #expect(try options("fault=rsp0-pte assert=" + value).audit == mode)
    #expect(try options("assert=\(value) fault=rsp0-pte").audit == mode)
  }

  @Test func choosesTheFixture() throws {
    #expect(try options("").fixture == .none)
    #expect(try options("fixture=map1g init=/echo").fixture == .mappedGigabyte)
    guard case .unknown("fixture=map2g") = parse("fixture=map2g") else {
      Issue.record("an unknown fixture is taken")
      return
    }
  }

  @Test(arguments: [("off", .off), ("on", .on), ("wait", .wait)] as [(String, DebuggerMode)])
  func choosesTheDebugger(value: String, mode: DebuggerMode) throws {
    #expect(try options("gdb=" + value).debugger == mode)
    #expect(try options("gdb=" + value).debuggerPort == .com2)
  }

  @Test func choosesTheTimer() throws {
    #expect(try options("").timer == .intervalTimer)
    #expect(try options("timer=pit").timer == .intervalTimer)
    #expect(try options("assert=off timer=lapic").timer == .localAPIC)
  }

  @Test func choosesTheDebuggersPort() throws {
    #expect(try options("gdbport=com1 gdb=on").debuggerPort == .com1)
    #expect(try options("gdbport=com2").debuggerPort == .com2)
    #expect(try options("gdbport=com1").debugger == .off)
  }

  @Test func everyFaultHasAName() throws {
    var names: Set<String> = []
    for number in 0..<InjectedFault.count {
      let fault = try #require(InjectedFault(rawValue: number))
      let name = fault.name.description
      names.insert(name)
      let options = try options("fault=" + name)
      #expect(options.fault == fault)
      // It is there to be seen by a debugger.
      #expect(options.audit == .off)
      #expect(options.modifiers.isEmpty)
    }
    #expect(InjectedFault(rawValue: InjectedFault.count) == nil)
    #expect(names.count == Int(InjectedFault.count))
    #expect(names.isSuperset(of: ["rsp0-pml4", "rsp0-pte", "rsp0-ro", "rsp0-zero", "rsp0-noncanon"]))
  }

  @Test func noFaultIsNoFault() throws {
    let options = try options("fault=none")
    #expect(options.fault == nil)
    #expect(options.audit == .fast)
  }

  @Test func faultsHaveModifiers() throws {
    #expect(try options("fault=rsp0-pml4,pfist").modifiers == .pageFaultStack)
    #expect(try options("fault=rsp0-pml4,dfnoist").modifiers == .noDoubleFaultStack)
    let both = try options("fault=rsp0-pml4,pfist,dfnoist")
    #expect(both.modifiers == .pageFaultStack | .noDoubleFaultStack)
    #expect(both.fault == .rsp0PML4)
  }

  @Test func aFaultMayWaitForReturns() throws {
    #expect(try options("fault=rsp0-pte").provocation.returnsBefore == 0)
    #expect(try !options("fault=rsp0-pte").provocation.isLate)
    let late = try options("fault=rsp0-pte,after=5000,pfist")
    #expect(late.provocation.returnsBefore == 5000)
    #expect(late.provocation.isLate)
    #expect(late.fault == .rsp0PTE)
    #expect(late.modifiers == .pageFaultStack)
  }

  @Test func choosesTheInitProgram() throws {
    #expect(path(try options("init=/bin/hello")) == "/bin/hello")
    #expect(path(try options("init=x")) == "x")
    let longest = String(repeating: "n", count: FileName.capacity)
    #expect(path(try options("init=" + longest)) == longest)
  }

  @Test func wordsStandInAnyOrderAndTheLastCounts() throws {
    let options = try options("  init=/a   assert=full fault=rsp0-ro init=/b assert=off  ")
    #expect(path(options) == "/b")
    #expect(options.audit == .off)
    #expect(options.fault == .rsp0ReadOnly)
  }

  @Test(arguments: [
    "quiet", "fault", "fault=", "fault=rsp0", "fault=rsp0-pml4x", "fault=RSP0-PML4", "fault=rsp0-pml4,",
    "fault=rsp0-pml4,,pfist", "fault=rsp0-pml4,none", "fault=,pfist", "fault=pfist", "assert=", "assert=on",
    "assert=fast,full", "assert=fastt", "gdb=", "gdb=com1", "gdbport=", "gdbport=com3", "gdbport=com11",
    "timer=", "timer=hpet", "timer=lapic,pit",
    "init=", "=x", "=", "init", "\tassert=off", "assert=off\t",
    "fault =none", "fault=rsp0-pte,after=", "fault=rsp0-pte,after=0", "fault=rsp0-pte,after=x",
    "fault=rsp0-pte,after=1000001", "fault=rsp0-pte,after=99999999999999999999", "fault=rsp0-pte,after",
    "fault=smp-same-tss,after=1",
  ])
  func refusesWhatItDoesNotKnow(text: String) {
    let word = text.split(separator: " ")[0]
    // Among good words, it is the one that is named.
    for (before, after) in [("", ""), ("assert=full ", " init=/x")] {
      guard case .unknown(String(word)) = parse(before + text + after) else {
        Issue.record("\(before + text + after) gave \(parse(before + text + after))")
        continue
      }
    }
  }

  @Test func refusesAPathThatIsTooLong() {
    let word = "init=" + String(repeating: "n", count: FileName.capacity + 1)
    guard case .unknown(word) = parse(word) else {
      Issue.record("accepted")
      return
    }
  }
}
