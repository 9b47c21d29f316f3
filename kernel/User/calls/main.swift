import RingThree

// Calls the kernel by `int 0x80` and by `syscall`, and checks that the two are the same; then the bases of FS and GS. Ends
// with 0 when everything was as it should be, else with the number of what was not.

let getTime: UInt64 = 4
let forkCall: UInt64 = 5
let getPID: UInt64 = 39
/// What the kernel reports for a process that an exception ended: 128 and the vector.
let killedByStackFault: Int32 = 128 + 12

struct Checks {
  private(set) var wrong: Int32 = 0

  mutating func expect(_ isRight: Bool, _ what: String) {
    if isRight { return }
    wrong += 1
    System.write("calls: wrong: " + what + "\n")
  }

  /// The status with which a child ends that does `body`.
  func inChild(_ gate: Gate = .interrupt, _ body: () -> Int32) -> Int32 {
    let child = gate.call(forkCall)
    if child == 0 { System.exit(body()) }
    let ended = System.wait(child)
    return ended.id == child ? ended.status : -1
  }

  mutating func checkBothGates() {
    let own = System.processID
    for gate in [Gate.interrupt, .instruction] {
      let call = gate.callWithFullRegisters(getPID)
      expect(call.result == own, "getpid")
      expect(call.wrong == 0, "a register changed")
      expect(gate.call(999) == -38, "an unknown call")
      expect(gate.call(UInt64.max) == -38, "an unknown call of all ones")
      expect(gate.call(1, 1, 0xffff_ffff_8010_0000, 8) == -14, "a pointer of the kernel's")
      expect(inChild(gate) { 17 } == 17, "fork and wait")
      expect(inChild(gate) { gate.call(getPID) == own ? 1 : 2 } == 2, "the child is another process")
    }
    var count = 0
    for _ in 0..<1000 where Gate.instruction.call(getPID) == own { count += 1 }
    expect(count == 1000, "a thousand calls")
    System.write("calls: " + decimal(Int64(count)) + " calls by syscall\n")
  }

  /// AC, DF and ID belong to the program and survive; NT and TF are the kernel's to clear.
  mutating func checkFlags() {
    let own: UInt64 = 1 << 18 | 1 << 10 | 1 << 21
    let nestedTask: UInt64 = 1 << 14
    let trap: UInt64 = 1 << 8
    expect(flagsBehindSystemCall(with: own) & own == own, "AC, DF or ID was lost")
    expect(flagsBehindSystemCall(with: nestedTask) & nestedTask == 0, "NT was kept")
    expect(flagsBehindSystemCall(with: trap) & trap == 0, "TF was kept")
    expect(flagsBehindSystemCall(with: own | nestedTask | trap) & own == own, "all of them at once")
  }

  /// Ring 3 may load RSP with anything. No word of it may reach the kernel's memory, and a stack pointer that Ring 3 cannot
  /// have ends the process.
  mutating func checkStacks() {
    for gate in [Gate.interrupt, .instruction] {
      expect(gate.call(onStack: 0) == System.processID, "a null stack")
      expect(gate.call(onStack: 0x4000_0003) == System.processID, "an unmapped odd stack")
      for stack: UInt64 in [0xffff_ffff_8010_0000, 0xffff_c900_0000_5000, 0x8000_0000_0000, UInt64.max] {
        let status = inChild { Int32(truncatingIfNeeded: gate.call(onStack: stack)) }
        expect(status == killedByStackFault, "a stack pointer outside of the user half")
      }
    }
  }

  func setBase(_ code: UInt64, _ address: UInt64) -> Int64 {
    Gate.instruction.call(Segments.baseCall, code, address)
  }

  /// Spins until the timer has come by, and says whether both bases stayed.
  func keepsBases(_ fs: UInt64, _ gs: UInt64, milliseconds: Int64) -> Bool {
    let end = System.milliseconds + milliseconds
    while System.milliseconds < end {
      for _ in 0..<2000 where Segments.throughFS() != fs || Segments.throughGS() != gs { return false }
      System.yield()
    }
    return true
  }

  mutating func checkBases() {
    let first = Place(0x1111)
    let second = Place(0x2222)
    let answer = Place(1)
    expect(Gate.interrupt.call(Segments.baseCall, Segments.getGS, answer.address) == 0, "asking for GS")
    expect(answer.value == 0, "GS does not begin with 0")
    expect(setBase(Segments.setFS, first.address) == 0, "setting FS")
    expect(setBase(Segments.setGS, second.address) == 0, "setting GS")
    expect(Segments.throughFS() == 0x1111, "FS")
    expect(Segments.throughGS() == 0x2222, "GS")
    expect(Gate.interrupt.call(Segments.baseCall, Segments.getFS, answer.address) == 0, "asking for FS")
    expect(answer.value == first.address, "FS's base")
    for address: UInt64 in [0x8000_0000_0000, 0xffff_ffff_8010_0000, 0xffff_8000_0000_0000, UInt64.max] {
      expect(setBase(Segments.setGS, address) == -1, "a base outside of the user half")
      expect(setBase(Segments.setFS, address) == -1, "a base outside of the user half, FS")
    }
    expect(setBase(0x1005, 0) == -22, "an unknown code")
    expect(setBase(Segments.getGS, 0xffff_ffff_8010_0000) == -14, "an answer into the kernel")
    expect(Segments.throughGS() == 0x2222, "a refused base changed GS")
    checkTwoProcesses(first, second)
    Segments.loadUserData()
    _ = System.processID
    expect(Segments.selectors == 0, "loaded data segments stay")
    expect(
      Segments.throughFS() == 0x1111 && Segments.throughGS() == 0x2222, "a loaded segment took the bases")
  }

  /// Parent and child have the same addresses and other memory, then other addresses: neither may see the other's.
  mutating func checkTwoProcesses(_ first: Place, _ second: Place) {
    let child = System.fork()
    if child == 0 {
      guard Segments.throughFS() == 0x1111, Segments.throughGS() == 0x2222 else { System.exit(1) }
      let own = Place(0x3333)
      guard setBase(Segments.setFS, own.address) == 0, setBase(Segments.setGS, own.address) == 0 else {
        System.exit(2)
      }
      System.exit(keepsBases(0x3333, 0x3333, milliseconds: 24) ? 0 : 3)
    }
    expect(keepsBases(0x1111, 0x2222, milliseconds: 24), "the parent's bases")
    expect(System.wait(child).status == 0, "the child's bases")
  }
}

func run() -> Never {
  var checks = Checks()
  checks.checkBothGates()
  checks.checkFlags()
  checks.checkStacks()
  checks.checkBases()
  System.write("calls: " + decimal(Int64(checks.wrong)) + " wrong\n")
  System.exit(checks.wrong)
}

run()
