/// Which processor the prediction is about: they differ in error codes and in checks that one leaves out.
public enum Engine: UInt8, Equatable, Sendable {
  /// As the manuals have it.
  case architecture
  /// QEMU's TCG, measured with 7.2: gate error codes count in sixteens, EXT is never set, a reserved bit is
  /// reported without P, a gate's offset is not checked before the frame is pushed, and accessed bits of
  /// descriptors are not written.
  case qemuTCG

  var other: Engine { self == .qemuTCG ? .architecture : .qemuTCG }
}
