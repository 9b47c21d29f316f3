/// What can be printed, by the word on the command line.
enum ReferenceDocument: String, CaseIterable {
  case faults
  case invariants

  var text: String {
    switch self {
    case .faults: FaultReference.document
    case .invariants: InvariantReference.document
    }
  }
}
