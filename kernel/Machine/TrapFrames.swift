public import Boot
public import Core
public import X86

/// Lets `body` read and change the frame that the trap stubs built at `address`, an RSP of theirs.
///
/// - Parameter address: what the assembly passes to `kernel_trap` or `kernel_before_return`; nothing else.
public func withTrapFrame<Result>(at address: UInt, _ body: (inout trap_frame) -> Result) -> Result {
  // SAFETY: the stubs pass the stack pointer right after they pushed a whole frame there. Interrupts are off, and
  // the stack belongs to the current process (or processor) alone until the stub pops the frame again.
  unsafe body(&UnsafeMutablePointer<trap_frame>(bitPattern: address).unsafelyUnwrapped.pointee)
}

extension trap_frame {
  /// True when the frame was pushed on entry from Ring 3.
  public var isUser: Bool { cs & 3 == 3 }

  /// True when `syscall` made the frame: then the vector word is no vector.
  public var isSystemCallInstruction: Bool { vector == UInt64(SYSCALL_VECTOR) }

  /// What `iretq` will pop.
  public var interruptFrame: InterruptFrame {
    InterruptFrame(rip: rip, cs: cs, rflags: RFlags(rawValue: rflags), rsp: rsp, ss: ss)
  }

  /// The first frame of a program: every register zero, so that nothing of the kernel's leaks, interrupts on.
  public static func start(entry: UInt64, stackPointer: UInt64) -> trap_frame {
    var frame = trap_frame()
    frame.rip = entry
    frame.cs = UInt64(DescriptorTables.userCode.rawValue)
    frame.rflags = (RFlags.fixedOne | .interruptEnable).rawValue
    frame.rsp = stackPointer
    frame.ss = UInt64(DescriptorTables.userData.rawValue)
    return frame
  }
}

extension PhysicalWindow {
  /// Writes `frame` to the top of a kernel stack that need not be mapped here, as if its process had just
  /// entered the kernel, and says where it stands in the process's own table.
  public mutating func place(_ frame: trap_frame, on stack: KernelStack) -> VirtualAddress {
    let bottom = stack.top - UInt64(TRAP_BYTES)
    var copy = frame
    unsafe withUnsafeBytes(of: &copy) { bytes in
      for offset in stride(from: 0, to: Int(TRAP_BYTES), by: 8) {
        guard let place = stack.physicalAddress(of: bottom + UInt64(offset)) else { return }
        // SAFETY: the frame is TRAP_BYTES long, a multiple of eight.
        store(unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self), at: place)
      }
    }
    return bottom
  }
}
