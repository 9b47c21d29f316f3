import X86

/// The instructions that lead to Ring 3.
public enum ReturnKind: UInt8, Equatable, Sendable {
  case iretq
  case sysretq
}

/// What a return raises instead of returning, or right behind itself.
public struct ReturnFault: Sendable {
  public let exception: ExceptionVector
  public let errorCode: UInt64
  /// What CR2 receives; nil when the exception is not #PF.
  public let faultAddress: UInt64?
  /// The registers that the exception interrupts. At CPL 0 it is the return itself that failed; at CPL 3 the return
  /// worked, and Ring 3 stands where it cannot execute.
  public let context: InterruptFrame
  /// The rule that would have shown it.
  public let rule: Rule
  public let evidence: Evidence

  public var event: Event {
    .exception(exception, errorCode: errorCode, address: faultAddress ?? 0)
  }
}

/// What a return to Ring 3 will do.
public enum ReturnPrediction: Sendable {
  /// The registers at the first instruction in the ring that is returned to.
  case returns(InterruptFrame)
  case faults(ReturnFault)
  case unknown(Missing)
}

/// Predicts what `kind` will do on a machine that stands at one: the faults that the return itself raises, in the
/// order in which the processor looks for them. Reads memory, changes nothing. SDM Vol. 2A, IRET; Vol. 2B, SYSRET.
public func predictReturn<Machine: MachineView & ~Copyable>(
  _ kind: ReturnKind, on machine: inout Machine, engine: Engine = .architecture
) -> ReturnPrediction {
  var model = ReturnModel(registers: machine.registers, engine: engine)
  return model.predict(kind, &machine)
}

/// One return in progress.
struct ReturnModel: Sendable {
  var auditor: Auditor
  let engine: Engine
  /// The kernel's own registers, at the return.
  let context: InterruptFrame

  var registers: RegisterFile { auditor.registers }

  init(registers: RegisterFile, engine: Engine) {
    auditor = Auditor(registers: registers, options: AuditOptions())
    self.engine = engine
    context = InterruptFrame(
      rip: registers.rip, cs: UInt64(registers.cs.rawValue), rflags: registers.rflags, rsp: registers.rsp,
      ss: UInt64(registers.ss.rawValue))
  }

  enum Stop: Error {
    case fault(ReturnFault)
    case unknown(Missing)
  }

  mutating func predict<Memory: PhysicalMemory & ~Copyable>(
    _ kind: ReturnKind, _ memory: inout Memory
  ) -> ReturnPrediction {
    guard registers.isLongMode else { return .unknown(.longMode) }
    guard !registers.cr4.contains(.controlFlowEnforcement) else { return .unknown(.eventDelivery) }
    do throws(Stop) {
      switch kind {
      case .iretq: return .returns(try interruptReturn(&memory))
      case .sysretq: return .returns(try systemReturn())
      }
    } catch {
      switch error {
      case .fault(let fault): return .faults(fault)
      case .unknown(let missing): return .unknown(missing)
      }
    }
  }
}

extension ReturnModel {
  /// `exception` at the return itself, in Ring 0.
  func refuse(
    _ exception: ExceptionVector, _ errorCode: UInt64, _ rule: Rule, _ evidence: Evidence
  ) -> Stop {
    .fault(
      ReturnFault(
        exception: exception, errorCode: errorCode, faultAddress: nil, context: context, rule: rule,
        evidence: evidence))
  }

  /// #GP in Ring 3 at an address that is not canonical, where the engine does not look at it before.
  func refuseInRingThree(_ user: InterruptFrame, _ rule: Rule, _ evidence: Evidence) -> Stop {
    .fault(
      ReturnFault(
        exception: .generalProtection, errorCode: 0, faultAddress: nil, context: user, rule: rule,
        evidence: evidence))
  }

  /// What a refused access of the return raises.
  func refuse(_ probe: Auditor.Probe, _ rule: Rule, nonCanonical: ExceptionVector) -> Stop {
    switch probe.result {
    case .allowed, .unknown: return .unknown(.memory)
    case .nonCanonical: return refuse(nonCanonical, 0, rule, probe.evidence)
    case .pageFault(let code):
      let seen = engine.reported(code)
      return .fault(
        ReturnFault(
          exception: .pageFault, errorCode: seen.rawValue, faultAddress: probe.walk.address.rawValue,
          context: context, rule: rule, evidence: .access(probe.walk, probe.access, .pageFault(seen))))
    }
  }

  func isCanonical(_ address: UInt64) -> Bool {
    VirtualAddress(address).isCanonical(auditor.mode.depth)
  }
}

/// The return to Ring 3 that the instruction at RIP is; nil for any other instruction.
public func returnKind<Machine: MachineView & ~Copyable>(on machine: inout Machine) -> ReturnKind? {
  let registers = machine.registers
  return Examiner(registers: registers, stop: StopState(.handler)).returnKind(registers.rip, &machine)
}
