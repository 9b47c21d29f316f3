/// What `--sites` says: where the returns to Ring 3 are.
public enum SiteWish: Equatable, Sendable {
  /// Wherever the kernel's file and the machine's memory have them.
  case auto
  /// In these functions, named by a symbol, and at these addresses.
  case places([String])

  /// Nil for a list with an empty word.
  public init?(_ text: String) {
    if text == "auto" {
      self = .auto
      return
    }
    let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard !words.contains("") else { return nil }
    self = .places(words)
  }
}
