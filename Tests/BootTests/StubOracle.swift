import Foundation
import Testing
import X86

@testable import Session

/// How the machine is brought to the next stop.
enum OracleMotion: Int, CaseIterable {
  case step
  case breakpoint
  case interrupt
}

/// The registers that both sides report for the moment of a stop.
struct OracleRegisters: Equatable {
  var general: [UInt64]
  var rip: UInt64
  var rsp: UInt64
  var flags: UInt64
  var selectors: [UInt64]
  var system: [String: UInt64]

  private static let general = [
    "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
  ]
  private static let data = ["ds", "es", "fs", "gs"]
  private static let system = [
    "fs_base", "gs_base", "k_gs_base", "cr0", "cr2", "cr3", "cr4", "cr8", "efer",
  ]

  /// TF and IF are the stub's while it steps, and QEMU keeps RF longer than a processor does.
  static let compared = ~(RFlags.trap.rawValue | RFlags.interruptEnable.rawValue | RFlags.resume.rawValue)

  init(stub: Target) {
    self.init(
      stub, rip: stub.value(ofRegister: "rip"), rsp: stub.value(ofRegister: "rsp"),
      flags: stub.value(ofRegister: "eflags"), code: stub.value(ofRegister: "cs"),
      stack: stub.value(ofRegister: "ss"))
  }

  /// At the first instruction of a gate's handler: RIP, CS, RFLAGS, RSP and SS stand in `frame`.
  init(entry qemu: Target, frame: [UInt64]) {
    self.init(qemu, rip: frame[0], rsp: frame[3], flags: frame[2], code: frame[1], stack: frame[4])
  }

  private init(
    _ target: Target, rip: UInt64?, rsp: UInt64?, flags: UInt64?, code: UInt64?, stack: UInt64?
  ) {
    func values(_ names: [String]) -> [UInt64] { names.map { target.value(ofRegister: $0) ?? .max } }
    general = values(Self.general)
    self.rip = rip ?? .max
    self.rsp = rsp ?? .max
    self.flags = (flags ?? .max) & Self.compared
    selectors = [code ?? .max, stack ?? .max] + values(Self.data)
    system = Dictionary(uniqueKeysWithValues: zip(Self.system, values(Self.system)))
  }
}

/// What QEMU saw where an exception or an interrupt entered the kernel.
struct OracleEntry {
  var registers: OracleRegisters

  init(_ qemu: Target) throws {
    let rsp = qemu.coreRegisters.rsp
    let bytes = try qemu.readVirtual(VirtualAddress(rsp), byteCount: 40)
    let frame = (0..<5).map { index in
      bytes[(index * 8)..<(index * 8 + 8)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
    registers = OracleRegisters(entry: qemu, frame: frame)
  }

  /// A software breakpoint is one byte, and the stub says where it stands.
  func registers(for told: OracleRegisters) -> OracleRegisters {
    var result = registers
    if result.rip == told.rip &+ 1 { result.rip = told.rip }
    return result
  }
}

/// Both debuggers of one machine, which runs.
struct OraclePair {
  let stub: Target
  let qemu: Target

  private static let limit = Duration.seconds(120)

  /// Lets the stub's client move the machine, and waits for the stub's stop. Gives what QEMU saw at the last entry
  /// before it; nil when there need not be one.
  func go(_ motion: OracleMotion, breakpoint: VirtualAddress, delay: UInt32) throws -> OracleEntry? {
    var isSilent = false
    switch motion {
    case .step:
      isSilent = try isCarriedOutByTheStub()
      stub.invalidate()
      try stub.client.send(stub.dialect.stepRequest(stub.selectedThread), "step")
      stub.state = .running
    case .breakpoint:
      try stub.insertBreakpoint(.software, at: breakpoint)
      try stub.resume()
    case .interrupt:
      try stub.resume()
      usleep(delay)
      try stub.interrupt()
    }
    let entry = try waitForStub()
    if motion == .breakpoint { try stub.removeBreakpoint(.software, at: breakpoint) }
    return isSilent ? nil : entry
  }

  private func waitForStub() throws -> OracleEntry? {
    var entry: OracleEntry?
    let deadline = Deadline(after: Self.limit)
    while !deadline.hasPassed {
      _ = Readiness.wait(
        [(stub.pollDescriptor, .readable), (qemu.pollDescriptor, .readable)], until: deadline)
      if try qemu.pollStop() != nil {
        entry = try OracleEntry(qemu)
        _ = try qemu.stepOffAndResume(.none)
      }
      if try stub.pollStop() != nil { return entry }
    }
    throw SessionError.timedOut(operation: "wait for both", limit: Self.limit)
  }

  /// What TF does not step over as it should: CLI, STI, HLT, PUSHF, POPF, IRETQ, and INT n, which ends on the way out.
  private func isCarriedOutByTheStub() throws -> Bool {
    let code = try stub.readVirtual(VirtualAddress(stub.coreRegisters.rip), byteCount: 2)
    return [0xfa, 0xfb, 0xf4, 0x9c, 0x9d, 0xcd].contains(code[0]) || code == [0x48, 0xcf]
  }
}
