import RemoteProtocol
import Testing
import X86

@testable import Session

/// Stubs that give less than QEMU's: every one is served as far as it goes.
@Suite struct PoorStubTests {
  private func attach(_ answer: @escaping @Sendable (String) -> FakeStub.Answer) throws -> (Target, FakeStub)
  {
    let stub = try FakeStub { request, _ in answer(request) }
    return (try Target.attach(stub.endpoint, replyLimit: .seconds(120)), stub)
  }

  /// Sixteen general registers, RIP, EFLAGS and six selectors, as GDB has them, and the x87 that kdbg does not need.
  private static let plainRegisters =
    (0..<16).map { FakeMachine.littleEndian(0x1000 + UInt64($0)) }.joined()
    + FakeMachine.littleEndian(0xffff_ffff_8000_1000) + FakeMachine.littleEndian(0x202, 4)
    + [0x08, 0x10, 0x2b, 0x2b, 0, 0].map { FakeMachine.littleEndian($0, 4) }.joined()
    + String(repeating: "0", count: 160)

  /// What a stub without a description says; `features` is what it claims.
  private static func plain(_ request: String, features: String = "PacketSize=400") -> FakeStub.Answer {
    if request.hasPrefix("qSupported") { return .reply(features) }
    if request.hasPrefix("m") {
      let numbers = request.dropFirst().split(separator: ",").compactMap { UInt64($0, radix: 16) }
      // One page, and each byte its own place.
      guard numbers[0] >> 12 == 0xffff_ffff_80001 else { return .reply("E14") }
      return .reply((0..<numbers[1]).map { FakeMachine.littleEndian((numbers[0] + $0) & 0xff, 1) }.joined())
    }
    switch request {
    case "?": return .reply("S05")
    case "g": return .reply(plainRegisters)
    case "D": return .reply("OK")
    default: return .reply("")
    }
  }

  private static func hexadecimal(_ text: String) -> String {
    text.utf8.map { FakeMachine.littleEndian(UInt64($0), 1) }.joined()
  }

  /// VMware's stub and many others: the core registers, and linear memory.
  @Test(arguments: ["", "<target/>", "no XML at all", "<target><feature name='x'></feature></target>"])
  func withoutADescriptionGDBsOwnHolds(document: String) throws {
    let (target, _) = try attach { request in
      guard let range = request.remainder(after: "qXfer:features:read:target.xml:") else {
        return Self.plain(
          request, features: document.isEmpty ? "PacketSize=400" : "PacketSize=400;qXfer:features:read+")
      }
      return .reply(FakeMachine.piece(of: document, range))
    }
    let registers = target.registers
    #expect(registers.rip == 0xffff_ffff_8000_1000)
    #expect(registers.rsp == 0x1007)
    #expect(registers.general[15] == 0x100f)
    #expect(registers.rflags.rawValue == 0x202)
    #expect(registers.cs.rawValue == 0x08)
    #expect(registers.ss.rawValue == 0x10)
    #expect(!target.knowsControlRegisters)
    #expect(registers.taskRegister == nil)
    #expect(registers.physicalAddressBits == nil)
    #expect(target.value(ofRegister: "cr3") == nil)
    #expect(target.memoryWay == nil)
    #expect(target.load(PhysicalAddress(truncating: 0x1000)) == nil)
    #expect(throws: SessionError.noMemoryWay(.ram)) { try target.require(.ram) }
    #expect(throws: SessionError.noMemoryWay(.packets)) { try target.require(.packets) }
    #expect(throws: SessionError.noMemoryWay(.monitor)) { try target.require(.monitor) }
    // Linear memory is the stub's own business, up to where it ends.
    let place = VirtualAddress(0xffff_ffff_8000_1ffc)
    #expect(target.bytesByStub(at: place, count: 16) == [0xfc, 0xfd, 0xfe, 0xff])
    #expect(target.bytesByStub(at: place + 4, count: 16) == [])
    #expect(try target.readVirtual(place, byteCount: 2) == [0xfc, 0xfd])
    #expect(throws: SessionError.notMapped(place + 4)) { try target.readVirtual(place, byteCount: 8) }
    #expect(target.takeFailure() == nil)
    try target.detach()
  }

  /// A 32-bit stub: 16 registers of 4 bytes. GDB says "Remote 'g' packet reply is too short".
  @Test func aStubOfAnotherMachineIsRefused() throws {
    let stub = try FakeStub { request, _ in
      request == "g" ? .reply(String(repeating: "00000000", count: 16)) : Self.plain(request)
    }
    #expect(throws: SessionError.missingRegisters(["r8"])) { try Target.attach(stub.endpoint) }
    #expect(stub.awaits("D"))
  }

