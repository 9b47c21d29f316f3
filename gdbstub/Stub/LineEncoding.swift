/// How replies use the line.
public enum LineEncoding: Equatable, Sendable {
  /// Memory as it is (`x`) for clients that ask for it, and runs of equal bytes shortened.
  case compact
  /// Two digits for every byte of memory and no runs, as the simplest stubs send them: for a line that does not carry
  /// every byte, and for a comparison with such stubs.
  case plain
}
