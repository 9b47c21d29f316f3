import Testing
import X86

/// Which event `explain` names as the next one.
@Suite struct NextEntryTests {
  /// What it says with `code` at the program's first instruction.
  private func next(_ code: [UInt8], stackPointer: UInt64? = nil) -> String {
    let machine = RunningExample.make()
    machine.store(bytes: code, at: 0x300000)
    if let stackPointer {
      machine.store(stackPointer, linear: RunningExample.exitFrame + 24, root: RunningExample.kernelCR3)
    }
    return Transcript(machine).run(["explain --engine architecture"])
  }

  @Test(
    arguments: [
      ([0x0f, 0x0b], "#UD at RIP 0x10000000"), ([0x90, 0xf4], "#GP (error 0x0) at"),
      ([0xfa], "#GP (error 0x0) at"),
      ([0x0f, 0x30], "#GP (error 0x0) at"), ([0x0f, 0x01, 0x10], "#GP (error 0x0) at"),
      ([0x0f, 0x20, 0xd8], "#GP (error 0x0) at"), ([0x0f, 0x01, 0xf8], "#GP (error 0x0) at"),
    ] as [([UInt8], String)])
  func instructionsOfRingZero(code: [UInt8], words: String) {
    let text = next(code)
    let name = words.prefix { $0 != " " }
    #expect(text.contains("the next entry: \(name)"), "\(text)")
  }

  /// CLI with IOPL 3, RDTSCP and an ordinary access raise nothing: the `int 0x80` behind them is next.
  @Test(arguments: [[0x90], [0x0f, 0x01, 0xf9], [0x0f, 0x01, 0xd0]] as [[UInt8]])
  func instructionsThatRingThreeMayUse(code: [UInt8]) {
    let text = next(code + Array(repeating: 0x90, count: 5 - code.count))
    #expect(text.contains("the next entry: int 0x80"), "\(text)")
  }

  @Test func pushesBelowAStackPointerThatIsNotCanonical() {
    let text = next([0x90, 0x50], stackPointer: 0x9000_0000_0000)
    #expect(text.contains("#SS (error 0x0)"), "\(text)")
    #expect(!next([0x90, 0x50]).contains("#SS"))
    // RSP was loaded in between: nothing is known of it.
    #expect(!next([0x48, 0x89, 0xe4, 0x50], stackPointer: 0x9000_0000_0000).contains("#SS"))
  }

  /// In Ring 3 nothing has happened, and the same is told from where it stands.
  @Test func fromRingThree() {
    let machine = RunningExample.make()
    machine.registerFile.rip = RunningExample.userText
    machine.registerFile.cs = SegmentSelector(rawValue: 0x33)
    machine.registerFile.ss = SegmentSelector(rawValue: 0x2b)
    machine.registerFile.rflags = RFlags(rawValue: 0x202)
    machine.store(bytes: [0x0f, 0x0b], at: 0x300000)
    let text = Transcript(machine).run(["explain"])
    #expect(text.contains("nothing has happened: Ring 3 runs at 0x10000000"), "\(text)")
    #expect(text.contains("the next entry: #UD"), "\(text)")
  }
}
