import X86

/// What the kernel says of one processor.
public struct ProcessorDeclaration: Equatable, Sendable {
  /// Its own data, at which the GS base of the kernel must point.
  public var block: UInt64?
  /// The thread or process that runs on it; nil for none.
  public var thread: UInt64?

  public init(block: UInt64? = nil, thread: UInt64? = nil) {
    self.block = block
    self.thread = thread
  }
}

/// Audits all processors of a stopped machine beside one another: RT-170...RT-178, each with one finding, in
/// catalogue order. `processors` has the registers of each, in the order of their numbers; `declarations` what the
/// kernel says of them, in the same order, as far as it says something. The memory is one for all.
///
/// Processors outside long mode have not been started and are left out.
public func auditProcessors<Memory: PhysicalMemory & ~Copyable, Sink: FindingSink & ~Copyable>(
  _ processors: borrowing Span<RegisterFile>, declarations: borrowing Span<ProcessorDeclaration>,
  memory: inout Memory, options: AuditOptions, sink: inout Sink
) {
  var audit = ProcessorAudit(options: options)
  audit.count(processors)
  for number in Rule.firstProcessorRule...Rule.highestNumber {
    guard let rule = Rule(number: number), options.scope.asks(rule.tier) else { continue }
    sink.record(Finding(rule, audit.verdict(of: number, processors, declarations, &memory)))
  }
}

extension Rule {
  static let firstProcessorRule: UInt16 = 170

  /// The rules that ``auditProcessors(_:declarations:memory:options:sink:)`` asks.
  public var isAboutProcessors: Bool { number >= Rule.firstProcessorRule }
}

/// One comparison of all processors.
struct ProcessorAudit: Sendable {
  let options: AuditOptions
  /// How many run in long mode.
  private(set) var running = 0

  init(options: AuditOptions) { self.options = options }

  mutating func count(_ processors: borrowing Span<RegisterFile>) {
    running = 0
    for number in processors.indices where processors[number].isLongMode { running += 1 }
  }

  func verdict<Memory: PhysicalMemory & ~Copyable>(
    of number: UInt16, _ processors: borrowing Span<RegisterFile>,
    _ declarations: borrowing Span<ProcessorDeclaration>, _ memory: inout Memory
  ) -> Verdict {
    switch number {
    // What a table is used for elsewhere does not depend on how many processors there are.
    case 177: return freedRootNotLive(processors)
    case 178: return shootdownComplete()
    default: break
    }
    guard running > 0 else { return .unknown(.longMode) }
    guard running > 1 else {
      return options.processorCount ?? 1 > 1 ? .unknown(.otherProcessors) : .skipped(.oneProcessor)
    }
    switch number {
    case 170: return taskStateUnique(processors)
    case 171: return stacksUnique(processors, &memory)
    case 172: return threadOnOneProcessor(declarations)
    case 173: return taskStatesBusy(processors, &memory)
    case 174: return perProcessorBlockUnique(processors, declarations)
    case 175: return controlStateEqual(processors, &memory)
    default: return processorTablesMapped(processors, &memory)
    }
  }

  /// A processor's number as findings have it.
  static func short(_ number: Int) -> UInt8 { UInt8(truncatingIfNeeded: number) }

  /// The verdict where nothing was found, but not everything was known.
  static func held(unless missing: Missing?) -> Verdict {
    if let missing { .unknown(missing) } else { .held }
  }
}

extension ProcessorAudit {
  /// RT-170.
  func taskStateUnique(_ processors: borrowing Span<RegisterFile>) -> Verdict {
    var missing: Missing?
    for number in processors.indices where processors[number].isLongMode {
      guard let base = taskState(processors[number]) else {
        missing = .taskRegister
        continue
      }
      for other in 0..<number where processors[other].isLongMode && taskState(processors[other]) == base {
        return .violated(.shared(Self.short(other), Self.short(number), .taskRegisterBase, base))
      }
    }
    return Self.held(unless: missing)
  }

  /// The base of the TSS that a processor has loaded.
  func taskState(_ registers: RegisterFile) -> UInt64? {
    guard let task = registers.taskRegister, !task.selector.isNull else { return nil }
    return task.base
  }

