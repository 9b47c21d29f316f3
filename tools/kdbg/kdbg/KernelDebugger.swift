import ArgumentParser

/// The root of the command line.
struct KernelDebugger: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kdbg",
    abstract: "A debugger for x86_64 kernels that audits every return to Ring 3.",
    discussion: """
      Exit status: 0 all held, 1 a violation or a failure of the kernel, 2 wrong usage, 3 the target could not \
      be reached or was lost, 4 nothing was checked.
      """,
    version: "0.1.0",
    subcommands: [RunVerb.self, AttachVerb.self, CheckVerb.self])
}
