import Foundation
import Testing

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
    /// The console's own port: there is no other. The machine begins when the first client has come, who reads it
    /// from its first letter on.
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
      "-chardev", "socket,id=stub,path=\(stem),server=on,wait=\(wiring == .sharedPort ? "on" : "off")",
      "-serial", "chardev:stub", "-qmp",
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
    for path in gdbserver ? [socket, serverSocket] : [socket] {
      try #require(ListeningSocket.wait(at: path, of: qemu), "QEMU does not listen")
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

  /// QEMU ended before it could be asked.
  struct Ended: Error {}

  /// Carries out a command of QEMU's own monitor.
  func monitor(_ command: String) throws -> String {
    guard ListeningSocket.wait(at: monitorSocket, of: qemu) else { throw Ended() }
    let endpoint = Endpoint.unix(path: monitorSocket)
    let qmp = try QMPClient(Socket.connect(endpoint, until: Deadline(after: .seconds(60))))
    return try qmp.humanMonitor(command)
  }

  /// What the kernel wrote so far.
  var consoleText: String { (try? String(contentsOfFile: console, encoding: .utf8)) ?? "" }

  /// Waits until the console shows `text`.
  func waitForConsole(_ text: String) -> Bool {
    waits(while: { isRunning }, for: { consoleText.contains(text) })
  }

  /// Waits until QEMU itself says `words` of the processor; the stub is not asked.
  func waitForProcessor(_ words: String) throws -> Bool {
    try waits(while: { isRunning }, for: { try monitor("info registers").contains(words) })
  }

  /// Waits until the console shows `text` and the kernel idles: what wrote it has come to wait for something.
  func waitForRest(after text: String) throws -> Bool {
    guard waitForConsole(text) else { return false }
    return try waitForProcessor("HLT=1")
  }

  var isRunning: Bool { qemu.isRunning }

  /// Runs a gdb script against the stub, or against `server`.
  func gdb(_ commands: [String], on server: String? = nil, kernel: KernelBuild = .release) throws -> Finished
  {
    let prologue = [
      "set pagination off", "set confirm off", "set remotetimeout 20", "set width 0",
      "target remote \(server ?? socket)",
    ]
    // What the target says itself (monitor, console) goes to gdb's standard error.
    let arguments = ["-nx", "-batch"] + (prologue + commands).flatMap { ["-ex", $0] } + [kernel.path]
    return try run("gdb", arguments, limit: 240)
  }

  /// QEMU's exit status, when it ends in time.
  func exitStatus() -> Int32? {
    waits(while: { true }, for: { !qemu.isRunning }) ? qemu.terminationStatus : nil
  }
}
