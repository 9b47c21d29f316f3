public import RemoteProtocol
public import Stub
import X86

/// A ``FakeMachine`` as a stub sees it.
public struct FakeTarget: DebugTarget {
  public let machine: FakeMachine

  public init(_ machine: FakeMachine) { self.machine = machine }

  public static var capabilities: TargetCapabilities {
    let memory: TargetCapabilities = .physicalMemory | .exactAccess | .memoryMap | .regions
    let ends: TargetCapabilities = .reset | .kill
    return .processorBreakpoints | memory | ends | .monitor
  }

  public static var registerFeatures: RegisterFeatures { .system }

  // MARK: Registers

  public mutating func read(_ register: Register, of thread: TargetThread) -> RegisterValue? {
    machine.registers[thread.number]?[register]
  }

  public mutating func write(
    _ value: RegisterValue, to register: Register, of thread: TargetThread
  ) throws(Refusal) {
    guard register != .cr3 else { throw Refusal(Refusal.notPermitted, "CR3 must not be changed") }
    guard machine.registers[thread.number]?[register] != nil else {
      throw Refusal(Refusal.invalid, "not available")
    }
    machine.registers[thread.number]?[register] = value
  }

  // MARK: Memory

  public mutating func read(
    _ address: UInt64, in space: MemorySpace, into bytes: inout MutableSpan<UInt8>
  ) -> MemoryTransfer {
    for position in 0..<bytes.count {
      guard let place = machine.place(address &+ UInt64(position), in: space) else {
        return .partial(position, .notMapped, at: address &+ UInt64(position))
      }
      bytes[position] = machine.memory[place]
    }
    return .complete(bytes.count)
  }

  public mutating func write(
    _ bytes: Span<UInt8>, to address: UInt64, in space: MemorySpace
  ) -> MemoryTransfer {
    for position in 0..<bytes.count {
      guard let place = machine.place(address &+ UInt64(position), in: space) else {
        return .partial(position, .notMapped, at: address &+ UInt64(position))
      }
      machine.memory[place] = bytes[position]
    }
    return .complete(bytes.count)
  }

  public mutating func readExactly(
    _ address: UInt64, width: AccessWidth, in space: MemorySpace
  ) throws(Refusal) -> UInt64 {
    machine.exactAccesses.append((address, width.byteCount))
    var value: UInt64 = 0
    for offset in (0..<UInt64(width.rawValue)).reversed() {
      guard let place = machine.place(address &+ offset, in: space) else {
        throw Refusal(Refusal.badAddress, "nothing is mapped at", at: address)
      }
      value = value << 8 | UInt64(machine.memory[place])
    }
    return value
  }

  public mutating func writeExactly(
    _ value: UInt64, to address: UInt64, width: AccessWidth, in space: MemorySpace
  ) throws(Refusal) {
    machine.exactAccesses.append((address, width.byteCount))
    for offset in 0..<UInt64(width.rawValue) {
      guard let place = machine.place(address &+ offset, in: space) else {
        throw Refusal(Refusal.badAddress, "nothing is mapped at", at: address)
      }
      machine.memory[place] = UInt8(truncatingIfNeeded: value >> (8 * offset))
    }
  }

  // MARK: Threads

  public var currentThread: TargetThread { machine.current }

  public mutating func thread(after thread: TargetThread?) -> TargetThread? {
    machine.threadNumbers.first { $0 > thread?.number ?? 0 }.map { TargetThread($0) }
  }

  public mutating func writeName<Sink: ByteSink & ~Copyable>(
    of thread: TargetThread, to sink: inout Sink
  ) {
    let name =
      switch thread.number {
      case 1: "boot"
      case 2: "init"
      default: "<odd> & \"name\" }*#$"
      }
    for byte in name.utf8 { sink.write(byte) }
  }

  public mutating func writeDetails<Sink: ByteSink & ~Copyable>(
    of thread: TargetThread, to sink: inout Sink
  ) {
    for byte in (thread == machine.current ? "running" : "waiting").utf8 { sink.write(byte) }
  }

  public mutating func processor(of thread: TargetThread) -> UInt64? { 0 }

  // MARK: Running

  public mutating func prepare(_ plan: ResumePlan) throws(Refusal) {
    guard !machine.refusesPlans else { throw Refusal(Refusal.invalid, "not now") }
    machine.plans.append(plan)
  }

  public mutating func describe<Sink: ByteSink & ~Copyable>(_ stop: StopReason, to sink: inout Sink) {
    for byte in machine.stopText.utf8 { sink.write(byte) }
  }

  // MARK: Breakpoints

  public mutating func insert(_ breakpoint: BreakpointRequest) throws(Refusal) {
    guard !FakeMachine.forbidden.contains(breakpoint.address) else {
      throw Refusal(
        Refusal.notPermitted, "the stub's own code cannot hold a breakpoint:", at: breakpoint.address)
    }
    guard machine.place(breakpoint.address, in: .linear(breakpoint.thread)) != nil else {
      throw Refusal(Refusal.badAddress, "nothing is mapped at", at: breakpoint.address)
    }
    guard !machine.breakpoints.contains(breakpoint) else { return }
    if breakpoint.type != .software, machine.breakpoints.count(where: { $0.type != .software }) == 4 {
      throw Refusal(Refusal.noSpace, "all four debug registers are in use")
    }
    machine.breakpoints.append(breakpoint)
  }

  public mutating func remove(_ breakpoint: BreakpointRequest) throws(Refusal) {
    machine.breakpoints.removeAll { $0.type == breakpoint.type && $0.address == breakpoint.address }
  }

  public mutating func removeAllBreakpoints() { machine.breakpoints.removeAll() }

  // MARK: Maps

  public mutating func memoryMapEntry(_ position: Int) -> MemoryMapEntry? {
    switch position {
    case 0: MemoryMapEntry(.readWrite, start: 0, byteCount: 0x8000_0000_0000)
    case 1: MemoryMapEntry(.readOnly, start: 0xffff_ffff_8000_0000, byteCount: 0x8000_0000)
    default: nil
    }
  }

  public mutating func region(containing address: UInt64, of thread: TargetThread) -> MemoryRegion? {
    switch address {
    case FakeMachine.programStart..<FakeMachine.programEnd:
      MemoryRegion(
        start: FakeMachine.programStart, last: FakeMachine.programEnd - 1,
        rights: MemoryRegion.Rights(isReadable: true, isWritable: false, isExecutable: true), name: "program")
    case ..<FakeMachine.programStart:
      MemoryRegion(start: 0, last: FakeMachine.programStart - 1, rights: nil)
    default: MemoryRegion(start: FakeMachine.programEnd, last: .max, rights: nil)
    }
  }

  // MARK: Monitor

  public mutating func monitor<Output: ByteSink & ~Copyable>(
    _ command: Span<UInt8>, _ context: MonitorContext, to output: inout Output
  ) throws(Refusal) {
    let words = (0..<command.count).map { command[$0] }.split(separator: UInt8(ascii: " "))
      .map { String(decoding: $0, as: UTF8.self) }
    machine.monitorCommands.append(words.joined(separator: " "))
    switch words.first {
    case "lines":
      for line in 0..<(words.last.flatMap { Int($0) } ?? 0) {
        for byte in "line \(line) of many\n".utf8 { output.write(byte) }
      }
    case "thread": for byte in "thread \(context.thread.number)\n".utf8 { output.write(byte) }
    case "stats":
      for byte in "\(context.statistics.packetsReceived) packets\n".utf8 { output.write(byte) }
    case "quiet": break
    default: throw Refusal(Refusal.invalid, "unknown command")
    }
  }
}
