import Foundation
import Testing
import X86

@testable import Session

/// Two debuggers on one machine: what the kernel's stub says of it must be what QEMU's gdbserver sees.
@Suite("the kernel's stub against QEMU's gdbserver")
struct StubOracleTests {
  /// QEMU stops the machine too where each exception and interrupt enters the kernel: there the processor still has
  /// the registers that the stub must report, and the frame it pushed has the rest. What the stub says afterwards is
  /// the stub's own account of it. Memory and system registers are read while both stand.
  @Test("registers, memory, tables and system registers at two hundred stops")
  func agreement() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    let machine = try StubMachine(.release, "gdb=wait init=/echo", gdbserver: true)
    let qemu = try Target.attach(
      try Endpoint(parsing: "unix:\(machine.serverSocket)"), replyLimit: .seconds(240))
    try qemu.resume()
    let stub = try Target.attach(try Endpoint(parsing: "unix:\(machine.socket)"), replyLimit: .seconds(240))
    let site = VirtualAddress(try KernelBuild.release.address(of: "kernel_trap"))
    try qemu.interrupt()
    _ = try qemu.waitForStop(limit: .seconds(240))
    let gates = try Self.entries(qemu)
    for gate in gates { try qemu.insertBreakpoint(.hardware, at: VirtualAddress(gate)) }
    try qemu.resume()
    var compared = 0
    var kinds: Set<UInt8> = []
    for number in 0..<200 {
      let motion = OracleMotion.allCases.randomElement(using: &generator) ?? .step
      let pair = OraclePair(stub: stub, qemu: qemu)
      let entry = try pair.go(motion, breakpoint: site, delay: UInt32(generator.next() % 1000))
      if let entry {
        let told = OracleRegisters(stub: stub)
        #expect(entry.registers(for: told) == told, "seed \(seed), stop \(number), \(motion)")
        compared += 1
        kinds.insert(UInt8(truncatingIfNeeded: motion.rawValue))
      }
      var addresses = Self.interesting(stub.registers)
      for _ in 0..<4 {
        addresses.append(0xffff_8000_0000_0000 + UInt64.random(in: 0..<0x0fff_0000, using: &generator) & ~7)
      }
      let ours = Snapshot(stub, addresses)
      // The stub waits for its next packet, so nothing moves while QEMU stops the machine and looks.
      try qemu.interrupt()
      _ = try qemu.waitForStop(limit: .seconds(240))
      #expect(Snapshot(qemu, addresses) == ours, "seed \(seed), stop \(number), \(motion)")
      #expect(ours.memory[4] != nil)
      try qemu.resume()
    }
    // The others are instructions that the stub carries out itself: nothing enters the kernel for them.
    #expect(compared > 100, "seed \(seed)")
    #expect(kinds.count == OracleMotion.allCases.count, "seed \(seed)")
    try qemu.detach()
    stub.kill()
  }

  /// Where exceptions and interrupts enter the kernel, the system call's gate left out.
  private static func entries(_ qemu: Target) throws -> Set<UInt64> {
    let table = try #require(qemu.registers.interruptTable)
    let bytes = try qemu.readVirtual(table.base, byteCount: Int(table.limit) + 1)
    var entries: Set<UInt64> = []
    for vector in 0..<(bytes.count / 16) where vector != 0x80 {
      let gate = bytes[(vector * 16)..<(vector * 16 + 16)].map { UInt64($0) }
      // Present?
      guard gate[5] & 0x80 != 0 else { continue }
      let places = [0, 1, 6, 7, 8, 9, 10, 11]
      let address = places.enumerated().reduce(UInt64(0)) { $0 | gate[$1.element] << UInt64($1.offset * 8) }
      entries.insert(address)
    }
    return entries
  }

  /// A page of RAM that the kernel's window has lost: the stub believes that it can read it, and faults.
  @Test("a fault of the stub's own is an error reply, and the client is served as before")
  func stubFault() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let stub = try Target.attach(try Endpoint(parsing: "unix:\(machine.socket)"))
    let lost: UInt64 = 0x5000
    let registers = stub.registers
    try loseWindowPage(lost, stub)
    #expect(stub.load(PhysicalAddress(truncating: lost)) == nil)
    #expect(try stub.monitor("ps").contains("* kernel"))
    #expect(stub.load(PhysicalAddress(truncating: lost + 0x1000)) != nil)
    #expect(stub.coreRegisters.rip == registers.rip)
    stub.kill()
  }

  /// The same fault twice in one stop: the stub does not get on, and the kernel says so where everybody can read it.
  @Test("a second fault of the stub's own is a report on the console, and the end")
  func secondStubFault() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let stub = try Target.attach(try Endpoint(parsing: "unix:\(machine.socket)"))
    try loseWindowPage(0x5000, stub)
    #expect(stub.load(PhysicalAddress(truncating: 0x5000)) == nil)
    #expect(try stub.monitor("ps").contains("* kernel"))
    #expect(stub.load(PhysicalAddress(truncating: 0x5000)) == nil)
    #expect(machine.exitStatus() == MachineStatus.kernelFault)
    #expect(machine.consoleText.contains("✗ KERNEL FAULT: #PF (vector 14), error 0x0"))
    #expect(machine.consoleText.contains("CR2 0xffff800000005000"))
  }

  /// One fault of each stop is forgiven.
  @Test("a fault of the stub's own in a later stop is an error reply again")
  func faultInALaterStop() throws {
    let machine = try StubMachine(.release, "gdb=wait")
    let stub = try Target.attach(try Endpoint(parsing: "unix:\(machine.socket)"))
    try loseWindowPage(0x5000, stub)
    for _ in 0..<3 {
      #expect(stub.load(PhysicalAddress(truncating: 0x5000)) == nil)
      _ = try stub.step()
    }
    stub.kill()
    #expect(machine.exitStatus() == StubSessionTests.killed)
  }

  /// Takes one page of RAM out of the kernel's window, of which the stub believes that all of it is there.
  private func loseWindowPage(_ lost: UInt64, _ stub: Target) throws {
    let window: UInt64 = 0xffff_8000_0000_0000
    var view = stub
    let registers = stub.registers
    let walk = view.walk(VirtualAddress(window + lost), root: registers.cr3.root, mode: registers.pagingMode)
    let entry = walk[walk.count - 1].entryAddress
    try stub.writeMemory(VirtualAddress(window + entry.rawValue), bytes: [UInt8](repeating: 0, count: 8))
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
