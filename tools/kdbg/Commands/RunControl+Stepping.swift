import Inspect
import Session
import X86

extension RunControl {
  /// Executes `count` instructions, fewer when something else stops the machine.
  public func step(count: Int) throws(SessionError) -> StopReason {
    for _ in 0..<count {
      if let reason = try stepOnce() { return reason }
    }
    return .stepped
  }
}
