import Foundation
import Glibc
import Synchronization

/// A process that kdbg started and must end.
final class ChildProcess: Sendable {
  let identifier: Int32
  private let status = Mutex<ProcessStatus?>(nil)

  /// Where the child's standard output goes.
  enum Output {
    case inherit
    case discard
    case descriptor(Descriptor)
  }

  /// What the child inherits: its standard descriptors, one more as descriptor 3, and one as 4.
  struct Inheritance {
    var output: Output
    var error: Descriptor
    var third: Descriptor
    var fourth: Descriptor?
  }

  /// Starts the program at `arguments[0]`, a path, in a process group of its own: a Ctrl-C at the terminal is
  /// for kdbg alone. Standard input is empty.
  init(_ arguments: [String], _ inheritance: Inheritance) throws(SessionError) {
    // A parent-death signal is sent when the *thread* that started the child ends, so it must be one that
    // never does.
    let result = LastingThread.shared.perform { Self.spawn(arguments, inheritance) }
    switch result {
    case .success(let identifier): self.identifier = identifier
    case .failure(let error): throw error
    }
  }

  private static func spawn(
    _ arguments: [String], _ inheritance: Inheritance
  ) -> Result<Int32, SessionError> {
    var actions = unsafe posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    var signals = sigset_t()
    // SAFETY: each structure is initialised by its own call before use and destroyed after; the argument
    // strings are copies of ours, alive until the call has returned, in an array that ends with nil.
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    switch inheritance.output {
    case .inherit: break
    case .discard: unsafe posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    case .descriptor(let output): unsafe posix_spawn_file_actions_adddup2(&actions, output.number, 1)
    }
    unsafe posix_spawn_file_actions_adddup2(&actions, inheritance.error.number, 2)
    unsafe posix_spawn_file_actions_adddup2(&actions, inheritance.third.number, 3)
    if let fourth = inheritance.fourth { unsafe posix_spawn_file_actions_adddup2(&actions, fourth.number, 4) }
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    // The child must not inherit what kdbg blocks or ignores.
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { unsafe sigaddset(&signals, signal) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    var strings = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer { for index in unsafe strings.indices { unsafe free(strings[index]) } }
    var identifier: Int32 = 0
    let failure = unsafe posix_spawn(
      &identifier, arguments[0], &actions, &attributes, &strings, environ)
    return failure == 0
      ? .success(identifier)
      : .failure(.systemFailure(operation: "start \(arguments[0])", errorNumber: failure))
  }

  /// How the process ended, nil while it runs.
  func poll() -> ProcessStatus? {
    status.withLock { status in
      if let status { return status }
      var raw: Int32 = 0
      // SAFETY: the status is the call's own.
      let result = unsafe waitpid(identifier, &raw, WNOHANG)
      if result == identifier {
        status = raw & 0x7f == 0 ? .exited((raw >> 8) & 0xff) : .signalled(raw & 0x7f)
      } else if result < 0, errno == ECHILD {
        // Somebody else took the status.
        status = .exited(0)
      }
      return status
    }
  }

  /// Waits for the end, at most `limit`.
  func wait(limit: Duration) -> ProcessStatus? {
    let deadline = Deadline(after: limit)
    while true {
      if let status = poll() { return status }
      guard !deadline.hasPassed else { return nil }
      usleep(500)
    }
  }

  func signal(_ number: Int32) {
    status.withLock { status in
      // Not yet waited for, so the number cannot belong to another process.
      if status == nil { kill(identifier, number) }
    }
  }

  /// Ends the process: asks first, so that disk images are left whole.
  func terminate() {
    signal(SIGTERM)
    if wait(limit: .seconds(2)) != nil { return }
    signal(SIGKILL)
    _ = wait(limit: .seconds(2))
  }
}

/// A thread that lives as long as the process and does one thing at a time for others.
private final class LastingThread: Sendable {
  static let shared = LastingThread()

  private let work = Mutex<[@Sendable () -> Void]>([])
  private let available = DispatchSemaphore(value: 0)

  private init() {
    Thread.detachNewThread { [self] in
      while true {
        available.wait()
        work.withLock { $0.removeFirst() }()
      }
    }
  }

  func perform<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Value {
    let done = DispatchSemaphore(value: 0)
    let result = Result(Value.self)
    work.withLock { queue in
      queue.append {
        let value = body()
        result.value.withLock { $0 = value }
        done.signal()
      }
    }
    available.signal()
    done.wait()
    // Set before the signal that was just awaited.
    return result.value.withLock { $0! }
  }

  private final class Result<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
    init(_: Value.Type) {}
  }
}
