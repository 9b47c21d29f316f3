extension SessionError: CustomStringConvertible {
  /// One line, without a full stop.
  public var description: String {
    switch self {
    case .invalidEndpoint(let text):
      "\"\(text)\" is no endpoint; give tcp:HOST:PORT, unix:PATH or serial:DEVICE[,BAUD]"
    case .invalidBaudRate(let text):
      "\"\(text)\" is no baud rate; give one of \(BaudRate.allCases.map { String($0.rawValue) }.joined(separator: " "))"
    case .invalidLaunchOption(let option, let reason): "\(option): \(reason)"
    case .emulatorNotFound(let name): "\(name): no such program; install qemu-system-x86, or set QEMU"
    case .emulatorFailed(let status, let message): Self.emulatorFailed(status, message)
    case .endpointNotFound(let endpoint): "\(endpoint): no such endpoint"
    case .endpointRefused(let endpoint): "\(endpoint): connection refused; nothing listens there"
    case .endpointBusy(let endpoint): "\(endpoint): another program holds it"
    case .notATerminal(let endpoint): "\(endpoint): not a serial line"
    case .endpointSilent(let endpoint, let limit):
      "\(endpoint): no answer within \(Self.words(limit)); another debugger may be attached"
    case .missingRegisters(let names):
      "the stub does not give \(names.joined(separator: ", ")), which kdbg needs"
    case .systemFailure(let operation, let number): "cannot \(operation): \(Descriptor.text(ofError: number))"
    case .connectionClosed: "the target closed the connection"
    case .emulatorEnded(.exited(let status)): "QEMU ended with status \(status)"
    case .emulatorEnded(.signalled(let signal)): "QEMU was ended by signal \(signal)"
    case .timedOut(let operation, let limit):
      "\(operation): the target did not answer within \(Self.words(limit))"
    case .unexpectedReply(let operation, let reply): "\(operation): the target answered with \"\(reply)\""
    case .refused(let operation, let code): "\(operation): the target refused (E\(String(code, radix: 16)))"
    case .refusedInWords(let operation, let reason): "\(operation): the target refused: \(reason)"
    case .unsupported(let operation): "\(operation): the target does not support it"
    case .notMapped(let address): "\(Self.words(address.rawValue)) is not mapped"
    case .outsideMemory(let address): "physical \(Self.words(address.rawValue)) is not memory"
    case .noMemoryWay(.ram): "the target's memory is in no file that both QEMU and kdbg may read"
    case .noMemoryWay(.packets): "the target's gdbserver takes no physical addresses (Qqemu.PhyMemMode)"
    case .noMemoryWay(.monitor): "the target has no monitor that reads physical memory (xp)"
    case .ambiguousMemory:
      "the target's memory holds nothing yet by which its file can be known; let the machine run first"
    case .unknownRegister(let name): "the target has no register \"\(name)\""
    case .unknownThread(let name): "the target has no thread \(name)"
    case .running: "the machine is running; stop it first"
    case .notSupervisor: "the processor is not in Ring 0 in 64-bit mode"
    case .needsReset: "the machine has shut down; it can be read, but not run"
    case .ended: "the session has ended"
    }
  }

  private static func emulatorFailed(_ status: ProcessStatus?, _ message: String) -> String {
    let fate =
      switch status {
      case .exited(let status)?: "QEMU ended with status \(status) before it was ready"
      case .signalled(let signal)?: "QEMU was ended by signal \(signal) before it was ready"
      case nil: "QEMU did not become ready"
      }
    return message.isEmpty ? fate : "\(fate); it said: \(message)"
  }

  private static func words(_ limit: Duration) -> String {
    let (seconds, attoseconds) = limit.components
    return attoseconds == 0 ? "\(seconds) s" : "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000) ms"
  }

  private static func words(_ address: UInt64) -> String { "0x" + String(address, radix: 16) }
}
