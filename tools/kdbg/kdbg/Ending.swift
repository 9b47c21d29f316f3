import ArgumentParser
import Commands
import Foundation
import Session

/// How kdbg ends: an exit status and, where something went wrong, one line that says what.
struct Ending: Error {
  let status: ExitStatus
  let message: String?

  init(_ status: ExitStatus, _ message: String? = nil) {
    self.status = status
    self.message = message
  }

  init(_ error: SessionError) { self.init(error.exitStatus == 2 ? .usage : .targetLost, error.description) }

  init(_ failure: CommandFailure) { self.init(failure.exitStatus, failure.message) }

  func leave() -> Never {
    StandardStreams.progress(nil)
    if let message { StandardStreams.error("kdbg: \(message)\n") }
    SessionCleanup.shared.run()
    exit(status.rawValue)
  }

  /// Ends as the argument parser wants it: help and the version on standard output with status 0; whatever it
  /// could not make sense of is wrong usage.
  static func leave(afterParsing error: any Error) -> Never {
    let text = KernelDebugger.fullMessage(for: error)
    guard KernelDebugger.exitCode(for: error).isSuccess else {
      StandardStreams.error(text + "\n")
      exit(ExitStatus.usage.rawValue)
    }
    StandardStreams.out(text + "\n")
    exit(ExitStatus.held.rawValue)
  }
}
