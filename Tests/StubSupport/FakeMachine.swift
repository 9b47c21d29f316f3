import RemoteProtocol
public import Stub

/// A small machine to be debugged: some memory, three threads, and a processor that knows a handful of instructions.
///
/// | linear | physical | |
/// |---|---|---|
/// | 0x100000 ..< 0x110000 | 0x10000 | program, the same for all threads |
/// | 0x7f0000 ..< 0x7f1000 | 0x1000 times the thread's number | each thread's own page |
/// | everything else | | not mapped |
///
/// Physical memory is 128 KiB from 0 on.
public final class FakeMachine {
  public static let programStart: UInt64 = 0x100000
  public static let programEnd: UInt64 = 0x110000
  public static let ownPage: UInt64 = 0x7f0000
  /// Where no breakpoint may be.
  public static let forbidden: ClosedRange<UInt64> = 0x10ff00...0x10ffff

  /// The upper half is the program: `nop` everywhere.
  public var memory = [UInt8](repeating: 0, count: 0x10000) + [UInt8](repeating: 0x90, count: 0x10000)
  public var registers: [TargetThread.ID: [Register: RegisterValue]] = [:]
  public var breakpoints: [BreakpointRequest] = []
  public var current = TargetThread(1)
  public var threadNumbers: [UInt64] = [1, 2, 0x1f]
  public var plans: [ResumePlan] = []
  public var refusesPlans = false
  /// Accesses of a certain width: what devices would see.
  public var exactAccesses: [(address: UInt64, width: Int)] = []
  public var monitorCommands: [String] = []
  public var stopText = ""
  /// What was watched and touched by the last instruction.
  var touched: Watchpoint?
  /// An access makes the stub fault, as far as it can tell.
  public var instructionsExecuted = 0

  public init() {
    for number in threadNumbers {
      var file: [Register: RegisterValue] = [:]
      var register: Register? = .rax
      while let next = register {
        switch next.rawValue {
        case Register.st0.rawValue...Register.mxcsr.rawValue: break
        default: file[next] = RegisterValue(0x1000 * number + UInt64(next.rawValue))
        }
        register = Register(rawValue: next.rawValue + 1)
      }
      file[.rip] = RegisterValue(Self.programStart)
      file[.rsp] = RegisterValue(Self.programEnd - 0x1000)
      file[.rflags] = RegisterValue(0x202)
      registers[number] = file
    }
  }

  /// Where a linear address lies in ``memory``.
  public func place(_ address: UInt64, in space: MemorySpace) -> Int? {
    switch space {
    case .physical: return address < UInt64(memory.count) ? Int(address) : nil
    case .linear(let thread):
      switch address {
      case Self.programStart..<Self.programEnd: return Int(address - Self.programStart + 0x10000)
      case Self.ownPage..<Self.ownPage + 0x1000:
        return Int(address - Self.ownPage + 0x1000 * (thread.number & 0xf))
      default: return nil
      }
    }
  }

  public func write(_ bytes: [UInt8], at address: UInt64) {
    for (offset, byte) in bytes.enumerated() {
      if let place = place(address + UInt64(offset), in: .linear(current)) { memory[place] = byte }
    }
  }

  public subscript(_ register: Register) -> UInt64 {
    get { registers[current.number]?[register]?.low ?? 0 }
    set { registers[current.number]?[register] = RegisterValue(newValue) }
  }
}

extension TargetThread {
  public typealias ID = UInt64
}
