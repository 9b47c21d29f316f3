import Inspect
import Symbols
import X86

/// A small kernel in the moment before it returns to Ring 3 for the first time: everything in place for the next
/// entry, which will be `int 0x80` at 0x10000019.
enum RunningExample {
  static let kernelCR3: UInt64 = 0x102000
  static let processCR3: UInt64 = 0x1c5000
  static let rsp0: UInt64 = 0xffff_c900_0000_5000
  static let exitStack: UInt64 = 0xffff_c980_0000_1000
  static let exitFrame = exitStack + 0x1000 - 48
  static let text: UInt64 = 0xffff_ffff_8000_0000
  static let data: UInt64 = 0xffff_ffff_8000_4000
  static let table: UInt64 = 0xffff_ffff_8000_6000
  static let iretq = text + 0x120
  static let sysretq = text + 0x130
  static let ltr = text + 0x140
  static let doubleFaultHandler = text + 0x200
  static let userText: UInt64 = 0x1000_0000
  static let userInt = userText + 0x19

  static let gdt = data
  static let tss = data + 0x100
  static let idt = data + 0x1000

  /// The four stacks of the IST, one page each with a guard page below.
  static func interruptStackTop(_ slot: Int) -> UInt64 {
    0xffff_c980_0001_0000 + UInt64(slot) * 0x2000 + 0x1000
  }

  static func make() -> FakeMachine {
    let machine = FakeMachine(memoryByteCount: 16 << 20)
    machine.registerFile = registers
    var tables = FakeTables(machine: machine, firstTable: 0x110000)
    mapKernel(&tables)
    shareKernelHalf(machine)
    mapStack(&tables, under: kernelCR3)
    mapStack(&tables, under: processCR3)
    mapProcess(&tables)
    fillTables(machine)
    fillDebuggerTable(machine)
    fillReturnFrame(machine)
    return machine
  }

  /// The same with the process's PML4[402] empty.
  static func makeWithoutStack() -> FakeMachine {
    let machine = make()
    machine.store(0, at: processCR3 + 402 * 8)
    return machine
  }

  /// The same after `int 0x80`: in the handler of #DF, at its first instruction.
  static func makeInDoubleFault() -> FakeMachine {
    let machine = makeWithoutStack()
    let top = interruptStackTop(1)
    for (index, word) in [0, userInt, 0x33, 0x202, 0x7fff_f000, 0x2b].enumerated() {
      machine.store(word, linear: top - 48 + UInt64(index * 8), root: processCR3)
    }
    machine.registerFile.rip = doubleFaultHandler
    machine.registerFile.rsp = top - 48
    machine.registerFile.cs = SegmentSelector(rawValue: 0x08)
    machine.registerFile.cr2 = rsp0 - 8
    return machine
  }

  // MARK: The parts

  private static var registers: RegisterFile {
    var file = RegisterFile()
    file.cr0 = CR0(rawValue: 0x8001_0033)
    file.cr3 = CR3(rawValue: processCR3)
    file.cr4 = CR4(rawValue: 0x60)
    file.efer = EFER(rawValue: 0xd00)
    file.cr8 = 0
    file.rip = iretq
    file.rsp = exitFrame
    file.rflags = RFlags(rawValue: 0x2)
    file.cs = SegmentSelector(rawValue: 0x08)
    file.ss = SegmentSelector(rawValue: 0x10)
    file.fsBase = 0
    file.gsBase = 0
    file.kernelGSBase = 0
    file.general[0] = 4
    file.taskRegister = SegmentCache(
      selector: SegmentSelector(rawValue: 0x18), base: tss, limit: 0x67,
      attributes: SegmentAttributes(rawValue: 0x8b))
    file.localTable = SegmentCache(
      selector: SegmentSelector(rawValue: 0), base: 0, limit: 0xffff, attributes: nil)
    file.globalTable = TableRegister(base: VirtualAddress(gdt), limit: 0x37)
    file.interruptTable = TableRegister(base: VirtualAddress(idt), limit: 0xfff)
    return file
  }

