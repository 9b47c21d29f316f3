import Commands
import Inspect
import Render
import Session
import Testing
import X86

/// How the check finds the returns to Ring 3: with a file, without one, and when the kernel changes itself.
@Suite struct SiteTests {
  private static var silent: Output { Output(format: .json, out: { _ in }, error: { _ in }) }

  private static func machine() -> FakeMachine {
    let machine = RunningExample.make()
    machine.registerFile.rip = RunningExample.text
    machine.monitorReplies["info kvm"] = "kvm support: disabled\r\n"
    return machine
  }

  private static func checking(
    _ machine: FakeMachine, _ program: FakeProgram? = nil, _ wish: SiteWish = .auto
  ) throws(CommandFailure) -> Debugger {
    let debugger = Debugger(target: machine, program: program, output: silent)
    debugger.control.siteWatch.wish = wish
    _ = try debugger.control.startChecking()
    return debugger
  }

  @Test func memoryIsSearchedWithoutAFile() throws {
    let machine = Self.machine()
    // In a page of Ring 3 and in one that cannot be executed: neither is the kernel's.
    machine.store(bytes: [0x48, 0xcf], at: 0x212000)
    machine.store(bytes: [0x48, 0xcf], at: 0x300100)
    // The constant of a MOV.
    let pops: [UInt8] = Array(repeating: 0x58, count: 40)
    machine.store(bytes: pops + [0x48, 0xb8, 1, 2, 3, 0x48, 0xcf, 4, 5, 6], at: 0x200800)
    _ = try Self.checking(machine)
    #expect(machine.breakpoints.isSuperset(of: [RunningExample.iretq, RunningExample.sysretq]))
    #expect(!machine.breakpoints.contains(RunningExample.text + 0x800 + 45))
    #expect(machine.breakpoints.allSatisfy { $0 < RunningExample.text + 0x200 }, "\(machine.breakpoints)")
  }

  /// mov eax, cs; push rax; push of the address behind; iretq.
  @Test func aReturnToItselfIsNotStoppedAt() throws {
    let machine = Self.machine()
    let place = RunningExample.text + 0x900
    let behind = UInt32(truncatingIfNeeded: place + 10)
    let target = (0..<4).map { UInt8(truncatingIfNeeded: behind >> ($0 * 8)) }
    machine.store(bytes: [0x8c, 0xc8, 0x50, 0x68] + target + [0x48, 0xcf], at: 0x200900)
    let debugger = try Self.checking(machine)
    let site = try #require(debugger.control.checker?.sites.first { $0.address.rawValue == place + 8 })
    #expect(site.watch == .leadsBack)
    #expect(!machine.breakpoints.contains(place + 8))
    // To anywhere else, it is a return like others.
    machine.store(bytes: [0x11], at: 0x200904)
    let other = try Self.checking(machine)
    #expect(other.control.checker?.isSite(VirtualAddress(place + 8)) == true)
  }

  /// What the kernel has written over by now is none of its returns.
  @Test func aSiteOfTheFileThatMemoryHasLost() throws {
    var program = FakeProgram()
    let lost = RunningExample.text + 0x600
    program.returns.append(ReturnInstruction(address: VirtualAddress(lost), mnemonic: "iretq"))
    let machine = Self.machine()
    let debugger = try Self.checking(machine, program)
    #expect(!machine.breakpoints.contains(lost))
    #expect(debugger.control.checker?.sites.first { $0.address.rawValue == lost }?.watch == .gone)
    #expect(machine.breakpoints.contains(RunningExample.iretq))
  }

  /// The machine begins in real mode, where there is nothing to see; it is stopped and looked at until there is.
  @Test func aKernelThatComesLater() throws {
    let machine = Self.machine()
    let registers = machine.registerFile
    machine.registerFile.efer = EFER(rawValue: 0)
    machine.registerFile.cr0 = CR0(rawValue: 0x10)
    let debugger = try Self.checking(machine)
    #expect(machine.breakpoints.isEmpty)
    // It runs until it was looked at, however long that takes to be due.
    machine.waits = 10_000_000
    machine.interruption = { machine in
      if machine.breakpoints.contains(RunningExample.iretq) { machine.waits = 0 }
      machine.registerFile = registers
      return .signal(StopEvent.interruptSignal, thread: nil, watch: nil)
    }
    machine.episodes = [
      { machine in
        #expect(machine.breakpoints.contains(RunningExample.iretq))
        machine.registerFile.rip = RunningExample.iretq
        return .signal(StopEvent.trapSignal, thread: nil, watch: nil)
      }
    ]
    _ = try debugger.control.run(returns: 1)
    #expect(debugger.control.checker?.count == 1)
  }

  @Test func underKVMFourPlacesAtMost() throws {
    let machine = Self.machine()
    machine.monitorReplies["info kvm"] = "kvm support: enabled\r\n"
    let pops: [UInt8] = Array(repeating: 0x58, count: 140)
    for number in 0..<6 as Range<UInt64> {
      machine.store(bytes: pops + [0x48, 0xcf], at: 0x200400 + number * 0x100)
    }
    let debugger = try Self.checking(machine)
    #expect(machine.insertions[.hardware, default: []].count == 4)
    #expect(machine.breakpoints.isEmpty, "memory stays as it is")
    let sites = try #require(debugger.control.checker?.sites)
    #expect(sites.contains { $0.watch == .noPlace })
  }

