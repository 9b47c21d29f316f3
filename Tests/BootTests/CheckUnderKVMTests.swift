import Foundation
import Testing

@testable import Session

/// `kdbg check` where the host's processor executes the guest.
@Suite("kdbg check under KVM")
struct CheckUnderKVMTests {
  private static func check(_ options: [String]) throws -> Finished {
    try Debugger.run(
      ["check", "--run", KernelBuild.release.path, "--initrd", Repository.initrd] + options)
  }

  static let hasKVM = FileManager.default.isWritableFile(atPath: "/dev/kvm")

  @Test(
    "what it cannot check it refuses in one line, at once",
    .enabled(if: hasKVM, "there is no /dev/kvm that this user may open"))
  func refused() throws {
    let check = try Self.check(["--accel", "kvm", "--timeout", "20"])
    #expect(check.status == Debugger.wrongUsage, "\(check.output)\(check.errors)")
    #expect(check.output.isEmpty)
    let lines = check.errors.split(separator: "\n")
    #expect(lines.count == 1, "\(check.errors)")
    #expect(lines.first?.hasPrefix("check: ") == true && lines.first?.contains("KVM") == true)
    #expect(lines.first?.hasSuffix("use QEMU's translator (--accel tcg)") == true)
  }

  @Test(
    "without KVM QEMU's own reason is told",
    .enabled(if: !hasKVM, "there is a /dev/kvm that this user may open"))
  func absent() throws {
    let check = try Self.check(["--accel", "kvm"])
    #expect(check.status == Debugger.targetLost, "\(check.output)\(check.errors)")
    #expect(check.errors.split(separator: "\n").count == 1, "\(check.errors)")
  }

  /// QEMU would take kdbg's own, and nobody would notice.
  @Test(
    "an accelerator among QEMU's arguments is wrong usage", arguments: [["-accel", "kvm"], ["-enable-kvm"]])
  func amongArguments(_ words: [String]) throws {
    let check = try Self.check(["--"] + words)
    #expect(check.status == Debugger.wrongUsage, "\(check.output)\(check.errors)")
    #expect(check.errors.hasPrefix("kdbg: \(words[0]): kdbg says what executes the guest: give --accel tcg"))
  }

  @Test("the host's KVM is known by its modules")
  func modules() throws {
    let directory = FileManager.default.temporaryDirectory.appending(
      path: "rs-\(UUID().uuidString.prefix(8))")
    defer { try? FileManager.default.removeItem(at: directory) }
    func load(_ name: String) throws {
      try FileManager.default.createDirectory(
        at: directory.appending(path: name), withIntermediateDirectories: true)
    }
    #expect(HostVirtualization(modules: directory.path) == .unknown)
    try load("kvm")
    try load("kvm_pvm")
    #expect(HostVirtualization(modules: directory.path) == .software)
    try load("kvm_amd")
    #expect(HostVirtualization(modules: directory.path) == .processor)
  }
}
