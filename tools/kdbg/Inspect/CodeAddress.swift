import X86

extension Debuggee {
  /// The linear address of the next instruction: RIP, and outside of 64-bit mode the base of the code segment before it,
  /// where the target gives that. SDM Vol. 3A, 3.2.
  public var codeAddress: VirtualAddress {
    let core = coreRegisters
    guard knowsControlRegisters, !core.isLongMode, let base = registers.csCache?.base else {
      return VirtualAddress(core.rip)
    }
    return VirtualAddress((base &+ core.rip) & 0xffff_ffff)
  }
}
