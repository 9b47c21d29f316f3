import RingTransition
import TestSupport
import Testing
import X86

/// Whatever the registers, the memory and the declarations are, an audit ends, reads little, asks memory only for
/// qwords that can exist, and answers each rule of its scope once.
@Suite struct AuditGarbageTests {
  /// Loads that one audit may cost: 256 gates with a page each, seventeen stacks of 256 pages, and the whole of a GDT
  /// and of a port bitmap.
  private static let limit = 60_000

  @Test func answersOnceAndEnds() {
    var violated: Set<UInt16> = []
    for seed in UInt64(0)..<600 {
      var random = SeededGenerator(seed: seed ^ 0x5eed)
      var machine = GarbageMachine(seed: seed)
      Self.fill(&machine.registers, &random)
      var options = Self.options(&random)
      options.instruction = random.pick([.asDecoded, .iretq, .sysretq])
      var collector = FindingCollector()
      let kind: AuditedReturn
      if random.one(in: 3) {
        let frame = InterruptFrame(
          rip: random.next(), cs: random.pick([0x33, random.next()]), rflags: RFlags(rawValue: random.next()),
          rsp: random.next(), ss: random.next())
        kind = auditEntryStack(&machine, frame: frame, options: options, sink: &collector)
      } else {
        kind = auditReturn(&machine, options: options, sink: &collector)
      }
      let asked = Rule.audited.filter {
        options.scope.asks($0.tier) && (kind != .toRingZero || $0.appliesToKernelReturns)
      }
      #expect(collector.findings.map(\.rule.number) == asked.map(\.number), "seed \(seed)")
      #expect(machine.loads < Self.limit, "seed \(seed): \(machine.loads) loads")
      #expect(machine.misaligned == 0 && machine.beyondPhysicalMemory == 0, "seed \(seed)")
      let numbers = collector.findings.filter(\.isViolated).map(\.rule.number)
      violated.formUnion(numbers)
      // Something is always the cause.
      #expect(numbers.isEmpty == collector.roots.isEmpty, "seed \(seed): \(numbers)")
    }
    // Noise breaks most of what there is, so the rules were really asked.
    #expect(violated.count > 60, "\(violated.sorted())")
  }

  private static func fill(_ registers: inout RegisterFile, _ random: inout SeededGenerator) {
    func value(_ random: inout SeededGenerator) -> UInt64? {
      random.one(in: 3) ? nil : random.pick([0, UInt64.max, 0xffff_ffff_8000_0000, random.next()])
    }
    registers.fsBase = value(&random)
    registers.cstar = value(&random)
    registers.sysenterCS = value(&random)
    registers.sysenterESP = value(&random)
    registers.sysenterEIP = value(&random)
    registers.pkrs = value(&random)
    registers.debugControl = value(&random)
    if let address = value(&random) { registers.debugAddress = InlineArray(repeating: address) }
    registers.vendor = random.pick([.unknown, .intel, .amd])
    for feature in 0..<5 as Range<UInt8> where random.one(in: 2) {
      registers.features.set(ProcessorFeature(rawValue: feature)!, random.one(in: 2))
    }
    if random.one(in: 2) {
      registers.csCache = SegmentCache(
        selector: registers.cs, base: random.next(), limit: 0,
        attributes: SegmentAttributes(rawValue: UInt16(truncatingIfNeeded: random.next())))
    }
  }

  private static func options(_ random: inout SeededGenerator) -> AuditOptions {
    var options = AuditOptions()
    let uses: [AuditOptions.Use] = [.unknown, .used, .unused]
    func size(_ random: inout SeededGenerator) -> UInt64? {
      random.pick([nil, 0, 1, 0x1000, 0x4000, UInt64.max, random.next()])
    }
    options.scope = random.pick([.everyReturn, .onChange, .everything])
    options.destination = random.pick([.any, .ringThree])
    options.kernelStackSize = size(&random)
    options.interruptStackSize = size(&random)
    options.interruptStackSizes[2] = size(&random)
    options.currentStackTop = size(&random)
    options.frameEnd = size(&random)
    options.otherStacks[3] = StackInterval(low: random.next(), high: random.next())
    options.systemCallStack = random.pick([
      .unknown, .rsp0, .top(random.next()), .variable(random.next()),
      .variable(0xffff_ffff_8000_0000 | random.next() & 0xffff),
    ])
    options.interruptStackReturns = random.pick(uses)
    options.nestedNonMaskableFrames = random.pick(uses)
    options.systemCallInstruction = random.pick(uses)
    options.swapgs = random.pick(uses)
    options.pageTableIsolation = random.pick(uses)
    options.portPermissions = random.pick(uses)
    options.localTables = random.pick(uses)
    if random.one(in: 2) {
      options.interruptVectors = VectorSet(words: InlineArray(repeating: random.next()))
      options.systemCallVectors = VectorSet(words: InlineArray(repeating: random.next()))
    }
    options.kernelText = AddressInterval(low: random.next(), high: random.next())
    options.entryData[0] = AddressInterval(low: random.next(), high: random.next())
    options.entryData[7] = AddressInterval(low: 0, high: UInt64.max)
    options.expectedFSBase = size(&random)
    options.lockDepth = size(&random)
    options.perProcessorBlock = size(&random)
    options.selfPointerOffset = size(&random)
    options.processorCount = random.pick([nil, 0, 1, 2])
    return options
  }
}
