import X86

/// `iretq`. SDM Vol. 2A, IRET/IRETD/IRETQ, "Operation".
extension ReturnModel {
  mutating func interruptReturn<Memory: PhysicalMemory & ~Copyable>(
    _ memory: inout Memory
  ) throws(Stop) -> InterruptFrame {
    guard !context.rflags.contains(.nestedTask) else {
      throw refuse(
        .generalProtection, 0, .kernelNestedTaskClear,
        .bits(.currentRFlags, context.rflags.rawValue, wrong: RFlags.nestedTask.rawValue))
    }
    let frame = try popFrame(&memory)
    let ring = frame.codeSelector.requestedPrivilege
    let (code, codeAddress) = try codeSegment(frame, &memory)
    let stack = try stackSegment(frame, ring, code, &memory)
    var user = frame
    user.cs = frame.cs & 0xffff
    user.ss = frame.ss & 0xffff
    user.rflags = loaded(frame.rflags)
    if code.attributes.isLong {
      if !isCanonical(frame.rip) {
        let evidence = Evidence.value(.frameRIP, frame.rip)
        guard engine.contains(.returnAddressNotChecked) else {
          throw refuse(.generalProtection, 0, .ripCanonical, evidence)
        }
        throw refuseInRingThree(user, .ripCanonical, evidence)
      }
    } else if frame.rip > UInt64(code.limit) {
      throw refuse(
        .generalProtection, 0, .compatibilityReturn,
        .descriptor(frame.codeSelector, code, .compatibilityRange))
    }
    try setAccessedBit(frame.codeSelector, code, codeAddress, &memory)
    if let (descriptor, address) = stack {
      try setAccessedBit(frame.stackSelector, descriptor, address, &memory)
    }
    return user
  }

  /// Pops the five qwords, the lowest first. They are ordinary supervisor reads: AC excuses them from SMAP.
  private mutating func popFrame<Memory: PhysicalMemory & ~Copyable>(
    _ memory: inout Memory
  ) throws(Stop) -> InterruptFrame {
    var reader = auditor
    if context.rflags.contains(.alignmentCheck) {
      var lenient = registers
      lenient.cr4.remove(.supervisorAccessPrevention)
      reader = Auditor(registers: lenient, options: AuditOptions())
    }
    let outside: ExceptionVector =
      engine.contains(.stackAccessRaisesProtection) ? .generalProtection : .stackSegment
    var offset: UInt64 = 0
    while offset < InterruptFrame.byteCount {
      let probe = reader.probe(context.rsp &+ offset, count: 8, .supervisorRead, &memory)
      guard probe.isAllowed else { throw refuse(probe, .frameReadable, nonCanonical: outside) }
      offset += 8
    }
    guard
      let frame = InterruptFrame.read(
        at: VirtualAddress(context.rsp), root: auditor.root, mode: auditor.mode, memory: &memory)
    else { throw .unknown(.returnFrame) }
    return frame
  }

  private mutating func codeSegment<Memory: PhysicalMemory & ~Copyable>(
    _ frame: InterruptFrame, _ memory: inout Memory
  ) throws(Stop) -> (SegmentDescriptor, UInt64) {
    let selector = frame.codeSelector
    let (descriptor, address) = try fetch(selector, .codeDescriptorValid, &memory)
    let ring = selector.requestedPrivilege
    guard ring >= registers.cs.requestedPrivilege else {
      throw refuse(
        .generalProtection, code(selector), .codeDescriptorValid,
        .descriptor(selector, descriptor, .requestedPrivilege))
    }
    guard let problem = descriptor.problemAsReturnCode(selector, ring: ring) else {
      return (descriptor, address)
    }
    if problem == .operandSize, engine.contains(.longDefault32Accepted) { return (descriptor, address) }
    throw refuse(
      problem == .notPresent ? .segmentNotPresent : .generalProtection, code(selector), .codeDescriptorValid,
      .descriptor(selector, descriptor, problem))
  }

