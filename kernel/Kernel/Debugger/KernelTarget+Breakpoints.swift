import Core
import Machine
import RemoteProtocol
import Stub
import X86

extension KernelTarget {
  mutating func insert(_ breakpoint: BreakpointRequest) throws(Refusal) {
    switch breakpoint.type {
    case .software: try insertSoftware(breakpoint)
    case .hardware: try insertHardware(breakpoint, condition: 0, byteCount: 1)
    case .writeWatchpoint: try insertHardware(breakpoint, condition: 1, byteCount: breakpoint.byteCount)
    case .accessWatchpoint: try insertHardware(breakpoint, condition: 3, byteCount: breakpoint.byteCount)
    case .readWatchpoint: throw Refusal(Refusal.invalid, "the processor cannot watch reads alone")
    }
  }

  mutating func remove(_ breakpoint: BreakpointRequest) throws(Refusal) {
    if breakpoint.type == .software {
      if let slot = Self.softwareSlot(at: breakpoint.address) { DebugHardware.clearBreakpoint(slot) }
    } else if let length = Self.length(of: breakpoint),
      let slot = Self.watchSlot(
        at: breakpoint.address, condition: Self.condition(breakpoint.type), length: length)
    {
      DebugHardware.control &= ~Self.controlMask(slot)
    }
  }

  mutating func removeAllBreakpoints() {
    for slot in 0..<DebugHardware.breakpointCount { DebugHardware.clearBreakpoint(slot) }
    DebugHardware.control = 0
  }

  // MARK: Software

  static func softwareSlot(at address: UInt64) -> Int? {
    for slot in 0..<DebugHardware.breakpointCount where DebugHardware.address(ofBreakpoint: slot) == address {
      return slot
    }
    return nil
  }

  private mutating func insertSoftware(_ breakpoint: BreakpointRequest) throws(Refusal) {
    let address = breakpoint.address
    guard Self.softwareSlot(at: address) == nil else { return }
    guard !DebugHardware.isEntryText(address) else {
      throw Refusal(Refusal.notPermitted, "the way into the debugger itself leads through", at: address)
    }
    guard address != 0, case .place(let place) = translate(address, in: .linear(breakpoint.thread)),
      ExportedTable.isRAM(place, byteCount: 1)
    else { throw Refusal(Refusal.badAddress, "nothing is mapped at", at: address) }
    for slot in 0..<DebugHardware.breakpointCount where DebugHardware.address(ofBreakpoint: slot) == nil {
      var window = PhysicalWindow()
      DebugHardware.setBreakpoint(
        slot, address: address, byte: place, readOnlyEntry: window.readOnlyEntry(of: place),
        root: address < UserRange.limit ? root(of: breakpoint.thread) : nil)
      return
    }
    throw Refusal(Refusal.noSpace, "all 64 software breakpoints are in use")
  }

  // MARK: Debug registers. SDM Vol. 3B, 17.2.4.

  /// Enable bit (global), condition and length of `slot` in DR7.
  private static func controlMask(_ slot: Int) -> UInt64 {
    0x3 << UInt64(slot * 2) | 0xf << UInt64(16 + slot * 4)
  }

  private static func condition(_ type: BreakpointType) -> UInt64 {
    switch type {
    case .software, .hardware: 0
    case .writeWatchpoint: 1
    case .readWatchpoint, .accessWatchpoint: 3
    }
  }

  private static func isEnabled(_ slot: Int) -> Bool { DebugHardware.control >> UInt64(slot * 2) & 3 != 0 }

  private static func condition(of slot: Int) -> UInt64 { DebugHardware.control >> UInt64(16 + slot * 4) & 3 }

  private static func length(of slot: Int) -> UInt64 { DebugHardware.control >> UInt64(18 + slot * 4) & 3 }

  /// The encoding of how many bytes are watched; an instruction counts as one. Nil for what there is none of.
  private static func length(of breakpoint: BreakpointRequest) -> UInt64? {
    guard breakpoint.type != .hardware else { return 0 }
    switch breakpoint.byteCount {
    case 1: return 0
    case 2: return 1
    case 4: return 3
    case 8: return 2
    default: return nil
    }
  }

  private static func watchSlot(at address: UInt64, condition wanted: UInt64, length: UInt64) -> Int? {
    for slot in 0..<DebugHardware.watchCount
    where isEnabled(slot) && DebugHardware.address(ofWatch: slot) == address && condition(of: slot) == wanted
      && Self.length(of: slot) == length
    {
      return slot
    }
    return nil
  }

  /// True when a debug register would stop at `address` before its instruction.
  static func hasExecutionBreakpoint(at address: UInt64) -> Bool {
    watchSlot(at: address, condition: 0, length: 0) != nil
  }

  private mutating func insertHardware(
    _ breakpoint: BreakpointRequest, condition: UInt64, byteCount: UInt64
  ) throws(Refusal) {
    guard let length = Self.length(of: breakpoint) else {
      throw Refusal(Refusal.invalid, "the processor watches 1, 2, 4 or 8 bytes")
    }
    guard Self.watchSlot(at: breakpoint.address, condition: condition, length: length) == nil else { return }
    guard breakpoint.address & (byteCount - 1) == 0 else {
      throw Refusal(
        Refusal.invalid, "the processor watches aligned addresses only, not", at: breakpoint.address)
    }
    for slot in 0..<DebugHardware.watchCount where !Self.isEnabled(slot) {
      DebugHardware.setWatch(slot, address: breakpoint.address)
      let bits = 0x2 << UInt64(slot * 2) | (condition | length << 2) << UInt64(16 + slot * 4)
      DebugHardware.control = DebugHardware.control & ~Self.controlMask(slot) | bits
      return
    }
    throw Refusal(Refusal.noSpace, "all four debug registers are in use")
  }

  /// What the debug registers say about the exception that just came; nil when it was none of theirs.
  static func hardwareCause(_ status: UInt64) -> StopReason.Cause? {
    for slot in 0..<DebugHardware.watchCount where status >> UInt64(slot) & 1 != 0 && isEnabled(slot) {
      let address = DebugHardware.address(ofWatch: slot)
      switch condition(of: slot) {
      case 0: return .hardwareBreakpoint
      case 1: return .watchpoint(Watchpoint(kind: .write, address: address))
      default: return .watchpoint(Watchpoint(kind: .access, address: address))
      }
    }
    return nil
  }
}
