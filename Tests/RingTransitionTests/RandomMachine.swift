import RingTransition
import TestSupport
import X86

/// Steele, Lea and Flood's SplitMix64: a failure names its seed, and the seed makes the machine again.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int(next() % UInt64(elements.count))]
  }
  mutating func one(in count: UInt64) -> Bool { next() % count == 0 }
}

/// The healthy machine with a few things changed at random, of those that a delivery or a return looks at.
struct RandomMachine {
  private(set) var machine: TestMachine
  private var random: SeededGenerator

  /// Vectors whose gates are changed.
  static let vectors: [UInt8] = [0x80, 14, 13, 8, 2, 1, 18, 6, 0x20]

  init(seed: UInt64, from healthy: TestMachine) {
    machine = healthy
    random = SeededGenerator(seed: seed)
    if random.one(in: 3) { enableSystemCalls() }
    for _ in 0..<random.next() % 4 { change() }
  }

  /// A kernel with SYSCALL, whose LSTAR may lead anywhere.
  private mutating func enableSystemCalls() {
    machine.registers.efer.insert(.syscallEnable)
    machine.registers.star = 0x0023_0008 << 32
    machine.registers.syscallMask = 0x47700
    let wrong = [0, 0x9000_0000_0000, Layout.tss, Provocation.handlerPage]
    machine.registers.lstar = random.one(in: 4) ? random.pick(wrong) : Layout.systemCall
  }

  private mutating func change() {
    switch random.next() % 9 {
    case 0, 1: changeEntry()
    case 2: changeStackPointer()
    case 3: changeTaskRegister()
    case 4: changeGate()
    case 5: changeDescriptor()
    case 6: changeTableRegisters()
    case 7: changeFrame()
    default: changeControlRegisters()
    }
  }

  /// One entry on the path to something that is needed.
  private mutating func changeEntry() {
    var places = [
      Layout.rsp0 - 8, Layout.rsp0 - 4096 - 8, Layout.gdt, Layout.idt, Layout.tss, Layout.kernelText,
      Layout.exitStackTop - 8,
    ]
    for slot in 1...4 { places.append(Layout.interruptStackTop(slot) - 8) }
    let place = random.pick(places)
    var levels: [PagingLevel] = [
      .pageTable, .pageTable, .pageTable, .pageDirectory, .pageDirectoryPointer, .pml4,
    ]
    // What an earlier change took away cannot be changed again.
    let walk = machine.walk(VirtualAddress(place), root: machine.root, mode: machine.mode)
    levels = levels.filter { level in (0..<walk.count).contains { walk[$0].level == level } }
    guard !levels.isEmpty else { return }
    let level = random.pick(levels)
    switch random.next() % 6 {
    case 0: machine.clear(level, of: place)
    case 1: machine.remove(.writable, level, of: place)
    case 2: machine.edit(level, of: place) { $0 | 1 << 51 }
    case 3: machine.set(.noExecute, level, of: place)
    case 4: machine.set(.user, level, of: place)
    default: for level in levels { machine.set(.user, level, of: place) }
    }
  }

  private mutating func changeStackPointer() {
    let slot = Int(random.next() % 5)
    let top = slot == 0 ? Layout.rsp0 : Layout.interruptStackTop(slot)
    let values: [UInt64] = [
      0, 8, 16, top - 3, top - 4096, top - 4096 + 16, top - Layout.stackSize, top - Layout.stackSize + 0x10,
      top - Layout.stackSize + 0x30, top + 4096, 0x9000_0000_0000, 0x8000_0000_0000, 0x7fff_ffff_ffff,
      0xffff_8000_0000_0000, 0xffff_8000_0000_0020, Layout.exitStackTop - 0x100, UInt64.max,
      random.next(),
    ]
    let value = random.pick(values)
    guard machine.loadVirtual(Layout.tss + 4) != nil else { return }
    if slot == 0 { machine.setRSP0(value) } else { machine.setInterruptStack(slot, value) }
  }