  private static func mapKernel(_ tables: inout FakeTables) {
    let readExecute: PageTableEntry.Flags = .present | .accessed
    let readWrite: PageTableEntry.Flags = .present | .writable | .accessed | .dirty | .noExecute
    for page in 0..<4 as Range<UInt64> {
      tables.map(text + page << 12, to: 0x200000 + page << 12, readExecute, root: kernelCR3)
      // The GDT and the IDT cannot be written, as in a kernel that has filled them.
      let rights = page < 2 ? readExecute | .noExecute : readWrite
      tables.map(data + page << 12, to: 0x210000 + page << 12, rights, root: kernelCR3)
    }
    tables.map(exitStack, to: 0x220000, readWrite, root: kernelCR3)
    for slot in 1...4 {
      tables.map(
        interruptStackTop(slot) - 0x1000, to: 0x220000 + UInt64(slot) << 12, readWrite, root: kernelCR3)
    }
  }

  private static func shareKernelHalf(_ machine: FakeMachine) {
    for index in 256..<512 as Range<UInt64> {
      machine.qwords[processCR3 + index * 8] = machine.qwords[kernelCR3 + index * 8]
    }
  }

  private static func mapStack(_ tables: inout FakeTables, under root: UInt64) {
    for page in 1...4 as ClosedRange<UInt64> {
      tables.map(
        rsp0 - 0x5000 + page << 12, to: 0x230000 + page << 12,
        .present | .writable | .accessed | .dirty | .noExecute, root: root)
    }
  }

  private static func mapProcess(_ tables: inout FakeTables) {
    tables.map(userText, to: 0x300000, .present | .user | .accessed, root: processCR3)
    tables.map(
      0x7fff_e000, to: 0x301000, .present | .writable | .user | .accessed | .dirty | .noExecute,
      root: processCR3)
    // mov eax, 1; four nop; and so on to the `int 0x80` at 0x19; then jmp to itself.
    var code: [UInt8] = [0xb8, 1, 0, 0, 0]
    code += Array(repeating: 0x90, count: 0x19 - code.count)
    code += [0xcd, 0x80, 0xeb, 0xfe]
    tables.machine.store(bytes: code, at: 0x300000)
    tables.machine.store(bytes: [0x48, 0xcf], at: 0x200120)
    tables.machine.store(bytes: [0x48, 0x0f, 0x07], at: 0x200130)
    tables.machine.store(bytes: [0x0f, 0x00, 0xd8], at: 0x200140)
  }

  private static func fillTables(_ machine: FakeMachine) {
    let root = kernelCR3
    let code: UInt64 = 0x00af_9b00_0000_ffff
    let data: UInt64 = 0x00cf_9300_0000_ffff
    let tssLow = 0x67 | (tss & 0xff_ffff) << 16 | 0x8b << 40 | (tss >> 24 & 0xff) << 56
    let descriptors = [0, code, data, tssLow, tss >> 32, data | 3 << 45, code | 3 << 45]
    for (index, value) in descriptors.enumerated() {
      machine.store(value, linear: gdt + UInt64(index * 8), root: root)
    }
    store32(machine, rsp0, at: tss + 4)
    for slot in 1...4 { store32(machine, interruptStackTop(slot), at: tss + 36 + 8 * UInt64(slot - 1)) }
    machine.store(0x68 << 48, linear: tss + 96, root: root)
    for vector in 0..<33 { storeGate(machine, vector, stack: stack(for: vector), privilege: 0) }
    for vector in [3, 4, 0x80] { storeGate(machine, vector, stack: 0, privilege: 3) }
  }

  private static func stack(for vector: Int) -> UInt8 {
    switch vector {
    case 8: 1
    case 2: 2
    case 18: 3
    case 1: 4
    default: 0
    }
  }

  private static func storeGate(_ machine: FakeMachine, _ vector: Int, stack: UInt8, privilege: UInt8) {
    let handler = vector == 8 ? doubleFaultHandler : text + 0x400 + UInt64(vector) * 16
    let gate = GateDescriptor(
      offset: VirtualAddress(handler), selector: SegmentSelector(rawValue: 0x08), type: .interruptGate,
      privilege: privilege, interruptStack: stack)
    machine.store(gate.low, linear: idt + UInt64(vector * 16), root: kernelCR3)
    machine.store(gate.high, linear: idt + UInt64(vector * 16 + 8), root: kernelCR3)
  }

