import Inspect
import Session
import Testing

/// Which recorded deliveries belong together.
@Suite("Recorded chains")
struct RecordTests {
  private func event(
    _ vector: UInt8, _ origin: RecordedDelivery.Origin, code: UInt64 = 0, rip: UInt64 = 0x1000,
    rsp: UInt64 = 0x7000, privilege: UInt8 = 3
  ) -> RecordedEvent {
    .delivery(
      RecordedDelivery(
        vector: vector, errorCode: code, origin: origin, privilege: privilege, rip: rip, rsp: rsp,
        faultAddress: vector == 14 ? 0x4000 : nil))
  }

  private func vectors(_ events: [RecordedEvent]) -> [[UInt8]] {
    RecordedChain.chains(of: events).map { $0.deliveries.map(\.vector) }
  }

  @Test("a fault during the delivery of int 0x80, of an interrupt, of #UD")
  func nested() {
    for first in [event(0x80, .software), event(0x20, .external), event(6, .exception(during: nil))] {
      let events = [
        first, event(14, .exception(during: nil), code: 2), event(8, .exception(during: 14)), .shutdown,
      ]
      #expect(vectors(events).map(\.count) == [3])
      #expect(RecordedChain.chains(of: events).map(\.isShutdown) == [true])
    }
  }

  @Test("a program that goes on after an interrupt, and faults at the same instruction")
  func afterReturn() {
    let fault = event(14, .exception(during: nil), code: 6)
    #expect(vectors([event(0x20, .external), fault]) == [[0x20], [14]])
    #expect(vectors([fault, event(14, .exception(during: nil), code: 4)]) == [[14], [14]])
  }

  @Test("a handler that faults, another instruction, another event")
  func separate() {
    let handler = event(14, .exception(during: nil), rip: 0x9000, rsp: 0x8000, privilege: 0)
    #expect(vectors([event(0x80, .software), handler]) == [[0x80], [14]])
    #expect(vectors([event(0x80, .software), event(13, .exception(during: nil), rip: 0x1002)]).count == 2)
    #expect(vectors([event(0x80, .software), event(0x20, .external)]) == [[0x80], [0x20]])
    #expect(vectors([.shutdown]).isEmpty)
  }

  @Test("record needs QEMU's translator and one processor")
  func refusals() {
    func said(_ change: (FakeMachine) -> Void) -> String {
      let machine = FakeMachine(memoryByteCount: 0x1000)
      machine.monitorReplies["info kvm"] = "kvm support: disabled\n"
      change(machine)
      return Transcript(machine).run(["record", "record on", "record", "record off", "record both"])
    }
    #expect(said { _ in }.contains("(kdbg) record\nQEMU's log of interrupts is on.\n(kdbg) record off\n"))
    #expect(said { $0.monitorReplies["info kvm"] = "kvm support: enabled\n" }.contains("use TCG"))
    #expect(said { $0.monitorReplies = [:] }.contains("this target has no monitor of QEMU"))
    #expect(said { $0.otherProcessors = [$0.registerFile] }.contains("which of the 2 processors"))
    #expect(said { _ in }.contains("usage: record [on|off]"))
  }
}
