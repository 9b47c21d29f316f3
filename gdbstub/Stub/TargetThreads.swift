public import RemoteProtocol

/// A thread of the target: a process, a thread of the kernel, or a processor. Numbers begin at 1.
public struct TargetThread: Equatable, Sendable {
  public let number: UInt64
  public init(_ number: UInt64) { self.number = number }
}

/// Threads. All of them share the kernel; each may have tables of its own.
public protocol TargetThreads: ~Copyable {
  /// The one that runs, or ran until the machine stopped. It must exist.
  var currentThread: TargetThread { get }

  /// The thread with the next higher number: the first one after nil. Nil at the end.
  mutating func thread(after thread: TargetThread?) -> TargetThread?

  mutating func isAlive(_ thread: TargetThread) -> Bool

  /// A short name, such as that of the program. UTF-8, at most 64 bytes are used.
  mutating func writeName<Sink: ByteSink & ~Copyable>(of thread: TargetThread, to sink: inout Sink)

  /// Whatever else is worth a line: state, CR3. UTF-8, at most 256 bytes are used.
  mutating func writeDetails<Sink: ByteSink & ~Copyable>(of thread: TargetThread, to sink: inout Sink)

  /// The processor that runs it or will, counted from 0.
  mutating func processor(of thread: TargetThread) -> UInt64?
}

extension TargetThreads where Self: ~Copyable {
  public mutating func isAlive(_ thread: TargetThread) -> Bool {
    guard thread.number > 0 else { return false }
    return self.thread(after: thread.number == 1 ? nil : TargetThread(thread.number &- 1)) == thread
  }

  public mutating func processor(of thread: TargetThread) -> UInt64? { nil }
}
