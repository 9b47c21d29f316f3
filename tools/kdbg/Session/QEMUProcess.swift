import Foundation

/// A QEMU that kdbg started, its monitor and its memory.
public final class QEMUProcess {
  /// How long QEMU may take until its monitor answers.
  static let startLimit = Duration.seconds(20)

  public let lifetime: EmulatorLifetime
  public let accelerator: Accelerator
  /// Where its gdbserver listens; reachable for others only while ``lifetime`` is `.kept`.
  public let gdbEndpoint: Endpoint
  let monitor: QMPClient
  let ram: MappedGuestRAM
  /// The connection to its gdbserver, which takes one client only.
  let gdbConnection: Descriptor

  private let process: ChildProcess
  private let directory: PrivateDirectory
  private let errors: Descriptor
  private let console: ConsoleReader?
  private let cleanup: Int

  /// Starts QEMU, stopped before its first instruction, and connects to it.
  init(_ options: LaunchOptions) throws(SessionError) {
    let name = ProcessInfo.processInfo.environment["QEMU"] ?? "qemu-system-x86_64"
    guard let program = QEMUArguments.program(name) else { throw .emulatorNotFound(name: name) }
    let directory = try PrivateDirectory()
    let arguments = try QEMUArguments(options, directory: directory)
    let ramFile = try MappedGuestRAM.makeFile(
      byteCount: arguments.memoryByteCount, directory: directory.path)
    errors = try Descriptor.temporaryFile(in: directory.path)
    let output = try Self.output(of: options.console)
    let process = try ChildProcess(
      Self.bound(options.lifetime) + [program] + arguments.list,
      .init(
        output: output.output, error: errors, third: ramFile,
        // The sockets of one that outlives kdbg are its own.
        fourth: options.lifetime == .kept ? directory.claim : nil))
    console = output.reader?()
    self.process = process
    self.directory = directory
    lifetime = options.lifetime
    accelerator = options.accelerator
    cleanup = SessionCleanup.shared.add {
      process.terminate()
      directory.remove()
    }
    gdbEndpoint = .unix(path: QEMUArguments.path("gdb", in: directory))
    do {
      let deadline = Deadline(after: Self.startLimit)
      monitor = try QMPClient(
        Self.connect(.unix(path: QEMUArguments.path("qmp", in: directory)), process, until: deadline))
      gdbConnection = try Self.connect(gdbEndpoint, process, until: deadline)
      ram = try MappedGuestRAM(ramFile)
    } catch {
      let status = process.wait(limit: .milliseconds(200))
      process.terminate()
      SessionCleanup.shared.remove(cleanup)
      throw status == nil && error != .connectionClosed
        ? error : .emulatorFailed(status: process.poll(), message: Self.lastLine(of: errors))
    }
    switch lifetime {
    // From here on it needs no names, so none can be left behind.
    case .session: directory.remove()
    case .kept: SessionCleanup.shared.remove(cleanup)
    }
  }

  deinit {
    if lifetime == .session { terminate() }
  }

  public var processIdentifier: Int32 { process.identifier }

  /// The last line that QEMU wrote to its standard error; empty when it wrote none.
  public var lastMessage: String { Self.lastLine(of: errors) }

  /// Waits for the end, at most `limit`. Nil when it still runs. All that the guest's console wrote has been
  /// handed on then.
  public func waitForExit(limit: Duration) -> ProcessStatus? {
    guard let status = process.wait(limit: limit) else { return nil }
    console?.finish()
    return status
  }

  /// Ends QEMU, whatever its lifetime. All that the guest's console wrote has been handed on then.
  public func terminate() {
    process.terminate()
    console?.finish()
    directory.remove()
    SessionCleanup.shared.remove(cleanup)
  }

  /// MAXPHYADDR of the first processor.
  func physicalAddressBits() throws(SessionError) -> Int? {
    let processors: [QMPProcessor] = try monitor.execute("query-cpus-fast")
    guard let path = processors.first?.qomPath else { return nil }
    return try monitor.execute("qom-get", QMPProperty(path: path, property: "phys-bits"))
  }

  /// The words before QEMU's own command line: `setpriv` (util-linux) makes the kernel kill it with kdbg.
  private static func bound(_ lifetime: EmulatorLifetime) -> [String] {
    guard lifetime == .session, let setpriv = QEMUArguments.program("setpriv") else { return [] }
    return [setpriv, "--pdeathsig", "KILL", "--"]
  }

  private static func output(
    of console: GuestConsole
  ) throws(SessionError) -> (output: ChildProcess.Output, reader: (() -> ConsoleReader)?) {
    switch console {
    case .inherit: return (.inherit, nil)
    case .discard, .file: return (.discard, nil)
    case .callback(let body):
      let pipe = try Descriptor.pipe()
      return (.descriptor(pipe.writing), { ConsoleReader(pipe.reading, body) })
    }
  }

  private static func connect(
    _ endpoint: Endpoint, _ process: ChildProcess, until deadline: Deadline
  ) throws(SessionError) -> Descriptor {
    while true {
      do {
        return try Socket.connect(endpoint, until: deadline)
      } catch {
        guard error == .endpointNotFound(endpoint) || error == .endpointRefused(endpoint) else { throw error }
        if process.poll() != nil { throw .connectionClosed }
        guard !deadline.hasPassed else { throw .timedOut(operation: "start QEMU", limit: startLimit) }
        usleep(1000)
      }
    }
  }

  private static func lastLine(of errors: Descriptor) -> String {
    let text = String(decoding: errors.contents(), as: UTF8.self)
    let line = text.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
    return line.remainder(after: "qemu-system-x86_64: ") ?? line
  }
}

/// Hands on what arrives at a pipe, on a thread of its own: a guest must never wait because kdbg is busy.
private final class ConsoleReader: Sendable {
  private let done = DispatchSemaphore(value: 0)

  init(_ pipe: Descriptor, _ body: @escaping @Sendable ([UInt8]) -> Void) {
    let done = done
    Thread.detachNewThread {
      var buffer = [UInt8](repeating: 0, count: 1 << 14)
      while case .bytes(let count) = pipe.read(into: &buffer) { body(Array(buffer[..<count])) }
      done.signal()
    }
  }

  /// Waits until all has been handed on; QEMU must have ended.
  func finish() {
    if done.wait(timeout: .now() + 2) == .success { done.signal() }
  }
}