  /// Nil for the null selector that 64-bit code of an inner ring may have.
  private mutating func stackSegment<Memory: PhysicalMemory & ~Copyable>(
    _ frame: InterruptFrame, _ ring: UInt8, _ codeDescriptor: SegmentDescriptor, _ memory: inout Memory
  ) throws(Stop) -> (SegmentDescriptor, UInt64)? {
    let selector = frame.stackSelector
    if selector.isNull, ring < 3, codeDescriptor.attributes.isLong { return nil }
    let (descriptor, address) = try fetch(selector, .stackDescriptorValid, &memory)
    guard let problem = descriptor.problemAsReturnStack(selector, ring: ring) else {
      return (descriptor, address)
    }
    let absent: ExceptionVector =
      engine.contains(.absentStackSegmentRaisesNotPresent) ? .segmentNotPresent : .stackSegment
    throw refuse(
      problem == .notPresent ? absent : .generalProtection, code(selector), .stackDescriptorValid,
      .descriptor(selector, descriptor, problem))
  }

  private mutating func fetch<Memory: PhysicalMemory & ~Copyable>(
    _ selector: SegmentSelector, _ rule: Rule, _ memory: inout Memory
  ) throws(Stop) -> (SegmentDescriptor, UInt64) {
    switch auditor.descriptor(selector, &memory) {
    case .found(let descriptor, let address): return (descriptor, address)
    case .unknown(let missing): throw .unknown(missing)
    case .refused(let probe): throw refuse(probe, .globalTableMapped, nonCanonical: .generalProtection)
    case .problem(let problem):
      throw refuse(
        .generalProtection, problem == .nullSelector ? 0 : code(selector), rule,
        .descriptor(selector, nil, problem))
    }
  }

  /// The processor marks a descriptor that it loads, also in a table that is mapped read-only.
  private mutating func setAccessedBit<Memory: PhysicalMemory & ~Copyable>(
    _ selector: SegmentSelector, _ descriptor: SegmentDescriptor, _ address: UInt64, _ memory: inout Memory
  ) throws(Stop) {
    guard !engine.contains(.accessedBitsNotWritten), !descriptor.attributes.isAccessed else { return }
    let probe = auditor.probe(address &+ 5, .supervisorWrite, &memory)
    guard probe.isAllowed else {
      throw refuse(probe, .accessedBitsSettable, nonCanonical: .generalProtection)
    }
  }

  private func code(_ selector: SegmentSelector) -> UInt64 {
    SelectorErrorCode.selector(selector, external: false).rawValue
  }

  /// The image as it is loaded at CPL 0: reserved bits and VM are ignored.
  private func loaded(_ image: RFlags) -> RFlags {
    var flags = RFlags(rawValue: image.rawValue & ~RFlags.reservedMask).subtracting(.virtual8086) | .fixedOne
    if engine.contains(.virtualInterruptFlagsNotLoaded) {
      flags = flags.subtracting(.virtualInterrupt | .virtualInterruptPending)
    }
    return flags
  }
}

/// `sysretq`. SDM Vol. 2B, SYSRET; AMD APM Vol. 3, SYSRET.
extension ReturnModel {
  /// RSP is Ring 3's already, so an exception at CPL 0 would push to its stack.
  func systemReturn() throws(Stop) -> InterruptFrame {
    guard registers.efer.contains(.syscallEnable) else {
      throw refuse(.invalidOpcode, 0, .systemCallEnabled, .value(.efer, registers.efer.rawValue))
    }
    guard registers.cs.requestedPrivilege == 0 else {
      throw refuse(.generalProtection, 0, .returnsToUser, .value(.frameCS, context.cs))
    }
    let target = registers.general[Self.rcx]
    let flags = registers.general[Self.r11]
    let isAMD = registers.vendor == .amd
    let base = (registers.star ?? 0) >> 48
    var user = context
    user.rip = target
    user.cs = (base &+ 16) & 0xfffc | 3
    let stack = (base &+ 8) & 0xffff
    user.ss = isAMD && !engine.contains(.systemReturnForcesPrivilege) ? stack : stack | 3
    user.rflags = RFlags(rawValue: flags & Self.flagsMask) | .fixedOne
    guard isCanonical(target) else {
      let evidence = Evidence.value(.rcx, target)
      guard isAMD || engine.contains(.systemReturnAddressNotChecked) else {
        throw refuse(.generalProtection, 0, .systemReturnAddress, evidence)
      }
      throw refuseInRingThree(user, .systemReturnAddress, evidence)
    }
    guard registers.star != nil else { throw .unknown(.modelSpecificRegister) }
    return user
  }

  static var rcx: Int { 2 }
  static var r11: Int { 11 }
  /// What SYSRET takes from R11: RF, VM and the reserved bits are cleared.
  private static var flagsMask: UInt64 { 0x3c_7fd7 }
}
