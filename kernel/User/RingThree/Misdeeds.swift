import UserRuntime

/// What Ring 3 may not do, one case each; every one must end in the exception that ``vector`` names.
public enum Misdeed: UInt8 {
  case readNull
  case readKernel
  case readNonCanonical
  case writeText
  case executeData
  case executeStack
  case executeKernel
  case cli
  case out
  case sgdt
  case sse
  case x87
  case invalidOpcode
  case breakpoint
  case softwarePageFault
  case divideByZero
  case stackOverflow

  public static var count: UInt8 { 17 }

  /// The exception that stops it.
  public var vector: Int32 {
    switch self {
    case .divideByZero: 0
    case .breakpoint: 3
    case .sse, .invalidOpcode: 6
    case .x87: 7
    case .readNonCanonical, .cli, .out, .sgdt, .softwarePageFault: 13
    case .readNull, .readKernel, .writeText, .executeData, .executeStack, .executeKernel, .stackOverflow: 14
    }
  }

  /// Does it. Comes back only when the kernel let it pass.
  public func commit() {
    switch self {
    case .readNull: read_address(0)
    case .readKernel: read_address(0xffff_ffff_8010_0000)
    case .readNonCanonical: read_address(0x0000_9000_0000_0000)
    case .writeText: write_address(0x1000_0000)
    case .executeData: execute_address(0x7fff_efff_f000)
    case .executeStack: execute_stack()
    case .executeKernel: execute_address(0xffff_ffff_8010_1000)
    case .cli: execute_cli()
    case .out: execute_out()
    case .sgdt: execute_sgdt()
    case .sse: execute_sse()
    case .x87: execute_x87()
    case .invalidOpcode: execute_ud2()
    case .breakpoint: execute_int3()
    case .softwarePageFault: execute_int14()
    case .divideByZero: divide_by_zero()
    case .stackOverflow: overflow_stack()
    }
  }
}

/// The flags that a program set oddly (NT, AC, DF, ID) and what they are after a system call.
public func flagsAfterOddCall() -> UInt64 { call_with_odd_flags() }

/// Any system call, with any arguments: for testing what the kernel refuses.
public func rawSystemCall(_ number: UInt64, _ first: UInt64, _ second: UInt64, _ third: UInt64) -> Int64 {
  system_call(number, first, second, third)
}
