import Inspect
import Session
import X86

/// The running example with a kernel that does one thing after the other, and stops where the debugger has put something:
/// before an instruction with a breakpoint, behind a write to a watched address.
final class KernelAtWork {
  enum Act: Sendable {
    /// The return to Ring 3 by the instruction at an address.
    case returnToRingThree(by: UInt64)
    /// An instruction that changes the registers; RCX is what it finds there.
    case instruction(at: UInt64, rcx: UInt64, @Sendable (inout RegisterFile) -> Void)
    /// A store through a mapping.
    case store(UInt64, linear: UInt64)
    /// A store that no processor makes.
    case deviceStore(UInt64, physical: UInt64)

    static let back = Act.returnToRingThree(by: RunningExample.iretq)

    static func instruction(at address: UInt64) -> Act { .instruction(at: address, rcx: 0) { _ in } }

    /// One that changes nothing: behind a store the machine does not stop right at a return.
    static let other = Act.instruction(at: RunningExample.text + 8)

    static func load(_ root: UInt64) -> Act {
      .instruction(at: KernelAtWork.rootLoad, rcx: 0) { $0.cr3 = CR3(rawValue: root) }
    }

    var address: UInt64? {
      switch self {
      case .returnToRingThree(let address), .instruction(let address, _, _): address
      case .store, .deviceStore: nil
      }
    }
  }

  static let rootLoad = RunningExample.text + 0x150
  static let controlLoad = RunningExample.text + 0x160
  static let msrWrite = RunningExample.text + 0x170
  /// Where physical memory is mapped, as far as page tables stand there.
  static let window: UInt64 = 0xffff_8000_0000_0000
  /// The root table of a second process, with the same stack.
  static let otherCR3: UInt64 = 0x1c6000

  let machine = RunningExample.make()
  private let acts: [Act]
  private var position = 0
  /// The returns that came about.
  private(set) var returns = 0

  init(_ acts: [Act]) {
    self.acts = acts
    mapWindow()
    machine.store(bytes: [0x0f, 0x30], at: 0x200170)
    machine.monitorReplies["info kvm"] = "kvm support: disabled\n"
    machine.registerFile.rip = RunningExample.text
    machine.episodes = Array(repeating: { _ in self.run() }, count: 1000)
  }

  static var program: FakeProgram {
    var program = FakeProgram()
    program.returns.append(
      ReturnInstruction(address: VirtualAddress(RunningExample.sysretq), mnemonic: "sysretq"))
    program.rootTableLoads = [rootLoad]
    program.controlLoads = [controlLoad, msrWrite]
    return program
  }

  private func mapWindow() {
    var tables = FakeTables(machine: machine, firstTable: 0x170000)
    let roots: [UInt64] = [RunningExample.kernelCR3, RunningExample.processCR3, Self.otherCR3]
    for frame in roots + Array(stride(from: 0x110000, to: 0x150000, by: 0x1000)) {
      tables.map(
        Self.window + frame, to: frame, .present | .writable | .accessed | .dirty | .noExecute,
        root: RunningExample.kernelCR3)
    }
    machine.qwords[RunningExample.processCR3 + 256 * 8] = machine.qwords[RunningExample.kernelCR3 + 256 * 8]
    for index in 0..<512 as Range<UInt64> {
      machine.qwords[Self.otherCR3 + index * 8] = machine.qwords[RunningExample.processCR3 + index * 8]
    }
  }

  /// The entry of the page below RSP0, in the window.
  var stackEntry: (linear: UInt64, value: UInt64) {
    var memory = machine
    let walk = memory.walk(
      VirtualAddress(RunningExample.rsp0 - 8), root: CR3(rawValue: RunningExample.processCR3).root,
      mode: machine.registerFile.pagingMode)
    let step = walk[walk.count - 1]
    return (Self.window + step.entryAddress.rawValue, step.entry.rawValue)
  }

  /// The qword at `linear` in the kernel's half.
  func value(_ linear: UInt64) -> UInt64 {
    var memory = machine
    return memory.loadVirtual(
      VirtualAddress(linear), root: CR3(rawValue: RunningExample.kernelCR3).root,
      mode: machine.registerFile.pagingMode) ?? 0
  }

  private func run() -> StopEvent {
    // A breakpoint where the machine stands already does not stop it again.
    var standing = machine.registerFile.rip
    while position < acts.count {
      let act = acts[position]
      if let address = act.address, address != standing, machine.breakpoints.contains(address) {
        return stop(before: act)
      }
      standing = 0
      position += 1
      if let watch = perform(act) { return watch }
    }
    return .exited(status: 33)
  }

  private func stop(before act: Act) -> StopEvent {
    machine.registerFile.rip = act.address ?? RunningExample.text
    machine.registerFile.cs = SegmentSelector(rawValue: 0x08)
    switch act {
    case .returnToRingThree(by: RunningExample.sysretq):
      machine.registerFile.rsp = 0x7fff_f000
      machine.registerFile.general[RegisterFile.rcxNumber] = RunningExample.userText
      machine.registerFile.general[11] = 0x202
    case .returnToRingThree: machine.registerFile.rsp = RunningExample.exitFrame
    case .instruction(_, let rcx, _): machine.registerFile.general[RegisterFile.rcxNumber] = rcx
    case .store, .deviceStore: break
    }
    return .signal(StopEvent.trapSignal, thread: nil, watch: nil)
  }

  private func perform(_ act: Act) -> StopEvent? {
    switch act {
    case .returnToRingThree: returns += 1
    case .instruction(_, _, let change): change(&machine.registerFile)
    case .deviceStore(let value, let physical): machine.store(value, at: physical)
    case .store(let value, let linear):
      var memory = machine
      let walk = memory.walk(
        VirtualAddress(linear), root: machine.registerFile.cr3.root, mode: machine.registerFile.pagingMode)
      guard let physical = walk.physicalAddress else { fatalError("not mapped: \(linear)") }
      machine.store(
        bytes: (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }, at: physical.rawValue)
      guard let watch = watch(over: linear) else { break }
      // The next instruction is where the machine stands now.
      let next = position < acts.count ? acts[position] : act
      _ = stop(before: next)
      return .signal(StopEvent.trapSignal, thread: nil, watch: Watchpoint(kind: .write, address: watch))
    }
    machine.registerFile.rip = RunningExample.text
    return nil
  }

  private func watch(over linear: UInt64) -> UInt64? {
    for (kind, addresses) in machine.insertions {
      guard case .watchWrite(let byteCount) = kind else { continue }
      let hit = addresses.first { $0 < linear + 8 && linear < $0 + UInt64(byteCount) }
      if let hit { return hit }
    }
    return nil
  }
}
