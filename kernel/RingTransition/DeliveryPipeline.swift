import X86

/// Why an attempt went no further.
enum DeliveryStop: Error {
  case fault(DeliveryFailure)
  case unknown(Missing)
}

/// One vector on its way, step by step. Memory is only read: what an earlier push may have overwritten is not
/// modelled.
struct DeliveryPipeline: Sendable {
  var auditor: Auditor
  let engine: Engine

  /// The event that is being delivered.
  struct Request: Sendable {
    let vector: UInt8
    let errorCode: UInt64?
    /// `int n` or `int3`.
    let isSoftware: Bool
    /// RIP as it will be saved.
    let savedRIP: UInt64
    /// RF as it will be saved: a processor sets it for faults, so that the instruction is not trapped again.
    let savesResumeFlag: Bool
  }

  private var mode: PagingMode { auditor.mode }

  /// The gate of `request`, after the checks that the processor makes on it.
  mutating func gate<Memory: PhysicalMemory & ~Copyable>(
    _ request: Request, from context: InterruptFrame, _ memory: inout Memory
  ) throws(DeliveryStop) -> GateDescriptor {
    guard let table = auditor.registers.interruptTable else { throw .unknown(.interruptTable) }
    let vector = request.vector
    let code = gateCode(request)
    let offset = UInt64(vector) * GateDescriptor.byteCount
    guard table.holds(offset: offset, count: GateDescriptor.byteCount) else {
      let needed = offset + GateDescriptor.byteCount - 1
      throw .fault(
        DeliveryFailure(
          step: .gateLimit, exception: .generalProtection, errorCode: code, faultAddress: nil,
          evidence: .mismatch(.interruptTableLimit, actual: UInt64(table.limit), expected: needed)))
    }
    let address = table.base.rawValue &+ offset
    let low = try read(address, .gateRead, &memory)
    let high = try read(address &+ 8, .gateRead, &memory)
    let gate = GateDescriptor(low: low, high: high)
    if gate.type == nil || gate.hasTypeInUpperHalf && !engine.contains(.gateReservedBitsNotChecked) {
      throw refused(.gateType, .generalProtection, code, vector, gate)
    }
    if request.isSoftware, gate.privilege < context.codeSelector.requestedPrivilege {
      throw refused(.gatePrivilege, .generalProtection, code, vector, gate)
    }
    if !gate.isPresent { throw refused(.gatePresent, .segmentNotPresent, code, vector, gate) }
    return gate
  }

  /// The code segment that `gate` names, and its address.
  mutating func codeSegment<Memory: PhysicalMemory & ~Copyable>(
    _ gate: GateDescriptor, _ request: Request, from context: InterruptFrame, _ memory: inout Memory
  ) throws(DeliveryStop) -> (SegmentDescriptor, UInt64) {
    let selector = gate.selector
    let external = external(request)
    let code = SelectorErrorCode.selector(selector, external: external).rawValue
    switch auditor.descriptor(selector, &memory) {
    case .unknown(let missing): throw .unknown(missing)
    case .problem(let problem):
      throw .fault(
        DeliveryFailure(
          step: .selector, exception: .generalProtection,
          errorCode: problem == .nullSelector ? (external ? 1 : 0) : code, faultAddress: nil,
          evidence: .descriptor(selector, nil, problem)))
    case .refused(let probe): throw stop(probe, .descriptorRead)
    case .found(let descriptor, let address):
      let attributes = descriptor.attributes
      let refused: (DeliveryStep, ExceptionVector, DescriptorProblem)? =
        if !attributes.isCode {
          (.descriptorKind, .generalProtection, .notCode)
        } else if attributes.privilege > context.codeSelector.requestedPrivilege {
          (.descriptorKind, .generalProtection, .privilege)
        } else if !attributes.isPresent {
          (.descriptorPresent, .segmentNotPresent, .notPresent)
        } else if !attributes.isLong || attributes.isDefault32 {
          (.descriptorMode, .generalProtection, .operandSize)
        } else {
          nil
        }
      if let (step, exception, problem) = refused {
        throw .fault(
          DeliveryFailure(
            step: step, exception: exception, errorCode: code, faultAddress: nil,
            evidence: .descriptor(selector, descriptor, problem)))
      }
      return (descriptor, address)
    }
  }

