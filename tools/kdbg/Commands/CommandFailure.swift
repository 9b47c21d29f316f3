import Inspect
import Render
import Session
import Symbols
import X86

/// Why a command did not do what it was asked.
public enum CommandFailure: Error, Equatable, Sendable {
  case unknownCommand(String)
  case ambiguousCommand(String, candidates: [String])
  /// The arguments do not fit; the text is the command's usage line.
  case usage(String)
  /// The text that is no expression, and what of it could not be read; empty for its end.
  case notAnExpression(String, near: String)
  case divisionByZero
  /// Nothing that can be assigned to.
  case notAssignable(String)
  /// Memory at this address, linear or physical, cannot be read or written here.
  case unreadable(UInt64, MemoryUnit.Space)
  /// There is no machine whose memory could be read.
  case noMemoryHere
  case notANumber(String)
  case notAVector(String)
  case notARule(String)
  case noSuchSymbol(String)
  /// Several symbols of that name, at these addresses.
  case ambiguousSymbol(String, [UInt64])
  case noSuchRegister(String)
  /// The target does not give this register.
  case unknownRegister(String)
  /// The target gives neither CR0 nor CR3, CR4 and EFER.
  case noControlRegisters
  /// The target gives no way to read physical memory.
  case noPhysicalMemory
  /// More than 52 bits.
  case notAPhysicalAddress(UInt64)
  case badFormat(String)
  /// No length of a watchpoint.
  case badLength(Int)
  /// An address that is no multiple of the watchpoint's length.
  case misaligned(UInt64, Int)
  /// The end of a range of addresses lies before its start.
  case emptyRange(String)
  case noSuchBreakpoint(UInt64)
  /// The target did not take a breakpoint of this kind at this address.
  case breakpointRefused(BreakpointKind, UInt64, Presence, SessionError)
  /// Nobody can say where the function will return to.
  case noCaller(StackEnd)
  /// No line of the source is known for this address.
  case noSourceLine(UInt64)
  /// The same where nobody steps.
  case noLineKnown(VirtualAddress)
  /// A source file, by its path, that is not on this machine.
  case noSourceText(String)
  /// A source file, a line, and how many lines it has.
  case noSuchLine(String, Int, Int)
  /// A source file that no line of the debugging information is from.
  case noSuchSourceFile(String)
  /// `FILE:LINE` without code there or behind it.
  case noSuchSourceLine(String)
  /// A line that did not end in as many steps as anybody waits for.
  case noEndOfLine(String)
  /// No processor or thread of that number among these.
  case noSuchProcessor(String, UInt64, [UInt64])
  /// Only QEMU's translator can do that.
  case catchNeedsTranslator(String)
  case catchNeedsFile(String)
  /// This KVM cannot stop at each return, and why.
  case checkNeedsTranslator(String)
  /// There is no kernel file, so nothing is known about its code.
  case noSymbols(String)
  case symbols(SymbolError)
  /// Neither `iretq` nor `sysretq` stands there, in the user's words.
  case noReturnInstruction(String)
  /// The machine has shown no `iretq` and no `sysretq`.
  case noSiteFound
  case inspection(InspectionError)
  case session(SessionError)
  /// The machine ended by its own will at an earlier command.
  case machineEnded
  /// A file of commands.
  case cannotRead(String)
  case badPattern(String)
  /// What `assert` or `expect` found is not so.
  case assertion(String)
  case other(String)

  /// Whether an address has a page under the loaded root table.
  public enum Presence: Equatable, Sendable { case mapped, unmapped }

