/// The system calls of `int 0x80` and of `syscall`, which leaves other values in rcx and r11: number in rax, arguments in
/// rdi rsi rdx r10 r8 r9, result or -errno in rax.
public enum SystemCall: UInt64, Equatable, Sendable {
  /// exit(status)
  case exit = 0
  /// write(descriptor, address, count) -> bytes written
  case write = 1
  /// read(descriptor, address, count) -> bytes read; waits until there is one
  case read = 2
  /// yield()
  case yield = 3
  /// get_time() -> milliseconds since boot
  case getTime = 4
  /// fork() -> 0 in the child, the child's id in the parent
  case fork = 5
  /// wait(id or -1, address of a 32-bit status or 0) -> id of the child that ended
  case wait = 6
  /// exec(address of a path that ends with a zero byte)
  case exec = 11
  /// getpid()
  case getPID = 39
  /// arch_prctl(code, address): sets or tells the base of FS or GS; see ``BaseOperation``
  case archPRCtl = 158
  /// gettid()
  case getTID = 186
}

/// What a system call can fail with. The numbers are Linux's, which programs already know.
public enum SystemError: Int64, Error, Equatable, Sendable {
  case notPermitted = 1
  case noSuchFile = 2
  case noSuchProcess = 3
  case executableFormat = 8
  case badDescriptor = 9
  case noChild = 10
  case tryAgain = 11
  case outOfMemory = 12
  case badAddress = 14
  case invalidArgument = 22
  case nameTooLong = 36
  case noSuchCall = 38

  /// The value that goes into rax.
  public var result: UInt64 { UInt64(bitPattern: -rawValue) }
}

/// The codes of arch_prctl, Linux's too.
public enum BaseOperation: UInt64, Equatable, Sendable {
  case setGS = 0x1001
  case setFS = 0x1002
  /// Stores 64 bits at the address.
  case getFS = 0x1003
  case getGS = 0x1004
}

/// One call as Ring 3 made it.
public struct SystemCallRequest: Equatable, Sendable {
  public let number: UInt64
  public let first: UInt64
  public let second: UInt64
  public let third: UInt64

  public init(number: UInt64, first: UInt64, second: UInt64, third: UInt64) {
    self.number = number
    self.first = first
    self.second = second
    self.third = third
  }
}

/// What the trap path does after a call was looked at.
public enum SystemCallOutcome: Equatable, Sendable {
  /// Put the value into rax and return.
  case complete(UInt64)
  /// The process waits for something; look at the call again when it runs next.
  case block
  /// The value into rax, and let others run first.
  case yield(UInt64)
  /// A child was made: give it a copy of the caller's trap frame with 0 in rax.
  case forked(child: Int)
  /// The process has these bases of FS and GS from now on; the call's result is 0.
  case rebased(UserBases)
  /// The process has a new program: start it.
  case started(entry: UInt64, stackPointer: UInt64)
  /// The process has ended.
  case exited
}
