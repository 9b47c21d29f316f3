import Glibc

/// An open file of the system, closed with its last reference. One of the files where Session speaks to the
/// C library; nothing outside of `System` does.
final class Descriptor: Sendable {
  let number: Int32
  /// Whose settings must be given back before it is closed.
  private let terminal: SerialDevice?

  init(owning number: Int32, terminal: SerialDevice? = nil) {
    self.number = number
    self.terminal = terminal
  }

  deinit {
    terminal?.restore()
    close(number)
  }

  /// What a single read or write came to.
  enum Transfer: Equatable {
    case bytes(Int)
    /// Nothing now; wait and try again.
    case wouldBlock
    /// The other side is gone.
    case closed
  }

  /// Makes reads and writes return instead of wait.
  func setNonBlocking() { _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK) }

  /// Ends a connection now, for both sides; the number stays taken until the last reference goes.
  func hangUp() {
    if let terminal { return terminal.restore() }
    shutdown(number, Int32(SHUT_RDWR))
  }

  /// Reads into `buffer` from `start` on.
  func read(into buffer: inout [UInt8], from start: Int = 0) -> Transfer {
    while true {
      // SAFETY: the pointer is used within the closure only, and the count never exceeds what is behind it.
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[min(start, bytes.count)...])
        return unsafe Glibc.read(number, room.baseAddress, room.count)
      }
      if count > 0 { return .bytes(count) }
      if count == 0 { return .closed }
      switch errno {
      case EINTR: continue
      case EAGAIN: return .wouldBlock
      default: return .closed
      }
    }
  }

  /// The first 64 KiB of a file, wherever its writers stand.
  func contents() -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    // SAFETY: as in `read`.
    let count = unsafe buffer.withUnsafeMutableBytes { bytes in
      unsafe pread(number, bytes.baseAddress, bytes.count, 0)
    }
    return Array(buffer[..<max(count, 0)])
  }

  /// A new file without a name in `directory`: nothing of it is left when the last process has closed it.
  static func temporaryFile(in directory: String) throws(SessionError) -> Descriptor {
    let path = "\(directory)/ringside-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    // SAFETY: the path lives through both calls.
    let number = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard number >= 0 else {
      throw .systemFailure(operation: "create a file in \(directory)", errorNumber: errno)
    }
    unsafe unlink(path)
    return Descriptor(owning: number)
  }

  /// A new named pipe, open for reading without waiting for a writer.
  static func namedPipe(at path: String) throws(SessionError) -> Descriptor {
    // SAFETY: the path lives through both calls.
    let number = unsafe mkfifo(path, 0o600) == 0 ? unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1
    guard number >= 0 else {
      throw .systemFailure(operation: "create the pipe \(path)", errorNumber: errno)
    }
    return Descriptor(owning: number)
  }

  enum FileKind: Equatable {
    case absent
    case regular
    case other
  }

  /// What stands at `path`, links followed.
  static func kind(ofFile path: String) -> FileKind {
    var status = Glibc.stat()
    // SAFETY: the structure is the call's own, and the path lives through it.
    guard unsafe stat(path, &status) == 0 else { return .absent }
    return status.st_mode & S_IFMT == S_IFREG ? .regular : .other
  }

  /// The number that the file at `path` has in its file system, links followed.
  static func inode(ofFile path: String) -> UInt64? {
    var status = Glibc.stat()
    // SAFETY: the structure is the call's own, and the path lives through it.
    return unsafe stat(path, &status) == 0 ? UInt64(status.st_ino) : nil
  }

  /// The file at `path`, to be read.
  static func reading(_ path: String) -> Descriptor? {
    // SAFETY: the path lives through the call.
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    return number >= 0 ? Descriptor(owning: number) : nil
  }

  /// Writes `bytes` from `start` on.
  func write(_ bytes: [UInt8], from start: Int = 0) -> Transfer {
    while true {
      // SAFETY: as in `read`.
      let count = unsafe bytes.withUnsafeBytes { bytes in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[min(start, bytes.count)...])
        return unsafe Glibc.send(number, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 { return .bytes(count) }
      switch errno {
      case EINTR: continue
      case EAGAIN: return .wouldBlock
      // Not a socket: a pipe, a terminal.
      case ENOTSOCK: return writeToFile(bytes, from: start)
      default: return .closed
      }
    }
  }

  private func writeToFile(_ bytes: [UInt8], from start: Int) -> Transfer {
    // SAFETY: as in `read`.
    let count = unsafe bytes.withUnsafeBytes { bytes in
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[min(start, bytes.count)...])
      return unsafe Glibc.write(number, rest.baseAddress, rest.count)
    }
    return count >= 0 ? .bytes(count) : errno == EAGAIN ? .wouldBlock : .closed
  }

  /// The system's words for an error number.
  static func text(ofError number: Int32) -> String {
    // SAFETY: the text is static or the thread's own, and is copied at once.
    unsafe String(cString: strerror(number))
  }

  /// Both ends of a pipe, closed on exec.
  static func pipe() throws(SessionError) -> (reading: Descriptor, writing: Descriptor) {
    var ends: [Int32] = [-1, -1]
    // SAFETY: `pipe` writes exactly two numbers.
    guard unsafe Glibc.pipe(&ends) == 0 else {
      throw .systemFailure(operation: "pipe", errorNumber: errno)
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
  }
}

/// Waiting for more than one thing.
enum Readiness {
  enum Wish: Equatable {
    case readable
    case writable
  }

  /// Waits until one of `descriptors` is ready (or broken) or `deadline` has passed; nil waits for ever. Gives
  /// which are ready: none after the deadline.
  static func wait(_ descriptors: [(Int32, Wish)], until deadline: Deadline) -> [Bool] {
    var polled = descriptors.map { descriptor, wish in
      pollfd(fd: descriptor, events: Int16(wish == .readable ? POLLIN : POLLOUT), revents: 0)
    }
    while true {
      // SAFETY: the array is as long as the count says.
      let count = unsafe poll(&polled, UInt(polled.count), deadline.remainingMilliseconds)
      if count < 0, errno == EINTR, !deadline.hasPassed { continue }
      return polled.map { count > 0 && $0.revents != 0 }
    }
  }
}
