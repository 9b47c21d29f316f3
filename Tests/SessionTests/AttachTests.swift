import Glibc
import Testing
import X86

@testable import Session

/// Machines that kdbg did not start, and must leave as it found them.
@Suite(.serialized) struct AttachTests {
  private let counter = PhysicalAddress(truncating: Guest.returnCount)

  /// Attaches when the guest has begun to count: before that it is in the firmware.
  private func attach(_ emulator: Emulator) throws -> Target {
    while true {
      let target = try emulator.attach()
      if let count = target.load(counter), count > 0, target.coreRegisters.isLongMode { return target }
      try target.detach()
      usleep(20_000)
    }
  }

  /// True when the machine runs and stays so: no breakpoint of kdbg's is left in it.
  private func runs(_ emulator: Emulator) throws -> Bool {
    for _ in 0..<5 {
      guard try emulator.isRunning() else { return false }
      usleep(20_000)
    }
    return true
  }

  @Test(arguments: [false, true]) func aRunningMachineIsStoppedReadAndLetGo(tcp: Bool) throws {
    let emulator = try Emulator(tcp: tcp)
    let target = try attach(emulator)
    let registers = target.registers
    #expect(target.emulator == nil)
    #expect(registers.taskRegister?.base == Guest.taskState)
    #expect(registers.globalTable?.limit == 0x37)
    #expect(registers.physicalAddressBits == 40)
    #expect(target.accelerator == .tcg)
    #expect(try target.readVirtual(VirtualAddress(Guest.iretq), byteCount: 2) == [0x48, 0xcf])
    // The same rules as with the mapped file: RAM and ROM are memory, nothing else is.
    #expect(target.load(PhysicalAddress(truncating: 64 << 20)) == nil)
    #expect(target.load(PhysicalAddress(truncating: 0xfee0_0000)) == nil)
    #expect(try target.readPhysical(PhysicalAddress(truncating: 0xffff_fff0), byteCount: 1) == [0xea])
    try target.detach()
    #expect(target.state == .ended)
    #expect(try runs(emulator))
  }

  @Test func itGoesOnStoppingAndRunning() throws {
    let emulator = try Emulator()
    let target = try attach(emulator)
    try target.insertBreakpoint(.software, at: VirtualAddress(Guest.iretq))
    try target.resume()
    _ = try target.waitForStop(limit: .seconds(120))
    #expect(target.coreRegisters.rip == Guest.iretq)
    let before = try #require(target.load(counter))
    #expect(try target.stepOffAndResume(.none) == nil)
    _ = try target.waitForStop(limit: .seconds(120))
    // Nothing of what was read before is kept.
    #expect(target.load(counter) == before + 1)
    try target.detach()
    #expect(try runs(emulator))
  }

