import ArgumentParser
import Commands
import Foundation
import Render
import Session

/// What every verb takes.
struct CommonOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "An ELF file for symbols and code, moved by OFFSET from where it was linked; repeatable. The kernel's, then "
        + "modules and programs of Ring 3.", valueName: "elf[@offset]"))
  var symbols: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "How far the kernel lies from where it was linked. attach finds it in the live IDT.",
      valueName: "offset"))
  var slide: String?

  @Option(
    name: .long,
    help: ArgumentHelp("What is known of the kernel: lines \"key = value\".", valueName: "file"))
  var config: String?

  @Option(
    name: [.customShort("e")],
    help: ArgumentHelp("Run this command instead of asking; repeatable, in order.", valueName: "command"))
  var execute: [String] = []

  @Option(
    name: [.customShort("x")],
    help: ArgumentHelp("Run the commands of this file, after those of -e.", valueName: "script"))
  var script: String?

  @Flag(
    name: .long,
    help:
      "Go on with a script after a command that fails, and with a check after a violation; the exit status is that of the worst."
  )
  var keepGoing = false

  @Flag(name: .long, help: "Answer in JSON: one object on one line of standard output for each command.")
  var json = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Read physical memory by this alone: ram (QEMU's RAM file), packets or monitor. Default: the first there is.",
      valueName: "way"))
  var memoryBy: MemoryWay?

  @Option(name: .long, help: "Colour: auto, always or never.")
  var color = ColorChoice.auto

  @Option(
    name: .long,
    help: ArgumentHelp(
      "How long the machine may run without a stop before that is an error, when nobody is there to press "
        + "Ctrl-C; 0 for ever. Default: 60; none under --for.", valueName: "seconds"))
  var timeout: Int?

  enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, always, never
  }

  func validate() throws {
    guard timeout ?? 0 >= 0 else { throw ValidationError("--timeout is a number of seconds, 0 or more.") }
  }

  /// JSON, or text in the colours that fit where it goes. NO_COLOR (no-color.org) turns `auto` off.
  var format: Output.Format {
    if json { return .json }
    switch color {
    case .always: return .text(.colour)
    case .never: return .text(.monochrome)
    case .auto:
      return .text(allowsControls && isatty(STDOUT_FILENO) == 1 ? .colour : .monochrome)
    }
  }

  /// True unless the environment says that control sequences are not wanted or not understood.
  private var allowsControls: Bool {
    let environment = ProcessInfo.processInfo.environment
    return environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
  }

  /// A progress line needs a terminal where a line can be erased.
  private var showsProgress: Bool { !json && allowsControls && isatty(STDERR_FILENO) == 1 }

  var patience: Duration? {
    let seconds = timeout ?? 60
    return seconds == 0 ? nil : .seconds(seconds)
  }

  var output: Output {
    var output = Output(format: format, out: StandardStreams.out, error: StandardStreams.error)
    if showsProgress { output.startProgress = { ProgressLine { StandardStreams.progress($0) } } }
    return output
  }
}

extension MemoryWay: ExpressibleByArgument {}
