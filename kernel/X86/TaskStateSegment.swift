/// The 64-bit task-state segment. SDM Vol. 3A, 7.7, figure 7-11.
///
///     +0 reserved  +4 RSP0  +12 RSP1  +20 RSP2  +28 reserved  +36 IST1 ... +84 IST7  +92 reserved  +102 IOPB
public struct TaskStateSegment: Sendable {
  /// Bytes up to and including the I/O map base.
  public static let byteCount: UInt64 = 104
  public static let ioMapBaseOffset: UInt64 = 102

  /// Where the stack pointer for entries to `ring` 0...2 stands.
  public static func offset(ofStackFor ring: UInt8) -> UInt64 { 4 + 8 * UInt64(ring) }
  /// Where IST slot 1...7 stands.
  public static func offset(ofInterruptStack slot: UInt8) -> UInt64 { 36 + 8 * (UInt64(slot) - 1) }

  private var ringStacks = InlineArray<3, UInt64>(repeating: 0)
  private var interruptStacks = InlineArray<7, UInt64>(repeating: 0)
  /// The offset of the I/O permission bitmap.
  public private(set) var ioMapBase: UInt16 = 0

  fileprivate init() {}

  /// RSP0, RSP1 or RSP2.
  public func stackPointer(ring: Int) -> UInt64 { ringStacks[ring] }
  /// RSP0: the stack of every entry from Ring 3 whose gate names no IST slot.
  public var rsp0: UInt64 { ringStacks[0] }
  /// IST1...IST7.
  public func interruptStack(_ slot: Int) -> UInt64 { interruptStacks[slot - 1] }
}

extension TaskStateSegment {
  /// Reads the segment at linear address `base` field by field through the tables under `root`, so that one
  /// that straddles a page is read right. Nil when a byte of it is not mapped or cannot be read.
  public static func read<Memory: PhysicalMemory & ~Copyable>(
    at base: VirtualAddress, root: PhysicalFrame, mode: PagingMode, memory: inout Memory
  ) -> TaskStateSegment? {
    var segment = TaskStateSegment()
    for ring in 0..<3 {
      let offset = offset(ofStackFor: UInt8(truncatingIfNeeded: ring))
      guard let value = memory.loadVirtual(base + offset, root: root, mode: mode) else { return nil }
      segment.ringStacks[ring] = value
    }
    for slot in 1...7 {
      let offset = offset(ofInterruptStack: UInt8(truncatingIfNeeded: slot))
      guard let value = memory.loadVirtual(base + offset, root: root, mode: mode) else { return nil }
      segment.interruptStacks[slot - 1] = value
    }
    // The I/O map base is the top half of the qword at +96, so nothing past +103 is touched.
    guard let last = memory.loadVirtual(base + 96, root: root, mode: mode) else { return nil }
    segment.ioMapBase = UInt16(truncatingIfNeeded: last >> 48)
    return segment
  }
}
