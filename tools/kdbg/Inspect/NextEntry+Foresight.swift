import RingTransition
import X86

extension NextEntry {
  /// The row of the catalogue that a diagnosis would name after it had come so; nil where the entry arrives at once.
  /// `registers` are those of the machine that it was predicted for.
  func foreseenCause(on registers: RegisterFile, earlier: ValidatedEntries) -> Cause? {
    // A return fails for its own reason, whatever its fault then meets.
    if case .returnFault(let fault, _) = source { return fault.foreseenCause(on: registers) }
    return chain.foreseenCause(on: registers, earlier: earlier)
  }
}
