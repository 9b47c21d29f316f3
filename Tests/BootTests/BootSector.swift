import Foundation
import Testing

/// The first 512 bytes of a disk, which the firmware loads at 0x7c00 and enters in real mode: machines in states that a
/// 64-bit kernel leaves behind in its first microseconds.
enum BootSector: String, CaseIterable, CustomTestStringConvertible {
  case realMode = "in real mode"
  case halted = "halted with interrupts off"
  case shutDown = "shut down by a triple fault"
  case protectedMode = "in 32-bit protected mode"
  case legacyPaging = "under 32-bit paging"

  var testDescription: String { rawValue }

  static let start: UInt64 = 0x7c00
  private static let globalTable = 0x80
  private static let globalTableRegister = 0xa0

  private var code: [UInt8] {
    switch self {
    // cli; jmp to itself
    case .realMode: [0xfa, 0xeb, 0xfe]
    // cli; hlt; jmp to the hlt
    case .halted: [0xfa, 0xf4, 0xeb, 0xfd]
    // lidt of what makes a limit of 0; int3
    case .shutDown: [0x0f, 0x01, 0x1e, 0xf0, 0x7c, 0xcc]
    case .protectedMode: Self.intoProtectedMode + [0xeb, 0xfe]
    case .legacyPaging: Self.intoProtectedMode + Self.pagingOn + [0xeb, 0xfe]
    }
  }

  private static let intoProtectedMode: [UInt8] = [
    0xfa,  // cli
    0x0f, 0x01, 0x16, UInt8(globalTableRegister), 0x7c,  // lgdt
    0x0f, 0x20, 0xc0, 0x66, 0x83, 0xc8, 0x01, 0x0f, 0x22, 0xc0,  // CR0.PE
    0xea, 0x15, 0x7c, 0x08, 0x00,  // to 0x08:0x7c15
    0x66, 0xb8, 0x10, 0x00, 0x8e, 0xd8, 0x8e, 0xd0,  // DS and SS
    0xbc, 0x00, 0x70, 0x00, 0x00,  // ESP
  ]

  /// One entry of 4 MiB at 0x1000.
  private static let pagingOn: [UInt8] = [
    0xc7, 0x05, 0x00, 0x10, 0x00, 0x00, 0x83, 0x00, 0x00, 0x00, 0xb8, 0x00, 0x10, 0x00, 0x00, 0x0f, 0x22,
    0xd8,
    0x0f, 0x20, 0xe0, 0x83, 0xc8, 0x10, 0x0f, 0x22, 0xe0,  // CR4.PSE
    0x0f, 0x20, 0xc0, 0x0d, 0x00, 0x00, 0x00, 0x80, 0x0f, 0x22, 0xc0,  // CR0.PG
  ]

  /// The sector as a disk.
  var disk: Data {
    var bytes = [UInt8](repeating: 0, count: 512)
    bytes.replaceSubrange(0..<code.count, with: code)
    // Nothing, flat code, flat data, a TSS of 32 bits at 0x2000.
    for (index, descriptor) in [0, 0x00cf_9b00_0000_ffff, 0x00cf_9300_0000_ffff, 0x0000_8900_2000_0067]
      .enumerated()
    {
      for byte in 0..<8 {
        bytes[Self.globalTable + index * 8 + byte] = UInt8(truncatingIfNeeded: descriptor >> (byte * 8))
      }
    }
    bytes.replaceSubrange(
      Self.globalTableRegister..<(Self.globalTableRegister + 6),
      with: [0x1f, 0x00, UInt8(Self.globalTable), 0x7c, 0x00, 0x00])
    bytes[510] = 0x55
    bytes[511] = 0xaa
    return Data(bytes)
  }
}

/// A QEMU that the test started, with a gdbserver and without a kernel.
final class BareMachine {
  let endpoint: String
  let process = Process()
  private let directory: URL

  /// The disk is optional: without one the firmware looks for something to boot for ever.
  init(_ sector: BootSector?, _ arguments: [String] = []) throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "rs-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    let socket = directory.appending(path: "gdb").path
    endpoint = "unix:\(socket)"
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      [
        "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "64M", "-nodefaults", "-display", "none",
        "-vga", "none", "-gdb", "unix:\(socket),server=on,wait=off",
      ] + arguments
    if let sector {
      let disk = directory.appending(path: "disk")
      try sector.disk.write(to: disk)
      process.arguments?.append(contentsOf: ["-drive", "if=ide,format=raw,file=\(disk.path)"])
    }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    try #require(ListeningSocket.wait(at: socket, of: process), "QEMU does not listen")
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    try? FileManager.default.removeItem(at: directory)
  }

  /// Runs `commands` in one session; failures do not end it.
  func ask(_ commands: [String], json: Bool = false) throws -> Finished {
    try Debugger.run(
      ["attach", endpoint, "--keep-going"] + (json ? ["--json"] : []) + commands.flatMap { ["-e", $0] })
  }

  /// True when a command's answer has `text` in it, some time.
  func comes(_ text: String, to command: String) throws -> Bool {
    try waits(while: { process.isRunning }, for: { try ask([command]).output.contains(text) })
  }
}
