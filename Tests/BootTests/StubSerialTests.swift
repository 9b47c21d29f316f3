import Foundation
import Testing

/// The kernel's stub on a serial device of the host: the far end of QEMU's pseudo-terminal.
@Suite("kdbg attach serial:DEVICE")
struct StubSerialTests {
  /// A machine whose second serial port is a device, which `action` gets, and the QEMU.
  private func withDevice(_ commandLine: String, _ action: (String, Process) throws -> Void) throws {
    let qemu = Process()
    qemu.executableURL = URL(filePath: "/usr/bin/env")
    qemu.arguments = [
      "qemu-system-x86_64", "-machine", "pc", "-accel", "tcg", "-cpu", "max", "-m", "256M", "-nodefaults",
      "-no-user-config", "-display", "none", "-vga", "none", "-serial", "null", "-chardev", "pty,id=stub",
      "-serial", "chardev:stub", "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", "-kernel",
      KernelBuild.release.path, "-initrd", Repository.initrd, "-append", commandLine,
    ]
    let output = Pipe()
    qemu.standardInput = FileHandle.nullDevice
    qemu.standardOutput = output
    qemu.standardError = output
    try qemu.run()
    defer {
      if qemu.isRunning { kill(qemu.processIdentifier, SIGKILL) }
      qemu.waitUntilExit()
    }
    var text = ""
    while !text.contains(" (label stub)") {
      let bytes = output.fileHandleForReading.availableData
      try #require(!bytes.isEmpty, "QEMU names no device: \(text)")
      text += String(decoding: bytes, as: UTF8.self)
    }
    let device = try #require(text.firstMatch(of: /redirected to (\S+) \(label stub\)/))
    try action(String(device.1), qemu)
  }

  private func settings(of device: String) throws -> String { try run("stty", ["-a", "-F", device]).output }

  @Test("attach, look, break, go on, step, detach; the line as it was")
  func session() throws {
    try withDevice("gdb=wait init=/echo") { device, qemu in
      let before = try settings(of: device)
      let kdbg = try Debugger.run([
        "attach", "serial:\(device),115200", "--symbols", KernelBuild.release.path, "-e",
        "info registers rip",
        "-e", "walk kernel_trap", "-e", "break kernel_trap", "-e", "continue", "-e", "stepi", "-e",
        "monitor ps",
        "-e", "delete", "-e", "detach",
      ])
      #expect(kdbg.status == 0, "\(kdbg.output)\(kdbg.errors)")
      #expect(kdbg.output.contains("debug_trap"))
      #expect(kdbg.output.contains("r-x supervisor"))
      #expect(kdbg.output.contains("Breakpoint 1, 0x"))
      #expect(kdbg.output.contains("* process 1   CR3 0x"))
      #expect(try settings(of: device) == before)
      #expect(qemu.isRunning)
    }
  }

  @Test(
    "kdbg is ended while the kernel runs: the next one finds the line free",
    arguments: [SIGINT, SIGTERM, SIGKILL])
  func ended(_ signal: Int32) throws {
    try withDevice("gdb=wait init=/echo") { device, _ in
      let before = try settings(of: device)
      let kdbg = Process()
      kdbg.executableURL = URL(filePath: Repository.kdbg)
      kdbg.arguments = [
        "attach", "serial:\(device)", "--symbols", KernelBuild.release.path, "-e", "info registers rip", "-e",
        "continue",
      ]
      let output = Pipe()
      kdbg.standardInput = FileHandle.nullDevice
      kdbg.standardOutput = output
      kdbg.standardError = FileHandle.nullDevice
      try kdbg.run()
      var text = ""
      while !text.contains("rip  ") {
        let bytes = output.fileHandleForReading.availableData
        try #require(!bytes.isEmpty, "kdbg says nothing: \(text)")
        text += String(decoding: bytes, as: UTF8.self)
      }
      let second = try Debugger.run(["attach", "serial:\(device)", "-e", "cr3"])
      #expect(second.status == Debugger.targetLost)
      #expect(second.errors == "kdbg: serial:\(device): another program holds it\n")
      kill(kdbg.processIdentifier, signal)
      kdbg.waitUntilExit()
      if signal != SIGKILL { #expect(try settings(of: device) == before) }
      let third = try Debugger.run([
        "attach", "serial:\(device)", "--symbols", KernelBuild.release.path, "-e", "cr3", "-e", "detach",
      ])
      #expect(third.status == 0, "\(third.output)\(third.errors)")
      // Whose table depends on how far it has run.
      #expect(third.output.hasPrefix("CR3 0x"), "\(third.output)")
    }
  }
}
