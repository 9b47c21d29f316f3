import X86

/// Where the bytes of write() go and those of read() come from.
public protocol ConsoleDevice {
  mutating func write(_ byte: UInt8)
  /// The next byte that was typed, nil when there is none yet.
  mutating func read() -> UInt8?
}

/// Why a process could not be made.
public enum CreationError: Error, Equatable, Sendable {
  case tooManyProcesses
  case outOfMemory
  case program(ProgramError)
}

/// The kernel's books: memory, processes, and what the system calls do with them. It decides and never touches
/// the processor, so the same code runs under `swift test`.
public struct KernelSystem<Memory: WritablePhysicalMemory & ~Copyable, Console: ConsoleDevice>: ~Copyable {
  public var frames: FrameAllocator<Memory>
  public var console: Console
  public var processes = ProcessTable()
  /// The kernel's own table. It maps every kernel stack.
  public let kernelSpace: AddressSpace
  public let archive: CpioArchive
  /// Milliseconds since boot.
  public var milliseconds: UInt64 = 0
  /// Watches what processes do, for the baseline test.
  public var witness = Witness()
  /// The root table that was freed last and that no process has for its own since: nobody may load it.
  public private(set) var freedRoot: PhysicalFrame?

  /// User stacks: 64 KiB below this address, nothing mapped above or below.
  static var userStackTop: UInt64 { 0x7fff_f000_0000 }
  static var userStackPages: UInt64 { 16 }

  public init(
    frames: consuming FrameAllocator<Memory>, console: Console, kernelSpace: AddressSpace,
    archive: CpioArchive
  ) {
    self.frames = frames
    self.console = console
    self.kernelSpace = kernelSpace
    self.archive = archive
  }

  /// Where a program starts.
  public struct Start: Equatable, Sendable {
    public let entry: UInt64
    public let stackPointer: UInt64
  }

  /// Makes a process from `program`: kernel stack, table with exactly that stack, segments, user stack. Returns
  /// its index; it is ready to run once its kernel-side context is set.
  public mutating func create(
    program: PhysicalBytes, parent: UInt64
  ) throws(CreationError) -> (index: Int, start: Start) {
    let index = try reserve(parent: parent)
    guard let space = processes[index]?.space else { throw .tooManyProcesses }
    do {
      return (index, try load(program, into: space))
    } catch {
      discard(index)
      throw error
    }
  }

  /// A table entry with a kernel stack and an empty address space.
  private mutating func reserve(parent: UInt64) throws(CreationError) -> Int {
    guard let index = processes.freeIndex() else { throw .tooManyProcesses }
    let stack: KernelStack
    let space: ProcessSpace
    do {
      stack = try KernelStack.create(slot: index, kernel: kernelSpace, frames: &frames)
    } catch {
      throw .outOfMemory
    }
    do {
      space = try ProcessSpace(kernel: kernelSpace, stack: stack, frames: &frames)
    } catch {
      stack.destroy(kernel: kernelSpace, frames: &frames)
      throw .outOfMemory
    }
    take(space)
    processes.insert(
      Process(id: processes.takeID(), parent: parent, space: space, stack: stack), at: index)
    return index
  }

  private mutating func load(
    _ program: PhysicalBytes, into space: ProcessSpace
  ) throws(CreationError) -> Start {
    let entry: UInt64
    do { entry = try space.load(program, frames: &frames) } catch { throw .program(error) }
    for page in 1...Self.userStackPages {
      let address = VirtualAddress(Self.userStackTop - page * PageSize.size4KiB.bytes)
      do {
        try space.mapFresh(address, flags: .writable | .noExecute, frames: &frames)
      } catch {
        if case .outOfFrames = error { throw .outOfMemory }
        // A segment of the program stands in its place.
        throw .program(.badSegment)
      }
    }
    return Start(entry: entry, stackPointer: Self.userStackTop)
  }

  /// Undoes ``reserve(parent:)``.
  private mutating func discard(_ index: Int) {
    releaseMemory(of: index)
    processes.remove(at: index)
  }

