/// The end of a wait.
struct Deadline {
  /// How long the wait was meant to be.
  let limit: Duration
  private let end: ContinuousClock.Instant?

  init(after limit: Duration) {
    self.limit = limit
    end = .now + limit
  }

  /// The earlier one of a point in time and another deadline.
  init(at time: ContinuousClock.Instant, or other: Deadline) {
    limit = other.limit
    end = other.end.map { min($0, time) } ?? time
  }

  private init() {
    limit = .zero
    end = nil
  }

  /// Never passes.
  static let none = Deadline()

  var hasPassed: Bool { end.map { $0 <= .now } ?? false }

  /// For `poll`: rounded up, so that a wait never ends early and spins; -1 without an end.
  var remainingMilliseconds: Int32 {
    guard let end else { return -1 }
    let left = end - .now
    guard left > .zero else { return 0 }
    let (seconds, attoseconds) = left.components
    guard seconds < 1_000_000 else { return 1_000_000_000 }
    return Int32(seconds) * 1000 + Int32((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}
