import Glibc

/// A locked file in a directory, by which others see that somebody still needs it. The lock goes with the last process
/// that holds the file, whatever ends it. flock(2).
enum DirectoryClaim {
  private static let name = "owner"
  /// Out of the way of the descriptors that a child is given.
  private static let firstNumber: Int32 = 10

  /// Claims a directory that was just made. Nil when somebody removed it meanwhile, taking it for a forgotten one.
  static func make(in directory: String) -> Descriptor? {
    guard let claim = open("\(directory)/\(name)", O_RDWR | O_CREAT | O_EXCL),
      flock(claim.number, LOCK_EX) == 0
    else { return nil }
    return isNamed(claim) ? claim : nil
  }

  /// Claims a directory whose owners are gone. Nil while one lives, and where there was none.
  static func takeOver(_ directory: String) -> Descriptor? {
    guard isOwn(directory), let claim = open("\(directory)/\(name)", O_RDWR),
      flock(claim.number, LOCK_EX | LOCK_NB) == 0
    else { return nil }
    return claim
  }

  private static func open(_ path: String, _ flags: Int32) -> Descriptor? {
    // SAFETY: the path lives through the call.
    let number = unsafe Glibc.open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard number >= 0 else { return nil }
    let claim = Descriptor(owning: number)
    let higher = fcntl(number, F_DUPFD_CLOEXEC, firstNumber)
    return higher >= 0 ? Descriptor(owning: higher) : claim
  }

  /// False once the file was removed.
  private static func isNamed(_ file: Descriptor) -> Bool {
    var status = stat()
    // SAFETY: the structure is the call's own.
    return unsafe fstat(file.number, &status) == 0 && status.st_nlink > 0
  }

  /// True for a directory of this user's, and not a link to one.
  private static func isOwn(_ directory: String) -> Bool {
    var status = stat()
    // SAFETY: the structure is the call's own, and the path lives through it.
    guard unsafe lstat(directory, &status) == 0 else { return false }
    return status.st_mode & S_IFMT == S_IFDIR && status.st_uid == geteuid()
  }
}
