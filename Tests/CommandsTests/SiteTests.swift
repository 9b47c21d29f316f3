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
    machine.waits = 2
    machine.interruption = { machine in
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
