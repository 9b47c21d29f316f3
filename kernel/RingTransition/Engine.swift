import X86

/// Which processor a prediction is about, as the set of its deviations from the manuals. Each bit is one thing
/// that an engine does otherwise; ``architecture`` is the empty set.
public struct Engine: RegisterBits {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The error code of a fault on a gate is vector * 16 + 2 instead of vector * 8 + 2.
  public static let gateErrorCodesInSixteens = Engine(rawValue: 1 << 0)
  /// EXT is never set in an error code.
  public static let externalBitNeverSet = Engine(rawValue: 1 << 1)
  /// #PF reports a reserved bit without P.
  public static let reservedBitWithoutPresent = Engine(rawValue: 1 << 2)
  /// RF stays clear in the RFLAGS image that a fault pushes.
  public static let resumeFlagNotSaved = Engine(rawValue: 1 << 3)
  /// `iretq` takes a non-canonical RIP, and the #GP comes in Ring 3.
  public static let returnAddressNotChecked = Engine(rawValue: 1 << 4)
  /// `sysretq` takes a non-canonical RCX on every model, and the #GP comes in Ring 3.
  public static let systemReturnAddressNotChecked = Engine(rawValue: 1 << 5)
  /// `iretq` takes a code segment with L=1 and D=1.
  public static let longDefault32Accepted = Engine(rawValue: 1 << 6)
  /// An absent SS raises #NP at `iretq` instead of #SS.
  public static let absentStackSegmentRaisesNotPresent = Engine(rawValue: 1 << 7)
  /// A non-canonical stack access raises #GP instead of #SS.
  public static let stackAccessRaisesProtection = Engine(rawValue: 1 << 8)
  /// A canonical stack pointer below which the pushes are not canonical is found out by the push alone.
  public static let stackEdgeFoundByPush = Engine(rawValue: 1 << 9)
  /// A gate's offset is looked at after the frame is pushed and the privilege has changed.
  public static let gateOffsetNotChecked = Engine(rawValue: 1 << 10)
  /// The accessed bits of CS and SS descriptors are not written.
  public static let accessedBitsNotWritten = Engine(rawValue: 1 << 11)
  /// The type bits in a gate's last dword are not checked.
  public static let gateReservedBitsNotChecked = Engine(rawValue: 1 << 12)
  /// With a null TR the engine itself ends at the first entry that needs the TSS.
  public static let nullTaskRegisterAborts = Engine(rawValue: 1 << 13)
  /// RFLAGS.AC=1 lets the pushes of an event through to a user page under SMAP.
  public static let alignmentCheckExcusesPushes = Engine(rawValue: 1 << 14)
  /// The #DB that MOV SS put off is delivered before the `int` that follows, not after it.
  public static let deferredDebugComesFirst = Engine(rawValue: 1 << 15)
  /// SYSRET loads SS with RPL 3 whatever STAR holds, on every vendor's model.
  public static let systemReturnForcesPrivilege = Engine(rawValue: 1 << 16)
  /// `iretq` leaves VIF and VIP alone.
  public static let virtualInterruptFlagsNotLoaded = Engine(rawValue: 1 << 17)
}

extension Engine {
  /// As the manuals have it.
  public static let architecture = Engine.none

  /// TCG as measured with QEMU 7.2.
  public static let qemuTCG72 =
    qemuTCG9 | gateErrorCodesInSixteens | resumeFlagNotSaved | systemReturnAddressNotChecked

  /// TCG of QEMU 8: gate error codes were corrected there.
  public static let qemuTCG8 = qemuTCG72.subtracting(gateErrorCodesInSixteens)

  /// TCG from QEMU 9 on. What its source leaves open is taken to be as in 7.2.
  public static let qemuTCG9 =
    externalBitNeverSet | reservedBitWithoutPresent | returnAddressNotChecked | longDefault32Accepted
    | absentStackSegmentRaisesNotPresent | stackAccessRaisesProtection | stackEdgeFoundByPush
    | gateOffsetNotChecked | accessedBitsNotWritten | gateReservedBitsNotChecked | nullTaskRegisterAborts
    | deferredDebugComesFirst | systemReturnForcesPrivilege | virtualInterruptFlagsNotLoaded

  /// Bochs as measured with 2.7: close to Intel, with AC honoured even by the processor's own pushes.
  public static let bochs27 = alignmentCheckExcusesPushes | absentStackSegmentRaisesNotPresent

  /// The TCG of QEMU's major version.
  public static func qemuTCG(majorVersion: Int) -> Engine {
    switch majorVersion {
    case ..<8: qemuTCG72
    case 8: qemuTCG8
    default: qemuTCG9
    }
  }

  /// How many engines have a name.
  public static let presetCount = 5

  /// The engines that have a name, `0 ..< presetCount`; nil outside.
  public static func preset(_ position: Int) -> Engine? {
    switch position {
    case 0: architecture
    case 1: qemuTCG72
    case 2: qemuTCG8
    case 3: qemuTCG9
    case 4: bochs27
    default: nil
    }
  }

  /// The name that kdbg and its JSON use; `custom` for a set that is no preset.
  public var name: StaticString {
    switch self {
    case .architecture: "architecture"
    case .qemuTCG72: "qemu-tcg-7.2"
    case .qemuTCG8: "qemu-tcg-8"
    case .qemuTCG9: "qemu-tcg-9"
    case .bochs27: "bochs-2.7"
    default: "custom"
    }
  }
}
