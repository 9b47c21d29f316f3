import Foundation
import Glibc
import Testing
import X86

@testable import Session

/// What is left when kdbg ends: nothing.
@Suite(.serialized) struct EndTests {
  /// The refusal of a launch, as the command line shows it.
  private func refusal(_ options: LaunchOptions) -> String {
    do throws(SessionError) {
      _ = try Target.launch(options)
      return "launched"
    } catch {
      return "\(error.exitStatus): \(error)"
    }
  }

  /// This process's own files in the places that sessions use. Another suite's may have its name for a moment.
  private func leftovers() throws -> [String] {
    let deadline = Deadline(after: .seconds(120))
    while true {
      let found = try names()
      if found.isEmpty || deadline.hasPassed { return found }
      usleep(2000)
    }
  }

  private func names() throws -> [String] {
    try ["/tmp", "/dev/shm", FileManager.default.temporaryDirectory.path].flatMap {
      try FileManager.default.contentsOfDirectory(atPath: $0)
    }.filter { $0.hasPrefix("ringside-\(getpid())-") }
  }

  @Test func aSessionLeavesNoName() throws {
    let target = try Target.launch(LaunchOptions(kernel: nil))
    let emulator = try #require(target.emulator)
    guard case .unix(let path) = emulator.gdbEndpoint else {
      Issue.record("not a unix socket")
      return
    }
    let directory = (path as NSString).deletingLastPathComponent
    // It is gone as soon as both connections stand, so that even `kill -9` leaves nothing.
    #expect(Descriptor.kind(ofFile: directory) == .absent)
    #expect(try leftovers().isEmpty)
    let identifier = emulator.processIdentifier
    target.kill()
    #expect(Glibc.kill(identifier, 0) == -1)
    #expect(emulator.waitForExit(limit: .zero) != nil)
  }

  @Test func aTargetThatIsDroppedEndsItsEmulator() throws {
    var identifier: Int32 = 0
    do {
      let target = try Target.launch(LaunchOptions(kernel: nil))
      identifier = try #require(target.emulator?.processIdentifier)
      #expect(Glibc.kill(identifier, 0) == 0)
    }
    #expect(Glibc.kill(identifier, 0) == -1)
  }

  @Test func aKeptEmulatorCanBeAttachedTo() throws {
    let target = try LaunchTests.atFirstReturn(LaunchOptions(kernel: Guest.image, lifetime: .kept))
    let emulator = try #require(target.emulator)
    defer { emulator.terminate() }
    try target.detach()
    #expect(emulator.waitForExit(limit: .milliseconds(50)) == nil)
    let again = try Target.attach(emulator.gdbEndpoint)
    #expect(again.coreRegisters.isLongMode)
    #expect((again.load(PhysicalAddress(truncating: Guest.returnCount)) ?? 0) > 0)
    again.kill()
    #expect(emulator.waitForExit(limit: .seconds(120)) == .exited(0))
    emulator.terminate()
    guard case .unix(let path) = emulator.gdbEndpoint else { return }
    #expect(Descriptor.kind(ofFile: (path as NSString).deletingLastPathComponent) == .absent)
  }

  @Test func aLaunchThatCannotBeIsToldInOneLine() throws {
    #expect(
      refusal(LaunchOptions(kernel: "/nonexistent.elf")) == "2: KERNEL: /nonexistent.elf: no such file")
    #expect(refusal(LaunchOptions(kernel: "/etc")) == "2: KERNEL: /etc cannot be read")
    #expect(
      refusal(LaunchOptions(kernel: Guest.image, initrd: "/nonexistent"))
        == "2: --initrd: /nonexistent: no such file")
    #expect(
      refusal(LaunchOptions(kernel: nil, memory: "lots"))
        == "2: --memory: \"lots\" is not a size such as 256M or 2G")
    #expect(refusal(LaunchOptions(kernel: nil, cpus: 0)) == "2: --cpus: 0 is not between 1 and 255")
    // A file that is no kernel, in QEMU's own words.
    #expect(
      refusal(LaunchOptions(kernel: "/etc/passwd")).hasPrefix(
        "3: QEMU ended with status 1 before it was ready; it said: "))
    #expect(
      refusal(LaunchOptions(kernel: nil, extraArguments: ["-nonsense"]))
        == "3: QEMU ended with status 1 before it was ready; it said: -nonsense: invalid option")
    #expect(try leftovers().isEmpty)
  }

  @Test func withoutQEMUThereIsOneLine() throws {
    let held = try HeldSession(["QEMU=/nonexistent/qemu"])
    #expect(
      try held.report() == "3: /nonexistent/qemu: no such program; install qemu-system-x86, or set QEMU")
  }

  /// Every way in which kdbg can be ended from outside.
  @Test(arguments: [SIGKILL, SIGTERM, SIGHUP]) func anEndFromOutsideEndsTheEmulator(signal: Int32) throws {
    let held = try HeldSession([])
    let identifier = try #require(Int32(try held.report()))
    #expect(Glibc.kill(identifier, 0) == 0)
    held.process.signal(signal)
    let expected: ProcessStatus = signal == SIGKILL ? .signalled(signal) : .exited(128 + signal)
    #expect(held.process.wait(limit: .seconds(120)) == expected)
    let deadline = Deadline(after: .seconds(120))
    while Glibc.kill(identifier, 0) == 0, !isZombie(identifier), !deadline.hasPassed { usleep(1000) }
    #expect(Glibc.kill(identifier, 0) == -1 || isZombie(identifier))
  }

  /// The sockets of a QEMU that outlives its kdbg stay while it lives, and go with the next kdbg.
  @Test func theSocketsOfAKeptEmulatorGoAfterIt() throws {
    let held = try HeldSession(["\(HeldSession.keeping)=1"])
    let words = try held.report().split(separator: " ").map(String.init)
    let identifier = try #require(Int32(words[0]))
    let directory = words[1]
    defer { kill(identifier, SIGKILL) }
    held.process.signal(SIGKILL)
    #expect(held.process.wait(limit: .seconds(120)) == .signalled(SIGKILL))
    _ = try PrivateDirectory()
    #expect(FileManager.default.fileExists(atPath: directory))
    // Nobody waits for it here; the kernel closes its files when it is gone.
    kill(identifier, SIGKILL)
    let deadline = Deadline(after: .seconds(120))
    repeat {
      usleep(2000)
      _ = try PrivateDirectory()
    } while FileManager.default.fileExists(atPath: directory) && !deadline.hasPassed
    #expect(!FileManager.default.fileExists(atPath: directory))
  }

  @Test func onlyForgottenDirectoriesAreRemoved() throws {
    let parent = (try PrivateDirectory().path as NSString).deletingLastPathComponent
    let stem = "\(parent)/kdbg-test-\(getpid())"
    let names = ["forgotten", "owned", "unclaimed", "target"]
    for name in names {
      try FileManager.default.createDirectory(atPath: "\(stem)-\(name)", withIntermediateDirectories: false)
    }
    defer { for name in names + ["link"] { try? FileManager.default.removeItem(atPath: "\(stem)-\(name)") } }
    try FileManager.default.createSymbolicLink(atPath: "\(stem)-link", withDestinationPath: "\(stem)-target")
    let owner = try #require(DirectoryClaim.make(in: "\(stem)-owned"))
    for name in ["forgotten", "target"] {
      _ = try #require(DirectoryClaim.make(in: "\(stem)-\(name)"))
      try "".write(toFile: "\(stem)-\(name)/gdb", atomically: false, encoding: .utf8)
    }
    // A link counts for nothing, wherever it leads; the directory itself is looked at on its own.
    #expect(DirectoryClaim.takeOver("\(stem)-link") == nil)
    _ = try PrivateDirectory()
    #expect(Descriptor.inode(ofFile: "\(stem)-forgotten") == nil)
    #expect(Descriptor.inode(ofFile: "\(stem)-owned") != nil)
    #expect(Descriptor.inode(ofFile: "\(stem)-unclaimed") != nil)
    _ = owner
  }

  /// Dead, and only waiting for its new parent to notice.
  private func isZombie(_ identifier: Int32) -> Bool {
    let text = try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8)
    return text?.split(separator: ")").last?.contains("Z") ?? true
  }
}

