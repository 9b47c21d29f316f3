import RingTransition
import Symbols
import X86

/// The next entry from Ring 3 that can be foreseen, and what it will come to.
///
/// Which event comes next cannot be known in general: any interrupt may come first. Where the code at the frame's
/// RIP comes to an instruction that enters Ring 0, jumps not taken, it is that one that is shown.
public struct NextEntry: Sendable {
  public enum Source: Equatable, Sendable {
    /// The program comes to this instruction if it takes no jump.
    case instruction(Instruction)
    /// The lowest vector that a controller may use.
    case interrupt
  }

  public let source: Source
  public let chain: DeliveryChain

  /// How far behind the frame's RIP an instruction is looked for, in bytes.
  private static let reach = 64

  /// Predicts the entry after `frame` was returned to. Nil when no event can be named.
  public init?(after frame: InterruptFrame, on machine: inout some Debuggee) {
    if let (instruction, event) = Self.entryInstruction(from: frame, in: &machine) {
      var context = frame
      context.rip = instruction.address.rawValue
      source = .instruction(instruction)
      chain = deliver(event, to: context, on: &machine)
      return
    }
    guard let gates = try? InterruptTableView(of: &machine).gates,
      let gate = gates.first(where: { $0.canServeController })
    else { return nil }
    source = .interrupt
    chain = deliver(.externalInterrupt(gate.vector), to: frame, on: &machine)
  }

  private static func entryInstruction(
    from frame: InterruptFrame, in machine: inout some Debuggee
  ) -> (Instruction, Event)? {
    let start = VirtualAddress(frame.rip)
    let code = machine.bytes(at: start, count: reach)
    guard let disassembler = try? Disassembler() else { return nil }
    for instruction in disassembler.disassemble(code, at: start) {
      if let event = instruction.entryEvent { return (instruction, event) }
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
  /// The event that this instruction raises by being executed in Ring 3.
  fileprivate var entryEvent: Event? {
    switch (bytes.first, bytes.count) {
    case (0xcd, 2): .softwareInterrupt(bytes[1])
    case (0xcc, 1): .breakpointInstruction
    default: nil
    }
  }

  /// False for whatever never leads to the next instruction, or enters something else before.
  fileprivate var canGoOn: Bool {
    let leaving: Set<String> = [
      "jmp", "call", "ret", "retf", "retfq", "syscall", "sysenter", "hlt", "ud2", "iretq", "iretd", "iret",
    ]
    return isValid && !leaving.contains(mnemonic)
  }
}