  /// QEMU before version 3 has the control registers in its monitor alone.
  @Test func controlRegistersComeFromTheMonitorToo() throws {
    let text = """
      CPU#0\r
      RAX=0000000000000000 RBX=0000000000000000 RCX=0000000000000000 RDX=0000000000000000\r
      TR =0040 fffffe0000003000 00004087 00008b00 DPL=0 TSS64-busy\r
      GDT=     fffffe0000001000 0000007f\r
      CR0=80050033 CR2=00000000deadb000 CR3=0000000000108000 CR4=000006f0\r
      EFER=0000000000000d01\r
      CPU#1\r
      CR0=60000010 CR2=0000000000000000 CR3=0000000000000000 CR4=00000000\r
      EFER=0000000000000000\r
      """
    let (target, stub) = try attach { request in
      request == "qRcmd,\(Self.hexadecimal("info registers -a"))"
        ? .replies(["O" + Self.hexadecimal(text), "OK"]) : Self.plain(request)
    }
    let registers = target.registers
    #expect(target.knowsControlRegisters)
    #expect(registers.cr0.rawValue == 0x8005_0033)
    #expect(registers.cr2 == 0xdead_b000)
    #expect(registers.cr3.rawValue == 0x10_8000)
    #expect(registers.cr4.rawValue == 0x6f0)
    #expect(registers.efer.rawValue == 0xd01)
    #expect(registers.isLongMode)
    #expect(registers.taskRegister?.base == 0xffff_fe00_0000_3000)
    #expect(registers.globalTable?.limit == 0x7f)
    #expect(stub.requests.contains("g"))
  }

  /// A monitor that says something else is asked once.
  @Test(arguments: [
    "unknown command\n", "CR0=zz CR2=0 CR3=1\nEFER=2\n", "CPU#7\nCR0=1 CR2=1 CR3=1 CR4=1\nEFER=1\n",
  ])
  func aMonitorOfAnotherKindIsNoHelp(text: String) throws {
    let (target, stub) = try attach { request in
      if request.hasPrefix("qRcmd") { return .replies(["O" + Self.hexadecimal(text), "OK"]) }
      return request == "s" ? .reply("S05") : Self.plain(request)
    }
    #expect(!target.knowsControlRegisters)
    _ = try target.step()
    _ = target.registers
    #expect(!target.knowsControlRegisters)
    #expect(stub.requests.count { $0.hasPrefix("qRcmd") && $0.contains(Self.hexadecimal("registers")) } == 1)
  }

  /// QEMU built without its human monitor: physical memory by packets, and no map of what is memory.
  @Test func withoutAMonitorEveryAddressCounts() throws {
    let mode = ModeSwitch()
    let (target, _) = try attach { request in
      if let reply = mode.answer(request) { return .reply(reply) }
      if request.hasPrefix("m"), mode.isPhysical {
        let numbers = request.dropFirst().split(separator: ",").compactMap { Int($0, radix: 16) }
        return .reply(String(repeating: numbers[0] == 0x5000 ? "5a" : "00", count: numbers[1]))
      }
      return FakeMachine.answer(request)
    }
    #expect(target.memoryWay == .packets)
    #expect(target.load(PhysicalAddress(truncating: 0x5000)) == 0x5a5a_5a5a_5a5a_5a5a)
    #expect(target.load(PhysicalAddress(truncating: 1 << 45)) == 0)
    #expect(!mode.isPhysical)
    #expect(target.registers.globalTable == nil)
    #expect(target.accelerator == nil)
    #expect(throws: SessionError.unsupported(operation: "monitor info status")) {
      try target.monitor("info status")
    }
    #expect(target.state != .ended)
    try target.detach()
  }

  /// The other way round: no mode for physical addresses, and the monitor's `xp`.
  @Test func withoutTheModeTheMonitorReads() throws {
    let (target, stub) = try attach { request in
      if request == "qRcmd,\(Self.hexadecimal("xp /1gx 0"))" {
        return .replies(["O" + Self.hexadecimal("0000000000000000: 0x0000000000000000\n"), "OK"])
      }
      if request == "qRcmd,\(Self.hexadecimal("xp /512gx 0x5000"))" {
        let line = "0000000000005000: 0x0000000000000001 0x0000000000000002\n"
        return .replies((0..<256).map { _ in "O" + Self.hexadecimal(line) } + ["OK"])
      }
      return FakeMachine.answer(request)
    }
    #expect(target.memoryWay == .monitor)
    #expect(target.load(PhysicalAddress(truncating: 0x5008)) == 2)
    #expect(target.load(PhysicalAddress(truncating: 0x9000)) == nil)
    #expect(!stub.requests.contains { $0.contains("PhyMemMode:") })
  }

  /// A description that promises more than `g` holds: what is there is there.
  @Test func aDescriptionMayPromiseTooMuch() throws {
    let (target, _) = try attach { request in
      if request == "g" { return .reply(String(FakeMachine.registers.dropLast(24 * 2))) }
      return FakeMachine.answer(request)
    }
    #expect(target.coreRegisters.rip == 0xffff_ffff_8000_1000)
    #expect(target.coreRegisters.general[15] == 0x100f)
    // CR4 and EFER are past its end, so nothing is believed of the others.
    #expect(!target.knowsControlRegisters)
    #expect(target.registers.taskRegister == nil)
  }

  /// Bytes that the stub spells `xx`.
  @Test func registersThatAreMarkedAbsentAreNotKnown() throws {
    let cr3 = FakeMachine.littleEndian(0x10_8000)
    let (target, _) = try attach { request in
      request == "g"
        ? .reply(FakeMachine.registers.replacing(cr3, with: "xxxxxxxxxxxxxxxx")) : FakeMachine.answer(request)
    }
    #expect(!target.knowsControlRegisters)
    #expect(target.value(ofRegister: "cr3") == nil)
    #expect(target.value(ofRegister: "cr0") == 0x8001_0033)
  }
}
