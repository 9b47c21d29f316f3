/// Why the target no longer runs, as it says itself. GDB manual, E.3, "Stop Reply Packets".
public enum StopReply: Equatable, Sendable {
  /// `S` and `T`: a signal in the protocol's own numbering, and what came with it.
  case signal(UInt8, StopDetails)
  /// `W`: ended, with this status.
  case exited(status: UInt64)
  /// `X`: ended by a signal.
  case terminated(signal: UInt8)
  /// `N`: there is no thread left that could stop.
  case noResumedThreads
}

/// The pairs of a `T` packet that have a meaning of their own; all of them can be read with ``StopReplyPairs``.
public struct StopDetails: Equatable, Sendable {
  public var thread: ThreadIdentifier?
  public var watch: Watchpoint?
  /// Set where the stub tells a breakpoint from another trap.
  public var breakpoint: BreakpointType?

  public init(
    thread: ThreadIdentifier? = nil, watch: Watchpoint? = nil, breakpoint: BreakpointType? = nil
  ) {
    self.thread = thread
    self.watch = watch
    self.breakpoint = breakpoint
  }
}

/// A data access that stopped the machine.
public struct Watchpoint: Equatable, Sendable {
  public enum Kind: UInt8, Equatable, Sendable {
    case write
    case read
    case access
  }

  public var kind: Kind
  /// The linear address that was accessed.
  public var address: UInt64

  public init(kind: Kind, address: UInt64) {
    self.kind = kind
    self.address = address
  }
}

/// The keys of a `T` packet, packed as `PacketCursor.word` does: Embedded Swift compares no strings.
enum StopKey {
  static let thread: UInt64 = 0x7468_7265_6164
  static let watch: UInt64 = 0x77_6174_6368
  static let readWatch: UInt64 = 0x7277_6174_6368
  static let accessWatch: UInt64 = 0x6177_6174_6368
  static let softwareBreakpoint: UInt64 = 0x73_7762_7265_616b
  static let hardwareBreakpoint: UInt64 = 0x68_7762_7265_616b
}

extension StopReply {
  /// Nil when `packet` is not a stop reply. Pairs that are not understood are skipped, as the manual asks.
  public init?(_ packet: Span<UInt8>) {
    var cursor = PacketCursor()
    guard let letter = cursor.byte(in: packet) else { return nil }
    switch letter {
    case UInt8(ascii: "S"), UInt8(ascii: "T"):
      guard let signal = cursor.hexadecimalByte(in: packet) else { return nil }
      let details =
        letter == UInt8(ascii: "T") ? StopDetails(packet, from: cursor.position) : StopDetails()
      self = .signal(signal, details)
    case UInt8(ascii: "W"):
      guard let status = cursor.hexadecimalNumber(in: packet) else { return nil }
      self = .exited(status: status)
    case UInt8(ascii: "X"):
      guard let signal = cursor.hexadecimalByte(in: packet) else { return nil }
      self = .terminated(signal: signal)
    case UInt8(ascii: "N"):
      guard cursor.isAtEnd(of: packet) else { return nil }
      self = .noResumedThreads
    default:
      return nil
    }
  }
}

extension StopDetails {
  init(_ packet: Span<UInt8>, from position: Int) {
    self.init()
    var pairs = StopReplyPairs(position: position)
    while let pair = pairs.next(in: packet) {
      var value = pair.value
      switch pair.key.word(upTo: pair.colon, in: packet) {
      case StopKey.thread: thread = value.threadIdentifier(in: packet)
      case StopKey.watch: watch = Watchpoint(.write, &value, packet)
      case StopKey.readWatch: watch = Watchpoint(.read, &value, packet)
      case StopKey.accessWatch: watch = Watchpoint(.access, &value, packet)
      case StopKey.softwareBreakpoint: breakpoint = .software
      case StopKey.hardwareBreakpoint: breakpoint = .hardware
      default: break
      }
    }
  }
}

extension Watchpoint {
  fileprivate init?(_ kind: Kind, _ cursor: inout PacketCursor, _ packet: Span<UInt8>) {
    guard let address = cursor.hexadecimalNumber(in: packet) else { return nil }
    self.init(kind: kind, address: address)
  }
}
