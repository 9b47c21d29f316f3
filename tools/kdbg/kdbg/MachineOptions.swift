import ArgumentParser
import Foundation
import Session

/// The machine that `run` and `check --run` start.
struct MachineOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("Default: the file \"initrd\" beside the kernel, if there is one.", valueName: "file"))
  var initrd: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Provoke this fault: adds fault=NAME to the command line.", valueName: "name"))
  var fault: String?

  @Option(
    name: .long, help: ArgumentHelp("The kernel's command line: 'key=value ...'.", valueName: "text"))
  var append: String?

  @Option(name: .long, help: ArgumentHelp("Such as 256M or 2G.", valueName: "size"))
  var memory = "256M"

  @Option(name: .long, help: ArgumentHelp("Virtual processors.", valueName: "n"))
  var cpus = 1

  @Option(name: .long, help: "What executes the guest: tcg or kvm.")
  var accel = Accelerator.tcg

  @Option(
    name: .long,
    help: ArgumentHelp("Where the guest's serial output goes instead of the terminal.", valueName: "file"))
  var console: String?

  @Argument(
    parsing: .postTerminator, help: ArgumentHelp("Passed to QEMU as they stand.", valueName: "qemu-argument"))
  var qemuArguments: [String] = []

  /// True when an option was given that means nothing without a machine to start.
  var isGiven: Bool {
    initrd != nil || fault != nil || append != nil || console != nil || !qemuArguments.isEmpty
  }

  /// The machine for `kernel`. Its console goes through `relay`, to standard error where `consoleOnError`, so that
  /// standard output holds nothing but answers.
  func launchOptions(
    kernel: String, relay: ConsoleRelay, consoleOnError: Bool, lifetime: EmulatorLifetime
  ) -> LaunchOptions {
    var words: [String] = []
    if let fault { words.append("fault=\(fault)") }
    if let append { words.append(append) }
    return LaunchOptions(
      kernel: kernel, initrd: initrd ?? initrdBeside(kernel), commandLine: words.joined(separator: " "),
      memory: memory, cpus: cpus, accelerator: accel, console: guestConsole(relay, onError: consoleOnError),
      lifetime: lifetime, extraArguments: qemuArguments)
  }

  private func initrdBeside(_ kernel: String) -> String? {
    let path = URL(fileURLWithPath: kernel).deletingLastPathComponent().appendingPathComponent("initrd").path
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }

  private func guestConsole(_ relay: ConsoleRelay, onError: Bool) -> GuestConsole {
    if let console { return .file(path: console) }
    return .callback { bytes in relay.pass(bytes, onError: onError) }
  }
}

extension Accelerator: ExpressibleByArgument {}
