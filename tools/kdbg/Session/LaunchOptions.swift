/// How QEMU runs the guest's instructions.
public enum Accelerator: String, Sendable, CaseIterable {
  /// QEMU's translator: exact single steps, unlimited breakpoints, no hardware needed.
  case tcg
  /// The host's processor: fast, four breakpoints, and a single step over `iretq` runs away.
  case kvm
}

/// Where the guest's first serial port goes.
public enum GuestConsole: Sendable {
  case discard
  /// kdbg's own standard output.
  case inherit
  /// A file, created or truncated by QEMU.
  case file(path: String)
  /// A callback, called with each piece of output on a thread of its own, in order.
  case callback(@Sendable ([UInt8]) -> Void)
}

/// When the started QEMU ends.
public enum EmulatorLifetime: Sendable {
  /// With the session, whatever ends it, `kill -9` of kdbg included.
  case session
  /// Not before somebody ends it: its gdbserver stays reachable after a detach.
  case kept
}

/// The machine that ``Target/launch(_:)`` starts.
public struct LaunchOptions: Sendable {
  /// The kernel image for `-kernel`: a PVH or multiboot ELF, or a bzImage. Nil starts the firmware alone.
  public var kernel: String?
  public var initrd: String?
  public var commandLine: String
  /// As QEMU's `-m` takes it: "256M", "2G".
  public var memory: String
  public var cpus: Int
  public var accelerator: Accelerator
  public var console: GuestConsole
  public var lifetime: EmulatorLifetime
  /// Passed to QEMU as they stand, after kdbg's own.
  public var extraArguments: [String]

  public init(
    kernel: String?, initrd: String? = nil, commandLine: String = "", memory: String = "256M", cpus: Int = 1,
    accelerator: Accelerator = .tcg, console: GuestConsole = .discard, lifetime: EmulatorLifetime = .session,
    extraArguments: [String] = []
  ) {
    self.kernel = kernel
    self.initrd = initrd
    self.commandLine = commandLine
    self.memory = memory
    self.cpus = cpus
    self.accelerator = accelerator
    self.console = console
    self.lifetime = lifetime
    self.extraArguments = extraArguments
  }
}
