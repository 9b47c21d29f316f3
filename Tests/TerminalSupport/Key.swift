/// What keys send.
public enum Key {
  public static let enter = "\r"
  public static let tab = "\t"
  public static let controlC = "\u{3}"
  public static let controlD = "\u{4}"
  public static let controlR = "\u{12}"
  public static let controlZ = "\u{1a}"
  public static let backspace = "\u{7f}"
  public static let up = "\u{1b}[A"
  /// What a terminal sends around a paste when it was asked to mark it.
  public static let pasteBegins = "\u{1b}[200~"
  public static let pasteEnds = "\u{1b}[201~"
}
