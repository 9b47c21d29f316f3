import Session

/// What a run is to come to, beside all that stops it anyway.
enum RunGoal {
  case none
  /// The check has counted so many returns.
  case returns(Int)
  case place(RunPlace)
}

/// An instruction to come to.
struct RunPlace: Equatable {
  let address: UInt64
  /// The least RSP that counts: what a deeper call of the same function does not have. 0 for any.
  var leastStackPointer: UInt64 = 0
  /// The processor that must come there; nil for any.
  var thread: ThreadIdentifier?
}
