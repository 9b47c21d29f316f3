import X86

/// One qword that was read from a machine.
public struct RecordedRead: Equatable, Sendable {
  /// What kind of thing stands there.
  public enum Kind: UInt8, Equatable, Sendable {
    /// An entry of a page table: A and D are the processor's, and not compared.
    case entry
    case data
  }

  public let address: PhysicalAddress
  public let kind: Kind
  /// Nil outside memory.
  public let value: UInt64?

  public init(_ address: PhysicalAddress, _ kind: Kind, _ value: UInt64?) {
    self.address = address
    self.kind = kind
    let written = PageTableEntry.processorWritten.rawValue
    self.value = kind == .entry ? value.map { $0 & ~written } : value
  }

  /// True when less is allowed than `before` allowed: what a cached translation may still hide.
  /// SDM Vol. 3A, 4.10.4.
  public func isNarrower(than before: RecordedRead) -> Bool {
    guard kind == .entry, before.kind == .entry, let value, let old = before.value else { return false }
    let (new, previous) = (PageTableEntry(rawValue: value), PageTableEntry(rawValue: old))
    guard previous.isPresent else { return false }
    guard new.isPresent else { return true }
    let lost = previous.rawValue & ~new.rawValue
    let permissions: PageTableEntry.Flags = .writable | .user
    return lost & permissions.rawValue != 0
      || new.rawValue & ~previous.rawValue & PageTableEntry.Flags.noExecute.rawValue != 0
  }
}

/// Who remembers what was read.
public protocol ReadRecorder: ~Copyable {
  mutating func record(_ read: RecordedRead)
}

/// A machine whose every read is told to a recorder. The rules know nothing of it.
public struct RecordingMemory<Base: MachineView, Recorder: ReadRecorder>: MachineView {
  public var base: Base
  public var recorder: Recorder

  public init(_ base: Base, _ recorder: Recorder) {
    self.base = base
    self.recorder = recorder
  }

  public var registers: RegisterFile { base.registers }

  public mutating func load(_ address: PhysicalAddress) -> UInt64? {
    let value = base.load(address)
    recorder.record(RecordedRead(address, .data, value))
    return value
  }

  public mutating func loadEntry(_ address: PhysicalAddress) -> UInt64? {
    let value = base.loadEntry(address)
    recorder.record(RecordedRead(address, .entry, value))
    return value
  }

  public mutating func read(_ address: PhysicalAddress, into bytes: inout MutableRawSpan) -> Bool {
    let isRead = base.read(address, into: &bytes)
    var aligned = PhysicalAddress(truncating: address.rawValue & ~7)
    let end = address.rawValue &+ UInt64(truncatingIfNeeded: bytes.byteCount)
    while aligned.rawValue < end, aligned.rawValue >= address.rawValue & ~7 {
      recorder.record(RecordedRead(aligned, .data, base.load(aligned)))
      aligned = aligned + 8
    }
    return isRead
  }

  /// Not recorded: what stands there is nobody's business, and memory does not go away.
  public mutating func isMemory(_ address: PhysicalAddress) -> Bool { base.isMemory(address) }

  public mutating func prefetch(_ address: PhysicalAddress, byteCount: Int) {
    base.prefetch(address, byteCount: byteCount)
  }
}
