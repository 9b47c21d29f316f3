import Foundation

@testable import Session

/// The kernel under QEMU with its second serial port on a socket, and clients of its stub.
final class StubMachine {
  let socket: String
  private let console: String
  private let qemu = Process()

  /// Where the stub's line is.
  enum Wiring {
    /// The second serial port, and the console's text in a file.
    case secondPort
    /// The console's own port: there is no other.
    case sharedPort
  }

  /// Starts the kernel; with `gdbserver`, QEMU's own stub listens at ``serverSocket`` too, and the machine waits for
  /// it at its reset.
  init(
    _ kernel: KernelBuild, _ commandLine: String, _ wiring: Wiring = .secondPort, gdbserver: Bool = false,
    extra: [String] = []
  ) throws {
    let stem = FileManager.default.temporaryDirectory.appending(path: "stub-\(UUID().uuidString.prefix(8))")
      .path
    socket = stem
    console = stem + ".console"
    qemu.executableURL = URL(filePath: "/usr/bin/env")
    qemu.arguments = [
      "qemu-system-x86_64", "-machine", "pc", "-accel", "tcg", "-cpu", "max", "-m", "256M", "-nodefaults",
      "-no-user-config", "-display", "none", "-vga", "none",
    ]
    if wiring == .secondPort { qemu.arguments? += ["-serial", "file:" + console] }
    qemu.arguments? += [
      "-chardev", "socket,id=stub,path=\(stem),server=on,wait=off", "-serial", "chardev:stub", "-qmp",
      "unix:\(monitorSocket),server=on,wait=off", "-no-reboot", "-device",
      "isa-debug-exit,iobase=0xf4,iosize=0x04", "-kernel", kernel.path, "-initrd", Repository.initrd,
      "-append",
      commandLine,
    ]
    qemu.arguments? += extra
    if gdbserver { qemu.arguments? += ["-S", "-gdb", "unix:\(serverSocket),server=on,wait=off"] }
    qemu.standardInput = FileHandle.nullDevice
    qemu.standardError = FileHandle.nullDevice
    try qemu.run()
    var tries = 0
    let last = gdbserver ? serverSocket : socket
    while !FileManager.default.fileExists(atPath: last), tries < 500 {
      Thread.sleep(forTimeInterval: 0.01)
      tries += 1
    }
  }

  deinit {
    if qemu.isRunning { kill(qemu.processIdentifier, SIGKILL) }
    qemu.waitUntilExit()
    for path in [socket, console, serverSocket, monitorSocket] {
      try? FileManager.default.removeItem(atPath: path)
    }
  }

  var serverSocket: String { socket + ".gdb" }
  private var monitorSocket: String { socket + ".qmp" }

  /// Carries out a command of QEMU's own monitor.
  func monitor(_ command: String) throws -> String {
    let endpoint = Endpoint.unix(path: monitorSocket)
    let qmp = try QMPClient(Socket.connect(endpoint, until: Deadline(after: .seconds(60))))
    return try qmp.humanMonitor(command)
  }

  /// What the kernel wrote so far.
  var consoleText: String { (try? String(contentsOfFile: console, encoding: .utf8)) ?? "" }

  /// Waits until the console shows `text`.
  func waitForConsole(_ text: String) -> Bool {
    for _ in 0..<500 {
      if consoleText.contains(text) { return true }
      Thread.sleep(forTimeInterval: 0.02)
    }
    return false
  }

  /// Runs a gdb script against the stub, or against `server`.
  func gdb(_ commands: [String], on server: String? = nil, kernel: KernelBuild = .release) throws -> Finished
  {
    let prologue = [
      "set pagination off", "set confirm off", "set remotetimeout 10", "set width 0",
      "target remote \(server ?? socket)",
    ]
    // What the target says itself (monitor, console) goes to gdb's standard error.
    let arguments = ["-nx", "-batch"] + (prologue + commands).flatMap { ["-ex", $0] } + [kernel.path]
    return try run("gdb", arguments, limit: 240)
  }

  /// QEMU's exit status, when it ends in time.
  func exitStatus() -> Int32? {
    for _ in 0..<1000 {
      if !qemu.isRunning { return qemu.terminationStatus }
      Thread.sleep(forTimeInterval: 0.02)
    }
    return nil
  }
}
