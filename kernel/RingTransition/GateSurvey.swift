import X86

/// What one pass over the gates found: the first vector that is wrong in each way, and what the good ones share.
struct GateSurvey: Sendable {
  /// The vectors that Ring 3, the memory or a device can raise.
  var needed = VectorSet()
  /// How many gates were read.
  var count = 0
  /// False when a needed gate could not be read.
  var isComplete = true
  /// The highest needed vector whose gate lies beyond the table's limit.
  var beyondLimit: UInt8?
  /// The first needed vector whose gate is not mapped.
  var unmapped: UInt8?
  /// The IST slots that needed gates name, bit n for slot n.
  var slots: UInt8 = 0

  /// RT-065, RT-066, RT-067, RT-068, RT-069, RT-072, RT-046 and RT-075.
  var absent: UInt8?
  var reserved: UInt8?
  var privilege: UInt8?
  /// `int3` or `into`, closed to Ring 3: RT-067 as well, and no danger.
  var closed: UInt8?
  var trap: UInt8?
  var offset: UInt8?
  var outsideText: UInt8?
  var reentrant: UInt8?
  var unused: UInt8?
  /// RT-070: the address that cannot be fetched; RT-071: the page that Ring 3 or the kernel may write.
  var refused: UInt64?
  var exposed: UInt64?
  /// A needed handler outside the upper half: RT-148.
  var lowHandler: UInt8?

  /// The page of the last good handler that nothing raises; not an address of a page while there is none.
  var lastUnusedPage: UInt64 = 1

  /// The distinct code selectors of needed gates; what does not fit is judged by the vectors that did.
  private(set) var selectorCount = 0
  private var selectors = InlineArray<4, UInt16>(repeating: 0)
  /// The distinct pages of handlers that were walked and found good.
  private var pageCount = 0
  private var pages = InlineArray<8, UInt64>(repeating: 0)

  /// The code selector at `position`, `0 ..< selectorCount`.
  mutating func selector(_ position: Int) -> SegmentSelector {
    SegmentSelector(rawValue: selectors[position])
  }

  mutating func note(_ selector: SegmentSelector) {
    // The processor ignores the RPL of a gate's selector.
    let value = selector.rawValue & 0xfffc
    for position in 0..<selectorCount where selectors[position] == value { return }
    guard selectorCount < selectors.count else { return }
    selectors[selectorCount] = value
    selectorCount += 1
  }

  mutating func knows(page: UInt64) -> Bool {
    for position in 0..<pageCount where pages[position] == page { return true }
    return false
  }

  mutating func note(page: UInt64) {
    guard pageCount < pages.count else { return }
    pages[pageCount] = page
    pageCount += 1
  }
}

extension Auditor {
  /// Reads the gates: those of the needed vectors, and all 256 when the scope has T1.
  mutating func surveyGates<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> GateSurvey {
    var survey = GateSurvey()
    survey.needed = neededVectors
    guard let table = registers.interruptTable else {
      survey.isComplete = false
      return survey
    }
    let all = options.scope.asks(.t1)
    var reader = PageReader()
    for number in 0...255 {
      let vector = UInt8(truncatingIfNeeded: number)
      let isNeeded = survey.needed.contains(vector)
      guard isNeeded || all || vector == VectorSet.conventionalSystemCall else { continue }
      guard table.holds(offset: UInt64(vector) * GateDescriptor.byteCount, count: GateDescriptor.byteCount)
      else {
        if isNeeded { (survey.beyondLimit, survey.isComplete) = (vector, false) }
        continue
      }
      let address = table.base.rawValue &+ UInt64(vector) * GateDescriptor.byteCount
      guard let low = reader.load(address, self, &memory), let high = reader.load(address &+ 8, self, &memory)
      else {
        if isNeeded {
          survey.isComplete = false
          if survey.unmapped == nil { survey.unmapped = vector }
        }
        continue
      }
      survey.count += 1
      judge(vector, GateDescriptor(low: low, high: high), &survey, &memory)
    }
    return survey
  }

  /// The exceptions, and what the kernel declares.
  private var neededVectors: VectorSet {
    var set = VectorSet.exceptions
    if registers.cr4.contains(.controlFlowEnforcement) { set.insert(.controlProtection) }
    if let vectors = options.systemCallVectors { set.insert(vectors) }
    if let vectors = options.interruptVectors { set.insert(vectors) }
    return set
  }

