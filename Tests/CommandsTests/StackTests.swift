import Inspect
import Symbols
import Testing
import X86

/// `backtrace` in a kernel without call-frame information: frame pointers, exception frames, and what is none of them.
@Suite struct StackTests {
  private static let text = RunningExample.text
  private static let top = RunningExample.rsp0
  private static let userFrame: [UInt64] = [RunningExample.userInt + 2, 0x33, 0x202, 0x7fff_f000, 0x2b]

  /// Two functions that have called, in a handler that came from Ring 3.
  private static func inHandler(rbp: UInt64 = top - 0x100) -> FakeMachine {
    let machine = RunningExample.make()
    machine.registerFile.rip = text + 0x10
    machine.registerFile.rsp = top - 0x110
    machine.registerFile.general[6] = rbp
    // call start, before each of the return addresses.
    machine.store(bytes: [0xe8, 0, 0, 0, 0], at: 0x200040 - 5)
    machine.store(bytes: [0xff, 0x15, 0, 0, 0, 0], at: 0x200208 - 6)
    let root = RunningExample.processCR3
    machine.store(top - 0x80, linear: top - 0x100, root: root)
    machine.store(text + 0x40, linear: top - 0xf8, root: root)
    machine.store(0, linear: top - 0x80, root: root)
    machine.store(text + 0x208, linear: top - 0x78, root: root)
    for (index, word) in userFrame.enumerated() {
      machine.store(word, linear: top - 40 + UInt64(index) * 8, root: root)
    }
    return machine
  }

  private static func backtrace(_ machine: FakeMachine) -> Backtrace {
    var machine = machine
    return Backtrace(of: &machine, FakeProgram())
  }

  @Test func framePointersAndTheFrameAtTheTop() {
    expectGolden(
      Transcript.both(["bt", "backtrace 2", "where", "bt full 2"]) { Self.inHandler() }, "backtrace")
  }

  @Test func atAHandlersFirstInstruction() {
    expectGolden(Transcript.both(["bt"], RunningExample.makeInDoubleFault), "backtrace-handler")
  }

  @Test func wrongUsage() {
    expectGolden(
      Transcript(Self.inHandler()).run(["bt 0", "bt -1", "bt x", "bt 1 2"]), "backtrace-usage")
  }

  /// Five words on a stack that no TSS names.
  @Test func aFrameThatOnlyItsWordsTellOf() {
    expectGolden(
      Transcript.both(["bt"]) {
        let machine = Self.inHandler(rbp: 0x1234)
        machine.registerFile.rsp = Self.top - 0x200
        // The top of the stack is another by now.
        machine.store(bytes: [0, 0, 0, 0, 0, 0, 0, 0], at: 0x210104)
        return machine
      }, "backtrace-guess")
  }

  @Test(arguments: [
    // not aligned, below RSP, not mapped
    (UInt64(0x1235), StackEnd.unknown(framePointer: 0x1235)),
    (top - 0x800, .unknown(framePointer: top - 0x800)),
    (0xffff_c900_0000_7000, .unreadable(VirtualAddress(0xffff_c900_0000_7000))),
    // no call stands before this word
    (top - 0x50, .wildReturnAddress(0)),
  ])
  func wildFramePointers(_ rbp: UInt64, _ end: StackEnd) {
    let machine = Self.inHandler(rbp: rbp)
    // Nothing that looks like an exception frame.
    for word in 1...5 as ClosedRange<UInt64> {
      machine.store(0, linear: Self.top - word * 8, root: RunningExample.processCR3)
    }
    let backtrace = Self.backtrace(machine)
    #expect(backtrace.entries.count == 1)
    #expect(backtrace.end == end)
  }

  /// Zero ends a chain of frame pointers, but where none has led to it, it says nothing of who called.
  @Test(arguments: [(UInt64(0), 1, StackEnd.noFramePointer), (top - 0x100, 3, .outermost)])
  func aFramePointerOfZero(_ rbp: UInt64, _ count: Int, _ end: StackEnd) {
    let machine = Self.inHandler(rbp: rbp)
    for word in 1...5 as ClosedRange<UInt64> {
      machine.store(0, linear: Self.top - word * 8, root: RunningExample.processCR3)
    }
    let backtrace = Self.backtrace(machine)
    #expect(backtrace.entries.count == count)
    #expect(backtrace.end == end)
    #expect((end.words == nil) == (end == .outermost))
  }

  /// Code is mapped there, but nothing before it has called.
  @Test func aReturnAddressThatNobodyPushed() {
    let machine = Self.inHandler()
    machine.store(Self.text + 0x160, linear: Self.top - 0xf8, root: RunningExample.processCR3)
    machine.store(0, linear: Self.top - 40, root: RunningExample.processCR3)
    machine.store(0, linear: Self.top - 32, root: RunningExample.processCR3)
    let backtrace = Self.backtrace(machine)
    #expect(backtrace.entries.count == 1)
    #expect(backtrace.end == .wildReturnAddress(Self.text + 0x160))
  }

  @Test func aFramePointerThatLeadsToItself() {
    let machine = Self.inHandler()
    machine.store(Self.top - 0x80, linear: Self.top - 0x80, root: RunningExample.processCR3)
    machine.store(0, linear: Self.top - 40, root: RunningExample.processCR3)
    machine.store(0, linear: Self.top - 32, root: RunningExample.processCR3)
    let backtrace = Self.backtrace(machine)
    #expect(backtrace.entries.count == 3)
    #expect(backtrace.end == .unknown(framePointer: Self.top - 0x80))
  }

