import Glibc

/// Commands from a file or a pipe, one a line, where nobody edits them.
public final class BatchReader {
  /// Why commands cannot be read; `name` is the file's path.
  public enum Failure: Error, Equatable, Sendable, CustomStringConvertible {
    case cannotOpen(name: String, reason: String)
    case cannotRead(name: String, reason: String)
    /// A line longer than ``BatchReader/longestLine``: not a file of commands.
    case lineTooLong(name: String, line: Int)

    /// One line for the user, without a full stop.
    public var description: String {
      switch self {
      case .cannotOpen(let name, let reason): "\(name): cannot be opened: \(reason)"
      case .cannotRead(let name, let reason): "\(name): cannot be read: \(reason)"
      case .lineTooLong(let name, let line):
        "\(name):\(line): longer than \(BatchReader.longestLine) bytes"
      }
    }
  }

  /// In bytes.
  public static let longestLine = 65_536

  /// The path, or `standard input`.
  public let name: String
  /// The number of the line that ``nextLine()`` gave last, counted from 1.
  public private(set) var lineNumber = 0

  private let descriptor: CInt
  private let ownsDescriptor: Bool
  private var buffer: [UInt8] = []
  /// Where in `buffer` the next line begins.
  private var next = 0
  private var isAtEnd = false

  private init(name: String, descriptor: CInt, ownsDescriptor: Bool) {
    self.name = name
    self.descriptor = descriptor
    self.ownsDescriptor = ownsDescriptor
  }

  /// Reads standard input.
  public static func standardInput() -> BatchReader {
    BatchReader(name: "standard input", descriptor: STDIN_FILENO, ownsDescriptor: false)
  }

  /// Reads the file at `path`.
  public static func file(_ path: String) throws(Failure) -> BatchReader {
    // SAFETY: the String lends its bytes for the call.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotOpen(name: path, reason: systemReason()) }
    return BatchReader(name: path, descriptor: descriptor, ownsDescriptor: true)
  }

  deinit { if ownsDescriptor { close(descriptor) } }

  /// The next line without its newline (or carriage return and newline); a last one without newline counts.
  /// `interrupted` when Ctrl-C is pressed while waiting for it. Bytes that are not UTF-8 are replaced.
  public func nextLine() throws(Failure) -> InputEvent {
    while true {
      if let end = buffer[next...].firstIndex(of: UInt8(ascii: "\n")) { return take(to: end) }
      if isAtEnd { return next < buffer.count ? take(to: buffer.count) : .endOfInput }
      guard buffer.count - next <= Self.longestLine else {
        throw .lineTooLong(name: name, line: lineNumber + 1)
      }
      let ready = Poll.wait([descriptor, InterruptFlag.descriptor])
      if ready[1].isReady, InterruptFlag.consume() { return .interrupted }
      if ready[0].isReady { try fill() }
    }
  }

  private func take(to end: Int) -> InputEvent {
    var line = buffer[next..<end]
    if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
    next = min(end + 1, buffer.count)
    lineNumber += 1
    return .line(String(decoding: line, as: UTF8.self))
  }

  private func fill() throws(Failure) {
    buffer.removeFirst(next)
    next = 0
    var chunk = [UInt8](repeating: 0, count: 4096)
    // SAFETY: the array lends its storage for the call, and its size is given.
    let count = unsafe read(descriptor, &chunk, chunk.count)
    if count < 0 {
      if errno == EINTR || errno == EAGAIN { return }
      throw .cannotRead(name: name, reason: Self.systemReason())
    }
    isAtEnd = count == 0
    buffer += chunk[..<count]
  }

  private static func systemReason() -> String {
    // SAFETY: strerror's text is copied at once.
    unsafe String(cString: strerror(errno))
  }
}
