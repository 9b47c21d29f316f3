import X86

/// A machine at the `iretq` of a return to Ring 3, with everything as it should be. Tests break one thing.
public enum Layout {
  public static let kernelText: UInt64 = 0xffff_ffff_8000_1000
  public static let iretq: UInt64 = kernelText + 0x100
  public static let gdt: UInt64 = 0xffff_ffff_8001_0000
  public static let idt: UInt64 = 0xffff_ffff_8001_1000
  public static let tss: UInt64 = 0xffff_ffff_8001_2000
  public static let rsp0: UInt64 = 0xffff_c900_0000_5000
  public static let stackSize: UInt64 = 0x4000
  public static let guardPage: UInt64 = 0xffff_c900_0000_0000
  public static let exitStackTop: UInt64 = 0xffff_c980_0000_5000
  public static let userText: UInt64 = 0x1000_0000
  public static let interruptInstruction: UInt64 = 0x1000_0019
  public static let userStackTop: UInt64 = 0x7fff_0000_0000
  public static let userCode: UInt64 = 0x33
  /// The frame of the root table, the first that is handed out.
  public static let root = PhysicalFrame(containing: PhysicalAddress(truncating: 0x10_0000))
  /// The entry of SYSCALL, and what its SWAPGS finds.
  public static let systemCallEntry: UInt64 = kernelText + 0xc00
  public static let perProcessorBlock: UInt64 = 0xffff_ffff_8002_0000
  public static let userBase: UInt64 = 0x1000_0800
  public static let userData: UInt64 = 0x2b

  /// The stack of IST1...IST7: 4 pages each, guarded.
  public static func interruptStackTop(_ slot: Int) -> UInt64 { exitStackTop + UInt64(slot) * 0x8000 }
  /// The handler of `vector`.
  public static func handler(_ vector: UInt8) -> UInt64 { kernelText + 0x200 + UInt64(vector) * 8 }
  /// Where the descriptor of `vector` stands.
  public static func gate(_ vector: UInt8) -> UInt64 { idt + UInt64(vector) * 16 }
}

extension TestMachine {
  /// The healthy machine.
  public static var healthy: TestMachine {
    var machine = TestMachine()
    machine.setControlRegisters()
    machine.buildMemory()
    machine.buildTables()
    machine.standAtReturn()
    return machine
  }

  private mutating func setControlRegisters() {
    registers.cr0 = .protectionEnable | .paging | .writeProtect | .numericError
    registers.cr4 = .physicalAddressExtension | .machineCheckEnable
    registers.efer = .longModeEnable | .longModeActive | .noExecuteEnable
    registers.cr3 = CR3(root: allocateFrame())
    registers.physicalAddressBits = 40
    registers.cr8 = 0
    registers.fsBase = 0
    registers.gsBase = 0
    registers.kernelGSBase = 0
    registers.debugAddress = InlineArray(repeating: 0)
    registers.sysenterCS = 0
    registers.sysenterESP = 0
    registers.sysenterEIP = 0
    registers.debugStatus = 0xffff_0ff0
    registers.debugControl = 0x400
    // A processor without SMEP, SMAP and UMIP, so that tests switch on what they are about.
    registers.features.set(.supervisorExecutionPrevention, false)
    registers.features.set(.supervisorAccessPrevention, false)
    registers.features.set(.userModeInstructionPrevention, false)
    registers.features.set(.machineCheckException, true)
  }

  private mutating func buildMemory() {
    let kernelData: PageTableEntry.Flags = .present | .writable | .noExecute
    mapFresh(Layout.kernelText, flags: .present)
    for table in [Layout.gdt, Layout.idt] { mapFresh(table, flags: .present | .noExecute) }
    mapFresh(Layout.tss, flags: kernelData)
    mapFresh(Layout.rsp0 - Layout.stackSize, pages: 4, flags: kernelData)
    mapFresh(Layout.exitStackTop - Layout.stackSize, pages: 4, flags: kernelData)
    for slot in 1...7 {
      mapFresh(Layout.interruptStackTop(slot) - Layout.stackSize, pages: 4, flags: kernelData)
    }
    mapFresh(Layout.userText, flags: .present | .user)
    mapFresh(Layout.userStackTop - 4096, flags: .present | .writable | .user | .noExecute)
    storeVirtual([0xcd, 0x80], at: Layout.interruptInstruction)
    storeVirtual([0x48, 0xcf], at: Layout.iretq)
  }