  /// Call-frame information that calls every function its own caller.
  private struct EndlessProgram: Program {
    func name(of address: VirtualAddress) -> SymbolicName? { nil }
    func addresses(named name: String) -> [VirtualAddress] { [] }
    func names(withPrefix prefix: String) -> [String] { [] }
    func sourceLine(at address: VirtualAddress) -> String? { nil }
    func returnInstructions() -> [ReturnInstruction] { [] }
    func tableLoadInstructions() -> [VirtualAddress] { [] }
    func occurrences(of code: [UInt8]) -> [VirtualAddress] { [] }

    let growth: UInt64

    func caller(
      at address: VirtualAddress, _ registers: FrameRegisters, read: (VirtualAddress) -> UInt64?
    ) throws(UnwindFailure) -> UnwoundFrame {
      var caller = registers
      caller.rsp = registers.rsp.map { $0 &+ growth }
      return UnwoundFrame(registers: caller, frameAddress: 0, isInterrupted: false)
    }
  }

  @Test func aLoopAndAnEndlessStackEnd() {
    var machine = Self.inHandler()
    let loop = Backtrace(of: &machine, EndlessProgram(growth: 0))
    #expect(loop.entries.count == 1)
    #expect(loop.end == .loop)
    let endless = Backtrace(of: &machine, EndlessProgram(growth: 16), limit: .max)
    #expect(endless.entries.count == Backtrace.mostFrames)
    #expect(endless.end == .limit)
  }

  /// A program whose compiler marked a trap, two functions deep.
  private struct TrappingProgram: Program {
    func name(of address: VirtualAddress) -> SymbolicName? { SymbolicName(name: "Core.grow(by:)", offset: 4) }
    func addresses(named name: String) -> [VirtualAddress] { [] }
    func names(withPrefix prefix: String) -> [String] { [] }
    func sourceLine(at address: VirtualAddress) -> String? { nil }
    func returnInstructions() -> [ReturnInstruction] { [] }
    func tableLoadInstructions() -> [VirtualAddress] { [] }
    func occurrences(of code: [UInt8]) -> [VirtualAddress] { [] }

    func scopes(at address: VirtualAddress) -> CodeScopes? {
      CodeScopes(
        functions: [
          FunctionScope(
            name: "Core.add(_:_:)", line: SourceLine(file: "/src/Add.swift", line: 3), isInlined: true),
          FunctionScope(
            name: "Core.grow(by:)", line: SourceLine(file: "/src/Grow.swift", line: 9), isInlined: false),
        ], trap: "arithmetic overflow")
    }

    func caller(
      at address: VirtualAddress, _ registers: FrameRegisters, read: (VirtualAddress) -> UInt64?
    ) throws(UnwindFailure) -> UnwoundFrame { throw .outermost }
  }

  @Test func aSwiftTrapIsNamed() {
    expectGolden(
      Transcript(Self.inHandler(), program: TrappingProgram()).run(["bt", "info line", "info frame"])
        + Transcript(Self.inHandler(), program: TrappingProgram()).run(["bt", "info line"], .json),
      "backtrace-trap")
  }

  @Test func infoFrameAndLine() {
    expectGolden(
      Transcript.both(["info frame", "info line", "info line start", "info line 5 5", "info frame 1"]) {
        Self.inHandler()
      }, "info-frame")
  }

  @Test func aCallToNowhere() throws {
    let machine = Self.inHandler()
    machine.registerFile.rip = 0
    machine.registerFile.rsp = Self.top - 0xf8
    let backtrace = Self.backtrace(machine)
    #expect(backtrace.entries.map(\.frame.address.rawValue).prefix(2) == [0, Self.text + 0x40])
    #expect(backtrace.entries[1].frame.origin == .returnAddress)
  }

  /// Where `finish` would stop.
  @Test func theCallerOfAFunction() throws {
    var machine = Self.inHandler()
    let caller = try Unwinder(FakeProgram()).caller(in: &machine)
    #expect(caller.address.rawValue == Self.text + 0x40)
    #expect(caller.registers.rsp == Self.top - 0xf0)
    #expect(caller.origin == .framePointer)
    // At the first instruction of a function RBP is still the caller's.
    machine.registerFile.rip = Self.text
    machine.registerFile.rsp = Self.top - 0xf8
    let first = try Unwinder(FakeProgram()).caller(in: &machine)
    #expect(first.address.rawValue == Self.text + 0x40)
    #expect(first.registers.rbp == Self.top - 0x100)
    #expect(first.origin == .returnAddress)
  }

  @Test func theEntryOfSyscall() throws {
    let machine = Self.inHandler()
    machine.registerFile.lstar = Self.text + 0x400
    machine.registerFile.rip = Self.text + 0x400
    machine.registerFile.general[2] = RunningExample.userInt
    machine.registerFile.rsp = 0x7fff_f000
    let caller = try #require(Self.backtrace(machine).entries.dropFirst().first)
    #expect(caller.frame.origin == .systemCall)
    #expect(caller.frame.address.rawValue == RunningExample.userInt)
    #expect(caller.frame.isUser)
  }

  /// No register and no word of the stack can make it fail.
  @Test func garbage() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      let machine = Self.inHandler()
      machine.registerFile.rip = random.next()
      machine.registerFile.rsp = Bool.random() ? random.next() : Self.top - UInt64.random(in: 0...0x400)
      machine.registerFile.general[6] =
        Bool.random() ? random.next() : Self.top - UInt64.random(in: 0...0x400)
      for word in 1...0x80 as ClosedRange<UInt64> {
        let value =
          Bool.random() ? Self.text &+ UInt64.random(in: 0...0x400) : Self.top &- UInt64.random(in: 0...0x400)
        machine.store(value, linear: Self.top - word * 8, root: RunningExample.processCR3)
      }
      #expect(Self.backtrace(machine).entries.count <= Backtrace.mostFrames)
    }
  }
}
