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
    name: .long, help: "Go on with a script after a command that fails; the exit status is that of the worst."
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
        + "Ctrl-C; 0 for ever.", valueName: "seconds"))
  var timeout = 60

  enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, always, never
  }

  func validate() throws {
    guard timeout >= 0 else { throw ValidationError("--timeout is a number of seconds, 0 or more.") }
  }

  /// JSON, or text in the colours that fit where it goes. NO_COLOR (no-color.org) turns `auto` off.
  var format: Output.Format {
    if json { return .json }
    switch color {
    case .always: return .text(.colour)
    case .never: return .text(.monochrome)
    case .auto:
      let environment = ProcessInfo.processInfo.environment
      let isWanted = environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
      return .text(isWanted && isatty(STDOUT_FILENO) == 1 ? .colour : .monochrome)
    }
  }

  var patience: Duration? { timeout == 0 ? nil : .seconds(timeout) }

  var output: Output {
    Output(format: format, out: StandardStreams.out, error: StandardStreams.error)
  }
}

extension MemoryWay: ExpressibleByArgument {}
