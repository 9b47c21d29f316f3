import RingTransition
import TestSupport
import Testing
import X86

/// A machine that is noise: registers, tables and memory are whatever the seed makes them. Every read is counted and
/// looked at.
struct GarbageMachine: MachineView {
  var registers = RegisterFile()
  private let seed: UInt64
  private let style: UInt64
  private(set) var loads = 0
  private(set) var misaligned = 0
  private(set) var beyondPhysicalMemory = 0

  init(seed: UInt64) {
    self.seed = seed
    var random = SeededGenerator(seed: seed)
    style = random.next()
    for number in 0..<16 { registers.general[number] = Self.address(&random) }
    registers.rip = Self.address(&random)
    registers.rflags = RFlags(rawValue: random.next() | 2)
    registers.cs = SegmentSelector(
      rawValue: random.pick([8, 0x33, 0, 3, UInt16(truncatingIfNeeded: random.next())]))
    registers.ss = SegmentSelector(rawValue: UInt16(truncatingIfNeeded: random.next()))
    registers.cr0 =
      random.one(in: 8) ? CR0(rawValue: random.next()) : .protectionEnable | .paging | .writeProtect
    registers.cr2 = Self.address(&random)
    registers.cr3 = CR3(rawValue: random.one(in: 2) ? random.next() : 0x1000)
    registers.cr4 = CR4(rawValue: random.one(in: 3) ? random.next() : 0x20)
    registers.efer = EFER(rawValue: random.one(in: 6) ? random.next() : 0xd01)
    registers.physicalAddressBits = random.one(in: 2) ? Int(truncatingIfNeeded: random.next()) : nil
    registers.gsBase = Self.address(&random)
    registers.kernelGSBase = random.one(in: 2) ? nil : Self.address(&random)
    registers.star = random.one(in: 3) ? nil : random.next()
    registers.lstar = random.one(in: 3) ? nil : Self.address(&random)
    registers.syscallMask = random.one(in: 3) ? nil : random.next()
    registers.cr8 = random.one(in: 2) ? nil : random.next()
    if !random.one(in: 6) {
      registers.taskRegister = SegmentCache(
        selector: SegmentSelector(rawValue: UInt16(truncatingIfNeeded: random.next())),
        base: Self.address(&random),
        limit: UInt32(truncatingIfNeeded: random.one(in: 2) ? random.next() : 0x67), attributes: nil)
    }
    if !random.one(in: 6) {
      registers.globalTable = TableRegister(
        base: VirtualAddress(Self.address(&random)), limit: UInt16(truncatingIfNeeded: random.next()))
    }
    if !random.one(in: 6) {
      registers.interruptTable = TableRegister(
        base: VirtualAddress(Self.address(&random)), limit: UInt16(truncatingIfNeeded: random.next()))
    }
    if random.one(in: 2) {
      registers.localTable = SegmentCache(
        selector: SegmentSelector(rawValue: UInt16(truncatingIfNeeded: random.next())),
        base: Self.address(&random),
        limit: UInt32(truncatingIfNeeded: random.next()), attributes: nil)
    }
  }

  /// Any address, with a liking for the edges.
  private static func address(_ random: inout SeededGenerator) -> UInt64 {
    switch random.next() % 5 {
    case 0: random.next()
    case 1:
      random.pick([
        0, 1, 7, 8, 0x7fff_ffff_fff8, 0x8000_0000_0000, UInt64.max, UInt64.max - 7, UInt64.max - 40,
      ])
    case 2: 0xffff_8000_0000_0000 | random.next() >> 17
    case 3: random.next() >> 17
    default: 0xffff_ffff_8000_0000 | random.next() & 0xffff
    }
  }

