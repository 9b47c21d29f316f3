import Inspect
import Render
import Session
import Testing
import X86

@testable import Commands

/// Which returns the modes of the check audit, on a kernel that stops only where it must.
@Suite struct ChangeModeTests {
  private typealias Act = KernelAtWork.Act

  private struct Result {
    let status: Commands.ExitStatus
    let audited: Int
    let debugger: Debugger
  }

  private static func check(
    _ work: KernelAtWork, _ mode: CheckMode = .changes, program: FakeProgram? = KernelAtWork.program
  ) -> Result {
    let output = Output(format: .json, out: { _ in }, error: { _ in })
    let debugger = Debugger(target: work.machine, program: program, output: output)
    debugger.control.mode = mode
    let status = CheckProcedure(debugger).run().status
    return Result(status: status, audited: debugger.control.checker?.count ?? 0, debugger: debugger)
  }

  @Test func returnsBetweenChangesDoNotStop() {
    let work = KernelAtWork(Array(repeating: .back, count: 50))
    let result = Self.check(work)
    #expect(result.status == .held)
    #expect(result.audited == 1)
    #expect(work.returns == 50)
    #expect(Self.check(KernelAtWork(Array(repeating: .back, count: 50)), .every).audited == 50)
  }

  struct Load: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let address: UInt64
    var rcx: UInt64 = 0
    var wakes = true
  }

  static let loads: [Load] = [
    Load(testDescription: "CR3", address: KernelAtWork.rootLoad),
    Load(testDescription: "TR", address: RunningExample.ltr),
    Load(testDescription: "CR0 or CR4", address: KernelAtWork.controlLoad),
    Load(testDescription: "LSTAR", address: KernelAtWork.msrWrite, rcx: 0xc000_0082),
    Load(testDescription: "FS base", address: KernelAtWork.msrWrite, rcx: 0xc000_0100, wakes: false),
  ]

  @Test(arguments: loads) func aLoadIsFollowedByOneAudit(_ load: Load) {
    let change = Act.instruction(at: load.address, rcx: load.rcx) { _ in }
    let result = Self.check(KernelAtWork([.back, .back, change, .back, .back, .back]))
    #expect(result.status == .held)
    #expect(result.audited == (load.wakes ? 2 : 1))
  }

  struct Store: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let linear: @Sendable (KernelAtWork) -> UInt64
    let change: @Sendable (UInt64) -> UInt64
  }

  static let stores: [Store] = [
    Store(testDescription: "RSP0", linear: { _ in RunningExample.tss + 4 }, change: { _ in 0 }),
    Store(testDescription: "IST1", linear: { _ in RunningExample.tss + 36 }, change: { _ in 0 }),
    Store(
      testDescription: "gate", linear: { _ in RunningExample.idt + 14 * 16 }, change: { $0 & ~(1 << 47) }),
    Store(
      testDescription: "descriptor", linear: { _ in RunningExample.gdt + 8 }, change: { $0 & ~(1 << 47) }),
    Store(
      testDescription: "root entry",
      linear: { _ in KernelAtWork.window + RunningExample.processCR3 + 402 * 8 }, change: { _ in 0 }),
    Store(testDescription: "last entry", linear: { $0.stackEntry.linear }, change: { _ in 0 }),
  ]

  private static func value(_ work: KernelAtWork, _ linear: UInt64) -> UInt64 {
    linear >= KernelAtWork.window && linear < KernelAtWork.window + 1 << 32
      ? work.machine.qwords[linear - KernelAtWork.window, default: 0] : work.value(linear)
  }

  /// The store stands right before the `iretq`, so the machine stops with RIP at the site that was asleep.
  @Test(arguments: stores) func aStoreIsCaughtBeforeTheNextReturn(_ store: Store) {
    let example = KernelAtWork([])
    let linear = store.linear(example)
    let broken = store.change(Self.value(example, linear))
    let work = KernelAtWork([.back, .back, .back, .store(broken, linear: linear), .back, .back])
    let result = Self.check(work)
    #expect(result.status == .violated)
    #expect(result.audited == 2)
    #expect(work.returns == 3)
    let unwatched = KernelAtWork([.back, .back, .store(broken, linear: linear), .back])
    #expect(Self.check(unwatched, .every).audited == 3)
  }

  @Test(arguments: stores) func aStoreOfTheSameValueWakesNobody(_ store: Store) {
    let example = KernelAtWork([])
    let linear = store.linear(example)
    let result = Self.check(
      KernelAtWork([.back, .store(Self.value(example, linear), linear: linear), .other, .back, .back]))
    #expect(result.status == .held)
    #expect(result.audited == 1)
  }

  @Test func aLoadRightBehindAnIdleStoreIsNotMissed() {
    let entry = KernelAtWork([]).stackEntry
    let accessed = entry.value ^ 0x20
    let result = Self.check(
      KernelAtWork([
        .back, .store(accessed, linear: entry.linear), .load(RunningExample.processCR3), .back, .back,
      ]))
    #expect(result.status == .held)
    #expect(result.audited == 2)
  }

  /// Said in docs/KDBG.md: nobody stops for it, and the next audit finds it.
  @Test func aWriteByADeviceIsSeenAtTheNextChangeOnly() {
    let entry = KernelAtWork([]).stackEntry
    let write = Act.deviceStore(0, physical: entry.linear - KernelAtWork.window)
    let asleep = KernelAtWork([.back, write, .back])
    #expect(Self.check(asleep).status == .held)
    #expect(asleep.returns == 2)
    let woken = KernelAtWork([.back, write, .back, .load(RunningExample.processCR3), .back])
    #expect(Self.check(woken).status == .violated)
    #expect(woken.returns == 2)
  }

  /// RSP0 before CR3 or behind it: whatever comes last, the return behind both is audited.
  @Test(arguments: [true, false]) func theOrderOfASwitchDoesNotMatter(_ rootFirst: Bool) {
    let store = Act.store(RunningExample.rsp0 - 0x8000, linear: RunningExample.tss + 4)
    let load = Act.load(KernelAtWork.otherCR3)
    let work = KernelAtWork([.back, .back] + (rootFirst ? [load, store] : [store, load]) + [.back])
    let result = Self.check(work)
    #expect(result.status == .violated)
    #expect(work.returns == 2)
  }

  /// Two processes by turns: each switch costs one audit, and an entry of the one that does not run may change without one.
  @Test func aProcessThatDoesNotRunIsAuditedWhenItDoes() {
    let switches: [Act] = [
      .store(2, linear: RunningExample.table + 24),
      .store(KernelAtWork.otherCR3, linear: RunningExample.table + 32),
      .load(KernelAtWork.otherCR3), .back, .back,
      .store(1, linear: RunningExample.table + 24),
      .store(RunningExample.processCR3, linear: RunningExample.table + 32),
      .load(RunningExample.processCR3), .back, .back,
    ]
    let healthy = Self.check(KernelAtWork([.back, .back] + switches + switches))
    #expect(healthy.status == .held)
    #expect(healthy.audited == 5)
    let other = Act.store(0, linear: KernelAtWork.window + KernelAtWork.otherCR3 + 402 * 8)
    let work = KernelAtWork([.back] + switches + [other, .other, .back, .back] + switches)
    let result = Self.check(work)
    #expect(result.status == .violated)
    #expect(result.audited == 4)
    #expect(work.returns == 7)
  }

  /// What a switch does behind its first change stops the machine the first time only.
  @Test func whatIsMetAwakeIsLeftOutUntilASiteRests() {
    let bases = Act.instruction(at: KernelAtWork.msrWrite, rcx: 0xc000_0100) { _ in }
    let turn: [Act] = [.load(RunningExample.processCR3), bases, bases, .other, .back, .back]
    let result = Self.check(KernelAtWork([.back] + turn + turn + turn + turn))
    #expect(result.audited == 5)
    #expect(result.debugger.control.changes?.counts.rootTable == 4)
    #expect(result.debugger.control.changes?.counts.idle == 1)
    // At rest it counts again.
    let other = Self.check(KernelAtWork([.back] + turn + [bases, .other, .back] + turn))
    #expect(other.debugger.control.changes?.counts.idle == 2)
    #expect(other.audited == 3)
  }

  @Test func eachSiteRestsForItself() {
    let sysret = Act.returnToRingThree(by: RunningExample.sysretq)
    let result = Self.check(KernelAtWork([.back, sysret, .back, sysret, .back, sysret]))
    #expect(result.status == .held)
    #expect(result.debugger.control.checker?.sites.map(\.returns) == [1, 1])
  }

  @Test func debugRegistersHoldTheStackPointerAndTheEndOfItsPath() {
    let entry = KernelAtWork([]).stackEntry
    let work = KernelAtWork([.back, .back, .store(0, linear: entry.linear), .back])
    work.machine.monitorReplies["info kvm"] = "kvm support: enabled\n"
    var most = 0
    work.machine.refusal = { kind in
      guard kind != .software else { return nil }
      most += 1
      return most > 4 ? .refused(operation: "set a breakpoint", code: 22) : nil
    }
    let result = Self.check(work)
    #expect(result.status == .violated)
    #expect(work.returns == 2)
  }

  @Test func oneReturnInThreeIsAudited() {
    let result = Self.check(KernelAtWork(Array(repeating: .back, count: 10)), .sample(3))
    #expect(result.status == .held)
    #expect(result.audited == 4)
    let entry = KernelAtWork([]).stackEntry
    let work = KernelAtWork([.back, .store(0, linear: entry.linear), .back, .back, .back, .back])
    #expect(Self.check(work, .sample(3)).status == .violated)
    #expect(work.returns == 3)
  }

  @Test func moreProcessorsAreRefused() {
    let work = KernelAtWork([.back])
    work.machine.allThreads = [1, 2].map {
      TargetThread(
        identifier: ThreadIdentifier(process: .number(1), thread: .number(UInt64($0))), cpuIndex: $0 - 1,
        description: "CPU#\($0 - 1) [running]")
    }
    let text = Transcript(work.machine, program: KernelAtWork.program).run([
      "check on changes", "check on sample=2",
    ])
    #expect(text.contains("the mode changes follows one processor, and this machine has 2"))
    #expect(text.contains("The check is on, mode sample=2."))
  }

  @Test func theModesInWords() {
    expectGolden(
      Transcript.both(
        ["check on changes", "c", "check status", "check on sample", "check on sample=0", "check on never"],
        program: KernelAtWork.program
      ) { KernelAtWork([.back, .back, .load(RunningExample.processCR3), .back, .back]).machine },
      "check-changes")
  }

  @Test func theWordsOfTheOption() {
    #expect(CheckMode("every") == .every && CheckMode("changes") == .changes)
    #expect(CheckMode("sample=1") == .sample(1) && CheckMode("sample=500") == .sample(500))
    for word in [
      "", "Every", "sample", "sample=", "sample=0", "sample=-1", "sample=x", "sample=1=2", "change",
    ] {
      #expect(CheckMode(word) == nil, "\(word)")
    }
  }
}
