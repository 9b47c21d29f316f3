import Dispatch
import LineEditor
import Session

/// Hands Ctrl-C on to the target while a command runs. At the prompt the line editor has it to itself.
final class InterruptBridge {
  private let source: any DispatchSourceRead

  init() {
    InterruptFlag.install()
    source = DispatchSource.makeReadSource(
      fileDescriptor: InterruptFlag.descriptor, queue: DispatchQueue(label: "kdbg.interrupt"))
    source.setEventHandler {
      if InterruptFlag.consume() { InterruptRequest.shared.set() }
    }
  }

  deinit {
    // A suspended source must not be released.
    source.resume()
    source.cancel()
  }

  /// Runs `command` with Ctrl-C meant for the target. A Ctrl-C that came too late to stop anything is forgotten.
  func during<Result, Failure: Error>(
    _ command: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    source.resume()
    defer {
      source.suspend()
      InterruptRequest.shared.clear()
    }
    return try command()
  }
}
