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
  /// RSP as it must be there, which a deeper call of the same function does not have; nil for any.
  var stackPointer: UInt64?
  /// The processor that must come there; nil for any.
  var thread: ThreadIdentifier?
}