  @Test func muchMemoryComesAsItIs() throws {
    let emulator = try Emulator(["-S"])
    let target = try emulator.attach()
    let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }
    // Without paging a linear address is physical.
    try target.writeMemory(VirtualAddress(0x20_0123), bytes: bytes)
    #expect(try target.readPhysical(PhysicalAddress(truncating: 0x20_0123), byteCount: bytes.count) == bytes)
    #expect(try target.readVirtual(VirtualAddress(0x20_0123), byteCount: bytes.count) == bytes)
    target.prefetch(PhysicalAddress(truncating: 0x20_0000), byteCount: 0x2000)
    target.prefetch(PhysicalAddress(truncating: 0xfee0_0000), byteCount: 8)
    #expect(
      target.load(PhysicalAddress(truncating: 0x20_0128)).map { UInt8(truncatingIfNeeded: $0) } == bytes[5])
    try target.detach()
  }

  @Test func aLongMonitorReplyArrivesWhole() throws {
    let emulator = try Emulator()
    let target = try attach(emulator)
    // Hundreds of packets, one for each line, while nothing is acknowledged.
    let lines =
      try target.monitor("info qtree").split(separator: "\n").count
      + target.monitor("info mtree").split(separator: "\n").count
      + target.monitor("info tlb").split(separator: "\n").count
    #expect(lines > 500)
    #expect(target.coreRegisters.isLongMode)
    try target.detach()
  }

  @Test func theMemoryModeIsRestored() throws {
    let emulator = try Emulator(["-S"])
    do {
      let target = try emulator.attach()
      // A physical read goes through the mode, and does not leave it switched on even for a moment of a crash.
      #expect(target.load(PhysicalAddress(truncating: 0x1000)) == 0)
      #expect(try target.client.request(PhysicalMode.query, "mode").text == "0")
      try target.detach()
    }
    #expect(try emulator.mode() == "0")
    // What somebody else had set stays set, and does not mislead kdbg.
    try emulator.look { try $0.request(PhysicalMode.physical.request, "mode").requireOK("mode") }
    #expect(try emulator.mode() == "1")
    let target = try emulator.attach()
    #expect(try target.client.request(PhysicalMode.query, "mode").text == "0")
    #expect(target.load(counter) != nil)
    try target.detach()
    #expect(try emulator.mode() == "1")
  }

  /// kdbg drops the target without a word, as on `exit`.
  @Test func aMachineThatIsDroppedGoesOn() throws {
    let emulator = try Emulator()
    try emulator.look { try $0.request(PhysicalMode.physical.request, "mode").requireOK("mode") }
    do {
      let target = try attach(emulator)
      try target.insertBreakpoint(.hardware, at: VirtualAddress(Guest.iretq))
      #expect(try !emulator.isRunning())
    }
    #expect(try runs(emulator))
    #expect(try emulator.mode() == "1")
    do {
      let target = try attach(emulator)
      try target.insertBreakpoint(.hardware, at: VirtualAddress(Guest.longModeEntry))
      try target.resume()
    }
    #expect(try runs(emulator))
  }

  /// kdbg is told to end, or dies of its own.
  @Test(arguments: [SIGTERM, SIGHUP]) func aMachineWhoseDebuggerIsEndedGoesOn(signal: Int32) throws {
    let emulator = try Emulator()
    // It runs its own firmware first.
    try attach(emulator).detach()
    let held = try HeldSession(["\(HeldSession.endpoint)=\(emulator.endpoint)"])
    #expect(try held.report() == "attached")
    #expect(try !emulator.isRunning())
    held.process.signal(signal)
    #expect(held.process.wait(limit: .seconds(120)) == .exited(128 + signal))
    #expect(try runs(emulator))
  }

  /// The same while the machine runs, its log is on, and somebody had switched its gdbserver to physical addresses.
  @Test(arguments: [SIGTERM, SIGHUP]) func aMachineThatRunsIsPutInOrder(signal: Int32) throws {
    let emulator = try Emulator()
    try attach(emulator).detach()
    try emulator.look {
      try $0.request(PhysicalMode.physical.request, "mode").requireOK("mode")
      try $0.request("D;1", "detach").requireOK("detach")
    }
    let held = try HeldSession(["\(HeldSession.endpoint)=\(emulator.endpoint)", "\(HeldSession.busy)=1"])
    #expect(try held.report() == "attached")
    #expect(try emulator.isRunning())
    held.process.signal(signal)
    #expect(held.process.wait(limit: .seconds(120)) == .exited(128 + signal))
    #expect(try runs(emulator))
    #expect(try emulator.mode() == "1")
    // Its log has gone from kdbg's pipe.
    #expect(try !emulator.openFiles().contains { $0.contains("/log") })
  }

  @Test func aRunningMachineCanBeLeft() throws {
    let emulator = try Emulator()
    let target = try attach(emulator)
    try target.resume()
    try target.detach()
    #expect(try runs(emulator))
  }

  @Test func theGuestsOwnEndIsSeen() throws {
    let emulator = try Emulator()
    let target = try attach(emulator)
    try target.insertBreakpoint(.hardware, at: VirtualAddress(Guest.iretq))
    try target.resume()
    _ = try target.waitForStop(limit: .seconds(120))
    try LaunchTests.prepare(target, .tripleFault)
    // Without -no-shutdown QEMU ends, and says so first.
    _ = try target.stepOffAndResume(.none)
    #expect(try target.waitForStop(limit: .seconds(120)) == .exited(status: 0))
    #expect(emulator.waitForExit() == .exited(0))
  }

  @Test func killingEndsIt() throws {
    let emulator = try Emulator()
    let target = try attach(emulator)
    target.kill()
    #expect(emulator.waitForExit() == .exited(0))
  }

  @Test func aSecondDebuggerIsToldWhyItWaits() throws {
    let emulator = try Emulator(tcp: true)
    let first = try attach(emulator)
    #expect(throws: SessionError.endpointSilent(emulator.endpoint, limit: .milliseconds(500))) {
      try Target.attach(emulator.endpoint, replyLimit: .milliseconds(500))
    }
    #expect(first.coreRegisters.isLongMode)
    first.kill()
  }
}
