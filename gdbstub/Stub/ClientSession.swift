import RemoteProtocol

/// What one client has arranged with the stub. The next client finds none of it.
///
/// A serial line does not say when a client leaves, so a new one is known by what it sends:
/// - any packet after `D`, `k`, or after the stub gave the last client up;
/// - any packet but `vCtrlC` (and a repetition of the request that resumed) while the machine runs: a client that
///   resumed it would wait;
/// - `qSupported`, unless only `qSupported` and `QStartNoAckMode` came before it, which is how lldb begins;
/// - `QStartNoAckMode` while there are no acknowledgements already;
/// - `qSupported`, `?` or `!` behind a `+` while there are no acknowledgements: gdb and lldb begin with a `+`.
///
/// A new session has acknowledgements again, and no breakpoints. `?` alone does less: it removes breakpoints and goes
/// back to the stopped thread and to linear addresses, because clients ask it once, when they attach, and one that
/// vanished may have asked nothing else before.
struct ClientSession: Sendable {
  enum ErrorStyle: UInt8, Sendable {
    /// `E14`
    case numbers
    /// `E.words`, once the client has said `error-message+`.
    case messages
    /// `E14;words in hexadecimal`, after lldb's QEnableErrorStrings.
    case hexadecimalMessages
  }

  /// The two dialects of `x`.
  enum BinaryReadStyle: UInt8, Sendable {
    /// `b` and the bytes: gdb 16 and later.
    case marked
    /// The bytes alone: lldb, which tries `x0,0` first.
    case plain
  }

  enum AddressMode: UInt8, Sendable {
    case linear
    case physical
  }

  enum Phase: UInt8, Sendable {
    /// Nobody is there.
    case none
    /// Nothing but `qSupported` and `QStartNoAckMode` yet.
    case opening
    case open
  }

  var phase = Phase.none
  var errorStyle = ErrorStyle.numbers
  var binaryReadStyle = BinaryReadStyle.marked
  var isLLDB = false
  /// The client may name a thread behind `g`, `G`, `p` and `P`.
  var takesThreadSuffix = false
  /// The client understands `swbreak` and `hwbreak` in stop replies.
  var takesSoftwareCause = false
  var takesHardwareCause = false

  /// For memory and registers (`Hg`); nil: the thread that stopped.
  var selected: TargetThread?
  /// For `c` and `s` (`Hc`).
  var resumed = ThreadNumber.any
  var addressMode = AddressMode.linear
  /// The last thread that `qsThreadInfo` told.
  var listed: TargetThread?

  /// The client has resumed the machine and waits for a stop reply.
  var awaitsStop = false
  /// The reply that the client has not acknowledged is a stop reply.
  var isStopUnacknowledged = false
  var plan: ResumePlan?
  /// Of range stepping: from the first address to the one after the last.
  var rangeStart: UInt64 = 0
  var rangeEnd: UInt64 = 0

  /// A fingerprint of the last request, by which its repetition is known.
  var lastRequest: UInt64 = 0
  /// `-` since the last good packet.
  var rejections = 0
  /// A `+` while there are no acknowledgements.
  var sawGreeting = false
  /// The `+` to the OK of QStartNoAckMode, or of `D`, has not come yet.
  var expectsLastAcknowledgement = false

  /// So often in a row a frame is sent again: on a bad line a long one needs many tries.
  static let patience = 100
}

/// 64 bits of FNV-1a.
struct Fingerprint: Sendable {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  init(_ bytes: Span<UInt8>) {
    var position = 0
    while let byte = bytes.byte(at: position) {
      value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
      position &+= 1
    }
  }
}
