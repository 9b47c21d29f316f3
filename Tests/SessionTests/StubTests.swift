import RemoteProtocol
import Synchronization
import Testing
import X86

@testable import Session

/// The client against a stub that does what the test says.
@Suite struct StubTests {
  /// For the stubs that are silent; the others have all the time they need.
  private static let limit = Duration.seconds(5)

  private func attach(_ stub: FakeStub, limit: Duration = .seconds(60)) throws(SessionError) -> Target {
    try Target.attach(stub.endpoint, replyLimit: limit)
  }

  /// The one line that attaching to `stub` ends with.
  private func refusal(_ stub: FakeStub, limit: Duration = .seconds(60)) -> String {
    do throws(SessionError) {
      _ = try attach(stub, limit: limit)
      return "attached"
    } catch {
      return "\(error.exitStatus): \(error)"
    }
  }

  @Test func theTargetDescriptionDecidesWhereRegistersStand() throws {
    let stub = try FakeStub { request, _ in FakeMachine.answer(request) }
    let target = try attach(stub)
    let registers = target.registers
    #expect(registers.rip == 0xffff_ffff_8000_1000)
    #expect(registers.rflags.rawValue == 0x202)
    #expect(registers.cs.rawValue == 0x08)
    #expect(registers.ss.rawValue == 0x10)
    #expect(registers.general[0] == 0x1000)
    #expect(registers.rsp == 0x1007)
    #expect(registers.general[15] == 0x100f)
    #expect(registers.cr0.rawValue == 0x8001_0033)
    #expect(registers.cr2 == 0xdead_b000)
    #expect(registers.cr3.rawValue == 0x10_8000)
    #expect(registers.efer.rawValue == 0xd00)
    // What the stub does not have is not known, and not zero.
    #expect(registers.fsBase == nil)
    #expect(registers.cr8 == nil)
    #expect(registers.globalTable == nil)
    #expect(registers.physicalAddressBits == nil)
    // A stub may give system registers as registers.
    #expect(registers.taskRegister?.base == 0xffff_c980_0000_0000)
    #expect(registers.taskRegister?.selector.rawValue == 0x18)
    #expect(!target.registerNames.contains("xmm0"))
    #expect(!target.registerNames.contains("decoy"))
    #expect(target.value(ofRegister: "rbx") == 0x1001)
    #expect(target.value(ofRegister: "rflags") == 0x202)
    #expect(target.value(ofRegister: "xmm0") == nil)
    try target.detach()
    #expect(stub.requests.last == "D")
  }

  @Test func aStubWithoutTheNeededRegistersIsRefused() throws {
    let stub = try FakeStub { request, _ in
      if let range = request.remainder(after: "qXfer:features:read:target.xml:") {
        let description = FakeMachine.description.replacing("\"cr3\"", with: "\"x1\"").replacing(
          "\"rip\"", with: "\"x2\"")
        return .reply(FakeMachine.piece(of: description, range))
      }
      return FakeMachine.answer(request)
    }
    #expect(refusal(stub) == "3: the stub does not give rip, which kdbg needs")
    // Being connected to has stopped it, so it is let go.
    #expect(stub.awaits("D"))
  }

  @Test func aPacketThatIsTooShortIsRefused() throws {
    let stub = try FakeStub { request, _ in
      request == "g"
        ? .reply(String(FakeMachine.registers.prefix(60 * 2))) : FakeMachine.answer(request)
    }
    #expect(refusal(stub) == "3: the stub does not give rcx, which kdbg needs")
  }

