import Inspect
import X86

/// The registers that have one number, by gdb's names and in the order in which `info registers` lists them.
public enum RegisterName: String, CaseIterable, Sendable {
  case rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp
  case r8, r9, r10, r11, r12, r13, r14, r15
  case rip, eflags
  case cs, ss, ds, es, fs, gs
  case fsBase = "fs_base"
  case gsBase = "gs_base"
  case kernelGSBase = "k_gs_base"
  case cr0, cr2, cr3, cr4, cr8, efer
  case dr0, dr1, dr2, dr3, dr6, dr7

  /// Other spellings that users type.
  public init?(alias: String) {
    switch alias {
    case "pc": self = .rip
    case "sp": self = .rsp
    case "fp": self = .rbp
    case "rflags": self = .eflags
    default: self.init(rawValue: alias)
    }
  }

  public static let control: Set<RegisterName> = [.cr0, .cr2, .cr3, .cr4, .efer]

  /// True for those that are asked of QEMU's monitor.
  public var isDebug: Bool { rawValue.hasPrefix("dr") }

  /// The value, nil where the target does not give it.
  public func value(in registers: RegisterFile) -> UInt64? {
    switch self {
    case .rip: registers.rip
    case .eflags: registers.rflags.rawValue
    case .cs: UInt64(registers.cs.rawValue)
    case .ss: UInt64(registers.ss.rawValue)
    case .ds: UInt64(registers.ds.rawValue)
    case .es: UInt64(registers.es.rawValue)
    case .fs: UInt64(registers.fs.rawValue)
    case .gs: UInt64(registers.gs.rawValue)
    case .fsBase: registers.fsBase
    case .gsBase: registers.gsBase
    case .kernelGSBase: registers.kernelGSBase
    case .cr0: registers.cr0.rawValue
    case .cr2: registers.cr2
    case .cr3: registers.cr3.rawValue
    case .cr4: registers.cr4.rawValue
    case .cr8: registers.cr8
    case .efer: registers.efer.rawValue
    case .dr0: registers.debugAddress?[0]
    case .dr1: registers.debugAddress?[1]
    case .dr2: registers.debugAddress?[2]
    case .dr3: registers.debugAddress?[3]
    case .dr6: registers.debugStatus
    case .dr7: registers.debugControl
    default: protocolNumber.map { registers.general[$0] }
    }
  }

  /// The place of a general register in `RegisterFile.general`, the remote protocol's order.
  private var protocolNumber: Int? {
    let order: [RegisterName] = [
      .rax, .rbx, .rcx, .rdx, .rsi, .rdi, .rbp, .rsp, .r8, .r9, .r10, .r11, .r12, .r13, .r14, .r15,
    ]
    return order.firstIndex(of: self)
  }
}

extension Debuggee {
  /// The registers that the target does not give, although ``RegisterFile`` has a place for them that is never empty.
  public var unknownRegisters: Set<RegisterName> {
    let general = Set(unknownGeneralRegisters.compactMap(RegisterName.init(rawValue:)))
    return knowsControlRegisters ? general : general.union(RegisterName.control)
  }
}
