import Glibc
import Synchronization

/// A serial line of the host, while kdbg has it. Its settings come back when it is hung up or closed, and when kdbg is
/// told to end.
final class SerialDevice: Sendable {
  private let number: Int32
  private let found: termios
  private let cleanup = Mutex<Int?>(nil)

  /// How long the last bytes may take to go out.
  private static let drainLimit = Duration.milliseconds(500)

  /// Opens `device` raw: 8 data bits, no parity, 1 stop bit, no flow control. It does not become the controlling
  /// terminal, nothing waits for a carrier, and neither reads nor writes block.
  static func open(_ device: String, baud: BaudRate) throws(SessionError) -> Descriptor {
    let endpoint = Endpoint.serial(device: device, baud: baud)
    // SAFETY: the path lives through the call.
    let number = unsafe Glibc.open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
    guard number >= 0 else { throw refusal(errno, endpoint) }
    do throws(SessionError) {
      guard isatty(number) == 1 else { throw .notATerminal(endpoint) }
      try claim(number, endpoint)
      return Descriptor(owning: number, terminal: try SerialDevice(number, baud, endpoint))
    } catch {
      close(number)
      throw error
    }
  }

  private static func refusal(_ number: Int32, _ endpoint: Endpoint) -> SessionError {
    switch number {
    case ENOENT, ENOTDIR, ENXIO, ENODEV: .endpointNotFound(endpoint)
    case EBUSY, EWOULDBLOCK: .endpointBusy(endpoint)
    case EISDIR: .notATerminal(endpoint)
    default: .systemFailure(operation: "open \(endpoint)", errorNumber: number)
    }
  }

  /// Of two programs that read one line, each would get a part of what comes.
  private static func claim(_ number: Int32, _ endpoint: Endpoint) throws(SessionError) {
    // `_IOR('T', 0x40, int)`, a macro that Swift does not see.
    let getExclusive: UInt = 0x8004_5440
    var isExclusive: Int32 = 0
    // SAFETY: the request stores one `int`.
    let isKnown = unsafe ioctl(number, getExclusive, &isExclusive) == 0
    guard !isKnown || isExclusive == 0 else { throw .endpointBusy(endpoint) }
    // The kernel gives it back with the descriptor, so that `kill -9` leaves nothing.
    guard flock(number, LOCK_EX | LOCK_NB) == 0 else { throw refusal(errno, endpoint) }
    guard !isPseudoTerminal(number) else { return }
    // Keeps out those who do not ask for the lock. A pseudo-terminal would stay closed to all after `kill -9`.
    _ = ioctl(number, UInt(TIOCEXCL))
  }

  /// Linux has given the ends of pseudo-terminals the major numbers 136 to 143.
  private static func isPseudoTerminal(_ number: Int32) -> Bool {
    var status = stat()
    // SAFETY: the structure is the call's own.
    guard unsafe fstat(number, &status) == 0 else { return false }
    return (136...143).contains((status.st_rdev >> 8) & 0xfff)
  }

  private init(_ number: Int32, _ baud: BaudRate, _ endpoint: Endpoint) throws(SessionError) {
    var settings = termios()
    // SAFETY: the structure is the call's own.
    guard unsafe tcgetattr(number, &settings) == 0 else { throw .notATerminal(endpoint) }
    self.number = number
    found = settings
    // SAFETY: both change the structure alone.
    unsafe cfmakeraw(&settings)
    unsafe cfsetspeed(&settings, baud.code)
    settings.c_cflag &= ~tcflag_t(CSTOPB | PARENB | CSIZE) & ~Self.hardwareFlowControl
    settings.c_cflag |= tcflag_t(CS8 | CREAD | CLOCAL)
    settings.c_iflag &= ~tcflag_t(IXOFF | IXANY | INPCK)
    // A read without bytes is "not now", and not the end.
    settings.c_cc.6 = 1  // VMIN
    settings.c_cc.5 = 0  // VTIME
    // SAFETY: the structure lives through the call.
    guard unsafe tcsetattr(number, TCSANOW, &settings) == 0 else {
      throw .systemFailure(operation: "set up \(endpoint)", errorNumber: errno)
    }
    // What came before belongs to nobody.
    tcflush(number, TCIOFLUSH)
    let action = SessionCleanup.shared.add { [self] in restore() }
    cleanup.withLock { $0 = action }
  }

  /// CRTSCTS.
  private static let hardwareFlowControl: tcflag_t = 0o20_000_000_000

  /// Gives the line back as it was found, once. Called before the descriptor is closed.
  func restore() {
    let action = cleanup.withLock { cleanup in
      defer { cleanup = nil }
      return cleanup
    }
    guard let action else { return }
    SessionCleanup.shared.remove(action)
    let deadline = Deadline(after: Self.drainLimit)
    var waiting: Int32 = 0
    // SAFETY: the request stores one `int`.
    while unsafe ioctl(number, UInt(TIOCOUTQ), &waiting) == 0, waiting > 0, !deadline.hasPassed {
      usleep(1000)
    }
    // What does not go out by now would keep `close` waiting.
    if waiting > 0 { tcflush(number, TCOFLUSH) }
    var settings = found
    // SAFETY: the structure lives through the call.
    unsafe tcsetattr(number, TCSANOW, &settings)
    if !Self.isPseudoTerminal(number) { _ = ioctl(number, UInt(TIOCNXCL)) }
    flock(number, LOCK_UN)
  }
}

extension BaudRate {
  /// As `termios` spells it.
  fileprivate var code: speed_t {
    let code =
      switch self {
      case .baud1200: B1200
      case .baud2400: B2400
      case .baud4800: B4800
      case .baud9600: B9600
      case .baud19200: B19200
      case .baud38400: B38400
      case .baud57600: B57600
      case .baud115200: B115200
      case .baud230400: B230400
      case .baud460800: B460800
      case .baud921600: B921600
      case .baud1500000: B1500000
      case .baud3000000: B3000000
      case .baud4000000: B4000000
      }
    return speed_t(code)
  }
}