  private mutating func changeTaskRegister() {
    switch random.next() % 4 {
    case 0: machine.registers.taskRegister?.limit = UInt32(random.next() % 110)
    case 1:
      // The last byte of RSP0, IST1, IST2 and IST4, and one less.
      machine.registers.taskRegister?.limit = random.pick([10, 11, 42, 43, 50, 51, 66, 67])
    case 2:
      machine.registers.taskRegister = SegmentCache(
        selector: SegmentSelector(rawValue: 0), base: 0, limit: 0xffff, attributes: nil)
    default:
      machine.registers.taskRegister?.base = random.pick([0, 0x9000_0000_0000, Layout.tss + 8, random.next()])
    }
  }

  private mutating func changeGate() {
    let vector = random.pick(Self.vectors)
    guard machine.loadVirtual(Layout.gate(vector)) != nil else { return }
    let address = Layout.gate(vector)
    func flip(_ bits: UInt64, _ word: UInt64 = 0) {
      machine.storeVirtual(machine.loadVirtual(address + word)! ^ bits, at: address + word)
    }
    switch random.next() % 7 {
    case 0: machine.removeGate(vector)
    case 1: flip(1 << (40 + random.next() % 5))
    case 2: flip(3 << 45)
    case 3: flip((1 + random.next() % 7) << 32)
    case 4:
      machine.setGate(
        vector, selector: random.pick([0, 0x10, 0x0b, 0x33, 0x2b, 0x3b, 0xf8, 0x0c]), privilege: 3)
    case 5:
      machine.setGate(
        vector, offset: random.pick([0, Layout.guardPage, Layout.tss, 0x9000_0000_0000, Layout.userText]),
        privilege: vector == 0x80 ? 3 : 0)
    default: flip(1 << (32 + random.next() % 32), 8)
    }
  }

  private mutating func changeDescriptor() {
    let index = random.pick([1, 1, 5, 6])
    guard let old = machine.loadVirtual(Layout.gdt + UInt64(index * 8)) else { return }
    machine.setDescriptor(index, old ^ 1 << random.pick([40, 41, 42, 43, 44, 45, 46, 47, 53, 54]))
  }

  private mutating func changeTableRegisters() {
    switch random.next() % 4 {
    case 0: machine.registers.interruptTable?.limit = UInt16(random.next() & 0xfff)
    case 1: machine.registers.globalTable?.limit = UInt16(random.next() % 60)
    case 2:
      machine.registers.interruptTable?.base = VirtualAddress(
        random.pick([0, 0x9000_0000_0000, Layout.guardPage]))
    default:
      machine.registers.globalTable?.base = VirtualAddress(
        random.pick([0, 0x9000_0000_0000, Layout.guardPage]))
    }
  }

  private mutating func changeFrame() {
    guard
      var frame = InterruptFrame.read(
        at: VirtualAddress(machine.registers.rsp), root: machine.root, mode: machine.mode, memory: &machine)
    else { return }
    switch random.next() % 6 {
    case 0: frame.cs = random.pick([0, 3, 0x30, 0x0b, 0x2b, 0x1b, 0xfb, 7])
    case 1: frame.ss = random.pick([0, 3, 0x28, 0x13, 0x33, 0xfb, 7])
    case 2:
      frame.rip = random.pick([0x8000_0000_0000, 0x7fff_ffff_ffff, Layout.kernelText, 0, random.next()])
    case 3: frame.rflags = RFlags(rawValue: frame.rflags.rawValue ^ 1 << (random.next() % 64))
    case 4: frame.rsp = random.next()
    default: machine.registers.rflags.insert(.nestedTask)
    }
    machine.setFrame(frame)
  }

  private mutating func changeControlRegisters() {
    switch random.next() % 5 {
    case 0: machine.registers.cr0.remove(.writeProtect)
    case 1, 2: machine.registers.cr4.insert(.supervisorAccessPrevention)
    case 3: machine.registers.cr4.insert(.supervisorExecutionPrevention)
    default: machine.registers.efer.remove(.noExecuteEnable)
    }
  }
}
