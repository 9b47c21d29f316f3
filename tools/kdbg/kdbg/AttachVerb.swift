import ArgumentParser
import Commands
import Session

struct AttachVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attach", abstract: "Attach to a running QEMU's gdbserver.",
    discussion: "Without -e, -x and a pipe it asks for commands. The machine goes on when kdbg ends.")

  @Argument(help: "tcp:HOST:PORT, unix:PATH or serial:DEVICE[,BAUD].")
  var endpoint: String?

  @Flag(help: "Audit every return to Ring 3 from the start.")
  var check = false

  @OptionGroup(title: "Common") var common: CommonOptions

  func run() throws {
    let program = try Kernel.programs(common)
    var configuration = try Kernel.configuration(at: common.config, program)
    let target = try Kernel.attach(endpoint, memoryBy: common.memoryBy)
    Kernel.locate(program, on: target)
    // Its symbols may be elsewhere now.
    configuration = try Kernel.configuration(at: common.config, program)
    let debugger = Debugger(target: target, program: program, output: common.output)
    debugger.control.configuration = configuration
    let session = DebuggingSession(debugger, on: target, common)
    try session.begin(check ? .on : .off, at: .here, verb: "attach")
    if !check { session.greet() }
    try session.serve()
  }
}
