import Inspect
import Session
import X86

/// A machine made by hand: memory as qwords, registers, and a list of what happens when it runs.
final class FakeMachine: Debuggee {
  /// What one `resume` or `step` does to the machine, and how it ends.
  typealias Episode = (FakeMachine) -> StopEvent

  var qwords: [UInt64: UInt64] = [:]
  let memoryByteCount: UInt64
  var registerFile = RegisterFile()
  var episodes: [Episode] = []
  var failure: SessionError?
  var monitorReplies: [String: String] = [:]
  private(set) var insertions: [BreakpointKind: Set<UInt64>] = [:]
  var breakpoints: Set<UInt64> { insertions[.software, default: []] }
  var hasInsertions: Bool { insertions.values.contains { !$0.isEmpty } }
  /// What the target says to breakpoints of a kind.
  var refusal: (BreakpointKind) -> SessionError? = { _ in nil }
  /// What a poor target does not give.
  var knowsControlRegisters = true
  var memoryWay: MemoryWay? = .ram
  /// What the target itself reads, by linear address; nil where kdbg's own way is taken.
  var linearMemory: [UInt64: UInt8]?

  func bytesByStub(at address: VirtualAddress, count: Int) -> [UInt8]? {
    guard let linearMemory else { return nil }
    var bytes: [UInt8] = []
    while bytes.count < count, let byte = linearMemory[address.rawValue + UInt64(bytes.count)] {
      bytes.append(byte)
    }
    return bytes
  }

  /// Which of the processors is selected; the registers of the others are in ``otherProcessors``.
  private(set) var selectedThread: ThreadIdentifier?
  var allThreads: [TargetThread] = []

  func threads() throws(SessionError) -> [TargetThread] { allThreads }

  /// Exchanges the registers with those of the processor that is selected: one of two.
  func select(_ thread: ThreadIdentifier) throws(SessionError) {
    guard thread != selectedThread else { return }
    if selectedThread != nil { swap(&registerFile, &otherProcessors[0]) }
    selectedThread = thread
  }
  /// What was borrowed each time the processor was learned; nil for a machine that was left alone.
  private(set) var lessons: [UInt64?] = []
  /// What ``learnProcessor(borrowing:)`` finds out.
  var learned: (inout RegisterFile) -> Void = { _ in }
  private(set) var systemRegisterReads = 0
  /// Qwords that were read one by one.
  var loads = 0
  private var systemRegistersAreKnown = false
  private(set) var state = Target.State.stopped(.signal(StopEvent.trapSignal, thread: nil, watch: nil))

  init(memoryByteCount: UInt64) { self.memoryByteCount = memoryByteCount }

  // MARK: Memory and registers

  var coreRegisters: RegisterFile {
    // As a target does that is gone.
    if state == .ended, failure == nil { failure = .ended }
    var core = registerFile
    core.taskRegister = nil
    core.localTable = nil
    core.globalTable = nil
    core.interruptTable = nil
    return core
  }

  var registers: RegisterFile {
    if !systemRegistersAreKnown {
      systemRegisterReads += 1
      systemRegistersAreKnown = true
    }
    return registerFile
  }

  var systemRegistersPolicy = SystemRegistersPolicy.everyStop {
    didSet { systemRegistersAreKnown = false }
  }

  /// The registers of the processors after the first.
  var otherProcessors: [RegisterFile] = []

  func processorRegisters() throws(SessionError) -> [RegisterFile] { [registers] + otherProcessors }

  var knowsProcessor: Bool { !lessons.isEmpty }

  func learnProcessor(borrowing instruction: VirtualAddress?) throws(SessionError) {
    lessons.append(instruction?.rawValue)
    if instruction != nil { learned(&registerFile) }
  }

  /// Whether the others are halted.
  var othersRest = false

  func learnOtherProcessors(borrowing instruction: VirtualAddress) throws(SessionError) {
    guard !othersRest else { return }
    for index in otherProcessors.indices { learned(&otherProcessors[index]) }
  }

  /// By number, for `msr`.
  var modelSpecific: [UInt32: UInt64] = [:]

