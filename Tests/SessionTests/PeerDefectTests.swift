import Testing
import X86

@testable import Session

/// What other clients of the remote protocol are known to get wrong with QEMU and others, one by one.
@Suite struct PeerDefectTests {
  /// QEMU 7.2 describes registers that it does not send, inside of a comment.
  private static let commentedOut = FakeMachine.description.replacing(
    "<reg name=\"eflags\" bitsize=\"32\"/>",
    with: """
      <reg name="eflags" bitsize="32"/>
      <!-- <reg name="cs_base" bitsize="64" type="int64"/>
      <reg name="ss_base" bitsize="64"/> > <reg name='ds_base' bitsize='64'/>
      -->
      """)

  @Test("radare2 and others: registers behind a commented-out one are shifted")
  func commentsInADescription() throws {
    #expect(Self.commentedOut != FakeMachine.description)
    let stub = try FakeStub { request, _ in
      if let range = request.remainder(after: "qXfer:features:read:target.xml:") {
        return .reply(FakeMachine.piece(of: Self.commentedOut, range))
      }
      return FakeMachine.answer(request)
    }
    let target = try Target.attach(stub.endpoint)
    #expect(target.registers.cs.rawValue == 0x08)
    #expect(target.registers.general[15] == 0x100f)
    #expect(target.registers.cr3.rawValue == 0x10_8000)
    #expect(target.value(ofRegister: "cs_base") == nil)
  }

  @Test("radare2: a write to CR0 reaches CR4")
  func theRegisterThatIsNamedIsWritten() throws {
    let stub = try FakeStub { request, _ in
      request.hasPrefix("P") ? .reply("OK") : FakeMachine.answer(request)
    }
    let target = try Target.attach(stub.endpoint)
    try target.writeRegister("cr0", value: 0x8001_0011)
    try target.writeRegister("cr4", value: 0x6a0)
    // CR0 has number 40 in this description, and the next three follow it.
    #expect(
      stub.requests.filter { $0.hasPrefix("P") }
        == ["P28=1100018000000000", "P2b=a006000000000000"])
  }

  @Test("QEMU 7.2 answers p with nothing, or under KVM with what was: registers come by g after every stop")
  func noRegisterIsAskedForByItself() throws {
    let stub = try FakeStub { request, _ in
      request == "s" ? .reply("T05thread:1;") : FakeMachine.answer(request)
    }
    let target = try Target.attach(stub.endpoint)
    let before = stub.requests.count
    _ = try target.step()
    _ = target.value(ofRegister: "rip")
    _ = target.registers
    #expect(stub.requests[before...].prefix(2) == ["s", "g"])
    #expect(!stub.requests.contains { $0.hasPrefix("p") })
  }

  @Test("gdb: ? after every stop, over which QEMU drops all breakpoints")
  func theStateIsAskedForOnce() throws {
    let stub = try FakeStub { request, _ in
      request == "s" ? .reply("T05thread:1;") : FakeMachine.answer(request)
    }
    let target = try Target.attach(stub.endpoint)
    for _ in 0..<3 { _ = try target.step() }
    #expect(stub.requests.count { $0 == "?" } == 1)
  }

  @Test("lldb-server's PacketSize is decimal: a size is never more than what a reply can be taken in")
  func aPacketSizeThatIsTooLarge() throws {
    let stub = try FakeStub { request, _ in
      request.hasPrefix("qSupported")
        ? .reply("PacketSize=131072;qXfer:features:read+") : FakeMachine.answer(request)
    }
    let target = try Target.attach(stub.endpoint)
    #expect(target.client.packetSize <= PacketStream.largestPacket)
    try target.detach()
  }

  @Test("gdb: reverse steps without a recording, over which QEMU 7.2 aborts")
  func nothingGoesBackwards() throws {
    let stub = try FakeStub { request, _ in
      request == "s" ? .reply("T05thread:1;") : FakeMachine.answer(request)
    }
    let target = try Target.attach(stub.endpoint)
    _ = try target.step()
    try target.detach()
    #expect(!stub.requests.contains { $0 == "bs" || $0 == "bc" })
  }
}
