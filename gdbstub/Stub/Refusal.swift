/// Why a request was not carried out, for the client's user to read.
public struct Refusal: Error, Sendable {
  /// An errno of Linux, for clients that take no words: 14 (EFAULT) for memory, 22 (EINVAL) for what makes no sense,
  /// 3 (ESRCH) for a thread that is not there, 4 (EINTR), 28 (ENOSPC) when something is full, 1 (EPERM) for what must not be done.
  public let code: UInt8
  public let reason: StaticString
  /// Written after the reason where there is one.
  public let address: UInt64?

  public init(_ code: UInt8, _ reason: StaticString, at address: UInt64? = nil) {
    self.code = code
    self.reason = reason
    self.address = address
  }

  public static let notPermitted: UInt8 = 1
  public static let noSuchThread: UInt8 = 3
  public static let interrupted: UInt8 = 4
  public static let failed: UInt8 = 5
  public static let badAddress: UInt8 = 14
  public static let invalid: UInt8 = 22
  public static let noSpace: UInt8 = 28
}