  /// The TSS's fields stand at multiples of 4 only.
  private static func store32(_ machine: FakeMachine, _ value: UInt64, at address: UInt64) {
    let physical = 0x210000 + (address - data)
    for index in 0..<8 as Range<UInt64> {
      machine.store(bytes: [UInt8(truncatingIfNeeded: value >> (index * 8))], at: physical + index)
    }
  }

  private static func fillDebuggerTable(_ machine: FakeMachine) {
    let words: [UInt64] = [
      0x4544_4953_474e_4952, 1 | 472 << 32, kernelCR3, 1, processCR3, rsp0, 0x4000, exitFrame,
      exitStack, exitStack + 0x1000,
    ]
    let stacks = (1...7).flatMap { slot -> [UInt64] in
      slot <= 4 ? [interruptStackTop(slot) - 0x1000, interruptStackTop(slot)] : [0, 0]
    }
    let rest: [UInt64] = [text, text + 0x8000, 1, 0, 16 << 20]
    for (index, value) in (words + stacks + rest).enumerated() {
      machine.store(value, linear: table + UInt64(index * 8), root: kernelCR3)
    }
  }

  private static func fillReturnFrame(_ machine: FakeMachine) {
    for (index, word) in [userText, 0x33, 0x202, 0x7fff_f000, 0x2b].enumerated() {
      machine.store(word, linear: exitFrame + UInt64(index * 8), root: kernelCR3)
    }
  }
}

/// The symbols of the running example.
struct FakeProgram: Program {
  var symbols: [(name: String, address: UInt64, byteCount: UInt64)] = [
    ("start", RunningExample.text, 0x100),
    ("return_to_ring3", RunningExample.text + 0x100, 0x22),
    ("load_tables", RunningExample.text + 0x130, 0x20),
    ("double_fault", RunningExample.doubleFaultHandler, 0x40),
    ("trap_stubs", RunningExample.text + 0x400, 0x1000),
    (KernelTable.symbol, RunningExample.table, 472),
    ("twice", RunningExample.text + 0x10, 1),
    ("twice", RunningExample.text + 0x20, 1),
  ]
  /// Where the file has an RDMSR.
  var borrowable: [UInt64] = []
  var returns = [ReturnInstruction(address: VirtualAddress(RunningExample.iretq), mnemonic: "iretq")]

  func name(of address: VirtualAddress) -> SymbolicName? {
    symbols.first { address.rawValue >= $0.address && address.rawValue - $0.address < $0.byteCount }.map {
      SymbolicName(name: $0.name, offset: address.rawValue - $0.address)
    }
  }

  func addresses(named name: String) -> [VirtualAddress] {
    symbols.filter { $0.name == name }.map { VirtualAddress($0.address) }
  }

  func names(withPrefix prefix: String) -> [String] {
    Set(symbols.map(\.name)).filter { $0.hasPrefix(prefix) }.sorted()
  }

  /// Where the lines are, for a program that has others than a line for each byte.
  var lines: ((UInt64) -> String?)?

  func sourceLine(at address: VirtualAddress) -> String? {
    if let lines { return lines(address.rawValue) }
    return name(of: address).map { "\($0.name).swift:\(10 + $0.offset)" }
  }

  /// Whole paths, by address.
  var places: [UInt64: SourceLine] = [:]
  func sourcePlace(at address: VirtualAddress) -> SourceLine? { places[address.rawValue] }

  /// Where lines have code.
  var code: [SourceAddress] = []
  func places(file: String, line: Int) -> [SourceAddress] {
    let behind = code.filter { $0.line.fileName == file && $0.line.line >= line }
    return behind.filter { $0.line.line == behind.map(\.line.line).min() }
  }

  func returnInstructions() -> [ReturnInstruction] { returns }
  func tableLoadInstructions() -> [VirtualAddress] { [VirtualAddress(RunningExample.ltr)] }
  var rootTableLoads: [UInt64] = []
  func rootTableLoadInstructions() -> [VirtualAddress] { rootTableLoads.map { VirtualAddress($0) } }
  var controlLoads: [UInt64] = []
  func controlLoadInstructions() -> [VirtualAddress] { controlLoads.map { VirtualAddress($0) } }
  func occurrences(of code: [UInt8]) -> [VirtualAddress] { borrowable.map { VirtualAddress($0) } }
}
