import Foundation

/// QEMU's command line for a ``LaunchOptions``.
struct QEMUArguments {
  static let ramDescriptor = 3

  let memoryByteCount: UInt64
  let list: [String]

  /// Checks what can be checked before QEMU runs, so that the message can name kdbg's own option.
  init(_ options: LaunchOptions, directory: PrivateDirectory) throws(SessionError) {
    memoryByteCount = try Self.byteCount(memory: options.memory)
    guard (1...255).contains(options.cpus) else {
      throw .invalidLaunchOption(option: "--cpus", reason: "\(options.cpus) is not between 1 and 255")
    }
    // QEMU takes the first accelerator that works, which is kdbg's.
    if let own = options.extraArguments.first(where: { Self.accelerators.contains($0) }) {
      throw .invalidLaunchOption(
        option: own,
        reason: "kdbg says what executes the guest: give --accel tcg or --accel kvm before the --")
    }
    var list = [
      "-no-user-config", "-nodefaults", "-display", "none", "-vga", "none",
      "-machine", "pc,memory-backend=ram0",
      "-m", "\(memoryByteCount >> 20)M",
      "-object",
      "memory-backend-file,id=ram0,size=\(memoryByteCount),share=on,mem-path=/proc/self/fd/\(Self.ramDescriptor)",
      "-smp", String(options.cpus),
    ]
    switch options.accelerator {
    case .tcg: list += ["-accel", "tcg", "-cpu", "max"]
    // IA32_ARCH_CAPABILITIES cannot be set inside some virtual machines, and QEMU ends itself over it.
    case .kvm: list += ["-accel", "kvm", "-cpu", "host,arch-capabilities=off"]
    }
    // A triple fault and a power-off hold the machine instead of ending it; isa-debug-exit still ends it.
    list += ["-S", "-no-reboot", "-no-shutdown", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
    list += Self.socket("gdb", in: directory) + ["-gdb", "chardev:gdb"]
    list += Self.socket("qmp", in: directory) + ["-mon", "chardev=qmp,mode=control"]
    list += Self.console(options.console)
    if let kernel = options.kernel {
      try Self.requireReadable(kernel, option: "KERNEL")
      list += ["-kernel", kernel]
      if !options.commandLine.isEmpty { list += ["-append", options.commandLine] }
    } else if !options.commandLine.isEmpty || options.initrd != nil {
      throw .invalidLaunchOption(option: "--append and --initrd", reason: "there is no kernel to take them")
    }
    if let initrd = options.initrd {
      try Self.requireReadable(initrd, option: "--initrd")
      list += ["-initrd", initrd]
    }
    self.list = list + options.extraArguments
  }

  private static let accelerators: Set = ["-accel", "--accel", "-enable-kvm", "--enable-kvm"]

  /// Where the socket called `name` is.
  static func path(_ name: String, in directory: PrivateDirectory) -> String { "\(directory.path)/\(name)" }

  private static func socket(_ name: String, in directory: PrivateDirectory) -> [String] {
    ["-chardev", "socket,id=\(name),server=on,wait=off,path=\(escaped(path(name, in: directory)))"]
  }

  private static func console(_ console: GuestConsole) -> [String] {
    let backend =
      switch console {
      case .discard: "null"
      case .inherit, .callback: "stdio,signal=off"
      case .file(let path): "file,path=\(escaped(path))"
      }
    return ["-chardev", "\(backend),id=console", "-serial", "chardev:console"]
  }

  /// In QEMU's option lists a comma is doubled.
  private static func escaped(_ value: String) -> String { value.replacing(",", with: ",,") }

  private static func requireReadable(_ path: String, option: String) throws(SessionError) {
    switch Descriptor.kind(ofFile: path) {
    case .absent: throw .invalidLaunchOption(option: option, reason: "\(path): no such file")
    case .regular where FileManager.default.isReadableFile(atPath: path): break
    case .regular, .other: throw .invalidLaunchOption(option: option, reason: "\(path) cannot be read")
    }
  }

  /// The size that QEMU's `-m` means by `text`: a number of MiB, or with a unit.
  static func byteCount(memory text: String) throws(SessionError) -> UInt64 {
    var digits = text[...]
    var shift: UInt64 = 20
    if let unit = text.last, !unit.isNumber {
      digits.removeLast()
      switch unit {
      case "M", "m": shift = 20
      case "G", "g": shift = 30
      case "T", "t": shift = 40
      default: digits = ""
      }
    }
    guard let count = UInt64(digits), count > 0, count <= (1 << 50) >> shift else {
      throw .invalidLaunchOption(option: "--memory", reason: "\"\(text)\" is not a size such as 256M or 2G")
    }
    return count << shift
  }

  /// The path of the program called `name`, as a shell would find it.
  static func program(_ name: String) -> String? {
    func isProgram(_ path: String) -> Bool {
      Descriptor.kind(ofFile: path) == .regular && FileManager.default.isExecutableFile(atPath: path)
    }
    if name.contains("/") { return isProgram(name) ? name : nil }
    let places = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    return places.split(separator: ":").lazy.map { "\($0)/\(name)" }.first(where: isProgram)
  }
}
