import Foundation
import Session
import Symbols
import Testing
import X86

/// Where an access ended in the machine.
private enum Outcome: Hashable, CustomStringConvertible {
  case allowed
  case pageFault(UInt64, cr2: UInt64)
  case protection
  case elsewhere(UInt64)

  var description: String {
    switch self {
    case .allowed: "allowed"
    case .pageFault(let code, let cr2): "#PF \(String(code, radix: 16)) at \(String(cr2, radix: 16))"
    case .protection: "#GP"
    case .elsewhere(let rip): "RIP \(String(rip, radix: 16))"
    }
  }
}

/// Random tables under a real processor's model: three instructions, in Ring 0 and in Ring 3, on addresses whose paths
/// are noise. The kernel only lends its IDT, GDT and TSS.
///
///     PML4[5]    a page of code for Ring 3     PML4[510]  the same for Ring 0, and a stack
///     PML4[20], PML4[300]                      the random paths
private struct Rig {
  /// RAM that nobody looks at while the kernel stands still.
  static let memory: UInt64 = 0x0800_0000
  /// 2 MiB aligned, so that a leaf of every size can reach it.
  static let target: UInt64 = 0x0820_0000
  static let window: UInt64 = 0xffff_8000_0000_0000
  static let userCode: UInt64 = 5 << 39
  static let kernelCode: UInt64 = 0xffff_ff00_0000_0000
  static let stackTop: UInt64 = kernelCode + 0x2000
  static let slots: [UInt64] = [20 << 39, 0xffff_0000_0000_0000 | 300 << 39]
  static let pathsPerSlot = 12

  let machine: Target
  let original: PhysicalFrame
  /// The handlers of #GP, #PF and `int 0x80`.
  let handlers: [UInt64]
  let root = Self.memory