  /// The code of a loader, below the kernel's: once the kernel's table has no place for it, neither has the check.
  @Test func aSiteThatGoesWithItsPage() throws {
    let machine = Self.machine()
    let loader: UInt64 = 0x7000_0000
    var tables = FakeTables(machine: machine, firstTable: 0x190000)
    let last = machine.qwords[RunningExample.processCR3, default: 0]
    machine.store(0, at: RunningExample.processCR3)
    tables.map(loader, to: 0x240000, .present, root: RunningExample.processCR3)
    let supervisor = machine.qwords[RunningExample.processCR3, default: 0] & ~4
    machine.store(supervisor, at: RunningExample.processCR3)
    machine.store(bytes: Array(repeating: 0x58, count: 140) + [0x48, 0xcf], at: 0x240000)
    let interpreter = Interpreter(Debugger(target: machine, program: nil, output: Self.silent))
    interpreter.run("check on")
    #expect(machine.breakpoints.contains(loader + 140))
    machine.store(last, at: RunningExample.processCR3)
    Self.lookAgain(interpreter) {
      !machine.breakpoints.isEmpty && !machine.breakpoints.contains(loader + 140)
    }
    #expect(machine.breakpoints.contains(RunningExample.iretq))
    #expect(!machine.breakpoints.contains(loader + 140))
  }

  /// A module that was found, and has written over its return since.
  @Test func aFoundSiteThatMemoryHasLost() throws {
    let machine = Self.machine()
    let place = RunningExample.text + 0x88c
    machine.store(bytes: Array(repeating: 0x58, count: 140) + [0x48, 0xcf], at: 0x200800)
    let debugger = Debugger(target: machine, program: nil, output: Self.silent)
    let interpreter = Interpreter(debugger)
    interpreter.run("check on")
    #expect(machine.breakpoints.contains(place))
    machine.store(bytes: [0x58, 0x58], at: 0x20088c)
    Self.lookAgain(interpreter) { !machine.breakpoints.isEmpty && !machine.breakpoints.contains(place) }
    #expect(machine.breakpoints.contains(RunningExample.iretq))
    #expect(debugger.control.checker?.sites.first { $0.address.rawValue == place }?.watch == .gone)
  }

  /// TR, LDTR, GDTR and IDTR are asked for once, and again behind what loads them: without a file that is searched too.
  @Test func whatLoadsTablesIsStoppedAt() throws {
    let machine = Self.machine()
    let pops: [UInt8] = Array(repeating: 0x58, count: 140)
    machine.store(bytes: pops + [0x0f, 0x00, 0xd8, 0x58, 0x0f, 0x01, 0x18], at: 0x200800)
    // The constant of a MOV.
    machine.store(bytes: pops + [0x48, 0xb8, 1, 2, 0x0f, 0x00, 0xd8, 4, 5, 6], at: 0x200900)
    _ = try Self.checking(machine)
    let loads = machine.breakpoints.filter { $0 >= RunningExample.text + 0x800 }.sorted()
    #expect(loads == [RunningExample.text + 0x88c, RunningExample.text + 0x890])
  }

  /// The check looks when it is switched on, but not again at once.
  private static func lookAgain(_ interpreter: Interpreter, until condition: () -> Bool) {
    let limit = ContinuousClock.now + .seconds(240)
    while !condition(), .now < limit {
      interpreter.run("check off")
      interpreter.run("check on")
    }
  }

  /// Code is read in pieces of 1 MiB: a return across the border of two is found, once, and so is one right behind it.
  @Test func aSiteAcrossTheBorderOfTwoPieces() throws {
    let machine = Self.machine()
    let start: UInt64 = 0xffff_ffff_9000_0000
    let pops: [UInt8] = Array(repeating: 0x58, count: 4096)
    machine.store(bytes: pops, at: 0x240000)
    machine.store(bytes: Array(pops.dropLast()) + [0x48], at: 0x241000)
    machine.store(
      bytes: [0xcf] + pops.dropFirst().prefix(3) + [0x48, 0x0f, 0x07] + pops.dropFirst(7), at: 0x242000)
    var tables = FakeTables(machine: machine, firstTable: 0x190000)
    for page in 0..<258 as Range<UInt64> {
      let frame: UInt64 = page == 255 ? 0x241000 : page == 256 ? 0x242000 : 0x240000
      tables.map(start + page << 12, to: frame, .present, root: RunningExample.processCR3)
    }
    _ = try Self.checking(machine)
    let border = start + 1 << 20
    let found = machine.breakpoints.filter { $0 >= start }.sorted()
    #expect(found == [border - 1, border + 4])
  }

  @Test func namedSites() throws {
    let machine = Self.machine()
    _ = try Self.checking(machine, nil, .places(["\(RunningExample.sysretq)"]))
    #expect(machine.breakpoints == [RunningExample.sysretq])
    #expect(throws: CommandFailure.noReturnInstruction("\(RunningExample.text)")) {
      try Self.checking(Self.machine(), nil, .places(["\(RunningExample.text)"]))
    }
    #expect(throws: CommandFailure.noSuchSymbol("nobody")) {
      try Self.checking(Self.machine(), FakeProgram(), .places(["nobody"]))
    }
    #expect(SiteWish("auto") == .auto)
    #expect(SiteWish("a,,b") == nil)
  }

  @Test func noSiteAtAll() throws {
    let machine = Self.machine()
    for address in [0x200120, 0x200130] as [UInt64] { machine.store(bytes: [0x90, 0x90, 0x90], at: address) }
    let debugger = Debugger(target: machine, program: nil, output: Self.silent)
    #expect(CheckProcedure(debugger).run().status == .nothingChecked)
    #expect(debugger.control.summary?.sentence.contains("no iretq and no sysretq") == true)
  }
}