  private mutating func judge<Memory: PhysicalMemory & ~Copyable>(
    _ vector: UInt8, _ gate: GateDescriptor, _ survey: inout GateSurvey, _ memory: inout Memory
  ) {
    let works = gate.isPresent && gate.type != nil
    // What Ring 3 can raise is needed, whoever declared it.
    if works, gate.privilege == 3 { survey.needed.insert(vector) }
    let isNeeded = survey.needed.contains(vector)
    if works { judgePrivilege(vector, gate, &survey) }
    guard works else {
      if isNeeded { survey.absent = survey.absent ?? vector }
      return
    }
    if gate.low >> 35 & 0x1f != 0 || gate.high >> 32 != 0 { survey.reserved = survey.reserved ?? vector }
    if isNeeded {
      judgeNeeded(vector, gate, &survey, &memory)
    } else {
      judgeUnused(vector, gate, &survey, &memory)
    }
  }

  private mutating func judgeNeeded<Memory: PhysicalMemory & ~Copyable>(
    _ vector: UInt8, _ gate: GateDescriptor, _ survey: inout GateSurvey, _ memory: inout Memory
  ) {
    if gate.interruptStack != 0 {
      survey.slots |= 1 << gate.interruptStack
      if isReentrant(vector) { survey.reentrant = survey.reentrant ?? vector }
    }
    if gate.type == .trapGate { survey.trap = survey.trap ?? vector }
    survey.note(gate.selector)
    guard gate.offset.isCanonical(mode.depth) else {
      survey.offset = survey.offset ?? vector
      return
    }
    if !gate.offset.isUpperHalf { survey.lowHandler = survey.lowHandler ?? vector }
    if let text = options.kernelText, !text.contains(gate.offset.rawValue) {
      survey.outsideText = survey.outsideText ?? vector
    }
    judgeHandler(gate.offset.rawValue, &survey, &memory)
    judgeHandler(gate.offset.rawValue &+ Auditor.stubBytes - 1, &survey, &memory)
  }

  /// How much of a handler is looked at: the least that a stub takes.
  static let stubBytes: UInt64 = 16

  private mutating func judgeHandler<Memory: PhysicalMemory & ~Copyable>(
    _ address: UInt64, _ survey: inout GateSurvey, _ memory: inout Memory
  ) {
    let page = VirtualAddress(address).pageBase().rawValue
    guard !survey.knows(page: page) else { return }
    let probe = probe(address, .supervisorFetch, &memory)
    guard probe.isAllowed else {
      survey.refused = survey.refused ?? address
      return
    }
    survey.note(page: page)
    if probe.walk.rights.isUser || probe.walk.rights.isWritable {
      survey.exposed = survey.exposed ?? address
    }
  }

  /// A gate that nothing raises may be absent; one that is there must lead somewhere.
  private mutating func judgeUnused<Memory: PhysicalMemory & ~Copyable>(
    _ vector: UInt8, _ gate: GateDescriptor, _ survey: inout GateSurvey, _ memory: inout Memory
  ) {
    let page = gate.offset.pageBase().rawValue
    guard survey.unused == nil, survey.lastUnusedPage != page, !survey.knows(page: page) else { return }
    let walk = memory.walk(gate.offset, root: root, mode: mode)
    switch walk.result(of: .supervisorFetch, in: mode) {
    case .allowed: survey.lastUnusedPage = page
    case .unknown: break
    case .pageFault, .nonCanonical: survey.unused = vector
    }
  }

  /// RT-067. Ring 3 may raise `int3`, `into` and the system calls, and nothing else.
  private func judgePrivilege(_ vector: UInt8, _ gate: GateDescriptor, _ survey: inout GateSurvey) {
    let isOpen = gate.privilege == 3
    if vector == ExceptionVector.breakpoint.rawValue || vector == ExceptionVector.overflow.rawValue {
      if !isOpen { survey.closed = survey.closed ?? vector }
      return
    }
    let isRight =
      if let declared = options.systemCallVectors {
        declared.contains(vector) == isOpen
      } else {
        // Any of these may be the system call of a kernel that does not say which.
        !isOpen || vector >= 0x20 && options.interruptVectors?.contains(vector) != true
      }
    if !isRight { survey.privilege = survey.privilege ?? vector }
  }

  /// An event whose handler may be interrupted by the same event: the IST would start again at the top. `int3` and
  /// the events that have their IST for a reason are not among them.
  private func isReentrant(_ vector: UInt8) -> Bool {
    switch ExceptionVector(rawValue: vector) {
    case .debug, .nonMaskableInterrupt, .breakpoint, .doubleFault, .machineCheck, .hypervisorInjection,
      .vmmCommunication:
      false
    default: true
    }
  }
}

extension VectorSet {
  /// The vector that kernels use for system calls by convention.
  static let conventionalSystemCall: UInt8 = 0x80
}
