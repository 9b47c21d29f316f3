import Dispatch
import Session
import Synchronization

/// Says that the check is to end, from whatever thread finds that out, and stops the machine for it.
///
/// The machine may stop at a breakpoint just when it is asked to: the request is lost then, and the next stop, wherever it
/// is, finds ``end`` instead.
public final class CheckBell: Sendable {
  private struct State {
    var end: CheckEnd?
    var isOver = false
  }

  private let state = Mutex(State())
  private let hasRung = Atomic(false)
  private let interrupt: InterruptRequest

  public init(interrupt: InterruptRequest = .shared) { self.interrupt = interrupt }

  /// Why the check is to end; nil while it goes on.
  public var end: CheckEnd? {
    // Asked at every stop: no lock while there is nothing to say.
    hasRung.load(ordering: .acquiring) ? state.withLock { $0.end } : nil
  }

  /// The first end counts. Nothing happens once the check is over.
  public func ring(_ end: CheckEnd) {
    state.withLock { state in
      guard !state.isOver, state.end == nil else { return }
      state.end = end
      hasRung.store(true, ordering: .releasing)
      interrupt.set()
    }
  }

  /// Rings when `time` has passed.
  func ring(after time: Duration) {
    let (seconds, attoseconds) = time.components
    let wait = DispatchTimeInterval.nanoseconds(Int(attoseconds / 1_000_000_000))
    DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(Int(seconds)) + wait) { [weak self] in
      self?.ring(.time(time))
    }
  }

  /// From now on the machine is somebody else's: what rang too late to stop it is forgotten.
  func checkIsOver() {
    state.withLock { state in
      state.isOver = true
      if state.end != nil { interrupt.clear() }
    }
  }
}
