import X86

/// One audit of one return, rule by rule in catalogue order: what the rules share is read once and kept here.
struct ReturnAuditor: Sendable {
  /// Where the frame comes from.
  enum Site: UInt8 {
    /// Memory at RSP, with an `iretq` at RIP.
    case interruptReturn
    /// RCX, R11 and RSP, with a `sysretq` at RIP.
    case systemReturn
    /// The caller.
    case frameValue
    /// There is none: no return instruction stands at RIP.
    case nowhere
  }

  var auditor: Auditor
  var site = Site.frameValue
  /// True when the frame returns inside the kernel, and the site may.
  private(set) var isKernelReturn = false
  var segments = Auditor.FrameSegments()
  var pages: KernelStackPages?
  var survey = GateSurvey()

  init(_ registers: RegisterFile, _ options: AuditOptions) {
    auditor = Auditor(registers: registers, options: options)
  }

  /// Reads what the rules share.
  mutating func prepare<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) {
    let registers = auditor.registers
    let portion = auditor.options.portion
    switch site {
    case .interruptReturn where portion == .surroundings: break
    case .frameValue, .nowhere: break
    case .interruptReturn:
      auditor.frame = InterruptFrame.read(
        at: VirtualAddress(registers.rsp), root: auditor.root, mode: auditor.mode, memory: &memory)
    case .systemReturn:
      // CS and SS come from STAR, by arithmetic that always gives Ring 3.
      auditor.frame = InterruptFrame(
        rip: registers.general[RegisterFile.rcxNumber], cs: 3,
        rflags: RFlags(rawValue: registers.general[RegisterFile.r11Number]), rsp: registers.rsp, ss: 3)
    }
    if let frame = auditor.frame, site != .systemReturn { isKernelReturn = auditor.isReturnToKernel(frame) }
    guard registers.isLongMode else { return }
    if let frame = auditor.frame, site != .systemReturn {
      segments = auditor.fetchSegments(frame, &memory)
    }
    // RT-049 asks inside the kernel too whether this is the stack of NMI.
    auditor.readTaskState(&memory)
    guard !isKernelReturn, portion != .thisReturn else { return }
    survey = auditor.surveyGates(&memory)
    (auditor.usedSlots, auditor.slotsAreComplete) = (survey.slots, survey.isComplete)
    pages = auditor.kernelStackPages(&memory)
  }

  /// Asks every rule that the options and the return allow, and records each answer.
  mutating func ask<Memory: PhysicalMemory & ~Copyable, Sink: FindingSink & ~Copyable>(
    _ memory: inout Memory, _ sink: inout Sink
  ) {
    for number in 1...Rule.highestNumber {
      guard let rule = Rule(number: number), rule.isAudited, auditor.options.scope.asks(rule.tier),
        auditor.options.portion.asks(rule), !isKernelReturn || rule.appliesToKernelReturns
      else { continue }
      sink.record(Finding(rule, judge(rule, &memory)))
    }
  }

  /// FRED delivers without IDT, TSS and IST: what they hold is then no news. With control-flow enforcement an entry may
  /// need a shadow stack too, so what else it needs is not all. Intel FRED specification, 4; SDM Vol. 3A, 6.14, and
  /// Vol. 1, 17.2.3.
  private mutating func judge<Memory: PhysicalMemory & ~Copyable>(
    _ rule: Rule, _ memory: inout Memory
  ) -> Verdict {
    let control = auditor.registers.cr4
    guard rule.isAboutDelivery, auditor.registers.isLongMode else { return verdict(of: rule.number, &memory) }
    guard !control.contains(.flexibleEventDelivery) else { return .unknown(.eventDelivery) }
    let verdict = verdict(of: rule.number, &memory)
    if control.contains(.controlFlowEnforcement), case .held = verdict { return .unknown(.eventDelivery) }
    return verdict
  }

  private mutating func verdict<Memory: PhysicalMemory & ~Copyable>(
    of number: UInt16, _ memory: inout Memory
  ) -> Verdict {
    // Outside long mode there are no such frames, stacks and gates; that much is RT-140's own answer.
    guard auditor.registers.isLongMode || number == Rule.pagingMode.number else { return .unknown(.longMode) }
    if site == .nowhere, !Rule.applies(number, awayFromReturnsIn: auditor.registers.cs) {
      return .skipped(.notAtReturn)
    }
    switch number {
    case 1...9: return frameVerdict(number, &memory)
    case 10...19: return userVerdict(number, &memory)
    case 20...29: return taskVerdict(number, &memory)
    case 30...39: return stackVerdict(number, &memory)
    case 40...59: return interruptStackVerdict(number, &memory)
    case 60...69: return gateVerdict(number, &memory)
    case 70...89: return tableVerdict(number, &memory)
    case 90...119: return addressSpaceVerdict(number, &memory)
    case 120...125: return systemCallVerdict(number, &memory)
    case 126...139: return systemReturnVerdict(number, &memory)
    default: return stateVerdict(number, &memory)
    }
  }
}

extension Rule {
  /// False for the rules that judge a return instruction, its frame and the registers in the moment before it; in
  /// Ring 0 also for those about what a kernel has put right only then: its locks, CR8, and which table and stack
  /// are the current thread's. In Ring 3 that moment has passed, and KERNEL_GS_BASE is what the next entry takes.
  static func applies(_ number: UInt16, awayFromReturnsIn selector: SegmentSelector) -> Bool {
    switch number {
    case 1...17, 48, 49, 81, 126...131, 144, 160...162: false
    case 30, 94, 125, 145, 151: selector.requestedPrivilege == 3
    default: true
    }
  }

  /// The rules about what the delivery of an event needs: TSS, stacks, gates and handlers.
  var isAboutDelivery: Bool {
    switch number {
    case 20...49, 60...70: true
    default: false
    }
  }

  /// The rules that are asked of a return inside the kernel too.
  public var appliesToKernelReturns: Bool {
    switch number {
    case 1, 2, 3, 5, 6, 9, 49: true
    default: false
    }
  }
}
