import Inspect
import Render

/// Where answers go, and in which form.
public struct Output {
  public enum Format: Sendable {
    case text(Palette)
    /// One object on one line for each answer, on standard output; nothing else ever goes there.
    case json
  }

  public let format: Format
  private let writeOut: (String) -> Void
  private let writeError: (String) -> Void

  /// `out` is standard output, `error` is standard error; both get whole lines.
  public init(format: Format, out: @escaping (String) -> Void, error: @escaping (String) -> Void) {
    self.format = format
    writeOut = out
    writeError = error
  }

  public func write(_ answer: any Answer, command: String, names: any NameSource) {
    switch format {
    case .text(let palette): writeOut(answer.text(palette, names: names))
    case .json: writeOut(answer.json(command: command, names: names) + "\n")
    }
  }

  /// Says why something failed: one line on standard error, and in JSON an object on standard output too, so
  /// that a script that reads only that sees every command answered.
  public func write(_ failure: CommandFailure, command: String) {
    if case .json = format {
      writeOut(JSONObject.line(command: command, ["error": .string(failure.message)]) + "\n")
    }
    writeError(failure.message + "\n")
  }

  /// A remark for the person at the terminal.
  public func note(_ text: String) { writeError(text + "\n") }
}