  init(_ machine: Target) throws {
    self.machine = machine
    let registers = machine.registers
    let original = registers.cr3.root
    self.original = original
    let table = try #require(registers.interruptTable)
    var reader = machine
    handlers = try [UInt64(13), 14, 0x80].map { vector in
      let address = table.base + vector * 16
      let low = reader.loadVirtual(address, root: original, mode: registers.pagingMode)
      let high = reader.loadVirtual(address + 8, root: original, mode: registers.pagingMode)
      return GateDescriptor(low: try #require(low), high: try #require(high)).offset.rawValue
    }
    try build()
  }

  /// The parts that every table has: the kernel's own entries, the code and the stack.
  private func build() throws {
    try machine.writeRegister("cr3", value: original.address.rawValue)
    for index in 256..<512 {
      let entry = machine.load(original.address + UInt64(index * 8))
      try store(try #require(entry), at: root + UInt64(index * 8))
    }
    // A load, a store and an `iretq`, each with `int 0x80` behind it; a byte is 0xcd, which the store writes again.
    var code = [UInt8](repeating: 0xcc, count: 64)
    code.replaceSubrange(0..<4, with: [0x8a, 0x07, 0xcd, 0x80])
    code.replaceSubrange(16..<20, with: [0x88, 0x07, 0xcd, 0x80])
    code.replaceSubrange(32..<34, with: [0x48, 0xcf])
    try write(code, at: root + 0x10000)
    try write([UInt8](repeating: 0, count: 4096).indices.map { $0 % 2 == 0 ? 0xcd : 0x80 }, at: Self.target)
    try map(Self.userCode, frame: root + 0x10000, tables: root + 0x11000, leaf: 5)
    try map(Self.kernelCode, frame: root + 0x10000, tables: root + 0x14000, leaf: 1)
    try map(Self.kernelCode + 0x1000, frame: root + 0x17000, tables: root + 0x14000, leaf: 3)
  }

  private func map(_ address: UInt64, frame: UInt64, tables: UInt64, leaf: UInt64) throws {
    let virtual = VirtualAddress(address)
    try store(tables | 7, at: root + UInt64(PagingLevel.pml4.index(of: virtual) * 8))
    try store(
      (tables + 0x1000) | 7, at: tables + UInt64(PagingLevel.pageDirectoryPointer.index(of: virtual) * 8))
    try store(
      (tables + 0x2000) | 7, at: tables + 0x1000 + UInt64(PagingLevel.pageDirectory.index(of: virtual) * 8))
    try store(frame | leaf, at: tables + 0x2000 + UInt64(PagingLevel.pageTable.index(of: virtual) * 8))
  }

  private func store(_ value: UInt64, at address: UInt64) throws {
    try write((0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }, at: address)
  }

  /// Through the kernel's window to physical memory.
  private func write(_ bytes: [UInt8], at address: UInt64) throws {
    try machine.writeMemory(VirtualAddress(Self.window + address), bytes: bytes)
  }

  /// Flags that let most accesses through, and every bit wrong now and then.
  private func flags(_ random: inout SystemRandomNumberGenerator) -> UInt64 {
    var flags: UInt64 = 7
    func one(in count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }
    if one(in: 12) { flags &= ~1 }
    if one(in: 4) { flags &= ~2 }
    if one(in: 4) { flags &= ~4 }
    if one(in: 6) { flags |= 1 << 63 }
    if one(in: 12) { flags |= 1 << UInt64.random(in: 40...51, using: &random) }
    return flags | UInt64.random(in: 0..<8, using: &random) << 9 | UInt64.random(in: 0..<4, using: &random)
      << 3
  }

  /// Fills the random slots anew, and gives an address on each path.
  func shuffle(_ random: inout SystemRandomNumberGenerator) throws -> [UInt64] {
    try machine.writeRegister("cr3", value: original.address.rawValue)
    var addresses: [UInt64] = []
    var next = root + 0x20000
    func frame() -> UInt64 {
      defer { next += 0x1000 }
      return next
    }
    for slot in Self.slots {
      let directory = frame()
      // PS in a PML4 entry is reserved.
      let isLarge = Int.random(in: 0..<10, using: &random) == 0
      try store(
        directory | flags(&random) | (isLarge ? 0x80 : 0),
        at: root + UInt64(PagingLevel.pml4.index(of: VirtualAddress(slot)) * 8))
      for path in 0..<Self.pathsPerSlot {
        var address = slot | UInt64(path) << 30
        let entry = directory + UInt64(path * 8)
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
          // A gigabyte from 0; bits 29:13 must be zero.
          let wrong: UInt64 = Int.random(in: 0..<3, using: &random) == 0 ? 1 << 20 : 0
          try store(flags(&random) | 0x80 | wrong, at: entry)
          address |= Self.target
        case 1, 2:
          let middle = frame()
          let wrong: UInt64 = Int.random(in: 0..<3, using: &random) == 0 ? 1 << 14 : 0
          try store(middle | flags(&random), at: entry)
          try store(Self.target | flags(&random) | 0x80 | wrong, at: middle)
        default:
          let middle = frame()
          let leaves = frame()
          try store(middle | flags(&random), at: entry)
          try store(leaves | flags(&random), at: middle)
          try store(Self.target | flags(&random), at: leaves)
        }
        addresses.append(address)
      }
    }
    return addresses
  }

  /// Lets the machine make `access` at `address` under the random tables, and looks where it comes to.
  func perform(_ access: PageAccess, at address: UInt64, cr0: UInt64, cr4: UInt64) throws -> Outcome {
    for (name, value) in [("cr0", cr0), ("cr4", cr4), ("cr3", root), ("rdi", address), ("eflags", 2)] {
      try machine.writeRegister(name, value: value)
    }
    try machine.writeRegister("rax", value: 0xcd)
    let page = access.isUser ? Self.userCode : Self.kernelCode
    let rip = access.isFetch ? address : page + (access.isWrite ? 16 : 0)
    if access.isUser {
      let words: [UInt64] = [rip, 0x33, 2, 0x7000_0000, 0x2b]
      let stack = Self.stackTop - 40
      try machine.writeMemory(
        VirtualAddress(stack),
        bytes: words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) } })
      try machine.writeRegister("rsp", value: stack)
      try machine.writeRegister("rip", value: Self.kernelCode + 32)
      _ = try machine.step()
    } else {
      try machine.writeRegister("rsp", value: Self.stackTop)
      try machine.writeRegister("rip", value: rip)
    }
    var registers = machine.coreRegisters
    // The access and the `int`; a store to a page from which code was executed is begun twice.
    for _ in 0..<4 where !handlers.contains(registers.rip) {
      _ = try machine.step()
      registers = machine.coreRegisters
    }
    var reader = machine
    switch handlers.firstIndex(of: registers.rip) {
    case 0: return .protection
    case 1:
      let code = reader.loadVirtual(
        VirtualAddress(registers.rsp), root: registers.cr3.root, mode: registers.pagingMode)
      return .pageFault(code ?? UInt64.max, cr2: registers.cr2)
    case 2: return .allowed
    default: return .elsewhere(registers.rip)
    }
  }
}

