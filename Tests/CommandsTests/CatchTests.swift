import Commands
import Inspect
import Render
import Session
import Testing
import X86

/// `catch ring` and `catch cr3`: what one instruction does to the processor.
@Suite struct CatchTests {
  private static let trap = StopEvent.signal(StopEvent.trapSignal, thread: nil, watch: nil)
  private static let handler = RunningExample.text + 0x400 + 14 * 16
  private static let rootLoad = RunningExample.text + 0x40

  /// What a stop is like; nil leaves it as it was.
  private static func stop(
    _ address: UInt64, ring: UInt16? = nil, cr3: UInt64? = nil, rsp: UInt64? = nil
  ) -> FakeMachine.Episode {
    { machine in
      machine.registerFile.rip = address
      if let ring { machine.registerFile.cs = SegmentSelector(rawValue: ring == 3 ? 0x33 : 0x08) }
      if let cr3 { machine.registerFile.cr3 = CR3(rawValue: cr3) }
      if let rsp { machine.registerFile.rsp = rsp }
      return trap
    }
  }

  /// In a handler of Ring 0 with the words of a frame at RSP.
  private static func entry(_ address: UInt64, words: [UInt64]) -> FakeMachine.Episode {
    { machine in
      let rsp = RunningExample.exitStack + 0x100
      for (index, word) in words.enumerated() {
        machine.store(word, linear: rsp + UInt64(index * 8), root: RunningExample.kernelCR3)
      }
      return stop(address, ring: 0, rsp: rsp)(machine)
    }
  }

  private static func machine(_ episodes: [FakeMachine.Episode]) -> FakeMachine {
    let machine = RunningExample.make()
    machine.registerFile.rip = RunningExample.text
    machine.episodes = episodes
    return machine
  }

  private static var program: FakeProgram {
    var program = FakeProgram()
    program.rootTableLoads = [rootLoad]
    return program
  }

  /// A return inside of the kernel is passed; the one that leads out is told behind it.
  @Test func theWayOut() {
    expectGolden(
      Transcript.both([
        "catch ring 3", "c", "tcatch ring 3", "si", "c", "catch ring 1", "catch ring", "tcatch", "tcatch off",
        "tcatch vector 14",
      ]) {
        Self.machine([
          Self.stop(RunningExample.iretq), Self.stop(RunningExample.text + 8),
          Self.stop(RunningExample.iretq),
          Self.stop(RunningExample.userText, ring: 3), Self.stop(RunningExample.userText + 5),
          Self.stop(RunningExample.iretq, ring: 0), Self.stop(RunningExample.userText, ring: 3),
        ])
      }, "catch-ring3")
  }

  /// A handler that interrupted the kernel is passed; where the vector pushes an error code CS lies one word higher.
  @Test func theWayIn() {
    let page = RunningExample.text + 0x400 + 14 * 16
    let timer = RunningExample.text + 0x400 + 32 * 16
    var program = FakeProgram()
    program.borrowable = [RunningExample.text + 0x60]
    expectGolden(
      Transcript.both(["catch ring 0", "c", "c", "c", "catch", "catch off"], program: program) {
        let machine = Self.machine([
          Self.entry(timer, words: [0x10, 0x08]), Self.entry(timer, words: [0x10, 0x33]),
          Self.entry(page, words: [0x33, 0x10, 0x08]), Self.entry(page, words: [4, 0x10, 0x33]),
          Self.stop(RunningExample.sysretq, ring: 0),
        ])
        machine.store(bytes: [0x0f, 0x32], at: 0x200060)
        machine.learned = { $0.lstar = RunningExample.sysretq }
        return machine
      }, "catch-ring0")
  }

  @Test func loadsOfTheRootTable() {
    expectGolden(
      Transcript.both(
        [
          "catch cr3", "c", "catch cr3 0x102000", "c", "tcatch cr3 nobody", "tcatch cr3", "si", "si", "catch",
        ], program: Self.program
      ) {
        Self.machine([
          // The same again changes nothing.
          Self.stop(Self.rootLoad), Self.stop(Self.rootLoad + 3), Self.stop(Self.rootLoad),
          Self.stop(Self.rootLoad + 3, cr3: 0x102000), Self.stop(Self.rootLoad),
          Self.stop(Self.rootLoad + 3, cr3: 0x1c5000), Self.stop(Self.rootLoad),
          Self.stop(Self.rootLoad + 3, cr3: 0x102fff), Self.stop(Self.rootLoad),
          Self.stop(Self.rootLoad + 3, cr3: 0x1c5000),
        ])
      }, "catch-cr3")
  }

  /// What is caught is in the machine, and out of it again.
  @Test func whatIsInTheMachine() {
    let machine = Self.machine([])
    let interpreter = Interpreter(Debugger(target: machine, program: Self.program, output: Self.silent))
    interpreter.run("catch ring 3")
    #expect(machine.breakpoints == [RunningExample.iretq])
    interpreter.run("catch cr3")
    #expect(machine.breakpoints == [RunningExample.iretq, Self.rootLoad])
    interpreter.run("catch ring 0")
    #expect(machine.breakpoints.count == 2 + 34)
    interpreter.run("catch off")
    #expect(machine.breakpoints.isEmpty)
    machine.refusal = { _ in .refused(operation: "set a breakpoint", code: 0x16) }
    #expect(interpreter.run("catch ring 3") == .failed(.usage))
    machine.refusal = { _ in nil }
    interpreter.run("b start")
    #expect(machine.breakpoints == [RunningExample.text], "nothing is left of what was refused")
  }

  @Test func underKVM() {
    let machine = Self.machine([])
    machine.monitorReplies["info kvm"] = "kvm support: enabled\r\n"
    let output = Transcript(machine, program: nil).run(["catch ring 3", "catch cr3", "catch ring 0"])
    #expect(output.contains("under KVM a step over iretq runs away"))
    #expect(output.contains("catch cr3 needs the kernel's ELF file"))
    #expect(output.contains("Catching the way into Ring 0, at 34 handlers"))
  }

  /// Without a file the pages are searched: the code's own, and not those that hold data or are Ring 3's.
  @Test func withoutAFile() {
    expectGolden(
      Transcript.both(["catch ring 3", "catch cr3", "c", "c"], program: nil) {
        let machine = Self.machine([
          Self.stop(Self.rootLoad), Self.stop(Self.rootLoad + 4, cr3: 0x102000),
          Self.stop(RunningExample.sysretq),
          Self.stop(RunningExample.userText, ring: 3),
        ])
        machine.monitorReplies["info kvm"] = "kvm support: disabled\r\n"
        machine.store(bytes: [0x41, 0x0f, 0x22, 0xd8], at: 0x200040)
        // MOV to CR4 is something else, and these pages cannot be executed by Ring 0.
        machine.store(bytes: [0x0f, 0x22, 0xe0], at: 0x200050)
        machine.store(bytes: [0x0f, 0x22, 0xd8, 0x48, 0xcf], at: 0x212000)
        machine.store(bytes: [0x0f, 0x22, 0xd8, 0x48, 0xcf], at: 0x300100)
        return machine
      }, "catch-searched")
  }

  private static var silent: Output { Output(format: .json, out: { _ in }, error: { _ in }) }
}
