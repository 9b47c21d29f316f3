import Dispatch
import Synchronization

/// One line that says how far work has come that takes longer than a moment, on a terminal. Whoever writes something
/// else erases it first.
public final class ProgressLine: Sendable {
  private struct State {
    let start: ContinuousClock.Instant
    var next: ContinuousClock.Instant
    var isShown = false
    var isFinished = false
  }

  /// Work that takes less says nothing.
  private static let patience = Duration.seconds(1)
  private static let interval = Duration.milliseconds(250)

  private let state: Mutex<State>
  private let show: @Sendable (String?) -> Void

  /// For work that begins now. `show` puts a text in place of the one before; nil erases it.
  public init(_ show: @escaping @Sendable (String?) -> Void) {
    self.show = show
    let now = ContinuousClock.now
    state = Mutex(State(start: now, next: now + Self.patience))
  }

  /// Shows `text`, at most some times a second: to be called as often as one likes. `text` is made only when it is shown,
  /// and is told how long the work has taken.
  public func update(at now: ContinuousClock.Instant = .now, _ text: (Duration) -> String) {
    state.withLock { state in
      guard !state.isFinished, now >= state.next else { return }
      state.next = now + Self.interval
      state.isShown = true
      show(text(now - state.start))
    }
  }

  /// Something else is written, which says enough: the line comes again when that is a moment ago.
  public func rest(at now: ContinuousClock.Instant = .now) {
    state.withLock { $0.next = now + Self.patience }
  }

  /// Runs `body`, during which `text` is shown as it is at that time.
  func shown<Result, Failure: Error>(
    _ text: @escaping @Sendable (Duration) -> String, during body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "kdbg.progress"))
    timer.schedule(deadline: .now(), repeating: .milliseconds(250))
    timer.setEventHandler { [self] in update(text) }
    timer.resume()
    defer {
      timer.cancel()
      finish()
    }
    return try body()
  }

  /// The work is done: nothing is shown any more.
  public func finish() {
    state.withLock { state in
      state.isFinished = true
      guard state.isShown else { return }
      state.isShown = false
      show(nil)
    }
  }
}
