import Foundation

/// QEMU without any debugger: the kernel must be right on its own.
enum Emulator {
  /// Boots `kernel` and returns what came of it. The console is the output, and the exit status is the verdict.
  static func boot(
    _ kernel: KernelBuild, _ commandLine: String = "", initrd: String? = Repository.initrd,
    memory: String = "256M", console: String = "stdio",
    extra: [String] = [], input: TypedInput = TypedInput(), limit: Double = 240
  ) throws -> Finished {
    var arguments = [
      "-machine", "pc", "-accel", "tcg", "-cpu", "max", "-m", memory, "-nodefaults", "-no-user-config",
      "-display",
      "none", "-vga", "none", "-serial", console, "-no-reboot", "-device",
      "isa-debug-exit,iobase=0xf4,iosize=0x04", "-kernel", kernel.path, "-append", commandLine,
    ]
    if let initrd { arguments += ["-initrd", initrd] }
    return try run("qemu-system-x86_64", arguments + extra, input: input, limit: limit)
  }
}

/// The named ends of the machine, as QEMU's exit status: kernel/DebuggerTable/include/debugger_table.h.
enum MachineStatus {
  static let success: Int32 = 33
  static let baselineFailed: Int32 = 35
  static let auditFailed: Int32 = 37
  static let kernelFault: Int32 = 39
  static let doubleFault: Int32 = 41
  static let commandLine: Int32 = 45
  static let bootFailed: Int32 = 47
  static let initFailed: Int32 = 49
  /// A triple fault under `-no-reboot`.
  static let shutdown: Int32 = 0
}
