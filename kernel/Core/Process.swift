import X86

/// What a process is doing.
public enum ProcessState: Equatable, Sendable {
  /// It may run, or it runs.
  case ready
  /// In wait(): woken when a child ends.
  case waitingForChild
  /// In read(): woken when the console has a byte.
  case waitingForInput
  /// Ended with this status; waits for its parent to ask.
  case ended(status: Int32)
}

/// The linear addresses that FS and GS stand for in Ring 3. A process begins with 0, inherits its parent's by fork, and
/// sets them by a system call.
public struct UserBases: Equatable, Sendable {
  public var fs: UInt64
  public var gs: UInt64

  public init(fs: UInt64 = 0, gs: UInt64 = 0) {
    self.fs = fs
    self.gs = gs
  }
}

/// One process. Its registers in Ring 3 are on its kernel stack while it is in the kernel; the kernel-side
/// context of a process that does not run is kept beside the table, under the same index.
public struct Process: Sendable {
  public let id: UInt64
  /// 0 when the kernel itself started it, or its parent has ended.
  public internal(set) var parent: UInt64
  public internal(set) var state: ProcessState = .ready
  /// Nil once the process has ended and its memory is back.
  public internal(set) var space: ProcessSpace?
  public internal(set) var stack: KernelStack?
  public internal(set) var bases = UserBases()
  /// How often the timer took the processor away from it in Ring 3.
  public internal(set) var preemptions: UInt64 = 0

  init(id: UInt64, parent: UInt64, space: ProcessSpace, stack: KernelStack) {
    self.id = id
    self.parent = parent
    self.space = space
    self.stack = stack
  }

  /// True when the process's memory has been freed and only its status is left.
  public var hasEnded: Bool { if case .ended = state { true } else { false } }
}

/// Every process, found by a small index that also numbers its kernel stack's slot.
///
/// Even looking is `mutating` here: Swift 6.3 copies a whole `InlineArray` (6 KiB of it) to read one element through
/// a shared reference, and reads it in place through an exclusive one.
public struct ProcessTable: ~Copyable {
  public static let capacity = StackRegion.slotCount

  private var entries = InlineArray<64, Process?>(repeating: nil)
  private var nextID: UInt64 = 1
  public private(set) var count = 0
  /// The entries that were written since ``takeChanges()``: bit n for entry n.
  private var changes: UInt64 = 0

  public init() {}

  public subscript(index: Int) -> Process? {
    mutating get { entries[index] }
    set {
      entries[index] = newValue
      noteChange(at: index)
    }
  }

  /// The lowest free index. Slots of ended processes are used again.
  mutating func freeIndex() -> Int? {
    for index in 0..<Self.capacity where entries[index] == nil { return index }
    return nil
  }

  /// The id that the next process gets: ids are never used twice.
  mutating func takeID() -> UInt64 {
    defer { nextID += 1 }
    return nextID
  }

  mutating func insert(_ process: Process, at index: Int) {
    entries[index] = process
    noteChange(at: index)
    count += 1
  }

  mutating func remove(at index: Int) {
    if entries[index] != nil { count -= 1 }
    entries[index] = nil
    noteChange(at: index)
  }

  private mutating func noteChange(at index: Int) { changes |= 1 << UInt64(truncatingIfNeeded: index) }

  /// The entries that were written since this was asked last: bit n for entry n.
  public mutating func takeChanges() -> UInt64 {
    defer { changes = 0 }
    return changes
  }

  public mutating func index(of id: UInt64) -> Int? {
    for index in 0..<Self.capacity where entries[index]?.id == id { return index }
    return nil
  }

  /// The next process after `index` that may run, in turn; `index` itself comes last.
  public mutating func nextReady(after index: Int) -> Int? {
    for step in 1...Self.capacity {
      let candidate = (index + step) % Self.capacity
      if entries[candidate]?.state == .ready { return candidate }
    }
    return nil
  }

  /// True while a process exists that has not ended.
  public mutating func hasLiving() -> Bool {
    for index in 0..<Self.capacity {
      if let process = entries[index], !process.hasEnded { return true }
    }
    return false
  }
}
