import ArgumentParser
import Commands
import Foundation
import Inspect
import Session

struct CheckVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Audit every return to Ring 3; the exit status is the verdict.",
    usage: """
      kdbg check [ENDPOINT] [--symbols ELF] [options]
      kdbg check --run KERNEL [options] [-- QEMU-ARGUMENTS]
      """,
    discussion: """
      Ends at the first violation with status 1 (with --keep-going after all of them); else at whatever comes first \
      of --returns, --for, --until and the machine's own end: with 0 where all held, with 1 where the machine ended \
      with a failure, before the text of --until, or not by itself under --until-exit, and with 4 if no return to \
      Ring 3 was seen. The guest's console goes to standard error.
      """)

  @Argument(help: "tcp:HOST:PORT, unix:PATH or serial:DEVICE[,BAUD].")
  var endpoint: String?

  @Option(
    name: .customLong("run"), help: ArgumentHelp("Start QEMU with this kernel.", valueName: "kernel"))
  var kernel: String?

  @Option(
    name: .long, help: ArgumentHelp("End after this many returns to Ring 3, all held.", valueName: "n"))
  var returns: Int?

  @Option(
    name: .customLong("for"),
    help: ArgumentHelp(
      "End after so many seconds by the wall clock. Unlike --timeout, which is for a machine that hangs, this is no "
        + "error.", valueName: "seconds"))
  var seconds: Double?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "End when the guest has printed this text; with --run only.", valueName: "text"))
  var until: String?

  @Flag(
    name: .long,
    help:
      "The machine must come to its own end: any other end is status 1. An attached one has when its connection ends."
  )
  var untilExit = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The status with which QEMU ends when all is well, for a kernel that does not say so itself.",
      valueName: "status"))
  var success: Int32?

  @Option(
    name: .long,
    help: ArgumentHelp("Ask these rules alone, such as RT-026,RT-040..RT-049.", valueName: "list"))
  var rules: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The least that ends the check: fatal, security or hygiene. Default: security.", valueName: "severity"))
  var severity: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "What is asked at each return: return, change or all. Default: as much as may have changed.",
      valueName: "scope"))
  var scope: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      """
      every: each return is audited. sample=N: one in N; the machine stops at all. changes: the first return after each \
      load of CR3 or of a control, table or model-specific register, and after each write to TSS, GDT, IDT or page-table \
      entries that earlier audits stood on, at the addresses at which the kernel maps them; one processor. The frames of the \
      returns in between and writes by devices or through new mappings are not seen. Default: every.
      """,
      valueName: "mode"))
  var mode: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Where the returns are: symbols of functions and addresses, with commas between them. Default: auto, wherever "
        + "the kernel's file and the machine's memory have them.", valueName: "auto|place,..."))
  var sites = "auto"

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Write the result to this file as JUnit XML: a test case for each rule.", valueName: "file"))
  var junit: String?

  @Flag(
    name: .long,
    help:
      "Print GitHub workflow commands too: ::error for each violation, ::warning for each remark, ::notice.")
  var annotations = false

  @OptionGroup(title: "Machine") var machine: MachineOptions
  @OptionGroup(title: "Common") var common: CommonOptions

  func validate() throws {
    if kernel != nil, endpoint != nil { throw ValidationError("give either an endpoint or --run, not both.") }
    if kernel == nil, machine.isGiven {
      throw ValidationError("--initrd, --fault, --append, --console and QEMU's arguments need --run.")
    }
    if let returns, returns < 1 { throw ValidationError("--returns is a number from 1 on.") }
    if let mode, CheckMode(mode) == nil {
      throw ValidationError("--mode is every, changes or sample=N with a number from 1 on, not '\(mode)'.")
    }
    if let seconds, !(seconds > 0 && seconds <= 1e8) {
      throw ValidationError("--for is a number of seconds, more than 0.")
    }
    if let until {
      if until.isEmpty { throw ValidationError("--until needs a text.") }
      if kernel == nil || machine.console != nil {
        throw ValidationError(
          "--until needs the guest's console, which comes to kdbg with --run and without --console alone.")
      }
    }
    if SiteWish(sites) == nil {
      throw ValidationError("--sites is \"auto\", or symbols and addresses with commas between them.")
    }
  }

  /// What is asked of each return.
  private func selection() throws -> AuditSelection {
    var selection = AuditSelection()
    do throws(CommandFailure) {
      if let rules { try selection.take(.rules, rules) }
      if let severity { try selection.take(.severity, severity) }
      if let scope { try selection.take(.scope, scope) }
    } catch {
      throw Ending(error)
    }
    return selection
  }

  private var ends: CheckEnds {
    CheckEnds(
      returns: returns, time: seconds.map { .milliseconds(Int64(($0 * 1000).rounded(.up))) }, text: until,
      ownEnd: untilExit ? .required : .allowed)
  }

  func run() throws {
    // Looked at before the machine is started.
    let file = try junit.map { path in try ReportFile(path) }
    let program = try Kernel.programs(common, kernel: kernel, .helpful)
    let selection = try selection()
    var configuration = try Kernel.configuration(at: common.config, program)
    let relay = ConsoleRelay()
    let bell = CheckBell()
    if let until { relay.await(until) { bell.ring(.text(until)) } }
    let target: Target
    do {
      target = try open(relay)
    } catch let ending as Ending {
      let outcome = CheckOutcome(status: ending.status, failure: ending.message, duration: .zero)
      hand(on: outcome, nil, program, to: file)
      throw ending
    }
    if kernel == nil {
      Kernel.locate(program, on: target)
      // Its symbols may be elsewhere now.
      configuration = try Kernel.configuration(at: common.config, program)
    }
    let debugger = Debugger(target: target, program: program, output: common.output)
    debugger.control.configuration = configuration
    debugger.control.successStatus = success
    debugger.control.selection = selection
    if let mode = mode.flatMap(CheckMode.init) { debugger.control.mode = mode }
    debugger.control.siteWatch.wish = SiteWish(sites) ?? .auto
    if kernel != nil, machine.console == nil { debugger.console = relay }
    try DebuggingSession(debugger, on: target, common).check(until: ends, bell: bell) {
      hand(on: $0, debugger.control.summary, program, to: file)
    }
  }

  private func open(_ relay: ConsoleRelay) throws -> Target {
    guard let kernel else { return try Kernel.attach(endpoint, memoryBy: common.memoryBy) }
    return try Kernel.launch(
      machine.launchOptions(kernel: kernel, relay: relay, consoleOnError: true, lifetime: .session),
      memoryBy: common.memoryBy)
  }

  /// Tells whoever reads files or workflow commands. The status is the outcome's, unless a file could not be written
  /// about a check in which all held.
  @discardableResult
  private func hand(
    on outcome: CheckOutcome, _ summary: CheckSummary?, _ program: ProgramSet?, to file: ReportFile?
  ) -> ExitStatus {
    if annotations {
      let commands = CheckAnnotations(root: FileManager.default.currentDirectoryPath).commands(
        outcome, summary, program)
      let text = commands.map { $0.text + "\n" }.joined()
      if common.json { StandardStreams.error(text) } else { StandardStreams.out(text) }
    }
    guard let file else { return outcome.status }
    let report = JUnitReport(of: kernel ?? endpoint ?? "the machine", outcome, summary)
    do {
      try file.write(report.text(names: program ?? ProgramSet()))
      return outcome.status
    } catch {
      if let message = (error as? Ending)?.message { StandardStreams.error("kdbg: \(message)\n") }
      return outcome.status == .held ? .usage : outcome.status
    }
  }
}
