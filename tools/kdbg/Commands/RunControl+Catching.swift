import Inspect
import Session

extension RunControl {
  /// Stops the machine at the handlers of `vectors` from now on, and of those named before.
  func catchVectors(_ vectors: some Sequence<UInt8>) throws(CommandFailure) {
    let gates: InterruptTableView
    do { gates = try readGates() } catch { throw .inspection(error) }
    let before = caught
    caught.add(vectors)
    caught.follow(gates)
    do {
      try settle()
    } catch {
      caught = before
      throw .session(error)
    }
  }

  func catchNothing() throws(SessionError) {
    caught = CaughtVectors()
    try settle()
  }

  private func readGates() throws(InspectionError) -> InterruptTableView {
    var machine = target
    return try InterruptTableView(of: &machine)
  }

  /// The kernel may have written other handlers into its table since.
  func followGates() throws(SessionError) {
    guard !caught.vectors.isEmpty, let gates = try? readGates() else { return }
    caught.follow(gates)
    try settle()
  }
}
