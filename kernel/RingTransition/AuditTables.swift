import X86

/// RT-060...RT-062: the global descriptor table as the next entry will read it.
extension Auditor {
  /// RT-060. The descriptors that an entry and this return read: selectors beyond the limit are the business of the
  /// rules about the selectors.
  mutating func globalTableMapped<Memory: PhysicalMemory & ~Copyable>(
    _ survey: GateSurvey, _ frame: InterruptFrame?, _ memory: inout Memory
  ) -> Verdict {
    guard let table = registers.globalTable else { return .unknown(.globalTable) }
    guard table.base.isCanonical(mode.depth) else {
      return .violated(.value(.globalTableBase, table.base.rawValue))
    }
    var survey = survey
    for position in 0..<survey.selectorCount {
      let probe = probeDescriptor(survey.selector(position), table, &memory)
      if let probe, !probe.isAllowed { return probe.verdict }
    }
    if let frame {
      let code = probeDescriptor(frame.codeSelector, table, &memory)
      if let code, !code.isAllowed { return code.verdict }
      let stack = probeDescriptor(frame.stackSelector, table, &memory)
      if let stack, !stack.isAllowed { return stack.verdict }
    }
    return survey.isComplete ? .held : .unknown(.gate)
  }

  private mutating func probeDescriptor<Memory: PhysicalMemory & ~Copyable>(
    _ selector: SegmentSelector, _ table: TableRegister, _ memory: inout Memory
  ) -> Probe? {
    guard !selector.isNull, !selector.isLocal, table.holds(offset: selector.tableOffset, count: 8) else {
      return nil
    }
    return probe(table.base.rawValue &+ selector.tableOffset, count: 8, .supervisorRead, &memory)
  }

  /// RT-061. Loading a code segment with A=0 sets it, also in a table that is mapped read-only.
  mutating func globalTableAccessedBits<Memory: PhysicalMemory & ~Copyable>(
    _ survey: GateSurvey, _ memory: inout Memory
  ) -> Verdict {
    var survey = survey
    for position in 0..<survey.selectorCount {
      let selector = survey.selector(position)
      guard case .found(let descriptor, let address) = descriptor(selector, &memory),
        descriptor.attributes.isCode, !descriptor.attributes.isAccessed
      else { continue }
      switch probe(address &+ 5, .supervisorWrite, &memory).result {
      case .allowed: continue
      case .unknown: return .unknown(.memory)
      case .pageFault, .nonCanonical:
        return .violated(.descriptor(selector, descriptor, .accessedBitNotWritable))
      }
    }
    return survey.isComplete ? .held : .unknown(.gate)
  }

  /// RT-062.
  mutating func kernelCodeDescriptor<Memory: PhysicalMemory & ~Copyable>(
    _ survey: GateSurvey, _ memory: inout Memory
  ) -> Verdict {
    var survey = survey
    var missing: Missing? = survey.isComplete ? nil : .gate
    for position in 0..<survey.selectorCount {
      let selector = survey.selector(position)
      switch kernelCode(selector, &memory) {
      case .held, .skipped: continue
      case .violated(let evidence): return .violated(evidence)
      case .unknown(let reason): missing = reason
      }
    }
    if let missing { return .unknown(missing) }
    return .held
  }

  /// Whether an entry to Ring 0 can load `selector` into CS. SDM Vol. 3A, 6.12.1, 6.14.
  mutating func kernelCode<Memory: PhysicalMemory & ~Copyable>(
    _ selector: SegmentSelector, _ memory: inout Memory
  ) -> Verdict {
    switch descriptor(selector, &memory) {
    case .found(let descriptor, _):
      // The specification of a 64-bit kernel asks more than the processor: TI must be clear.
      if selector.isLocal { return .violated(.descriptor(selector, descriptor, .noLocalTable)) }
      guard let problem = descriptor.problemAsKernelCode() else { return .held }
      return .violated(.descriptor(selector, descriptor, problem))
    case .problem(let problem): return .violated(.descriptor(selector, nil, problem))
    // The page is the business of RT-060.
    case .refused: return .unknown(.descriptor)
    case .unknown(let missing): return .unknown(missing)
    }
  }
}