  /// RT-172. What runs twice has one stack for two.
  func threadOnOneProcessor(_ declarations: borrowing Span<ProcessorDeclaration>) -> Verdict {
    var isDeclared = false
    for number in declarations.indices {
      guard let thread = declarations[number].thread else { continue }
      isDeclared = true
      for other in 0..<number where declarations[other].thread == thread {
        return .violated(.shared(Self.short(other), Self.short(number), .thread, thread))
      }
    }
    return isDeclared ? .held : .skipped(.notDeclared)
  }

  /// RT-173.
  func taskStatesBusy<Memory: PhysicalMemory & ~Copyable>(
    _ processors: borrowing Span<RegisterFile>, _ memory: inout Memory
  ) -> Verdict {
    var missing: Missing?
    for number in processors.indices where processors[number].isLongMode {
      let registers = processors[number]
      guard let task = registers.taskRegister, !task.selector.isNull, let table = registers.globalTable else {
        missing = .taskRegister
        continue
      }
      var auditor = Auditor(registers: registers, options: options)
      switch auditor.descriptor(task.selector, &memory) {
      case .found(let descriptor, _):
        let isBusy =
          !descriptor.attributes.isCodeOrData
          && descriptor.attributes.type == SystemDescriptorType.busyTSS.rawValue
        guard isBusy else { return .violated(.descriptor(task.selector, descriptor, .notBusyTaskState)) }
      case .problem(let problem): return .violated(.descriptor(task.selector, nil, problem))
      case .refused, .unknown: missing = .descriptor
      }
      for other in 0..<number where processors[other].isLongMode {
        guard processors[other].globalTable?.base == table.base,
          processors[other].taskRegister?.selector == task.selector
        else { continue }
        return .violated(
          .shared(
            Self.short(other), Self.short(number), .taskRegisterSelector, UInt64(task.selector.rawValue)))
      }
    }
    return Self.held(unless: missing)
  }

  /// RT-174.
  func perProcessorBlockUnique(
    _ processors: borrowing Span<RegisterFile>, _ declarations: borrowing Span<ProcessorDeclaration>
  ) -> Verdict {
    guard options.swapgs != .unused else { return .skipped(.swapgs) }
    var missing: Missing?
    for number in processors.indices where processors[number].isLongMode {
      guard let base = kernelBase(processors[number]) else {
        missing = .segmentBases
        continue
      }
      if number < declarations.count, let block = declarations[number].block, block != base {
        return .violated(.mismatch(.perProcessorBlock, actual: base, expected: block))
      }
      for other in 0..<number where processors[other].isLongMode && kernelBase(processors[other]) == base {
        return .violated(.shared(Self.short(other), Self.short(number), .perProcessorBlock, base))
      }
    }
    return Self.held(unless: missing)
  }

  /// The GS base of the kernel: in Ring 3 it waits in KERNEL_GS_BASE, in the kernel it may be in either.
  private func kernelBase(_ registers: RegisterFile) -> UInt64? {
    if registers.cs.requestedPrivilege == 0, let base = registers.gsBase, base >> 63 == 1 { return base }
    guard let base = registers.kernelGSBase, base >> 63 == 1 else { return nil }
    return base
  }

  /// RT-177.
  func freedRootNotLive(_ processors: borrowing Span<RegisterFile>) -> Verdict {
    var isDeclared = options.rootRetirement == .listed
    for position in 0..<options.retiredRoots.count {
      guard let root = options.retiredRoots[position] else { continue }
      isDeclared = true
      for number in processors.indices where processors[number].cr3.root == root {
        return .violated(.value(.cr3, processors[number].cr3.rawValue))
      }
    }
    return isDeclared ? .held : .skipped(.notDeclared)
  }

  /// RT-178.
  func shootdownComplete() -> Verdict {
    guard let pending = options.pendingShootdowns else { return .skipped(.notDeclared) }
    return pending == 0 ? .held : .violated(.value(.pendingShootdowns, pending))
  }
}