  @Test func aStubThatNeverAnswersHitsTheLimit() throws {
    let stub = try FakeStub { _, _ in .silence }
    let start = ContinuousClock.now
    #expect(
      refusal(stub, limit: Self.limit)
        == "3: \(stub.endpoint): no answer within 5 s; another debugger may be attached")
    #expect(ContinuousClock.now - start >= Self.limit)
    #expect(ContinuousClock.now - start < .seconds(60))
  }

  @Test func aStubThatFallsSilentLaterIsLost() throws {
    let stub = try FakeStub { request, _ in
      request == "qfThreadInfo" ? .silence : FakeMachine.answer(request)
    }
    let target = try attach(stub, limit: Self.limit)
    let expected = SessionError.timedOut(operation: "list the threads", limit: Self.limit)
    #expect(throws: expected) { try target.threads() }
    // Its answer may still come, so nothing can be asked any more; and nobody waits a second time.
    #expect(target.state == .ended)
    #expect(throws: expected) { try target.step() }
    #expect("\(expected)" == "list the threads: the target did not answer within 5 s")
    #expect(expected.exitStatus == 3)
  }

  @Test func aStubThatGoesAwayIsLost() throws {
    let stub = try FakeStub { request, _ in
      request == "qfThreadInfo" ? .close : FakeMachine.answer(request)
    }
    let target = try attach(stub)
    #expect(throws: SessionError.connectionClosed) { try target.threads() }
    #expect(target.state == .ended)
    #expect(target.coreRegisters.rip == 0xffff_ffff_8000_1000)
  }

  @Test func aStubThatGoesAwayWhileItRunsIsAnEvent() throws {
    let stub = try FakeStub { request, _ in request == "c" ? .close : FakeMachine.answer(request) }
    let target = try attach(stub)
    try target.resume()
    #expect(try target.waitForStop(limit: .seconds(60)) == .lost(.connectionClosed))
    #expect(target.state == .ended)
  }

  @Test func aStubTellsTheStatusOfItsEnd() throws {
    let stub = try FakeStub { request, _ in request == "c" ? .reply("W2a") : FakeMachine.answer(request) }
    let target = try attach(stub)
    try target.resume()
    #expect(try target.waitForStop(limit: .seconds(60)) == .exited(status: 0x2a))
  }

  /// QEMU 7.2 sends a stop reply to whoever connects to a running machine.
  @Test func anUnaskedStopReplyDoesNotShiftTheReplies() throws {
    let stub = try FakeStub(greeting: "T02thread:01;") { request, _ in FakeMachine.answer(request) }
    let target = try attach(stub)
    #expect(target.coreRegisters.rip == 0xffff_ffff_8000_1000)
  }

  @Test func aBrokenReplyIsAskedForAgain() throws {
    let stub = try FakeStub { request, before in
      switch request {
      case "g" where before == 0: .raw("+$00#ff")
      case "-": .reply(FakeMachine.registers)
      default: FakeMachine.answer(request)
      }
    }
    #expect(try attach(stub).coreRegisters.rip == 0xffff_ffff_8000_1000)
  }

  @Test func aReplyThatStaysBrokenEndsTheSession() throws {
    let stub = try FakeStub { request, _ in
      request == "g" || request == "-" ? .raw("+$00#ff") : FakeMachine.answer(request)
    }
    #expect(
      refusal(stub) == "3: read registers: the target answered with \"a packet with a wrong checksum\"")
  }

  @Test func aRequestIsRepeatedWhenTheStubAsks() throws {
    let stub = try FakeStub { request, before in
      request == "g" && before == 0 ? .raw("-") : FakeMachine.answer(request)
    }
    #expect(try attach(stub).coreRegisters.rip == 0xffff_ffff_8000_1000)
    #expect(stub.requests.count { $0 == "g" } == 2)
  }

  @Test func acknowledgementsStopWhereTheStubAgrees() throws {
    let stub = try FakeStub { request, _ in
      if request.hasPrefix("qSupported") {
        return .reply("PacketSize=2000;qXfer:features:read+;QStartNoAckMode+")
      }
      return request == "QStartNoAckMode" ? .reply("OK") : FakeMachine.answer(request)
    }
    let target = try attach(stub)
    _ = target.value(ofRegister: "rax")
    try target.detach()
    // The replies to qSupported and to the agreement itself.
    #expect(stub.acknowledgementCount == 2)
  }

  @Test func refusalsAndSilenceAreToldApart() throws {
    let stub = try FakeStub { request, _ in
      if request.hasPrefix("Z1") { return .reply("E22") }
      return request.hasPrefix("Z2") ? .reply("E.all four are in use") : FakeMachine.answer(request)
    }
    let target = try attach(stub)
    let place = VirtualAddress(0x1000)
    #expect(
      throws: SessionError.refusedInWords(operation: "set a breakpoint", reason: "all four are in use")
    ) {
      try target.insertBreakpoint(.watchWrite(byteCount: 8), at: place)
    }
    #expect(throws: SessionError.refused(operation: "set a breakpoint", code: 0x22)) {
      try target.insertBreakpoint(.hardware, at: place)
    }
    #expect(throws: SessionError.unsupported(operation: "set a breakpoint")) {
      try target.insertBreakpoint(.software, at: place)
    }
    #expect(throws: SessionError.unknownRegister("nix")) { try target.writeRegister("nix", value: 1) }
    // The session goes on.
    #expect(target.state != .ended)
    #expect(target.coreRegisters.rip == 0xffff_ffff_8000_1000)
    // There is no way to physical memory, and that is no failure.
    #expect(target.load(PhysicalAddress(truncating: 0x1000)) == nil)
    #expect(target.takeFailure() == nil)
  }

  @Test func aWatchpointNamesItsAddress() throws {
    let stub = try FakeStub { request, _ in
      request == "c" ? .reply("T05awatch:ffffc90000004ff8;thread:2;") : FakeMachine.answer(request)
    }
    let target = try attach(stub)
    try target.resume()
    let thread = ThreadIdentifier(thread: .number(2))
    #expect(
      try target.waitForStop(limit: .seconds(60))
        == .signal(5, thread: thread, watch: Watchpoint(kind: .access, address: 0xffff_c900_0000_4ff8)))
    #expect(target.selectedThread == thread)
  }

  @Test func aWaitEndsAtItsLimitAndTheMachineRunsOn() throws {
    let stub = try FakeStub { request, _ in
      request == "c" ? .silence : request == "\u{3}" ? .reply("S02") : FakeMachine.answer(request)
    }
    let target = try attach(stub)
    try target.resume()
    #expect(throws: SessionError.timedOut(operation: "wait for a stop", limit: .milliseconds(100))) {
      try target.waitForStop(limit: .milliseconds(100))
    }
    #expect(target.state == .running)
    #expect(try target.pollStop() == nil)
    #expect(throws: SessionError.running) { try target.step() }
    // A request to interrupt ends a wait without limit.
    let request = InterruptRequest()
    request.set()
    #expect(
      try target.waitForStop(limit: nil, interrupt: request) == .signal(2, thread: nil, watch: nil))
    #expect(!request.isPending)
  }

  /// QEMU's thread that listens may wait for the guest's for seconds: it answers what was sent again as well.
  @Test(arguments: ["QC1", ""]) func whatIsSentAgainMayBeAnsweredTwice(_ current: String) throws {
    let stub = try FakeStub { request, before in
      if request == "qC" { return .reply(current) }
      guard request.hasPrefix("qSupported") else { return FakeMachine.answer(request) }
      guard before > 0, case .reply(let text) = FakeMachine.answer(request) else { return .silence }
      return .replies([text, text])
    }
    let target = try attach(stub)
    #expect(stub.requests.prefix(2).allSatisfy { $0.hasPrefix("qSupported") })
    #expect(target.coreRegisters.rip == 0xffff_ffff_8000_1000)
    #expect(stub.requests.count { $0 == "qC" } == 1)
  }

  /// QEMU on a busy host: a step comes back, and nothing was executed.
  @Test(arguments: [(1, true), (2, true), (1000, false)])
  func aBorrowedStepThatExecutesNothingIsRepeated(_ idle: Int, _ isRead: Bool) throws {
    let start: UInt64 = 0xffff_ffff_8000_1000
    let place = start + 0x40
    let machine = Mutex((rip: start, steps: 0))
    let stub = try FakeStub { request, _ in
      machine.withLock { machine in
        switch request {
        case "P0=\(FakeMachine.littleEndian(place))": machine.rip = place
        case "P0=\(FakeMachine.littleEndian(start))": machine.rip = start
        case _ where request.hasPrefix("P"): break
        case "s":
          machine.steps += 1
          if machine.steps > idle { machine.rip += 2 }
          return .reply("S05")
        case "g": return .reply(FakeMachine.littleEndian(machine.rip) + FakeMachine.registers.dropFirst(16))
        default: return FakeMachine.answer(request)
        }
        return .reply("OK")
      }
    }
    let target = try attach(stub)
    let read = try target.readModelSpecificRegister(0x1b, borrowing: VirtualAddress(place))
    #expect(read == (isRead ? .value(0x1003_0000_1000) : .refused))
    #expect(machine.withLock { $0.rip } == start, "it is put back")
  }

  /// The same for the user's steps, and for a machine that is let go on from a breakpoint.
  @Test func aStepThatExecutesNothingIsRepeated() throws {
    let first: UInt64 = 0xffff_ffff_8000_1000
    let machine = Mutex((rip: first, idle: 0))
    let stub = try FakeStub { request, _ in
      machine.withLock { machine in
        switch request {
        case "s":
          if machine.idle > 0 { machine.idle -= 1 } else { machine.rip += 4 }
          return .reply("S05")
        case "c":
          machine.rip = first
          return .reply("S05")
        case "g": return .reply(FakeMachine.littleEndian(machine.rip) + FakeMachine.registers.dropFirst(16))
        case _ where request.hasPrefix("Z") || request.hasPrefix("z"): return .reply("OK")
        default: return FakeMachine.answer(request)
        }
      }
    }
    let target = try attach(stub)
    machine.withLock { $0.idle = 1 }
    _ = try target.step()
    #expect(target.coreRegisters.rip == first + 4)
    // Also the first one at a breakpoint, by which is found out what a step does there.
    try target.insertBreakpoint(.hardware, at: VirtualAddress(first))
    try target.resume()
    _ = try target.waitForStop(limit: .seconds(60))
    #expect(target.coreRegisters.rip == first)
    machine.withLock { $0.idle = 1 }
    var before = stub.requests.count
    #expect(try target.stepOffAndResume(.changedRegisters) == nil)
    _ = try target.waitForStop(limit: .seconds(60))
    #expect(stub.requests[before...] == ["s", "g", "s", "g", "c", "g"])
    before = stub.requests.count
    #expect(try target.stepOffAndResume(.none) == nil)
    _ = try target.waitForStop(limit: .seconds(60))
    #expect(stub.requests[before...] == ["s", "c", "g"])
    // An instruction that changes nothing is no reason to stay there.
    machine.withLock { $0.idle = 1000 }
    _ = try target.step()
    #expect(target.coreRegisters.rip == first)
  }

  /// A processor whose single step does not pass a breakpoint at RIP, as under KVM.
  @Test func aBreakpointIsTakenOutForAStepThatDoesNotPassIt() throws {
    let first: UInt64 = 0xffff_ffff_8000_1000
    let machine = Mutex((rip: first, isSet: false))
    let stub = try FakeStub { request, _ in
      machine.withLock { machine in
        switch request.prefix(2) {
        case "Z1":
          machine.isSet = true
          return .reply("OK")
        case "z1":
          machine.isSet = false
          return .reply("OK")
        case "s":
          if !(machine.isSet && machine.rip == first) { machine.rip += 4 }
          return .reply("S05")
        case "c":
          machine.rip = first
          return .reply("S05")
        case "g":
          return .reply(FakeMachine.littleEndian(machine.rip) + FakeMachine.registers.dropFirst(16))
        default: return FakeMachine.answer(request)
        }
      }
    }
    let target = try attach(stub)
    let place = VirtualAddress(first)
    try target.insertBreakpoint(.hardware, at: place)
    _ = try target.step()
    #expect(target.coreRegisters.rip == first + 4)
    // Found out once, it is known from then on.
    try target.resume()
    _ = try target.waitForStop(limit: .seconds(60))
    #expect(target.coreRegisters.rip == first)
    let before = stub.requests.count
    #expect(try target.stepOffAndResume(.none) == nil)
    _ = try target.waitForStop(limit: .seconds(60))
    let address = "ffffffff80001000,1"
    #expect(stub.requests[before...] == ["z1,\(address)", "s", "Z1,\(address)", "c", "g"])
    #expect(machine.withLock { $0.isSet })
  }

  /// Without a detach, a machine must still not be left with breakpoints.
  @Test func aStubThatIsDroppedIsCleanedUp() throws {
    let stub = try FakeStub { request, _ in
      request.hasPrefix("Z") ? .reply("OK") : FakeMachine.answer(request)
    }
    do {
      let target = try attach(stub)
      try target.insertBreakpoint(.watchWrite(byteCount: 4), at: VirtualAddress(0x1000))
    }
    #expect(stub.awaits("D"))
    #expect(stub.requests.suffix(2) == ["z2,1000,4", "D"])
  }
}