/// RT-084 and RT-085: what else stands in the table.
extension Auditor {
  /// RT-084. The local table is not scanned: Ring 3's own entries are checked where it uses them.
  mutating func noForeignGates<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard let table = registers.globalTable else { return .unknown(.globalTable) }
    var reader = PageReader()
    var isSecondHalf = false
    for index in 0...UInt64(table.limit) >> 3 {
      guard table.holds(offset: index * 8, count: 8) else { break }
      guard let raw = reader.load(table.base.rawValue &+ index * 8, self, &memory) else {
        return .unknown(.descriptor)
      }
      if isSecondHalf {
        isSecondHalf = false
        continue
      }
      let descriptor = SegmentDescriptor(rawValue: raw)
      let selector = SegmentSelector(rawValue: UInt16(truncatingIfNeeded: index << 3))
      if index == 0 {
        if raw != 0 { return .violated(.descriptor(selector, descriptor, .nullDescriptorUsed)) }
        continue
      }
      isSecondHalf = descriptor.isSixteenBytes
      guard descriptor.attributes.isPresent, descriptor.isForeign else { continue }
      return .violated(.descriptor(selector, descriptor, .foreignGate))
    }
    return .held
  }

  /// RT-085. SYSCALL and SYSRET do not read these; the next interrupt and the `iretq` after it do.
  mutating func systemReturnDescriptors<Memory: PhysicalMemory & ~Copyable>(
    _ memory: inout Memory
  ) -> Verdict {
    if let reason = systemCallsAbsent { return .skipped(reason) }
    guard let star = registers.star else { return .unknown(.modelSpecificRegister) }
    let kernel = UInt16(truncatingIfNeeded: star >> 32) & 0xfffc
    let user = UInt16(truncatingIfNeeded: star >> 48) & 0xfffc
    let code = kernelCode(SegmentSelector(rawValue: kernel), &memory)
    guard case .held = code else { return code }
    let selectors: (UInt16, UInt16, UInt16) = (kernel &+ 8, user &+ 8 | 3, user &+ 16 | 3)
    for position in 0..<3 {
      let selector = SegmentSelector(
        rawValue: position == 0 ? selectors.0 : position == 1 ? selectors.1 : selectors.2)
      switch descriptor(selector, &memory) {
      case .found(let descriptor, _):
        let problem =
          switch position {
          case 0: descriptor.problemAsReturnStack(selector, ring: 0)
          case 1: descriptor.problemAsReturnStack(selector, ring: 3)
          default:
            descriptor.problemAsReturnCode(selector, ring: 3)
              ?? (descriptor.attributes.isLong ? nil : .operandSize)
          }
        if let problem { return .violated(.descriptor(selector, descriptor, problem)) }
      case .problem(let problem): return .violated(.descriptor(selector, nil, problem))
      case .refused(let probe): return probe.verdict
      case .unknown(let missing): return .unknown(missing)
      }
    }
    return .held
  }
}

extension SegmentDescriptor {
  /// Why an entry to Ring 0 cannot load this descriptor into CS; nil when it can.
  func problemAsKernelCode() -> DescriptorProblem? {
    guard attributes.isCode else { return .notCode }
    guard !attributes.isConforming else { return .conforming }
    guard attributes.privilege == 0 else { return .privilege }
    guard attributes.isPresent else { return .notPresent }
    guard attributes.isLong, !attributes.isDefault32 else { return .operandSize }
    return nil
  }

  /// True for what Ring 3 could call or load and no kernel of today means to offer.
  fileprivate var isForeign: Bool {
    switch systemType {
    case .callGate: true
    case .ldt, .availableTSS, .busyTSS: attributes.privilege == 3
    case .interruptGate, .trapGate: false
    case nil: attributes.isConforming && attributes.privilege == 3
    }
  }
}
