import Foundation
import Testing

@Suite("A healthy boot")
struct HealthyBootTests {
  static let markers = [
    "=== CRITICAL BASELINE TEST: Direct Hello World Execution ===",
    "✓ BASELINE: Created process with PID 1",
    "✓ Successfully copied 4 kernel stack pages to process page table",
    "✓ Kernel stack mapped in process page table",
    "🎉 USERSPACE SYSCALL: Received INT 0x80 from userspace!",
    "Hello from userspace! (via Swift syscall handler)",
    "✅ SUCCESS: Userspace syscall completed - wrote 50 bytes",
    "✓ BASELINE: two processes ran at once and were preempted",
    "✓ BASELINE: a process forked and waited for its child",
  ]

  @Test("ends with the success status, every marker once and in order", arguments: KernelBuild.allCases)
  func markers(_ kernel: KernelBuild) throws {
    let boot = try Emulator.boot(kernel)
    #expect(boot.status == MachineStatus.success, "\(boot.output)")
    var position = 0
    for marker in Self.markers {
      let found = try #require(
        boot.lines[position...].firstIndex(of: Substring(marker)), "missing: \(marker)")
      #expect(boot.lines.filter { $0 == marker }.count == 1)
      position = found + 1
    }
    #expect(boot.output.contains("hello: a Swift program with a heap of its own, process 7\n"))
    #expect(boot.output.contains("init: child 7 ended with status 7\n"))
  }

  @Test("holds under every audit mode", arguments: KernelBuild.allCases, ["off", "fast", "full"])
  func audits(_ kernel: KernelBuild, _ mode: String) throws {
    let boot = try Emulator.boot(kernel, "assert=\(mode)")
    #expect(boot.status == MachineStatus.success, "\(boot.output)")
  }

  @Test("draws another nonce each time")
  func nonce() throws {
    let nonces = try (0..<2).map { _ in
      try #require(try Emulator.boot(.release).lines.first { $0.hasPrefix("nonce ") })
    }
    #expect(nonces[0].count == 22)
    #expect(nonces[0] != nonces[1])
  }

  @Test("does not depend on how much memory there is", arguments: ["64M", "1G", "3G", "5G"])
  func memory(_ size: String) throws {
    #expect(try Emulator.boot(.release, memory: size).status == MachineStatus.success)
  }

  @Test("works where the processor lacks SMEP, SMAP, UMIP, RDRAND and gigabyte pages")
  func oldProcessor() throws {
    let boot = try Emulator.boot(.release, extra: ["-cpu", "max,-smep,-smap,-umip,-rdrand,-pdpe1gb"])
    #expect(boot.status == MachineStatus.success, "\(boot.output)")
  }

  @Test("kills what misbehaves in Ring 3 and nothing else", arguments: KernelBuild.allCases)
  func misdeeds(_ kernel: KernelBuild) throws {
    let boot = try Emulator.boot(kernel, "init=/faults")
    #expect(boot.status == MachineStatus.success, "\(boot.output)")
    #expect(boot.lines.filter { $0.hasPrefix("✗ Process ") }.count == 17)
    #expect(
      boot.output.contains(
        "✗ Process 7 killed: #PF (vector 14), error 0x4, RIP 0x100"), "vector, error code and RIP are named")
  }

  /// The unoptimised kernel takes more than a minute for it.
  static let cyclingKernels: [KernelBuild] = Repository.runsLongTests ? [.release, .debug] : [.release]

  @Test("loses no frame in a thousand cycles of fork, exec and exit", arguments: cyclingKernels)
  func cycles(_ kernel: KernelBuild) throws {
    // The kernel compares its free frames before and after, and ends with another status when one is missing.
    let boot = try Emulator.boot(kernel, "init=/cycles", limit: 300)
    #expect(boot.status == MachineStatus.success, "\(boot.output)")
    #expect(boot.output.contains("cycles: 1000 children came and went\n"))
  }

  @Test("runs two processes that only ask for their number", arguments: KernelBuild.allCases)
  func getpids(_ kernel: KernelBuild) throws {
    let boot = try Emulator.boot(kernel, "init=/getpids")
    #expect(boot.status == MachineStatus.success, "\(boot.output)")
    #expect(boot.output.contains("getpids: processes 6 and 7, 5000 calls each, all right\n"))
  }

  @Test("gives typed bytes to a program that waits for them")
  func consoleInput() throws {
    let boot = try Emulator.boot(
      .release, "init=/echo", input: TypedInput(after: "echo: ready\n", text: "12345\n"))
    #expect(boot.status == MachineStatus.success, "\(boot.output)")
    #expect(boot.output.contains("echo: 12345\n"))
  }
}
