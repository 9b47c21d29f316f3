import X86

/// Everything that can go wrong between kdbg and its target, as data; ``description`` puts it into one line.
public enum SessionError: Error, Equatable, Sendable {
  // What the user asked for cannot be done.
  case invalidEndpoint(String)
  /// No rate that a serial line can have.
  case invalidBaudRate(String)
  case invalidLaunchOption(option: String, reason: String)

  // The target could not be reached.
  case emulatorNotFound(name: String)
  /// QEMU ended before it answered; `message` is the last line it wrote to standard error.
  case emulatorFailed(status: ProcessStatus?, message: String)
  case endpointNotFound(Endpoint)
  case endpointRefused(Endpoint)
  /// A serial line that another program holds.
  case endpointBusy(Endpoint)
  /// The device of a serial line is something else.
  case notATerminal(Endpoint)
  /// No answer to the first packets: something else listens there, or another debugger is attached.
  case endpointSilent(Endpoint, limit: Duration)
  /// The stub does not give these registers, and kdbg cannot work without them.
  case missingRegisters([String])
  /// The system refused something that kdbg needs: a directory, a socket, a mapping.
  case systemFailure(operation: String, errorNumber: Int32)

  // The target was lost.
  case connectionClosed
  /// The QEMU that kdbg started is gone.
  case emulatorEnded(ProcessStatus)
  case timedOut(operation: String, limit: Duration)
  /// The target answered with something that the protocol does not allow there.
  case unexpectedReply(operation: String, reply: String)

  // The target is there and says no.
  case refused(operation: String, code: UInt8)
  /// The same with the stub's own reason.
  case refusedInWords(operation: String, reason: String)
  case unsupported(operation: String)
  case notMapped(VirtualAddress)
  case outsideMemory(PhysicalAddress)
  /// The target does not let its physical memory be read in this way.
  case noMemoryWay(MemoryWay)
  /// A file that may be the machine's memory: both hold nothing yet by which to know.
  case ambiguousMemory
  case unknownRegister(String)
  case unknownThread(String)
  /// The machine runs; stop it first.
  case running
  /// The selected processor is not in Ring 0 in long mode, where alone the operation works.
  case notSupervisor
  /// The machine has shut down (a triple fault, or its own wish): it can be read, but never runs again. QEMU
  /// answers no request to resume it, and its firmware takes two resets to boot again; starting anew is cleaner.
  case needsReset
  /// The session was detached or killed.
  case ended

  /// What the error means for the exit status.
  public enum Category: Sendable {
    case usage
    case unreachable
    case lost
    /// One request failed; the session goes on.
    case refused
  }

  public var category: Category {
    switch self {
    case .invalidEndpoint, .invalidBaudRate, .invalidLaunchOption: .usage
    case .emulatorNotFound, .emulatorFailed, .endpointNotFound, .endpointRefused, .endpointBusy,
      .endpointSilent, .notATerminal, .missingRegisters, .systemFailure:
      .unreachable
    case .connectionClosed, .emulatorEnded, .timedOut, .unexpectedReply, .ended: .lost
    case .refused, .refusedInWords, .unsupported, .notMapped, .outsideMemory, .noMemoryWay, .ambiguousMemory,
      .unknownRegister,
      .unknownThread, .running,
      .notSupervisor,
      .needsReset:
      .refused
    }
  }

  /// kdbg's exit status when this error ends it: 2 wrong usage, 3 target not reached or lost.
  public var exitStatus: Int32 {
    switch category {
    case .usage, .refused: 2
    case .unreachable, .lost: 3
    }
  }
}