  mutating func load(_ address: PhysicalAddress) -> UInt64? {
    loads += 1
    if address.rawValue % 8 != 0 { misaligned += 1 }
    if address.rawValue >> 52 != 0 { beyondPhysicalMemory += 1 }
    var random = SeededGenerator(seed: seed ^ address.rawValue)
    let noise = random.next()
    switch style % 4 {
    // Nothing is there; everything is itself; tables that work; and anything.
    case 0: return noise & 3 == 0 ? nil : noise
    case 1: return 0x1000 | 0x67
    case 2: return noise & 0x0000_0000_00ff_f000 | 0x67
    default: return noise
    }
  }

  mutating func read(_ address: PhysicalAddress, into bytes: inout MutableRawSpan) -> Bool {
    for offset in 0..<bytes.byteCount {
      guard let qword = loadUnaligned(address + UInt64(offset)) else { return false }
      bytes.storeBytes(of: UInt8(truncatingIfNeeded: qword), toByteOffset: offset, as: UInt8.self)
    }
    return true
  }
}

/// Nothing that a machine can hold makes the model trap, loop or read where there is nothing.
@Suite struct GarbageTests {
  /// Loads that one question may cost: a diagnosis looks at all 256 gates several times, for every candidate.
  private static let limit = 400_000

  private func check(_ seed: UInt64, _ what: String, _ ask: (inout GarbageMachine) -> Void) {
    var machine = GarbageMachine(seed: seed)
    ask(&machine)
    #expect(machine.loads < Self.limit, "seed \(seed), \(what): \(machine.loads) loads")
    #expect(machine.misaligned == 0, "seed \(seed), \(what)")
    #expect(machine.beyondPhysicalMemory == 0, "seed \(seed), \(what)")
  }

  @Test func deliveries() {
    for seed in UInt64(0)..<1000 {
      var random = SeededGenerator(seed: ~seed)
      let context = InterruptFrame(
        rip: random.next(), cs: random.next(), rflags: RFlags(rawValue: random.next()), rsp: random.next(),
        ss: random.next())
      let vector = UInt8(truncatingIfNeeded: random.next())
      let events: [Event] = [
        .softwareInterrupt(vector), .externalInterrupt(vector), .breakpointInstruction, .nonMaskableInterrupt,
        .systemCall, .softwareInterruptAfterStackSwitch(vector),
        .exception(
          ExceptionVector(rawValue: vector & 31) ?? .pageFault, errorCode: random.next(), address: 0),
      ]
      for event in events {
        check(seed, "\(event)") { machine in
          let chain = deliver(
            event, to: context, on: &machine, engine: Engine.preset(Int(seed % 5)) ?? .architecture)
          #expect(chain.count <= DeliveryChain.capacity)
        }
      }
    }
  }

  @Test func returns() {
    for seed in UInt64(0)..<2000 {
      for kind in [ReturnKind.iretq, .sysretq] {
        check(seed, "\(kind)") { machine in
          _ = predictReturn(kind, on: &machine, engine: Engine.preset(Int(seed % 5)) ?? .architecture)
        }
      }
    }
  }

  @Test func audits() {
    for seed in UInt64(0)..<150 {
      check(seed, "audit") { machine in
        var collector = FindingCollector()
        auditReturn(&machine, options: .declared, sink: &collector)
        #expect(!collector.findings.isEmpty)
      }
    }
  }

  @Test func diagnoses() {
    for seed in UInt64(0)..<400 {
      for kind in [StopState.Kind.handler, .tripleFault] {
        var random = SeededGenerator(seed: ~seed)
        check(seed, "\(kind)") { machine in
          var stop = StopState(kind)
          if random.one(in: 2) { stop.vector = UInt8(truncatingIfNeeded: random.next() & 31) }
          if random.one(in: 3) { stop.frameAddress = random.next() }
          if random.one(in: 3) { stop.interruptInService = UInt8(truncatingIfNeeded: random.next()) }
          stop.kernelStackSize = random.next()
          let diagnosis = diagnose(&machine, stop: stop)
          #expect(
            diagnosis.confidence != .proven || diagnosis.chain != nil || diagnosis.cause == .machineReset)
        }
      }
    }
  }
}