/// Another process of this test program, which holds a session until it is ended.
final class HeldSession {
  let process: ChildProcess
  private let directory: PrivateDirectory
  private let file: String

  /// Names the file for the report.
  static let variable = "RINGSIDE_HELD_SESSION"
  /// Set: the QEMU that is started is to outlive the session.
  static let keeping = "RINGSIDE_HELD_KEEPING"
  /// Set: the machine that is attached to runs, with a watchpoint, and its log is on.
  static let busy = "RINGSIDE_HELD_BUSY"
  /// Names what to attach to; without it a QEMU is started.
  static let endpoint = "RINGSIDE_HELD_ENDPOINT"

  init(_ environment: [String]) throws {
    directory = try PrivateDirectory()
    file = "\(directory.path)/report"
    let errors = try Descriptor.temporaryFile(in: directory.path)
    process = try ChildProcess(
      ["/usr/bin/env", "\(Self.variable)=\(file)"] + environment
        + [CommandLine.arguments[0], "--filter", "HeldSessionTests", "--testing-library", "swift-testing"],
      .init(output: .discard, error: errors, third: errors))
  }

  deinit { process.terminate() }

  /// The line that it wrote.
  func report() throws -> String {
    let deadline = Deadline(after: .seconds(120))
    while true {
      if let text = try? String(contentsOfFile: file, encoding: .utf8), !text.isEmpty { return text }
      try #require(!deadline.hasPassed, "the held session says nothing")
      usleep(2000)
    }
  }
}

/// Runs only in a process that ``HeldSession`` started.
@Suite(.enabled(if: ProcessInfo.processInfo.environment[HeldSession.variable] != nil)) struct HeldSessionTests
{
  @Test func hold() throws {
    let file = try #require(ProcessInfo.processInfo.environment[HeldSession.variable])
    SessionSignals.install()
    do throws(SessionError) {
      let target: Target
      if let endpoint = ProcessInfo.processInfo.environment[HeldSession.endpoint] {
        target = try Target.attach(Endpoint(parsing: endpoint))
        try target.insertBreakpoint(.hardware, at: VirtualAddress(Guest.iretq))
        if ProcessInfo.processInfo.environment[HeldSession.busy] != nil {
          try target.startRecording()
          try target.insertBreakpoint(.watchWrite(byteCount: 8), at: VirtualAddress(Guest.ending))
          try target.removeBreakpoint(.hardware, at: VirtualAddress(Guest.iretq))
          try target.resume()
        }
      } else {
        let isKept = ProcessInfo.processInfo.environment[HeldSession.keeping] != nil
        target = try Target.launch(LaunchOptions(kernel: nil, lifetime: isKept ? .kept : .session))
      }
      var report = target.emulator.map { String($0.processIdentifier) } ?? "attached"
      if let emulator = target.emulator, emulator.lifetime == .kept,
        case .unix(let path) = emulator.gdbEndpoint
      {
        report += " \((path as NSString).deletingLastPathComponent)"
      }
      try? report.write(toFile: file, atomically: true, encoding: .utf8)
      sleep(240)
      target.kill()
    } catch {
      try "\(error.exitStatus): \(error)".write(toFile: file, atomically: true, encoding: .utf8)
    }
  }
}
