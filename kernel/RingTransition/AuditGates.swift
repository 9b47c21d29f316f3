import X86

/// RT-063...RT-070 and RT-075: what the survey of the gates found.
extension Auditor {
  /// The verdict of a rule that a gate breaks: `vector` is the first that does.
  mutating func judge<Memory: PhysicalMemory & ~Copyable>(
    _ vector: UInt8?, _ survey: GateSurvey, _ memory: inout Memory
  ) -> Verdict {
    guard registers.interruptTable != nil else { return .unknown(.interruptTable) }
    guard let vector else { return survey.isComplete && survey.count > 0 ? .held : .unknown(.gate) }
    guard let gate = gate(vector, &memory) else { return .unknown(.gate) }
    return .violated(.gate(vector: vector, gate))
  }

  /// RT-063.
  mutating func interruptTableLimit(_ survey: GateSurvey) -> Verdict {
    guard let table = registers.interruptTable else { return .unknown(.interruptTable) }
    guard let vector = survey.beyondLimit else { return .held }
    let needed = (UInt64(vector) + 1) * GateDescriptor.byteCount - 1
    return .violated(.mismatch(.interruptTableLimit, actual: UInt64(table.limit), expected: needed))
  }

  /// RT-064. Implicit supervisor reads, gate by gate, as far as the limit goes.
  mutating func interruptTableMapped<Memory: PhysicalMemory & ~Copyable>(
    _ survey: GateSurvey, _ memory: inout Memory
  ) -> Verdict {
    guard let table = registers.interruptTable else { return .unknown(.interruptTable) }
    // A page that was read before and its rights.
    var good: UInt64 = 1
    for number in 0...255 {
      let vector = UInt8(truncatingIfNeeded: number)
      let offset = UInt64(vector) * GateDescriptor.byteCount
      guard survey.needed.contains(vector), table.holds(offset: offset, count: GateDescriptor.byteCount)
      else {
        continue
      }
      let address = table.base.rawValue &+ offset
      let lastPage = VirtualAddress(address &+ GateDescriptor.byteCount - 1).pageBase().rawValue
      guard lastPage != good || VirtualAddress(address).pageBase().rawValue != good else { continue }
      let probe = probe(address, count: GateDescriptor.byteCount, .supervisorRead, &memory)
      guard probe.isAllowed else { return probe.verdict }
      good = lastPage
    }
    return .held
  }

  /// RT-067. What Ring 3 must not raise comes before what it may not.
  mutating func gatePrivilege<Memory: PhysicalMemory & ~Copyable>(
    _ survey: GateSurvey, _ memory: inout Memory
  ) -> Verdict { judge(survey.privilege ?? survey.closed, survey, &memory) }

  /// RT-068. A trap gate leaves interrupts on: harmless, unless the entry must first find its own data.
  mutating func gateKind<Memory: PhysicalMemory & ~Copyable>(
    _ survey: GateSurvey, _ memory: inout Memory
  ) -> Verdict {
    guard survey.trap != nil else { return judge(nil, survey, &memory) }
    if options.swapgs == .used || options.pageTableIsolation == .used {
      return judge(survey.trap, survey, &memory)
    }
    return options.swapgs == .unused && options.pageTableIsolation == .unused
      ? .skipped(.swapgs) : .unknown(.entryCode)
  }

  /// RT-070. The handler's first bytes, after the frame is complete.
  mutating func handlerPageExecutable<Memory: PhysicalMemory & ~Copyable>(
    _ survey: GateSurvey, _ memory: inout Memory
  ) -> Verdict {
    guard registers.interruptTable != nil else { return .unknown(.interruptTable) }
    guard let address = survey.refused else {
      return survey.isComplete && survey.count > 0 ? .held : .unknown(.gate)
    }
    return probe(address, .supervisorFetch, &memory).verdict
  }

  /// RT-071. Whoever can write the handler runs at CPL 0.
  mutating func handlerPageReadOnly<Memory: PhysicalMemory & ~Copyable>(
    _ survey: GateSurvey, _ memory: inout Memory
  ) -> Verdict {
    guard registers.interruptTable != nil else { return .unknown(.interruptTable) }
    guard let address = survey.exposed else {
      return survey.isComplete && survey.count > 0 ? .held : .unknown(.gate)
    }
    return .violated(.rights(memory.walk(VirtualAddress(address), root: root, mode: mode)))
  }

  /// RT-072.
  mutating func handlerInKernelText<Memory: PhysicalMemory & ~Copyable>(
    _ survey: GateSurvey, _ memory: inout Memory
  ) -> Verdict {
    guard options.kernelText != nil else { return .skipped(.notDeclared) }
    return judge(survey.outsideText, survey, &memory)
  }

  /// RT-073. What the entry code touches before it has a table of its own.
  mutating func entryDataMapped<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard options.pageTableIsolation != .unused else { return .skipped(.pageTableIsolation) }
    var isDeclared = false
    for position in 0..<options.entryData.count {
      guard let data = options.entryData[position], data.high > data.low else { continue }
      isDeclared = true
      // At most a page-table's worth: declared items are small.
      var address = data.low
      for _ in 0..<512 {
        let probe = probe(address, .supervisorWrite, &memory)
        guard probe.isAllowed else { return probe.verdict }
        let next = VirtualAddress(address).pageBase().rawValue &+ PageSize.size4KiB.bytes
        guard next < data.high, next > address else { break }
        address = next
      }
    }
    return isDeclared ? .held : .skipped(.notDeclared)
  }

  /// RT-074. An interrupt on an exception's vector looks like that exception, without its error code.
  mutating func controllerVectors() -> Verdict {
    guard let first = options.interruptControllerBase else { return .unknown(.interruptController) }
    return first >= 0x20 ? .held : .violated(.value(.interruptControllerBase, UInt64(first)))
  }
}
