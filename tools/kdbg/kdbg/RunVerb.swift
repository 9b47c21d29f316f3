import ArgumentParser
import Commands
import Session

struct RunVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Start QEMU with a kernel and debug it.",
    discussion: """
      Stops at the first return to Ring 3, with the check of every return on. Without -e, -x and a pipe it asks \
      for commands. What follows -- goes to QEMU.
      """)

  @Argument(help: "The kernel's ELF file.")
  var kernel: String

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Where to stop first: reset, a symbol or address, or none. Default: the first return to Ring 3.",
      valueName: "where"))
  var stop: String?

  @Flag(inversion: .prefixedNo, help: "Audit every return to Ring 3.")
  var check = true

  @Flag(help: "Leave QEMU running when kdbg ends.")
  var keep = false

  @OptionGroup(title: "Machine") var machine: MachineOptions
  @OptionGroup(title: "Common") var common: CommonOptions

  func run() throws {
    let program = try Kernel.programs(common, kernel: kernel)
    let configuration = try Kernel.configuration(at: common.config, program)
    let relay = ConsoleRelay()
    let target = try Kernel.launch(
      machine.launchOptions(
        kernel: kernel, relay: relay, consoleOnError: common.json, lifetime: keep ? .kept : .session),
      memoryBy: common.memoryBy)
    let debugger = Debugger(target: target, program: program, output: common.output)
    debugger.control.configuration = configuration
    if machine.console == nil { debugger.console = relay }
    let session = DebuggingSession(debugger, on: target, common)
    try session.begin(check ? .on : .off, at: InitialStop(stop), verb: "run")
    try session.serve()
  }
}
