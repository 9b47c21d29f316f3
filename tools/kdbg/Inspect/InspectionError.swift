import X86

/// Why a view could not be made. Values only; the words are made in `Render`.
public enum InspectionError: Error, Equatable, Sendable {
  /// The target does not give this register.
  case unknownRegister(SystemRegister)
  /// What this register names, at this address, has another layout in the processor's mode than in long mode.
  case otherLayout(SystemRegister, VirtualAddress, OlderMode)
  /// TR holds the null selector: LTR was never executed.
  case taskRegisterNotLoaded
  /// LDTR holds the null selector: there is no local table.
  case localTableNotLoaded
  /// A byte from this linear address on is not mapped under that CR3, or its memory cannot be read.
  case unmapped(VirtualAddress, CR3)
  /// Physical memory that cannot be read: outside RAM, or refused by the target.
  case unreadable(PhysicalAddress)
  /// RIP is neither at an `iretq` nor at the first instruction of a gate's handler, so no frame is known.
  case noFrame
}

/// What a processor is in before long mode.
public enum OlderMode: Equatable, Sendable {
  /// CR0.PE=0.
  case real
  /// CR0.PE=1, EFER.LMA=0.
  case protected
}

/// The registers that a target may not know.
public enum SystemRegister: Equatable, Sendable {
  case taskRegister
  case globalTable
  case interruptTable
  case localTable
}
