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

  /// MAXPHYADDR where it is known.
  public var physicalAddressBits: Int?

  public init() {}

  public static let rspNumber = 7
  public var rsp: UInt64 {
    get { general[Self.rspNumber] }
    set { general[Self.rspNumber] = newValue }
  }

  /// The paging rules that the control registers select. Gigabyte pages are taken as supported: every
  /// processor with NX and MAXPHYADDR over 39 bits that matters has them, and a debugger cannot run CPUID.
  public var pagingMode: PagingMode {
    PagingMode(cr0: cr0, cr4: cr4, efer: efer, physicalAddressBits: physicalAddressBits ?? 52)
  }

  /// True when the processor runs in IA-32e mode with paging on. SDM Vol. 3A, 9.8.5.
  public var isLongMode: Bool {
    cr0.contains(.protectionEnable | .paging) && cr4.contains(.physicalAddressExtension)
      && efer.contains(.longModeActive)
  }
}