  /// Gives back the memory of process `index`. Its table must not be loaded: this runs on the kernel's.
  public mutating func releaseMemory(of index: Int) {
    guard let process = processes[index] else { return }
    if let space = process.space { destroy(space) }
    process.stack?.destroy(kernel: kernelSpace, frames: &frames)
    processes[index]?.space = nil
    processes[index]?.stack = nil
  }

  private mutating func destroy(_ space: ProcessSpace) {
    freedRoot = space.tables.root
    space.destroy(frames: &frames)
  }

  /// A new table may lie where the one freed last did.
  private mutating func take(_ space: ProcessSpace) {
    if space.tables.root == freedRoot { freedRoot = nil }
  }

  // MARK: the ends of processes

  /// Process `index` ends. Its memory stays until ``reap()``, because its table is still loaded.
  public mutating func end(_ index: Int, status: Int32) {
    guard let process = processes[index], !process.hasEnded else { return }
    processes[index]?.state = .ended(status: status)
    witness.ended(process, status: status)
    for other in 0..<ProcessTable.capacity {
      if processes[other]?.parent == process.id { processes[other]?.parent = 0 }
    }
    if let parent = processes.index(of: process.parent), processes[parent]?.state == .waitingForChild {
      processes[parent]?.state = .ready
    }
  }

  /// Frees the memory of every process that has ended, and forgets those that nobody will wait for. Runs on the
  /// kernel's own table and stack, where nothing of theirs is in use.
  public mutating func reap() {
    for index in 0..<ProcessTable.capacity {
      guard let process = processes[index], process.hasEnded else { continue }
      if process.space != nil { releaseMemory(of: index) }
      if process.parent == 0 { processes.remove(at: index) }
    }
  }

  /// The console has a byte: whoever waits for one may look again.
  public mutating func inputArrived() {
    for index in 0..<ProcessTable.capacity where processes[index]?.state == .waitingForInput {
      processes[index]?.state = .ready
    }
  }

  /// The timer took the processor from process `index` while it was in Ring 3.
  public mutating func preempted(_ index: Int) { processes[index]?.preemptions += 1 }
}

extension KernelSystem where Memory: ~Copyable {
  /// A child of process `index`: the same user pages in frames of its own, a kernel stack of its own.
  mutating func fork(_ index: Int) throws(CreationError) -> Int {
    guard let parent = processes[index], let parentSpace = parent.space else { throw .tooManyProcesses }
    let child = try reserve(parent: parent.id)
    guard let space = processes[child]?.space else { throw .tooManyProcesses }
    processes[child]?.bases = parent.bases
    do {
      try space.copyUserHalf(of: parentSpace, frames: &frames)
    } catch {
      discard(child)
      throw .outOfMemory
    }
    return child
  }

  /// Replaces the program of process `index`, which keeps its id and its kernel stack. The new lower half is built
  /// in a table of its own first, so that a program that cannot be loaded leaves the caller as it was; then the two
  /// tables exchange their lower halves, because the caller's table is loaded right now.
  mutating func execute(_ index: Int, program: PhysicalBytes) throws(CreationError) -> Start {
    guard let stack = processes[index]?.stack, let current = processes[index]?.space else {
      throw .tooManyProcesses
    }
    let space: ProcessSpace
    do {
      space = try ProcessSpace(kernel: kernelSpace, stack: stack, frames: &frames)
    } catch {
      throw .outOfMemory
    }
    take(space)
    let start: Start
    do {
      start = try load(program, into: space)
    } catch {
      destroy(space)
      throw error
    }
    for entry in ProcessSpace.userEntries {
      let old = current.tables.root.address + UInt64(entry) * 8
      let new = space.tables.root.address + UInt64(entry) * 8
      let oldValue = frames.memory.load(old) ?? 0
      frames.memory.store(frames.memory.load(new) ?? 0, at: old)
      frames.memory.store(oldValue, at: new)
    }
    destroy(space)
    processes[index]?.bases = UserBases()
    return start
  }
}