  /// The stack pointer of `choice`.
  mutating func stackPointer<Memory: PhysicalMemory & ~Copyable>(
    _ choice: EntryStackChoice, _ request: Request, from context: InterruptFrame, _ memory: inout Memory
  ) throws(DeliveryStop) -> UInt64 {
    let offset: UInt64
    switch choice {
    case .current: return context.rsp
    case .ring(let ring): offset = TaskStateSegment.offset(ofStackFor: ring)
    case .interruptStack(let slot): offset = TaskStateSegment.offset(ofInterruptStack: slot)
    }
    guard let task = auditor.registers.taskRegister else { throw .unknown(.taskRegister) }
    // Where the engine itself gives up, there is nothing to predict.
    if engine.contains(.nullTaskRegisterAborts), task.attributes?.isPresent == false {
      throw .unknown(.taskRegister)
    }
    guard offset + 7 <= UInt64(task.limit) else {
      throw .fault(
        DeliveryFailure(
          step: .stackSlotLimit, exception: .invalidTSS,
          errorCode: SelectorErrorCode.selector(task.selector, external: external(request)).rawValue,
          faultAddress: nil,
          evidence: .mismatch(.taskRegisterLimit, actual: UInt64(task.limit), expected: offset + 7)))
    }
    let pointer = try read(task.base &+ offset, .stackSlotRead, &memory)
    // What a processor does with a non-canonical stack pointer whose pushes are canonical is not known; the
    // emulators refuse it.
    let isCanonical =
      engine.contains(.stackEdgeFoundByPush)
      ? VirtualAddress(pointer).isCanonical(mode.depth) : auditor.isCanonicalStack(pointer)
    guard isCanonical else { throw stackFault(.stackSegment, Self.subject(choice), pointer) }
    return pointer
  }

  /// Tries every push of a frame below `pointer`, downwards. The aligned top.
  mutating func push<Memory: PhysicalMemory & ~Copyable>(
    _ request: Request, on choice: EntryStackChoice, pointer: UInt64, privilege: UInt8,
    from context: InterruptFrame, _ memory: inout Memory
  ) throws(DeliveryStop) -> UInt64 {
    let top = InterruptFrame.top(for: pointer)
    let access: PageAccess = privilege == 3 ? .userWrite : .supervisorWrite
    let count =
      request.errorCode == nil ? InterruptFrame.byteCount : InterruptFrame.byteCountWithErrorCode
    var below: UInt64 = 8
    while below <= count {
      let address = top &- below
      guard VirtualAddress(address).isCanonical(mode.depth) else {
        throw stackFault(
          engine.contains(.stackAccessRaisesProtection) ? .generalProtection : .stackSegment,
          Self.subject(choice), pointer)
      }
      let probe = auditor.probe(address, access, &memory)
      guard probe.isAllowed || isExcused(probe, context) else { throw stop(probe, .push) }
      below += 8
    }
    return top
  }

  /// Sets the accessed bit of the code descriptor at `address`, which not every engine does.
  mutating func setAccessedBit<Memory: PhysicalMemory & ~Copyable>(
    _ descriptor: SegmentDescriptor, at address: UInt64, _ memory: inout Memory
  ) throws(DeliveryStop) {
    guard !engine.contains(.accessedBitsNotWritten), !descriptor.attributes.isAccessed else { return }
    let probe = auditor.probe(address &+ 5, .supervisorWrite, &memory)
    guard probe.isAllowed else { throw stop(probe, .accessedBit) }
  }

  /// Fetches the first byte of the handler, after everything else is done.
  mutating func fetchHandler<Memory: PhysicalMemory & ~Copyable>(
    _ offset: VirtualAddress, privilege: UInt8, _ memory: inout Memory
  ) throws(DeliveryStop) {
    let access: PageAccess = privilege == 3 ? .userFetch : .supervisorFetch
    let probe = auditor.probe(offset.rawValue, access, &memory)
    guard probe.isAllowed else { throw stop(probe, .handlerFetch) }
  }

