import RingTransition
import TestSupport
import Testing
import X86

/// Handlers further than their first instruction: what pushed a frame is known where the entry code says so, and
/// guessed at where it does not.
@Suite struct EntryCodeTests {
  private static let afterInterrupt = Layout.interruptInstruction + 2
  private static let elsewhere = Layout.userText + 0x40
  private static let frame = Layout.rsp0 - InterruptFrame.byteCount

  /// A machine whose entry code pushes zero and the vector, deep in the handler of an event that came from `rip`.
  /// CR2 is of an earlier page fault that the tables would still raise.
  private static func machine(
    _ vector: UInt8, at rip: UInt64, errorCode: UInt64? = nil, entryCode: Bool = true,
    _ change: (inout TestMachine) -> Void = { _ in }
  ) -> TestMachine {
    var machine = TestMachine.healthy
    if entryCode {
      for number in 0...UInt8.max { machine.storeEntryCode(number) }
    }
    machine.standInHandler(
      of: vector, frame: TestMachine.program(at: rip), errorCode: errorCode, top: Layout.rsp0, cr2: 0)
    var slot = frame - 8
    if errorCode == nil {
      machine.storeVirtual(0, at: slot)
    }
    slot -= 8
    let pushed = UInt64(bitPattern: Int64(Int8(bitPattern: vector)))
    machine.storeVirtual(entryCode ? pushed : 0x7777, at: slot)
    change(&machine)
    return machine
  }

  @Test func entryCodeTellsTheVector() {
    #expect(
      Self.machine(0x80, at: Self.afterInterrupt).diagnosed(.handler).summary
        == "ringThreeException | proven | 128 rip 1000001b rsp0")
    #expect(
      Self.machine(0x20, at: Self.elsewhere).diagnosed(.handler).summary
        == "ringThreeException | proven | 32 rip 10000040 rsp0")
    // An interrupt behind an `int n` that it has nothing to do with.
    #expect(
      Self.machine(0x20, at: Self.afterInterrupt).diagnosed(.handler).event == .externalInterrupt(0x20))
    let fault = Self.machine(14, at: Self.elsewhere, errorCode: 6) { $0.registers.cr2 = 0x2000_0000 }
    #expect(
      fault.diagnosed(.handler).summary
        == "ringThreeException | proven | 14(6) rip 10000040 rsp0 cr2 20000000")
    #expect(fault.diagnosed(.handler).located?.errorCode == 6)
  }

  /// One instruction after the other of the entry code itself, with what is stale below RSP.
  @Test(arguments: [0, 1, 2]) func insideTheEntryCode(pushed: Int) {
    let machine = Self.machine(0x80, at: Self.afterInterrupt) {
      $0.registers.rip = Layout.handler(0x80) + UInt64(pushed * 2)
      $0.registers.rsp = Self.frame - UInt64(pushed * 8)
      $0.storeVirtual(14, at: $0.registers.rsp - 8)
    }
    #expect(
      machine.diagnosed(.handler).summary == "ringThreeException | proven | 128 rip 1000001b rsp0")
  }

  @Test func withoutEntryCodeNothingIsProven() {
    let call = Self.machine(0x80, at: Self.afterInterrupt, entryCode: false).diagnosed(.handler)
    #expect(call.summary == "ringThreeException | guess | 128 rip 1000001b rsp0")
    #expect(call.event == .softwareInterrupt(0x80) && call.eventIsDecoded)
    let unknown = Self.machine(0x20, at: Self.elsewhere, entryCode: false).diagnosed(.handler)
    #expect(unknown.summary == "ringThreeException | guess")
    #expect(unknown.event == nil && unknown.located?.vector == nil)
    let trap = Self.machine(3, at: Self.elsewhere, entryCode: false) {
      $0.storeVirtual([0x90, 0xcc], at: Self.elsewhere - 2)
    }.diagnosed(.handler)
    #expect(trap.event == .breakpointInstruction && trap.confidence == .guess)
  }

  /// SYSCALL pushes nothing: its entry may leave what that of `int 0x80` would.
  @Test func systemCallIsNoInterrupt() {
    let machine = Self.machine(0x80, at: Self.elsewhere) {
      $0.enableSystemCalls()
      $0.storeVirtual([0x0f, 0x05], at: Self.elsewhere - 2)
    }
    let diagnosis = machine.diagnosed(.handler)
    #expect(diagnosis.event == .systemCall)
    #expect(diagnosis.confidence == .guess)
    // An interrupt that came right behind it has a gate that no program may use.
    let timer = Self.machine(0x20, at: Self.elsewhere) {
      $0.enableSystemCalls()
      $0.storeVirtual([0x0f, 0x05], at: Self.elsewhere - 2)
    }
    #expect(timer.diagnosed(.handler).event == .externalInterrupt(0x20))
    #expect(timer.diagnosed(.handler).confidence == .proven)
  }

  /// A frame below RSP is what an earlier event left.
  @Test func staleFrame() {
    for rsp in [Layout.rsp0, Self.frame + 8] {
      let diagnosis = Self.machine(0x80, at: Self.afterInterrupt) { $0.registers.rsp = rsp }
        .diagnosed(.handler)
      #expect(diagnosis.cause == .unexplained)
      #expect(diagnosis.context == nil)
    }
  }

  /// One handler for everything: which of its vectors came is not to be seen at its first instruction.
  @Test func sharedHandler() {
    let machine = Self.machine(0, at: Self.elsewhere, entryCode: false) {
      let handler = Layout.handler(0)
      for vector in [UInt8(1), 0x80, 0x21] {
        let low = handler & 0xffff | 8 << 16 | 0x8e << 40 | (handler & 0xffff_0000) << 32
        $0.storeVirtual(low, at: Layout.gate(vector))
      }
      $0.registers.rip = handler
      $0.registers.rsp = Self.frame
    }
    #expect(machine.diagnosed(.handler).confidence == .guess)
    #expect(machine.diagnosed(.handler).located?.vector == nil)
  }
}

extension TestMachine {
  /// PUSH 0 where the processor pushes no error code, PUSH of the vector as a byte.
  fileprivate mutating func storeEntryCode(_ vector: UInt8) {
    let pushes = ExceptionVector(rawValue: vector)?.pushesErrorCode == true
    storeVirtual((pushes ? [] : [0x6a, 0]) + [0x6a, vector, 0xeb], at: Layout.handler(vector))
  }
}
