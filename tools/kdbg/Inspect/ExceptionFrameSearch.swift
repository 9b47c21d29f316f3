import X86

/// Looks for an exception frame where neither call-frame information nor frame pointers lead on.
enum ExceptionFrameSearch {
  /// How far above RSP a frame is looked for, in bytes: the stacks of most kernels.
  private static let reach: UInt64 = 16 << 10

  /// What `frame`'s handler interrupted: the frame at the top of the TSS's stack on which it runs, else the first five words
  /// that can be nothing else. Nil when there are none.
  static func above(_ frame: StackFrame, _ machine: inout some Debuggee) -> StackFrame? {
    guard let rsp = frame.registers.rsp, rsp & 7 == 0 else { return nil }
    let registers = machine.registers
    let root = registers.cr3.root
    let mode = registers.pagingMode
    let table = try? DescriptorTableView(globalTableOf: &machine)
    let top = stackTop(over: rsp, &machine)
    var address = VirtualAddress(rsp)
    while address.rawValue &- rsp < reach {
      if let top, address.rawValue > top { return nil }
      guard
        let words = InterruptFrame.read(at: address, root: root, mode: mode, memory: &machine)
      else { return nil }
      if isPlausible(words, table), machine.mapsCode(at: VirtualAddress(words.rip)) {
        let isTop = address.rawValue == top
        return StackFrame(
          words, .init(address: address, evidence: isTop ? .stackTop : .words, vector: nil), over: frame)
      }
      address = address + 8
    }
    return nil
  }

  /// Where the frame lies that the processor pushed onto the TSS's stack that holds `rsp`.
  private static func stackTop(over rsp: UInt64, _ machine: inout some Debuggee) -> UInt64? {
    guard let state = try? TaskStateView(of: &machine) else { return nil }
    return state.stacks
      .filter { $0.state != .zero && $0.state != .nonCanonical }
      .map { InterruptFrame.top(for: $0.pointer) &- InterruptFrame.byteCount }
      .filter { $0 >= rsp && $0 &- rsp < reach }
      .min()
  }

  /// True when the five words can be what the processor pushed. SDM Vol. 3A, 6.14.2 and 3.4.3.
  private static func isPlausible(_ frame: InterruptFrame, _ table: DescriptorTableView?) -> Bool {
    let code = frame.codeSelector
    let stack = frame.stackSelector
    let ring = code.requestedPrivilege
    guard frame.cs >> 16 == 0, frame.ss >> 16 == 0, ring == 0 || ring == 3, !code.isNull,
      frame.rflags.rawValue & RFlags.fixedMask == RFlags.fixedValue, frame.rip >> 63 == (ring == 0 ? 1 : 0)
    else { return false }
    guard stack.isNull ? ring == 0 : stack.requestedPrivilege == ring else { return false }
    guard let table else { return true }
    func descriptor(_ selector: SegmentSelector) -> SegmentDescriptor? {
      table.entries.first { $0.selector.rawValue == selector.rawValue & ~7 }?.descriptor
    }
    guard let codeAttributes = descriptor(code)?.attributes, codeAttributes.isCode, codeAttributes.isPresent,
      codeAttributes.privilege == ring
    else { return false }
    return stack.isNull || descriptor(stack)?.attributes.isWritableData ?? false
  }
}

extension RFlags {
  /// Bits 63:22, 15, 5 and 3 are zero and bit 1 is set in every value that the processor pushes. SDM Vol. 1, figure 3-8.
  fileprivate static let fixedMask: UInt64 = ~0x3f_ffff | 1 << 15 | 1 << 5 | 1 << 3 | 1 << 1
  fileprivate static let fixedValue: UInt64 = 1 << 1
}

extension Debuggee {
  /// The qword at linear `address` under the loaded CR3 (a physical one while paging is off).
  func qword(at address: VirtualAddress) -> UInt64? {
    var machine = self
    let registers = coreRegisters
    guard registers.cr0.contains(.paging) else {
      return PhysicalAddress(exactly: address.rawValue).flatMap { machine.loadUnaligned($0) }
    }
    return machine.loadVirtual(address, root: registers.cr3.root, mode: registers.pagingMode)
  }

  /// True where an instruction could be fetched, in whatever ring.
  func mapsCode(at address: VirtualAddress) -> Bool {
    var machine = self
    let registers = coreRegisters
    guard registers.cr0.contains(.paging) else { return true }
    let walk = machine.walk(address, root: registers.cr3.root, mode: registers.pagingMode)
    return walk.physicalAddress != nil && walk.rights.isExecutable
  }

  /// True when the instruction before `address` can be a call: E8 with a displacement, or FF /2. SDM Vol. 2A, CALL.
  func followsCall(_ address: VirtualAddress) -> Bool {
    guard mapsCode(at: address) else { return false }
    let longest = 7
    let before = bytes(at: address - UInt64(longest), count: longest)
    guard before.count == longest else { return false }
    if before[longest - 5] == 0xe8 { return true }
    return (2...longest).contains { length in
      let start = longest - length
      return before[start] == 0xff && (before[start + 1] >> 3) & 7 == 2
    }
  }
}
