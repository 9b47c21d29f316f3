import Synchronization

/// A wish to stop the target that may come from any thread, and that a `poll` can wait for.
public final class InterruptRequest: Sendable {
  public static let shared = InterruptRequest()

  private let pending = Atomic(false)
  private let pipe: (reading: Descriptor, writing: Descriptor)?

  public init() {
    pipe = try? Descriptor.pipe()
    pipe?.reading.setNonBlocking()
    pipe?.writing.setNonBlocking()
  }

  /// Readable while a request is pending. -1, which `poll` ignores, if the system gave no pipe.
  public var descriptor: Int32 { pipe?.reading.number ?? -1 }

  public var isPending: Bool { pending.load(ordering: .acquiring) }

  public func set() {
    // One byte at most, so the pipe is never full.
    if !pending.exchange(true, ordering: .acquiringAndReleasing) { _ = pipe?.writing.write([1]) }
  }

  /// True if a request was pending.
  @discardableResult public func clear() -> Bool {
    guard pending.exchange(false, ordering: .acquiringAndReleasing) else { return false }
    var byte: [UInt8] = [0]
    _ = pipe?.reading.read(into: &byte)
    return true
  }
}
