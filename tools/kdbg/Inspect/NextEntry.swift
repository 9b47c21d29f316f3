import RingTransition
import Symbols
import X86

/// The next entry from Ring 3 that can be foreseen, and what it will come to; or that there will be none, since the
/// return itself fails.
///
/// Which event comes next cannot be known in general: any interrupt may come first. Where the code at the frame's
/// RIP comes to an instruction that enters Ring 0, jumps not taken, it is that one that is shown; else an interrupt.
public struct NextEntry: Sendable {
  public enum Source: Sendable {
    /// The program comes to this instruction if it takes no jump.
    case instruction(Instruction)
    /// The lowest vector that the kernel declares for its devices, or else that a controller may use.
    case interrupt
    /// The return raises this instead of returning, or Ring 3 stands where it cannot execute.
    case returnFault(ReturnFault, ReturnKind)
  }

  public let source: Source
  public let chain: DeliveryChain

  /// How far behind the frame's RIP an instruction is looked for, in bytes.
  private static let reach = 64

  private init(_ source: Source, _ chain: DeliveryChain) {
    self.source = source
    self.chain = chain
  }

  /// Predicts what comes of the return at which `machine` stands, on `engine`. Nil when no event can be named.
  public init?(afterReturnOf machine: inout some Debuggee, engine: Engine, kernel: KernelTable?) {
    let kind = returnKind(on: &machine) ?? .iretq
    switch predictReturn(kind, on: &machine, engine: engine) {
    case .returns(let user): self.init(after: user, on: &machine, engine: engine, kernel: kernel)
    case .faults(let fault):
      self.init(
        .returnFault(fault, kind), deliver(fault.event, to: fault.context, on: &machine, engine: engine))
    case .unknown:
      let registers = machine.coreRegisters
      guard
        let frame = InterruptFrame.read(
          at: VirtualAddress(registers.rsp), root: registers.cr3.root, mode: registers.pagingMode,
          memory: &machine)
      else { return nil }
      self.init(after: frame, on: &machine, engine: engine, kernel: kernel)
    }
  }

  /// Predicts the entry after `frame` was returned to. Nil when no event can be named.
  public init?(
    after frame: InterruptFrame, on machine: inout some Debuggee, engine: Engine, kernel: KernelTable?
  ) {
    if let (instruction, event) = Self.entryInstruction(from: frame, in: &machine, engine),
      event != .systemCall || machine.coreRegisters.lstar != nil
    {
      var context = frame
      context.rip = instruction.address.rawValue
      source = .instruction(instruction)
      chain = deliver(event, to: context, on: &machine, engine: engine)
      return
    }
    // What the kernel declares counts even where its gate is not there.
    guard frame.rflags.contains(.interruptEnable),
      let vector = kernel?.interface?.interruptVectors.min()
        ?? (try? InterruptTableView(of: &machine))?.gates.first(where: { $0.canServeController })?.vector
    else { return nil }
    source = .interrupt
    chain = deliver(.externalInterrupt(vector), to: frame, on: &machine, engine: engine)
  }

  private static func entryInstruction(
    from frame: InterruptFrame, in machine: inout some Debuggee, _ engine: Engine
  ) -> (Instruction, Event)? {
    let start = VirtualAddress(frame.rip)
    let code = machine.bytes(at: start, count: reach)
    let depth = machine.coreRegisters.pagingMode.depth
    guard let disassembler = try? Disassembler() else { return nil }
    var stackPointer: UInt64? = frame.rsp
    for instruction in disassembler.disassemble(code, at: start) {
      if let event = instruction.entryEvent(privilege: frame.rflags.ioPrivilegeLevel) {
        return (instruction, event)
      }
      if instruction.usesStackPointer, let pointer = stackPointer {
        let address = VirtualAddress(instruction.pushes ? pointer &- 8 : pointer)
        if instruction.pushes || instruction.pops, !address.isCanonical(depth) {
          let exception: ExceptionVector =
            engine.contains(.stackAccessRaisesProtection) ? .generalProtection : .stackSegment
          return (instruction, .exception(exception, errorCode: 0, address: 0))
        }
        // From here on it is not known without executing.
        stackPointer = nil
      }
      guard instruction.canGoOn else { return nil }
    }
    return nil
  }
}

extension InterruptTableView.Gate {
  /// A gate behind the exceptions that instructions of Ring 3 cannot use: an interrupt's.
  fileprivate var canServeController: Bool {
    vector >= 32 && descriptor.isPresent && descriptor.type != nil && descriptor.privilege == 0
  }
}

extension Instruction {
  /// The event that this instruction raises by being executed in Ring 3, with `privilege` in RFLAGS.IOPL.
  fileprivate func entryEvent(privilege: UInt8) -> Event? {
    switch (bytes.first, bytes.count) {
    case (0xcd, 2): return .softwareInterrupt(bytes[1])
    case (0xcc, 1): return .breakpointInstruction
    case (0x0f, 2) where bytes[1] == 0x05: return .systemCall
    case (0x0f, 2...) where [0x0b, 0xb9, 0xff].contains(bytes[1]):
      return .exception(.invalidOpcode, errorCode: 0, address: 0)
    // CLI and STI ask for IOPL, the others for Ring 0.
    case (0xfa, 1), (0xfb, 1): return privilege == 3 ? nil : Self.protection
    case (0xf4, 1): return Self.protection
    default: return isSystemInstruction ? Self.protection : nil
    }
  }

  private static var protection: Event { .exception(.generalProtection, errorCode: 0, address: 0) }

  /// CLTS, INVD, WBINVD, MOV to and from control and debug registers, WRMSR, RDMSR; LLDT, LTR, LGDT, LIDT, LMSW,
  /// INVLPG and SWAPGS. SDM Vol. 3A, 5.9.
  private var isSystemInstruction: Bool {
    let code = bytes.drop { (0x40...0x4f).contains($0) }
    guard code.first == 0x0f, let opcode = code.dropFirst().first else { return false }
    let mode = code.dropFirst(2).first ?? 0
    let operation = mode >> 3 & 7
    switch opcode {
    case 0x06, 0x08, 0x09, 0x20...0x23, 0x30, 0x32: return true
    case 0x00: return operation == 2 || operation == 3
    case 0x01: return mode == 0xf8 || operation == 6 || mode < 0xc0 && [2, 3, 7].contains(operation)
    default: return false
    }
  }

  fileprivate var pushes: Bool {
    ["push", "pushfq", "pushq", "call", "callq", "enter"].contains(mnemonic)
  }
  fileprivate var pops: Bool { ["pop", "popfq", "popq", "ret", "retq"].contains(mnemonic) }
  /// True where RSP may be another one afterwards.
  fileprivate var usesStackPointer: Bool {
    pushes || pops || mnemonic.hasPrefix("leave") || ["rsp", "esp", "spl"].contains(where: operands.contains)
  }

  /// False for whatever never leads to the next instruction, or enters something else before.
  fileprivate var canGoOn: Bool {
    let leaving: Set<String> = [
      "jmp", "call", "ret", "retf", "retfq", "syscall", "sysenter", "hlt", "ud2", "iretq", "iretd", "iret",
    ]
    return isValid && !leaving.contains(mnemonic)
  }
}
