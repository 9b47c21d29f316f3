import Glibc
import Synchronization

/// The signals that matter to a prompt without ending the process, turned into something to poll.
///
/// A new window size needs the line drawn again; Ctrl-Z needs the terminal given back before the process stops.
/// Both keep their former meaning while no prompt is shown.
struct PromptSignals {
  private static let resizeEnd = Atomic<CInt>(-1)
  private static let suspendEnd = Atomic<CInt>(-1)

  private let resizes: SignalPipe?
  private let suspensions: SignalPipe?
  private var previous: [SignalAction] = []

  /// -1 when there is none.
  var resizeDescriptor: CInt { resizes?.readingEnd ?? -1 }
  var suspendDescriptor: CInt { suspensions?.readingEnd ?? -1 }

  init() {
    resizes = SignalPipe()
    suspensions = SignalPipe()
    Self.resizeEnd.store(resizes?.writingEnd ?? -1, ordering: .relaxed)
    Self.suspendEnd.store(suspensions?.writingEnd ?? -1, ordering: .relaxed)
  }

  mutating func promptAppears() {
    previous = [
      SignalAction.install(SIGWINCH) { _ in
        SignalPipe.post(to: PromptSignals.resizeEnd.load(ordering: .relaxed))
      },
      SignalAction.install(SIGTSTP) { _ in
        SignalPipe.post(to: PromptSignals.suspendEnd.load(ordering: .relaxed))
      },
    ]
  }

  mutating func promptDisappeared() {
    for action in previous { action.restore() }
    previous = []
  }

  /// True when the window changed since the last time.
  func consumeResize() -> Bool { SignalPipe.drain(resizeDescriptor) }
  /// True when Ctrl-Z was pressed since the last time.
  func consumeSuspension() -> Bool { SignalPipe.drain(suspendDescriptor) }

  /// Stops the process as Ctrl-Z does by default; returns when it is continued.
  func stopHere() {
    let handled = SignalAction.setDefault(SIGTSTP)
    raise(SIGTSTP)
    handled.restore()
  }
}
