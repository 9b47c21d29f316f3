import Foundation
import Testing

@Suite("A boot that must fail")
struct RefusedBootTests {
  @Test(
    "an unknown key or value on the command line stops it",
    arguments: [
      "foo=bar", "fault=nonsense", "fault=", "assert=maybe", "fault=rsp0-pml4,loud", "gdbport=com3",
      "gdbport=",
      "gdb=yes", "timer=hpet", "timer=", "init=", "quiet",
    ])
  func commandLine(_ text: String) throws {
    let boot = try Emulator.boot(.release, text)
    #expect(boot.status == MachineStatus.commandLine)
    #expect(boot.output == "✗ unknown word on the command line: \(text)\n")
  }

  @Test("no initrd")
  func noInitrd() throws {
    let boot = try Emulator.boot(.release, initrd: nil)
    #expect(boot.status == MachineStatus.bootFailed)
    #expect(boot.output == "✗ no initrd: start QEMU with -initrd\n")
  }

  @Test("an init program that is not there")
  func noInit() throws {
    let boot = try Emulator.boot(.release, "init=/nowhere")
    #expect(boot.status == MachineStatus.initFailed)
    #expect(
      boot.output.hasSuffix(
        "✗ no such file in the initrd: /nowhere\n✗ the init program could not be started\n"))
  }

  /// The same baseline program with one thing changed in its source, in an initrd of its own.
  private func boot(withBaseline change: (String) -> String) throws -> Finished {
    let directory = FileManager.default.temporaryDirectory.appending(path: "baseline-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let original = try String(
      contentsOfFile: Repository.path("kernel/User/baseline/baseline.S"), encoding: .utf8)
    let changed = change(original)
    try #require(changed != original, "the change found nothing to change")
    let source = directory.appending(path: "baseline.S").path
    let program = directory.appending(path: "baseline").path
    try changed.write(toFile: source, atomically: true, encoding: .utf8)
    let build = try run(
      "gcc",
      [
        "-nostdlib", "-static", "-no-pie", "-Wl,-T," + Repository.path("kernel/User/linker.ld"), "-o",
        program, source,
      ])
    try #require(build.status == 0, "\(build.errors)")
    let initrd = directory.appending(path: "initrd").path
    let pack = try run(Repository.path("tools/make-initrd.sh"), [directory.path, initrd, "baseline"])
    try #require(pack.status == 0, "\(pack.errors)")
    return try Emulator.boot(.release, initrd: initrd)
  }

  private func expectFailure(_ boot: Finished, _ reason: String) {
    #expect(boot.status == MachineStatus.baselineFailed, "\(boot.output)")
    #expect(boot.output.contains("✗ BASELINE FAILED: \(reason)\n"), "\(boot.output)")
  }

  @Test("a baseline program that does not echo the nonce")
  func skippedEcho() throws {
    // The text is written, with another number in it.
    expectFailure(
      try boot { $0.replacing("movq 8(%rsp), %rdx", with: "movabsq $0x0123456789abcdef, %rdx") },
      "the nonce was not echoed")
  }

  @Test("a baseline program that ends with another status")
  func otherStatus() throws {
    expectFailure(
      try boot { $0.replacing("#define STATUS_DIRECT 42", with: "#define STATUS_DIRECT 41") },
      "wrong exit status")
  }

  @Test("a baseline program that calls the kernel from elsewhere first")
  func otherFirstCall() throws {
    expectFailure(
      try boot {
        $0.replacing("    .if first_call - _start - 0x19", with: "    .if 0").replacing(
          "    xorl %ebp, %ebp             /* 0a */", with: "    xorl %ebp, %ebp; nop")
      }, "the first system call did not come from 0x10000019")
  }

  @Test("a baseline program whose fork goes wrong")
  func forkStatus() throws {
    expectFailure(
      try boot { $0.replacing("cmpl $STATUS_CHILD, (%rsp)", with: "cmpl $1, (%rsp)") }, "fork")
  }

  @Test("a baseline program that is not there, or is no program")
  func noBaseline() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "empty-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    try "no cpio archive".write(to: directory, atomically: true, encoding: .utf8)
    expectFailure(try Emulator.boot(.release, initrd: directory.path), "the program could not be started")
  }
}