  func readModelSpecificRegister(
    _ number: UInt32, borrowing instruction: VirtualAddress
  ) throws(SessionError) -> ModelSpecificRead {
    guard registerFile.cs.requestedPrivilege == 0 else { throw .notSupervisor }
    return modelSpecific[number].map(ModelSpecificRead.value) ?? .refused
  }

  func takeFailure() -> SessionError? {
    defer { failure = nil }
    return failure
  }

  func load(_ address: PhysicalAddress) -> UInt64? {
    loads += 1
    return qword(address)
  }

  func memoryExtent(at address: PhysicalAddress) -> MemoryExtent? {
    address.rawValue < memoryByteCount
      ? MemoryExtent(first: 0, last: memoryByteCount - 1, backing: .memory)
      : MemoryExtent(first: memoryByteCount, last: .max, backing: .nothing)
  }

  private func qword(_ address: PhysicalAddress) -> UInt64? {
    memoryWay != nil && address.rawValue < memoryByteCount ? qwords[address.rawValue, default: 0] : nil
  }

  func read(_ address: PhysicalAddress, into bytes: inout MutableRawSpan) -> Bool {
    guard memoryWay != nil, address.rawValue + UInt64(bytes.byteCount) <= memoryByteCount else {
      return false
    }
    for index in 0..<bytes.byteCount {
      let place = address.rawValue + UInt64(index)
      let qword = qwords[place & ~7, default: 0]
      bytes.storeBytes(
        of: UInt8(truncatingIfNeeded: qword >> ((place & 7) * 8)), toByteOffset: index, as: UInt8.self)
    }
    return true
  }

  // MARK: Writing

  var unknownGeneralRegisters: Set<String> = []
  /// Registers that the target keeps as they are, whatever is written.
  var fixedRegisters: Set<String> = []

  func writeRegister(_ name: String, value: UInt64) throws(SessionError) {
    let general = [
      "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
      "r15",
    ]
    guard !fixedRegisters.contains(name) else { return }
    if let index = general.firstIndex(of: name) {
      registerFile.general[index] = value
    } else if name == "rip" {
      registerFile.rip = value
    } else if name == "cr3" {
      registerFile.cr3 = CR3(rawValue: value)
    } else {
      throw .unknownRegister(name)
    }
  }

  func writeMemory(_ address: VirtualAddress, bytes: [UInt8]) throws(SessionError) {
    var machine = self
    for (index, byte) in bytes.enumerated() {
      let place = address + UInt64(index)
      let walk = machine.walk(place, root: registerFile.cr3.root, mode: registerFile.pagingMode)
      guard let physical = walk.physicalAddress else { throw .notMapped(place) }
      store(bytes: [byte], at: physical.rawValue)
    }
  }

  func writePhysical(_ address: PhysicalAddress, bytes: [UInt8]) throws(SessionError) {
    guard address.rawValue + UInt64(bytes.count) <= memoryByteCount else { throw .outsideMemory(address) }
    store(bytes: bytes, at: address.rawValue)
  }

  // MARK: Running

  /// True for a target whose breakpoints are instructions in memory, as under KVM.
  var showsBreakpoints = false

  func insertBreakpoint(_ kind: BreakpointKind, at address: VirtualAddress) throws(SessionError) {
    if let error = refusal(kind) { throw error }
    insertions[kind, default: []].insert(address.rawValue)
    guard showsBreakpoints, kind == .software else { return }
    var machine = self
    let walk = machine.walk(address, root: registerFile.cr3.root, mode: registerFile.pagingMode)
    if let place = walk.physicalAddress { store(bytes: [0xcc], at: place.rawValue) }
  }

  func removeBreakpoint(_ kind: BreakpointKind, at address: VirtualAddress) throws(SessionError) {
    insertions[kind]?.remove(address.rawValue)
  }

  func resume() throws(SessionError) {}

  func step() throws(SessionError) -> StopEvent { try happen() }

  func stepOffAndResume(_ proof: StepProof) throws(SessionError) -> StopEvent? { nil }

  /// So many waits end without a stop.
  var waits = 0

