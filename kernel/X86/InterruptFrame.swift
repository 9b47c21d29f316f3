/// The five qwords that an event pushes and `iretq` pops, lowest address first. SDM Vol. 3A, figure 6-9.
public struct InterruptFrame: Equatable, Sendable {
  public static let byteCount: UInt64 = 40
  /// The same with the error code that ten vectors push below it.
  public static let byteCountWithErrorCode: UInt64 = 48

  public var rip: UInt64
  public var cs: UInt64
  public var rflags: RFlags
  public var rsp: UInt64
  public var ss: UInt64

  public init(rip: UInt64, cs: UInt64, rflags: RFlags, rsp: UInt64, ss: UInt64) {
    self.rip = rip
    self.cs = cs
    self.rflags = rflags
    self.rsp = rsp
    self.ss = ss
  }

  public var codeSelector: SegmentSelector { SegmentSelector(rawValue: UInt16(truncatingIfNeeded: cs)) }
  public var stackSelector: SegmentSelector { SegmentSelector(rawValue: UInt16(truncatingIfNeeded: ss)) }

  /// True when the frame belongs to Ring 3: CS.RPL is the privilege that was, or will be, current.
  public var isUser: Bool { codeSelector.requestedPrivilege == 3 }

  /// Where the processor puts the first byte above a frame that it pushes from `stackPointer`: aligned down to
  /// 16 bytes before the first push. SDM Vol. 3A, 6.14.2.
  public static func top(for stackPointer: UInt64) -> UInt64 { stackPointer & ~0xf }
}

extension InterruptFrame {
  /// Reads the frame whose lowest byte is at `address`. Nil when a byte of it is not mapped.
  public static func read<Memory: PhysicalMemory & ~Copyable>(
    at address: VirtualAddress, root: PhysicalFrame, mode: PagingMode, memory: inout Memory
  ) -> InterruptFrame? {
    guard let rip = memory.loadVirtual(address, root: root, mode: mode),
      let cs = memory.loadVirtual(address + 8, root: root, mode: mode),
      let rflags = memory.loadVirtual(address + 16, root: root, mode: mode),
      let rsp = memory.loadVirtual(address + 24, root: root, mode: mode),
      let ss = memory.loadVirtual(address + 32, root: root, mode: mode)
    else { return nil }
    return InterruptFrame(rip: rip, cs: cs, rflags: RFlags(rawValue: rflags), rsp: rsp, ss: ss)
  }
}
