import Foundation
import Synchronization

/// Where QEMU writes its interrupt log: a named pipe in a directory of its own, of which the latest part is kept. A
/// file would grow with every interrupt; a pipe leaves nothing behind, and QEMU goes on when its reader is gone.
final class InterruptLog: Sendable {
  /// What is kept: some hundred events.
  private static let keptByteCount = 1 << 18

  let path: String
  private let directory: PrivateDirectory
  private let pipe: Descriptor
  private let kept = Mutex<[UInt8]>([])
  private let cleanup: Int

  init() throws(SessionError) {
    let directory = try PrivateDirectory()
    path = "\(directory.path)/log"
    pipe = try Descriptor.namedPipe(at: path)
    self.directory = directory
    cleanup = SessionCleanup.shared.add { directory.remove() }
  }

  /// Reads on, on a thread of its own, until QEMU closes the pipe. QEMU must have opened it.
  func follow() {
    Thread.detachNewThread { [self] in
      repeat {
        _ = Readiness.wait([(pipe.number, .readable)], until: .none)
      } while kept.withLock { drain(into: &$0) }
    }
  }

  /// All that QEMU has written so far, without what is too old.
  func text() -> String {
    kept.withLock { bytes in
      _ = drain(into: &bytes)
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  /// Takes the name away; what holds it open goes on.
  func remove() {
    SessionCleanup.shared.remove(cleanup)
    directory.remove()
  }

  /// False when QEMU has closed the pipe.
  private func drain(into bytes: inout [UInt8]) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      switch pipe.read(into: &chunk) {
      case .bytes(let count):
        bytes += chunk[..<count]
        if bytes.count > 2 * Self.keptByteCount { bytes.removeFirst(bytes.count - Self.keptByteCount) }
      case .wouldBlock: return true
      case .closed: return false
      }
    }
  }
}