  func waitForStop(limit: Duration?, interrupt: InterruptRequest?) throws(SessionError) -> StopEvent {
    if waits > 0, interrupt != nil {
      waits -= 1
      throw .timedOut(operation: "wait for a stop", limit: .zero)
    }
    return try happen()
  }

  /// What the machine does when it is asked to stop; nil for one that only waits.
  var interruption: Episode?

  func interrupt() throws(SessionError) {
    guard let interruption else { throw .timedOut(operation: "wait for a stop", limit: .seconds(60)) }
    episodes.insert(interruption, at: 0)
  }

  private func happen() throws(SessionError) -> StopEvent {
    if case .stopped(.shutdown) = state { throw .needsReset }
    guard !episodes.isEmpty else { throw .timedOut(operation: "wait for a stop", limit: .seconds(60)) }
    if systemRegistersPolicy == .everyStop { systemRegistersAreKnown = false }
    let event = episodes.removeFirst()(self)
    if case .exited = event { state = .ended } else { state = .stopped(event) }
    return event
  }

  func confirm() throws(SessionError) {
    if let failure { throw failure }
  }

  func monitor(_ command: String) throws(SessionError) -> String {
    guard let reply = monitorReplies[command] else { throw .unsupported(operation: "monitor \(command)") }
    return reply
  }

  /// What QEMU's log holds once it is on.
  var log = ""
  private var isRecording = false
  var recordedEvents: [RecordedEvent]? { isRecording ? RecordedEvent.events(in: log) : nil }
  func startRecording() throws(SessionError) { isRecording = true }
  func stopRecording() throws(SessionError) { isRecording = false }

  func detach() throws(SessionError) { state = .ended }

  func kill() { state = .ended }
}

// MARK: Making one

extension FakeMachine {
  func store(_ value: UInt64, at address: UInt64) {
    precondition(address & 7 == 0 && address < memoryByteCount)
    qwords[address] = value
  }

  func store(bytes: [UInt8], at address: UInt64) {
    for (index, byte) in bytes.enumerated() {
      let place = address + UInt64(index)
      let shift = (place & 7) * 8
      let old = qwords[place & ~7, default: 0]
      qwords[place & ~7] = old & ~(0xff << shift) | UInt64(byte) << shift
    }
  }

  /// Stores at linear `address` under the tables of `root`, which must map it.
  func store(_ value: UInt64, linear address: UInt64, root: UInt64) {
    var machine = self
    let walk = machine.walk(
      VirtualAddress(address), root: CR3(rawValue: root).root, mode: registerFile.pagingMode)
    guard let physical = walk.physicalAddress else { fatalError("not mapped: \(address)") }
    store(value, at: physical.rawValue)
  }
}

/// Page tables in a fake machine's memory.
struct FakeTables {
  let machine: FakeMachine
  /// The next free frame for a table.
  private(set) var next: UInt64

  init(machine: FakeMachine, firstTable: UInt64) {
    self.machine = machine
    next = firstTable
  }

  mutating func makeTable() -> UInt64 {
    defer { next += 0x1000 }
    return next
  }

  /// Maps the 4 KiB page at `address` under `root` to `frame`. Tables on the way get every right that some page
  /// below could need: `user` for the lower half, supervisor for the upper.
  mutating func map(_ address: UInt64, to frame: UInt64, _ flags: PageTableEntry.Flags, root: UInt64) {
    let upper = address >> 63 == 1
    var table = root
    for level in [PagingLevel.pml4, .pageDirectoryPointer, .pageDirectory] {
      let slot = table + UInt64(level.index(of: VirtualAddress(address)) * 8)
      let entry = machine.qwords[slot, default: 0]
      if entry & 1 == 0 {
        let new = makeTable()
        machine.store(new | (upper ? 0x23 : 0x27), at: slot)
        table = new
      } else {
        table = entry & PageTableEntry.addressMask
      }
    }
    let slot = table + UInt64(PagingLevel.pageTable.index(of: VirtualAddress(address)) * 8)
    machine.store(frame | flags.rawValue, at: slot)
  }
}