  /// One line for the user.
  public var message: String {
    switch self {
    case .unknownCommand(let name): "Undefined command: \"\(name)\".  Try \"help\"."
    case .ambiguousCommand(let name, let candidates):
      "Ambiguous command \"\(name)\": \(candidates.joined(separator: ", "))."
    case .usage(let usage): "usage: \(usage)"
    case .notAnExpression(let text, let rest):
      "not an expression: \"\(text)\""
        + (rest == text ? "" : rest.isEmpty ? " (at its end)" : " (at \"\(rest)\")")
    case .divisionByZero: "division by zero"
    case .notAssignable(let text):
      "nothing can be assigned to \"\(text)\": a $register, *ADDRESS or {u8} ADDRESS can"
    case .unreadable(let address, .linear): "no memory at \(address.hexadecimal)"
    case .unreadable(let address, .physical): "no physical memory at \(address.hexadecimal)"
    case .noMemoryHere: "memory cannot be read here"
    case .notANumber(let text): "not a number: \"\(text)\""
    case .notAVector(let text): "not a vector: \"\(text)\" (0 to 255)"
    case .notARule(let text): "not a rule: \"\(text)\" (as in RT-026,RT-040..RT-049)"
    case .noSuchSymbol(let name): "no symbol \"\(name)\""
    case .ambiguousSymbol(let name, let addresses):
      "\"\(name)\" is ambiguous: it stands at \(addresses.map(\.hexadecimal).joined(separator: ", "))"
    case .noSuchRegister(let name): "no register \"$\(name)\""
    case .unknownRegister(let name): "the target does not give register \"$\(name)\""
    case .noControlRegisters:
      "the target gives no control registers (CR0, CR3, CR4, EFER): nobody can say which tables are loaded"
    case .noPhysicalMemory: "the target gives no way to read physical memory, where page tables are"
    case .notAPhysicalAddress(let value):
      "\(value.hexadecimal) is not a physical address: it has more than 52 bits"
    case .emptyRange(let text): "the range \"\(text)\" ends before it starts"
    case .badFormat(let text): "not a format: \"\(text)\" (COUNT, then x d u o t a c s or i, and b h w or g)"
    case .badLength(let length): "not a length to watch: \(length) (1, 2, 4 or 8 bytes)"
    case .misaligned(let address, let length):
      "\(address.hexadecimal) is no multiple of \(length): the processor watches aligned places alone"
    case .noSuchBreakpoint(let number): "no breakpoint number \(number)"
    case .breakpointRefused(let kind, let address, let presence, let error):
      "no \(kind.word) at \(address.hexadecimal): \(kind.reason(error, presence))"
    case .noCaller(let end): "no caller is known" + (end.words.map { ": \($0)" } ?? ": the stack begins here")
    case .noSourceLine(let address):
      "no line of the source is known at \(address.hexadecimal): stepi and nexti go by instructions"
    case .noLineKnown(let address): "no line of the source is known at \(address.rawValue.hexadecimal)"
    case .noSourceText(let file): "\(file): there is no such file here, or it is empty"
    case .noSuchLine(let file, let line, let count): "\(file) has no line \(line): it ends with line \(count)"
    case .noSuchSourceFile(let file): "no code is known to come from \(file)"
    case .noSuchSourceLine(let place): "no code is known to come from \(place) or a line behind it"
    case .noEndOfLine(let line): "still in \(line) after 100000 steps: until or finish go on without them"
    case .noSuchProcessor(let word, let number, let all):
      "no \(word) \(number): there is \(all.map(String.init).joined(separator: ", "))"
    case .catchNeedsTranslator(let event):
      "catch \(event): under KVM a step over iretq runs away; use QEMU's translator (--accel tcg)"
    case .checkNeedsTranslator(let reason): "check: \(reason); use QEMU's translator (--accel tcg)"
    case .catchNeedsFile(let event):
      "catch \(event) needs the kernel's ELF file (--symbols FILE): without it breakpoints would stand in what merely looks "
        + "like code, and only QEMU's translator takes them without writing into it"
    case .noSymbols(let purpose): "\(purpose) needs the kernel's ELF file: give --symbols FILE"
    case .symbols(let error): error.description
    case .noReturnInstruction(let place): "no iretq and no sysretq at \"\(place)\" (--sites)"
    case .noSiteFound:
      "no site found: neither the kernel's file nor what Ring 0 can execute holds an iretq or sysretq to check"
    case .inspection(let error): error.message
    case .session(.timedOut(RunControl.waitOperation, let limit)):
      "the machine still runs after \(limit.components.seconds) s without a stop (--timeout)"
    case .session(let error): error.description
    case .machineEnded: "the machine has ended"
    case .cannotRead(let path): "\(path): cannot be read"
    case .badPattern(let text): "not a regular expression: \(text)"
    case .assertion(let text): "assertion failed: \(text)"
    case .other(let message): message
    }
  }

  /// kdbg's exit status when this failure ends a script: 1 what was asserted is not so, 2 wrong usage, 3 the target
  /// was lost.
  public var exitStatus: ExitStatus {
    if case .assertion = self { return .violated }
    if case .session(let error) = self, error.category == .lost || error.category == .unreachable {
      return .targetLost
    }
    return .usage
  }
}

/// What kdbg's exit status means.
public enum ExitStatus: Int32, Sendable {
  /// All held, and something was checked; or every command did its work.
  case held = 0
  /// A violation, or a failure that the kernel itself reports.
  case violated = 1
  case usage = 2
  /// The target could not be reached, or was lost.
  case targetLost = 3
  case nothingChecked = 4
  /// Ctrl-C ended a script: 128 and the number of SIGINT, as shells have it.
  case interrupted = 130
}
