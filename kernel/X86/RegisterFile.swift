/// The registers of one processor. What an implementation cannot know is nil, and the audit then says
/// "not checked", never "ok".
public struct RegisterFile: Sendable {
  /// rax rbx rcx rdx rsi rdi rbp rsp r8 ... r15: the order of the remote protocol's i386-64bit feature.
  public var general = InlineArray<16, UInt64>(repeating: 0)
  public var rip: UInt64 = 0
  public var rflags = RFlags(rawValue: 0)

  public var cs = SegmentSelector(rawValue: 0)
  public var ss = SegmentSelector(rawValue: 0)
  public var ds = SegmentSelector(rawValue: 0)
  public var es = SegmentSelector(rawValue: 0)
  public var fs = SegmentSelector(rawValue: 0)
  public var gs = SegmentSelector(rawValue: 0)
  public var fsBase: UInt64?
  public var gsBase: UInt64?
  public var kernelGSBase: UInt64?

  public var cr0 = CR0(rawValue: 0)
  public var cr2: UInt64 = 0
  public var cr3 = CR3(rawValue: 0)
  public var cr4 = CR4(rawValue: 0)
  public var cr8: UInt64?
  public var efer = EFER(rawValue: 0)

  public var taskRegister: SegmentCache?
  public var localTable: SegmentCache?
  public var globalTable: TableRegister?
  public var interruptTable: TableRegister?

  /// The hidden parts of CS and SS, where they are known.
  public var csCache: SegmentCache?
  public var ssCache: SegmentCache?

  /// IA32_STAR, IA32_LSTAR, CSTAR and IA32_FMASK. SDM Vol. 3A, 5.8.8; AMD APM Vol. 2, 6.1.1.
  public var star: UInt64?
  public var lstar: UInt64?
  public var cstar: UInt64?
  public var syscallMask: UInt64?
  /// IA32_SYSENTER_CS, _ESP and _EIP. SDM Vol. 3A, 5.8.7.
  public var sysenterCS: UInt64?
  public var sysenterESP: UInt64?
  public var sysenterEIP: UInt64?
  /// IA32_PAT. SDM Vol. 3A, 11.12.2.
  public var pageAttributeTable: UInt64?
  /// IA32_APIC_BASE. SDM Vol. 3A, 10.4.4.
  public var apicBase: UInt64?
  /// PKRU and IA32_PKRS: two bits a key. SDM Vol. 3A, 4.6.2.
  public var pkru: UInt64?
  public var pkrs: UInt64?
  /// XCR0. SDM Vol. 3A, 2.6.
  public var xcr0: UInt64?

  /// DR0...DR3, DR6 and DR7. SDM Vol. 3B, 17.2.
  public var debugAddress: InlineArray<4, UInt64>?
  public var debugStatus: UInt64?
  public var debugControl: UInt64?

  /// MAXPHYADDR where it is known.
  public var physicalAddressBits: Int?
  public var features = ProcessorFeatures()
  public var vendor = ProcessorVendor.unknown

  public init() {}

  public static let rcxNumber = 2
  public static let rspNumber = 7
  public static let r11Number = 11
  public var rsp: UInt64 {
    get { general[Self.rspNumber] }
    set { general[Self.rspNumber] = newValue }
  }

  /// The paging rules that the control registers select. Gigabyte pages are taken as supported unless they are
  /// known not to be: every processor with NX and MAXPHYADDR over 39 bits that matters has them.
  public var pagingMode: PagingMode {
    PagingMode(
      cr0: cr0, cr4: cr4, efer: efer, physicalAddressBits: physicalAddressBits ?? 52,
      hasGigabytePages: features.has(.gigabytePages) ?? true)
  }

  /// True when the processor runs in IA-32e mode with paging on. SDM Vol. 3A, 9.8.5.
  public var isLongMode: Bool {
    cr0.contains(.protectionEnable | .paging) && cr4.contains(.physicalAddressExtension)
      && efer.contains(.longModeActive)
  }
}
