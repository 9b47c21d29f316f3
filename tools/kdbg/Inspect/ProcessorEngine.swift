import RingTransition
import Session

extension Debuggee {
  /// Which processor's rules a prediction follows: TCG's of QEMU's version, where QEMU says that it runs the guest
  /// so; else the architecture's. A stub on a line does not say what the kernel runs on.
  public var engine: Engine {
    guard let accelerator = try? monitor("info kvm"), accelerator.contains("disabled"),
      let version = try? monitor("info version"), let major = Self.majorVersion(version)
    else { return .architecture }
    return .qemuTCG(majorVersion: major)
  }

  /// `7` of `7.2.22 (Debian ...)`.
  private static func majorVersion(_ text: String) -> Int? {
    Int(text.drop { $0.isWhitespace }.prefix { $0.isWholeNumber })
  }
}
