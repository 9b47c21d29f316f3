import Foundation

/// A terminal whose keyboard and screen are the test's, with one program in it.
public final class PseudoTerminal {
  private let keyboard: CInt
  /// Held open, so that the settings can be looked at after the program has ended.
  private let screen: CInt
  private let program: pid_t
  private var status: Int32?
  /// What the program reads from its descriptor 3.
  public let target: Pipe
  /// Everything printed and not yet passed over by ``expect(_:)``.
  public private(set) var output = ""

  public struct Failed: Error, CustomStringConvertible {
    public let description: String
  }

  /// Held from the opening of a terminal's ends until they are marked as not to be inherited: a program of another
  /// test would keep them open.
  private static let starting = NSLock()

  private static let environment = [
    "TERM=xterm", "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/nonexistent", "INPUTRC=/dev/null",
    // The runtime's own crash handler would ask a question at this terminal.
    "SWIFT_BACKTRACE=enable=no",
  ]

  /// Runs the program at `arguments[0]` in a session of its own, on a screen of 80 columns.
  public init(_ arguments: [String], environment: [String] = []) throws {
    var ends: (CInt, CInt) = (-1, -1)
    var size = winsize(ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0)
    var name = [CChar](repeating: 0, count: 128)
    Self.starting.lock()
    defer { Self.starting.unlock() }
    // SAFETY: all four live across the call, and 128 bytes hold "/dev/pts/" and a number.
    guard unsafe openpty(&ends.0, &ends.1, &name, nil, &size) == 0 else {
      throw Failed(description: "no pseudo-terminal")
    }
    (keyboard, screen) = ends
    target = Pipe()
    let given = target.fileHandleForReading.fileDescriptor
    for own in [keyboard, screen, given, target.fileHandleForWriting.fileDescriptor] {
      _ = fcntl(own, F_SETFD, FD_CLOEXEC)
    }
    program = try Self.spawn(
      arguments, Self.environment + environment, terminal: name, target: given)
    // Otherwise the program could not see the other end being closed.
    try target.fileHandleForReading.close()
  }

  /// Starts a session whose leader opens `terminal` first, which makes it the controlling one. The signal mask of
  /// the test's thread, which blocks nearly everything, is not passed on.
  private static func spawn(
    _ arguments: [String], _ environment: [String], terminal: [CChar], target: CInt
  ) throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    var none = sigset_t()
    let startsSession: CInt = 0x80  // POSIX_SPAWN_SETSID
    // SAFETY: the structures live to the end of this function, each initialised before it is used; the arrays
    // end in a null pointer and their texts are freed after the call.
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, 0, 1)
    unsafe posix_spawn_file_actions_adddup2(&actions, 0, 2)
    unsafe posix_spawn_file_actions_adddup2(&actions, target, 3)
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setflags(&attributes, Int16(startsSession | POSIX_SPAWN_SETSIGMASK))
    var words = unsafe arguments.map { unsafe strdup($0) } + [nil]
    var variables = unsafe environment.map { unsafe strdup($0) } + [nil]
    defer {
      for text in unsafe words.indices { unsafe free(words[text]) }
      for text in unsafe variables.indices { unsafe free(variables[text]) }
    }
    var program: pid_t = 0
    let status = unsafe posix_spawn(&program, arguments[0], &actions, &attributes, &words, &variables)
    guard status == 0 else { throw Failed(description: "\(arguments[0]) does not start: error \(status)") }
    return program
  }

  deinit {
    if status == nil {
      kill(program, SIGKILL)
      waitpid(program, nil, 0)
    }
    close(keyboard)
    close(screen)
  }

  /// Types `text`, control characters included.
  public func type(_ text: String) {
    let bytes = Array(text.utf8)
    // SAFETY: the array lends its bytes for the call, and its size is given.
    _ = unsafe write(keyboard, bytes, bytes.count)
  }

  /// Waits until `text` was printed and passes over it; gives what stood before it.
  @discardableResult
  public func expect(_ text: String, seconds: Double = 240) throws -> String {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while true {
      if let found = output.range(of: text) {
        let before = String(output[..<found.lowerBound])
        output = String(output[found.upperBound...])
        return before
      }
      guard Date() < deadline else {
        throw Failed(description: "\(text.debugDescription) not in \(output.debugDescription)")
      }
      readOutput()
    }
  }

  /// Waits for the program's end; its exit status, or 128 and the number of the signal that ended it.
  public func exitStatus(seconds: Double = 240) throws -> Int32 {
    let deadline = Date(timeIntervalSinceNow: seconds)
    var raw: Int32 = 0
    // SAFETY: one number that lives across the call.
    while unsafe waitpid(program, &raw, WNOHANG) == 0 {
      guard Date() < deadline else { throw Failed(description: "still running: \(output.debugDescription)") }
      readOutput()
    }
    readOutput()
    let signal = raw & 0x7f
    let result = signal == 0 ? (raw >> 8) & 0xff : 128 + signal
    status = result
    return result
  }

  /// Adds what comes within 20 ms to ``output``.
  private func readOutput() {
    var waiting = pollfd(fd: keyboard, events: Int16(POLLIN), revents: 0)
    // SAFETY: one structure that lives across the call.
    guard unsafe poll(&waiting, 1, 20) > 0 else { return }
    var bytes = [UInt8](repeating: 0, count: 4096)
    // SAFETY: the array lends its storage for the call, and its size is given.
    let count = unsafe read(keyboard, &bytes, bytes.count)
    if count > 0 { output += String(decoding: bytes[..<count], as: UTF8.self) }
  }

  /// Changes the window's width, of which the system tells the program.
  public func resize(columns: UInt16) {
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    // SAFETY: one structure that lives across the call.
    _ = unsafe ioctl(keyboard, UInt(TIOCSWINSZ), &size)
  }

  /// Sends a signal to the program.
  public func send(_ signal: CInt) { kill(program, signal) }

  /// True while lines are edited and echoed by the terminal itself, as a shell leaves it.
  public var isAsTheShellLeftIt: Bool {
    var settings = termios()
    // SAFETY: one structure that lives across the call.
    guard unsafe tcgetattr(screen, &settings) == 0 else { return false }
    let cooked = tcflag_t(ICANON | ECHO | ISIG)
    return settings.c_lflag & cooked == cooked
  }
}
