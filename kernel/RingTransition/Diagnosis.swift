import X86

/// How a machine stands when it is asked what happened.
public struct StopState: Sendable {
  /// What stopped it.
  public enum Kind: UInt8, Equatable, Sendable {
    /// RIP is in the handler of an exception or interrupt, at its first instruction or later.
    case handler
    /// The machine reports a shutdown; the registers are those of the program whose event was not delivered.
    case tripleFault
  }

  public var kind: Kind
  /// The vector whose handler runs, where the caller knows it.
  public var vector: UInt8?
  /// The lowest byte of the five-word frame, where the caller knows it.
  public var frameAddress: UInt64?
  /// The interrupt that a controller has acknowledged and not yet seen the end of, where that is known.
  public var interruptInService: UInt8?
  public var engine = Engine.architecture
  /// The kernel stack's size in bytes: how far below its top RSP is still taken to be on it.
  public var kernelStackSize: UInt64 = 16384
  /// The same for an IST stack.
  public var interruptStackSize: UInt64 = 16384

  public init(_ kind: Kind) { self.kind = kind }
}

/// How sure a diagnosis is.
public enum Confidence: UInt8, Equatable, Sendable {
  /// Replaying the delivery on the present memory gives what was observed: vector, error code, CR2, saved RIP.
  case proven
  /// All that a catalogue row asks for was observed.
  case signature
  case guess
}

/// The frame that an event pushed.
public struct LocatedFrame: Sendable {
  /// The vector whose handler runs; nil where nothing tells.
  public let vector: UInt8?
  /// The five words, and the address of the lowest.
  public let frame: InterruptFrame
  public let address: UInt64
  /// What stands below them where the vector pushes an error code; nil where the event pushed none, so that its
  /// handler sees every field one slot off.
  public let errorCode: UInt64?
}

/// Why the machine stands where it stands.
public struct Diagnosis: Sendable {
  public var cause: Cause
  public var confidence: Confidence
  /// The pushed frame. Nil after a triple fault: nothing was pushed.
  public var located: LocatedFrame?
  /// The program in which it happened.
  public var context: InterruptFrame?
  /// What started it, and whether the instruction at RIP says so or only the outcome does.
  public var event: Event?
  public var eventIsDecoded = false
  /// What the event sets off on the present memory.
  public var chain: DeliveryChain?
  public var evidence: Evidence?
  /// The rule that was broken: checked before the return, it would have shown this.
  public var rule: Rule?
  /// What memory held on the refused path when the last return was audited, where that was different.
  public var change: EntryChange?

  /// `rule`: nil for the cause's own.
  init(
    _ cause: Cause, _ confidence: Confidence, evidence: Evidence? = nil, rule: Rule? = nil,
    event: Event? = nil
  ) {
    self.cause = cause
    self.confidence = confidence
    self.evidence = evidence
    self.rule = rule ?? cause.rule
    self.event = event
  }
}

/// Explains a machine that stands in a handler or has shut down. Reads memory, changes nothing.
public func diagnose<Machine: MachineView & ~Copyable>(
  _ machine: inout Machine, stop: StopState
) -> Diagnosis {
  diagnose(&machine, stop: stop, earlier: NothingEarlier())
}

/// The same with what is known of `earlier` times: a path that was mapped when the last return was audited, and is not
/// any more, has been taken away since.
public func diagnose<Machine: MachineView & ~Copyable, Earlier: EarlierEntries & ~Copyable>(
  _ machine: inout Machine, stop: StopState, earlier: borrowing Earlier
) -> Diagnosis {
  let registers = machine.registers
  var examiner = Examiner(registers: registers, stop: stop)
  var diagnosis = examiner.examine(&machine)
  diagnosis.compare(with: earlier)
  return diagnosis
}