  private mutating func buildTables() {
    let descriptors: [UInt64] = [
      0, 0x00af_9b00_0000_ffff, 0x00cf_9300_0000_ffff, 0, 0, 0x00cf_f300_0000_ffff, 0x00af_fb00_0000_ffff,
    ]
    for (index, descriptor) in descriptors.enumerated() {
      storeVirtual(descriptor, at: Layout.gdt + UInt64(index * 8))
    }
    setTaskDescriptor(base: Layout.tss, limit: 103, type: .busyTSS)
    registers.globalTable = TableRegister(base: VirtualAddress(Layout.gdt), limit: 55)
    registers.interruptTable = TableRegister(base: VirtualAddress(Layout.idt), limit: 0xfff)
    registers.localTable = SegmentCache(
      selector: SegmentSelector(rawValue: 0), base: 0, limit: 0xffff, attributes: nil)
    registers.taskRegister = SegmentCache(
      selector: SegmentSelector(rawValue: 0x18), base: Layout.tss, limit: 103,
      attributes: SegmentAttributes(rawValue: 0x8b))
    storeVirtual(Layout.rsp0, at: Layout.tss + 4)
    for slot in 1...7 { setInterruptStack(slot, Layout.interruptStackTop(slot)) }
    storeVirtual(0x0068_0000_0000_0000, at: Layout.tss + 96)
    for number in 0...255 { setGate(UInt8(number)) }
    setGate(0x80, privilege: 3)
    setGate(3, privilege: 3)
    setGate(4, privilege: 3)
    for (vector, slot) in [(8, 1), (2, 2), (18, 3), (1, 4)] {
      setGate(UInt8(vector), interruptStack: UInt8(slot))
    }
  }

  private mutating func standAtReturn() {
    registers.cs = SegmentSelector(rawValue: 0x08)
    registers.ss = SegmentSelector(rawValue: 0x10)
    registers.rip = Layout.iretq
    registers.rflags = .fixedOne
    registers.rsp = Layout.exitStackTop - InterruptFrame.byteCount
    setFrame(Self.userFrame)
  }

  /// The frame of the healthy return.
  public static var userFrame: InterruptFrame {
    InterruptFrame(
      rip: Layout.userText, cs: Layout.userCode, rflags: .fixedOne | .interruptEnable,
      rsp: Layout.userStackTop, ss: Layout.userData)
  }

  /// Writes the frame at RSP.
  public mutating func setFrame(_ frame: InterruptFrame) {
    let words = [frame.rip, frame.cs, frame.rflags.rawValue, frame.rsp, frame.ss]
    for (index, word) in words.enumerated() { storeVirtual(word, at: registers.rsp + UInt64(index * 8)) }
  }

  /// Changes the frame at RSP.
  public mutating func editFrame(_ change: (inout InterruptFrame) -> Void) {
    var frame = InterruptFrame.read(
      at: VirtualAddress(registers.rsp), root: root, mode: mode, memory: &self)!
    change(&frame)
    setFrame(frame)
  }

  public mutating func setGate(
    _ vector: UInt8, offset: UInt64? = nil, selector: UInt16 = 8,
    type: SystemDescriptorType = .interruptGate, privilege: UInt8 = 0, interruptStack: UInt8 = 0
  ) {
    let gate = GateDescriptor(
      offset: VirtualAddress(offset ?? Layout.handler(vector)), selector: SegmentSelector(rawValue: selector),
      type: type, privilege: privilege, interruptStack: interruptStack)
    storeVirtual(gate.low, at: Layout.gate(vector))
    storeVirtual(gate.high, at: Layout.gate(vector) + 8)
  }

  /// Makes the gate of `vector` absent.
  public mutating func removeGate(_ vector: UInt8) {
    storeVirtual(loadVirtual(Layout.gate(vector))! & ~(1 << 47), at: Layout.gate(vector))
  }

  public mutating func setRSP0(_ value: UInt64) { storeVirtual(value, at: Layout.tss + 4) }

  public mutating func setInterruptStack(_ slot: Int, _ value: UInt64) {
    storeVirtual(value, at: Layout.tss + 36 + UInt64(slot - 1) * 8)
  }

  /// Writes descriptor `index` of the GDT.
  public mutating func setDescriptor(_ index: Int, _ value: UInt64) {
    storeVirtual(value, at: Layout.gdt + UInt64(index * 8))
  }

  public mutating func setTaskDescriptor(base: UInt64, limit: UInt32, type: SystemDescriptorType) {
    let low =
      UInt64(limit & 0xffff) | (base & 0xff_ffff) << 16 | UInt64(0x80 | type.rawValue) << 40
      | UInt64(limit >> 16 & 0xf) << 48 | (base >> 24 & 0xff) << 56
    setDescriptor(3, low)
    setDescriptor(4, base >> 32)
  }

  /// Stands the machine in Ring 3, at `rip`.
  public mutating func enterRingThree(at rip: UInt64 = Layout.interruptInstruction) {
    registers.rip = rip
    registers.cs = SegmentSelector(rawValue: UInt16(Layout.userCode))
    registers.ss = SegmentSelector(rawValue: UInt16(Layout.userData))
    registers.rflags = .fixedOne | .interruptEnable
    registers.rsp = Layout.userStackTop
  }

  /// Ring 3 about to execute the instruction at `rip`.
  public static func program(at rip: UInt64 = Layout.interruptInstruction) -> InterruptFrame {
    var frame = userFrame
    frame.rip = rip
    return frame
  }
}
