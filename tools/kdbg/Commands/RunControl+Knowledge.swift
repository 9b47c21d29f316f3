import Inspect
import Session
import X86

/// What is found out about the machine once, and asked again only where it may have changed.
struct MachineKnowledge {
  /// The RDMSR that processors are lent to; nil before it was looked for.
  var instruction: VirtualAddress??
  /// The base of the 8259A; nil before it was asked for.
  var interruptControllerBase: UInt8??
  /// True after a table load: a processor that is set up writes its model-specific registers too.
  var isStale = false
}

/// How old the knowledge of a processor may be.
enum KnowledgeAge {
  case onceIsEnough
  case now
}

extension RunControl {
  /// All that is known of the kernel now.
  public var declarations: KernelDeclarations {
    KernelDeclarations(
      table: kernelTable(), configuration: configuration.current(in: target),
      interruptControllerBase: knowledge.interruptControllerBase ?? nil)
  }

  /// Makes the target know the model-specific registers of the processor it stands on. True when it was asked now;
  /// false where it was known already, or cannot be asked: only Ring 0 executes RDMSR.
  @discardableResult
  func knowProcessor(_ age: KnowledgeAge) throws(SessionError) -> Bool {
    let registers = target.coreRegisters
    guard registers.isLongMode, registers.cs.requestedPrivilege == 0 else { return false }
    // A machine that has shut down executes nothing more.
    if case .stopped(.shutdown) = target.state { return false }
    guard age == .now || knowledge.isStale || !target.knowsProcessor else { return false }
    knowledge.isStale = false
    if age == .now || knowledge.interruptControllerBase == nil {
      knowledge.interruptControllerBase = .some(target.interruptControllerBase)
    }
    let instruction = borrowedInstruction()
    // Old knowledge is better than none.
    guard instruction != nil || !target.knowsProcessor else { return false }
    do {
      try target.learnProcessor(borrowing: instruction)
      if let instruction { try target.learnOtherProcessors(borrowing: instruction) }
    } catch {
      guard error.category != .lost else { throw error }
      // A stub that cannot write registers or step tells less, and the audit says so.
      knowledge.instruction = .some(nil)
      try target.learnProcessor(borrowing: nil)
    }
    return true
  }

  /// The kernel's code may be mapped elsewhere by now, so what was found before is looked at again.
  func borrowedInstruction() -> VirtualAddress? {
    if case .some(.none) = knowledge.instruction { return nil }
    if let known = knowledge.instruction ?? nil, target.isBorrowable(known) { return known }
    let found = target.borrowedInstruction(in: program)
    if let found { knowledge.instruction = .some(found) }
    return found
  }
}
