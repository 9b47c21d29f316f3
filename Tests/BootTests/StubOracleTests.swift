import Foundation
import Session
import Testing
import X86

/// Two debuggers on one machine: what the kernel's stub says of it must be what QEMU's gdbserver sees.
@Suite("the kernel's stub against QEMU's gdbserver")
struct StubOracleTests {
  @Test("memory, tables and system registers at twenty stops")
  func agreement() throws {
    let machine = try StubMachine(.release, "gdb=wait", gdbserver: true)
    let qemu = try Target.attach(try Endpoint(parsing: "unix:\(machine.serverSocket)"))
    try qemu.resume()
    let stub = try Target.attach(try Endpoint(parsing: "unix:\(machine.socket)"))
    let site = VirtualAddress(try #require(try symbolAddress("kernel_trap")))
    try stub.insertBreakpoint(.software, at: site)
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20 {
      try stub.resume()
      _ = try stub.waitForStop(limit: .seconds(20))
      var addresses = Self.interesting(stub.registers)
      for _ in 0..<8 {
        addresses.append(0xffff_8000_0000_0000 + UInt64.random(in: 0..<0x0fff_0000, using: &generator) & ~7)
      }
      let ours = Snapshot(stub, addresses)
      // The stub waits for its next packet, so nothing moves while QEMU stops the machine and looks.
      try qemu.interrupt()
      _ = try qemu.waitForStop(limit: .seconds(10))
      let theirs = Snapshot(qemu, addresses)
      #expect(ours == theirs)
      #expect(ours.memory.prefix(5).allSatisfy { $0 != nil })
      try qemu.resume()
    }
    try stub.removeBreakpoint(.software, at: site)
    try stub.detach()
    #expect(machine.exitStatus() == MachineStatus.success)
  }

  /// A page of RAM that the kernel's window has lost: the stub believes that it can read it, and faults.
  @Test("a fault of the stub's own is an error reply, and the client is served as before")
  func stubFault() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let stub = try Target.attach(try Endpoint(parsing: "unix:\(machine.socket)"))
    let window: UInt64 = 0xffff_8000_0000_0000
    let lost: UInt64 = 0x5000
    var view = stub
    let registers = stub.registers
    let walk = view.walk(VirtualAddress(window + lost), root: registers.cr3.root, mode: registers.pagingMode)
    let entry = walk[walk.count - 1].entryAddress
    try stub.writeMemory(VirtualAddress(window + entry.rawValue), bytes: [UInt8](repeating: 0, count: 8))
    #expect(stub.load(PhysicalAddress(truncating: lost)) == nil)
    #expect(try stub.monitor("ps").contains("* kernel"))
    #expect(stub.load(PhysicalAddress(truncating: lost + 0x1000)) != nil)
    #expect(stub.coreRegisters.rip == registers.rip)
    stub.kill()
  }

  private func symbolAddress(_ name: String) throws -> UInt64? {
    let symbols = try run("nm", [KernelBuild.release.path])
    let line = symbols.lines.first { $0.hasSuffix(" " + name) }
    return line.flatMap { UInt64($0.prefix { $0 != " " }, radix: 16) }
  }

  /// The frame that the trap stub pushed, and the code: what both must see in the same way.
  private static func interesting(_ registers: RegisterFile) -> [UInt64] {
    let frame = registers.general[5]
    return [registers.rsp, registers.rsp + 8, frame, frame + 136, registers.rip & ~7]
  }

  /// What a debugger says of the machine.
  private struct Snapshot: Equatable {
    var cr0: CR0
    var cr3: CR3
    var cr4: CR4
    var efer: EFER
    var globalTable: TableRegister?
    var interruptTable: TableRegister?
    var taskStateBase: UInt64?
    var memory: [[UInt8]?]

    init(_ target: Target, _ addresses: [UInt64]) {
      let registers = target.registers
      cr0 = registers.cr0
      cr3 = registers.cr3
      cr4 = registers.cr4
      efer = registers.efer
      globalTable = registers.globalTable
      interruptTable = registers.interruptTable
      taskStateBase = registers.taskRegister?.base
      memory = addresses.map { try? target.readVirtual(VirtualAddress($0), byteCount: 8) }
    }
  }
}
