import Foundation
import Glibc
import Synchronization
import Testing
import X86

@testable import Session

/// kdbg is told to end, at a bad moment.
@Suite struct FarewellTests {
  /// What `status` would end with: a stub whose machine is stopped, has a breakpoint, and whose monitor must be told.
  private static func answer(_ request: String) -> FakeStub.Answer {
    if request == "qqemu.PhyMemMode" { return .reply("0") }
    if request == "Qqemu.PhyMemMode:0" || request.hasPrefix("Z") || request.hasPrefix("z") {
      return .reply("OK")
    }
    if request.hasPrefix("qRcmd") { return .reply("OK") }
    return FakeMachine.answer(request)
  }

  private static func monitor(_ command: String) -> String {
    String(decoding: GDBClient.monitorRequest(command), as: UTF8.self)
  }

  /// Attaches to `stub` on a thread of its own, which may never come back from `work`, and gives what to say.
  private func farewell(
    of stub: FakeStub, _ work: @escaping @Sendable (Target) throws(SessionError) -> Void
  ) throws -> Farewell {
    let shared = Mutex<Farewell?>(nil)
    let box = Box(shared)
    Thread.detachNewThread {
      do throws(SessionError) {
        let target = try Target.attach(stub.endpoint, replyLimit: .seconds(120))
        try target.insertBreakpoint(.hardware, at: VirtualAddress(0x1000))
        target.farewell.update(afterwards: ["log none", "logfile x"])
        box.value.withLock { $0 = target.farewell }
        try work(target)
      } catch {
        Issue.record("\(error)")
      }
    }
    let deadline = Deadline(after: .seconds(120))
    while !deadline.hasPassed {
      if let farewell = box.value.withLock({ $0 }) { return farewell }
      usleep(1000)
    }
    return try #require(nil, "not attached")
  }

  private final class Box: Sendable {
    let value: Mutex<Farewell?>
    init(_ value: consuming Mutex<Farewell?>) { self.value = value }
  }

  private static let last = [
    "z1,1000,1", monitor("log none"), monitor("logfile x"), "Qqemu.PhyMemMode:0", "D",
  ]

  /// QEMU 7.2 does not survive a second command while it works at the first.
  @Test func aMonitorThatIsBusyIsWaitedFor() throws {
    let slow = Self.monitor("info slow")
    let stub = try FakeStub { request, _ in request == slow ? .late("OK") : Self.answer(request) }
    let farewell = try farewell(of: stub) { target throws(SessionError) in
      _ = try target.client.monitor("info slow")
      // Frozen: whatever the session would do next is not done.
      try target.insertBreakpoint(.hardware, at: VirtualAddress(0x2000))
    }
    #expect(stub.awaits(slow))
    farewell.say()
    #expect(stub.awaits("D"))
    #expect(stub.requests.suffix(6) == [slow] + Self.last)
    #expect(!stub.isHurried)
  }

  /// A machine takes no packet before it has stopped, however long that takes.
  @Test func aRunningMachineIsStoppedFirst() throws {
    let stub = try FakeStub { request, _ in
      request == "c" ? .silence : request == "\u{3}" ? .late("S02") : Self.answer(request)
    }
    let farewell = try farewell(of: stub) { target throws(SessionError) in
      try target.resume()
      _ = try target.waitForStop(limit: nil, interrupt: nil)
      try target.resume()
    }
    #expect(stub.awaits("c"))
    farewell.say()
    #expect(stub.awaits("D"))
    #expect(stub.requests.suffix(6) == ["c"] + Self.last)
    #expect(!stub.isHurried)
  }

  /// A stub that says nothing any more is left soon, and its monitor is not hurried.
  @Test func aSilentStubIsNotWaitedForLong() throws {
    let slow = Self.monitor("info slow")
    let stub = try FakeStub { request, _ in request == slow ? .silence : Self.answer(request) }
    let farewell = try farewell(of: stub) { target throws(SessionError) in
      _ = try target.client.monitor("info slow")
    }
    #expect(stub.awaits(slow))
    farewell.say()
    #expect(stub.awaits("D"))
    #expect(stub.requests.suffix(4) == [slow, "z1,1000,1", "Qqemu.PhyMemMode:0", "D"])
  }

  /// While the machine runs nothing is sent to it, whoever asks.
  @Test func aRunningMachineIsAskedNothing() throws {
    let stub = try FakeStub { request, _ in
      request == "c" ? .silence : request == "\u{3}" ? .reply("S02") : Self.answer(request)
    }
    let target = try Target.attach(stub.endpoint, replyLimit: .seconds(120))
    try target.resume()
    #expect(stub.awaits("c"))
    #expect(throws: SessionError.running) { try target.client.monitor("info status") }
    #expect(throws: SessionError.running) { try target.client.request("g", "g") }
    #expect(throws: SessionError.running) { try target.client.pipeline([[0x67]], "g") }
    #expect(throws: SessionError.running) { try target.monitor("info status") }
    #expect(target.load(PhysicalAddress(truncating: 0x1000)) == nil)
    #expect(target.takeFailure() == .running)
    #expect(target.memoryWay == nil)
    #expect(target.accelerator == nil)
    #expect(stub.requests.last == "c")
    target.kill()
    #expect(stub.awaits("k"))
    #expect(stub.requests.suffix(2) == ["c", "k"])
  }
}
