/// What waiting for the user's next command came to.
public enum InputEvent: Equatable, Sendable {
  /// A line without its newline.
  case line(String)
  /// Ctrl-D on an empty line, the end of the file, or a terminal that went away.
  case endOfInput
  /// Ctrl-C: the line was given up.
  case interrupted
}

/// Whether a wait goes on after the other descriptor was served.
public enum Waiting: Equatable, Sendable {
  case goOn
  /// The descriptor is of no more interest, which must be said of a closed connection: it stays readable.
  case withoutDescriptor
}