@Suite("kdbg's walk against the faults that QEMU raises")
struct DifferentialRightsTests {
  private static let rounds = 16

  private func predicted(_ access: PageAccess, _ address: UInt64, on machine: Target) -> Outcome {
    var reader = machine
    let registers = machine.coreRegisters
    let walk = reader.walk(
      VirtualAddress(address), root: PhysicalFrame(containing: PhysicalAddress(truncating: Rig.memory)),
      mode: registers.pagingMode)
    switch walk.result(of: access, in: registers.pagingMode) {
    case .allowed: return .allowed
    case .nonCanonical: return .protection
    case .unknown: return .elsewhere(0)
    case .pageFault(let code):
      // TCG reports a reserved bit without P.
      let seen = code.contains(.reservedBit) ? code.subtracting(.protectionViolation) : code
      return .pageFault(seen.rawValue, cr2: address)
    }
  }

  @Test("random tables, every kind of access, SMEP, SMAP and WP on and off")
  func rights() throws {
    let machine = try Target.launch(
      LaunchOptions(kernel: KernelBuild.release.path, initrd: Repository.initrd, commandLine: "init=/echo"))
    defer { machine.kill() }
    let image = try ELFImage(path: KernelBuild.release.path)
    let site = try #require(image.address(of: "user_return"))
    try machine.insertBreakpoint(.software, at: site)
    try machine.resume()
    _ = try machine.waitForStop(limit: .seconds(240))
    try machine.removeBreakpoint(.software, at: site)
    let cr0 = machine.coreRegisters.cr0.rawValue
    let cr4 = machine.coreRegisters.cr4.rawValue
    let rig = try Rig(machine)

    var random = SystemRandomNumberGenerator()
    var seen: [String: Int] = [:]
    for round in 0..<Self.rounds {
      let addresses = try rig.shuffle(&random)
      let writeProtect = round & 1 != 0
      let bits = UInt64(round >> 1 & 3)
      let protection = cr0 & ~CR0.writeProtect.rawValue | (writeProtect ? CR0.writeProtect.rawValue : 0)
      let prevention = cr4 & ~(3 << 20) | bits << 20
      for address in addresses {
        for access in [
          PageAccess.supervisorRead, .supervisorWrite, .supervisorFetch, .userRead, .userWrite, .userFetch,
        ] {
          let outcome = try rig.perform(access, at: address, cr0: protection, cr4: prevention)
          let expected = predicted(access, address, on: machine)
          #expect(
            outcome == expected,
            "round \(round), \(access) at \(String(address, radix: 16)), WP \(writeProtect), SMEP/SMAP \(bits)"
          )
          if case .pageFault(let code, _) = outcome { seen["#PF \(code)", default: 0] += 1 }
          if outcome == .allowed { seen["\(access)", default: 0] += 1 }
        }
      }
    }
    // Absent, forbidden and malformed paths, each for reads, writes and fetches of both rings; and accesses that work.
    for code in [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 17, 20, 21, 24, 28] {
      #expect(seen["#PF \(code)", default: 0] > 0, "no error code \(code) among \(seen)")
    }
    for access in [
      "supervisorRead", "supervisorWrite", "supervisorFetch", "userRead", "userWrite", "userFetch",
    ] {
      #expect(seen[access, default: 0] > 0, "no \(access) went through")
    }
  }
}