  /// #GP(0) for a gate whose offset is not canonical.
  func handlerFault(_ vector: UInt8, _ gate: GateDescriptor) -> DeliveryFailure {
    DeliveryFailure(
      step: .handlerCanonical, exception: .generalProtection, errorCode: 0, faultAddress: nil,
      evidence: .gate(vector: vector, gate))
  }
}

extension DeliveryPipeline {
  /// EXT: set for everything that the program did not ask for.
  private func external(_ request: Request) -> Bool {
    !engine.contains(.externalBitNeverSet) && !request.isSoftware
  }

  /// True when RFLAGS.AC lets a push through that only SMAP refused.
  private func isExcused(_ probe: Auditor.Probe, _ context: InterruptFrame) -> Bool {
    guard engine.contains(.alignmentCheckExcusesPushes), context.rflags.contains(.alignmentCheck) else {
      return false
    }
    var lenient = mode
    lenient.preventsSupervisorAccess = false
    return probe.walk.result(of: probe.access, in: lenient) == .allowed
  }

  private func gateCode(_ request: Request) -> UInt64 {
    let code = SelectorErrorCode.gate(request.vector, external: external(request)).rawValue
    guard engine.contains(.gateErrorCodesInSixteens) else { return code }
    return UInt64(request.vector) * 16 | code & 3
  }

  /// A qword of a table: an implicit supervisor read, which may straddle two pages.
  private mutating func read<Memory: PhysicalMemory & ~Copyable>(
    _ address: UInt64, _ step: DeliveryStep, _ memory: inout Memory
  ) throws(DeliveryStop) -> UInt64 {
    let probe = auditor.probe(address, count: 8, .supervisorRead, &memory)
    guard probe.isAllowed else { throw stop(probe, step) }
    guard let value = auditor.load(address, &memory) else { throw .unknown(.memory) }
    return value
  }

  private func refused(
    _ step: DeliveryStep, _ exception: ExceptionVector, _ code: UInt64, _ vector: UInt8,
    _ gate: GateDescriptor
  ) -> DeliveryStop {
    .fault(
      DeliveryFailure(
        step: step, exception: exception, errorCode: code, faultAddress: nil,
        evidence: .gate(vector: vector, gate)))
  }

  private func stackFault(
    _ exception: ExceptionVector, _ subject: Subject, _ pointer: UInt64
  ) -> DeliveryStop {
    .fault(
      DeliveryFailure(
        step: .stackPointerCanonical, exception: exception, errorCode: 0, faultAddress: nil,
        evidence: .value(subject, pointer)))
  }

  /// What a refused access raises.
  private func stop(_ probe: Auditor.Probe, _ step: DeliveryStep) -> DeliveryStop {
    switch probe.result {
    case .allowed, .unknown: return .unknown(.memory)
    case .nonCanonical:
      return .fault(
        DeliveryFailure(
          step: step, exception: .generalProtection, errorCode: 0, faultAddress: nil,
          evidence: probe.evidence))
    case .pageFault(let code):
      let seen = engine.reported(code)
      return .fault(
        DeliveryFailure(
          step: step, exception: .pageFault, errorCode: seen.rawValue,
          faultAddress: probe.walk.address.rawValue,
          evidence: .access(probe.walk, probe.access, .pageFault(seen))))
    }
  }

  private static func subject(_ choice: EntryStackChoice) -> Subject {
    switch choice {
    case .interruptStack(let slot): .interruptStack(Int(slot))
    case .ring: .rsp0
    case .current: .rsp
    }
  }
}

extension GateDescriptor {
  /// Bits 12:8 of the last dword, which the processor takes for a second descriptor's type. AMD APM Vol. 2,
  /// 4.8.4.
  var hasTypeInUpperHalf: Bool { high & 0x1f << 40 != 0 }
}

extension Engine {
  /// How a page fault with `code` is reported.
  func reported(_ code: PageFaultErrorCode) -> PageFaultErrorCode {
    contains(.reservedBitWithoutPresent) && code.contains(.reservedBit)
      ? code.subtracting(.protectionViolation) : code
  }
}
