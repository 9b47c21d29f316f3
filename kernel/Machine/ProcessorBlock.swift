import Boot
public import X86

/// What each processor finds through GS: see Boot/include/processor_block.h.
public enum ProcessorBlock {
  public static let capacity = Int(PROCESSOR_COUNT)

  private static func block(_ number: Int) -> UnsafeMutablePointer<processor_block> {
    precondition(number >= 0 && number < capacity)
    // SAFETY: the assembly reserves that many blocks, for as long as the kernel runs. Each processor writes its own,
    // interrupts off; block 0 belongs to the one that runs processes.
    return unsafe pointer_to_processor_blocks() + number
  }

  /// Where the block of processor `number` lies.
  public static func address(_ number: Int) -> VirtualAddress {
    VirtualAddress(UInt64(UInt(bitPattern: unsafe block(number))))
  }

  /// Where the word lies from which `syscall` takes its stack.
  public static func kernelStackAddress(_ number: Int) -> VirtualAddress {
    address(number) + UInt64(PROCESSOR_KERNEL_STACK)
  }

  /// Fills in the block of processor `number` and loads it into GS, on that processor. From here on `swapgs` is what
  /// exchanges it with Ring 3's base, which is 0.
  static func load(_ number: Int) {
    let address = address(number)
    unsafe block(number).pointee.own_address = address.rawValue
    unsafe block(number).pointee.number = UInt64(truncatingIfNeeded: number)
    if number > 0 {
      unsafe block(number).pointee.kernel_stack = OtherProcessors.kernelStackTop(number).rawValue
    }
    Processor.write(address.rawValue, to: .gsBase)
    Processor.write(0, to: .kernelGSBase)
    Processor.write(0, to: .fsBase)
  }

  /// Says that processor `number` runs on tables and stacks of its own.
  static func announce(_ number: Int) { unsafe set_processor_has_arrived(block(number)) }
  public static func hasArrived(_ number: Int) -> Bool { unsafe processor_has_arrived(block(number)) != 0 }

  /// The stack of the first processor's next `syscall`. The same as TSS.RSP0 while the kernel is right.
  public static var kernelStack: UInt64 {
    get { unsafe block(0).pointee.kernel_stack }
    set { unsafe block(0).pointee.kernel_stack = newValue }
  }

  /// How often the booting processor was entered from Ring 3.
  public static var entryCount: UInt64 { unsafe block(0).pointee.entries }
}
