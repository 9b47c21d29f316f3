import RingTransition
import X86

/// What is wrong, the tables that prove it, and what it leads to or led to.
public struct Explanation: Sendable {
  public enum Finding: Sendable {
    /// The machine is about to return to Ring 3 and breaks a rule.
    case violation(ReturnAudit)
    /// The machine is about to return to Ring 3, and every rule that could be checked holds.
    case ready(ReturnAudit)
    /// The machine stands in a handler or has shut down.
    case stop(Diagnosis)
  }

  public let finding: Finding
  public let registers: RegisterFile
  public let process: CurrentProcess?
  /// The linear address that the tables refuse, where that is what is wrong.
  public let refused: Refusal?
  /// What comes next; nil where it already came, or cannot be foreseen.
  public let next: NextEntry?
  /// The row of the catalogue that a diagnosis would name afterwards; nil where what comes next arrives.
  public let foreseen: Cause?

  /// An access that the loaded tables refuse, and the same address under another table.
  public struct Refusal: Sendable {
    public let translation: AddressTranslation
    public let access: PageAccess
    public let result: AccessResult
    public let elsewhere: Elsewhere
  }

  /// The refused address under the other tables that are known.
  public enum Elsewhere: Sendable {
    /// No other root table is known.
    case nothingKnown
    /// This table maps it.
    case mapped(ReferenceTable, AddressTranslation)
    /// None of those known maps it.
    case nowhere([ReferenceTable])
  }

  /// Explains why `audit` broke a rule, or that it broke none.
  public init(
    of audit: ReturnAudit, on machine: inout some Debuggee, kernel: KernelTable?,
    references: ReferenceTables, earlier: ValidatedEntries = .none, engine: Engine = .architecture
  ) {
    finding = audit.root == nil ? .ready(audit) : .violation(audit)
    registers = audit.registers
    process = audit.process
    refused = Self.refusal(audit.root?.evidence, on: &machine, kernel, references)
    next = NextEntry(afterReturnOf: &machine, engine: engine, kernel: kernel)
    foreseen = next?.foreseenCause(on: machine.registers, earlier: earlier)
  }

  /// Explains a machine that stands in a handler, or one that shut down. `engine`: what the same event would have come
  /// to elsewhere; nil for what it came to here.
  public init(
    of stop: StopState, on machine: inout some Debuggee, kernel: KernelTable?, references: ReferenceTables,
    earlier: ValidatedEntries = .none, replayedOn engine: Engine? = nil
  ) {
    var stop = stop
    if let kernel { stop.kernelStackSize = kernel.kernelStackSize }
    var diagnosis = diagnose(&machine, stop: stop, earlier: earlier)
    if let engine, let event = diagnosis.event, let context = diagnosis.context {
      diagnosis.chain = deliver(event, to: context, on: &machine, engine: engine)
    }
    finding = .stop(diagnosis)
    registers = machine.registers
    process = kernel?.process
    refused = Self.refusal(diagnosis.evidence, on: &machine, kernel, references)
    next = Self.entry(fromRingThreeOf: &machine, stop, on: engine ?? stop.engine, kernel)
    foreseen = next?.foreseenCause(on: registers, earlier: earlier)
  }

  /// Where Ring 3 runs, nothing has happened yet, and what comes next is as uncertain as before a return.
  private static func entry(
    fromRingThreeOf machine: inout some Debuggee, _ stop: StopState, on engine: Engine,
    _ kernel: KernelTable?
  ) -> NextEntry? {
    let registers = machine.registers
    guard stop.kind == .handler, registers.isLongMode, registers.cs.requestedPrivilege == 3 else {
      return nil
    }
    let program = InterruptFrame(
      rip: registers.rip, cs: UInt64(registers.cs.rawValue), rflags: registers.rflags, rsp: registers.rsp,
      ss: UInt64(registers.ss.rawValue))
    return NextEntry(after: program, on: &machine, engine: engine, kernel: kernel)
  }

  /// What the processor did or will do, attempt by attempt.
  public var chain: DeliveryChain? {
    if case .stop(let diagnosis) = finding, let chain = diagnosis.chain { return chain }
    return next?.chain
  }

  private static func refusal(
    _ evidence: Evidence?, on machine: inout some Debuggee, _ kernel: KernelTable?,
    _ references: ReferenceTables
  ) -> Refusal? {
    guard case .access(let walk, let access, let result) = evidence else { return nil }
    let cr3 = machine.coreRegisters.cr3
    let translation = AddressTranslation(of: walk.address, in: &machine)
    let candidates = references.candidates(for: cr3, kernel: kernel)
    var elsewhere = candidates.isEmpty ? Elsewhere.nothingKnown : .nowhere(candidates)
    if let found = references.reference(mapping: walk.address, for: cr3, kernel: kernel, in: &machine) {
      elsewhere = .mapped(found.table, found.translation)
    }
    return Refusal(translation: translation, access: access, result: result, elsewhere: elsewhere)
  }
}
