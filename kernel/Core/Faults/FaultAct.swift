/// What Ring 3 does first in a boot with `fault=`. The number is what the program /provoke finds in RDI.
public enum FaultAct: UInt8, Equatable, Sendable {
  /// `int 0x80` at 0x10000019, by the baseline program.
  case systemCall
  case cli
  case ud2
  case load
  case int3
  case int14
  case push
  case out
  case irq
  case nmi
  case sys
  case ac
  case tf
  case spin
  case calls

  /// How many there are: `allCases` would be an array.
  public static let count: UInt8 = 15

  /// The word on the command line; the first one is the default and needs none.
  public var name: StaticString {
    switch self {
    case .systemCall: "int80"
    case .cli: "cli"
    case .ud2: "ud2"
    case .load: "load"
    case .int3: "int3"
    case .int14: "int14"
    case .push: "push"
    case .out: "out"
    case .irq: "irq"
    case .nmi: "nmi"
    case .sys: "sys"
    case .ac: "ac"
    case .tf: "tf"
    case .spin: "spin"
    case .calls: "calls"
    }
  }

  public var summary: StaticString {
    switch self {
    case .systemCall: "`int 0x80`, by the baseline program"
    case .cli: "`cli`, which is #GP in Ring 3"
    case .ud2: "`ud2`"
    case .load: "reads 0x20000000, where nothing is mapped"
    case .int3: "`int3`"
    case .int14: "`int 14`, the vector of #PF by an instruction"
    case .push: "`push`"
    case .out: "writes a byte to port 0x80"
    case .irq: "spins, with the timer on"
    case .nmi: "spins until an NMI comes (QEMU's monitor: `nmi`)"
    case .sys: "`syscall`, then `int 0x80`"
    case .ac: "sets RFLAGS.AC, then `int 0x80`"
    case .tf: "sets RFLAGS.TF, then `syscall`"
    case .spin: "counts down from 2^28, then `int 0x80`"
    case .calls: "`int 0x80` three times, the second at this address, the third 7 bytes behind"
    }
  }

  /// Where the act's own instruction stands: in a block of 64 bytes for each act, 32 bytes into it. The same numbers
  /// stand in the program's source.
  public var instruction: UInt64 {
    self == .systemCall ? 0x1000_0019 : 0x1000_0120 + 64 * UInt64(rawValue)
  }

  /// The program's exit status when the act came to its end.
  public var success: Int32 { self == .systemCall ? 42 : 50 + Int32(rawValue) }

  /// True where the program never goes on by itself.
  public var spinsForever: Bool { self == .irq || self == .nmi }
}
