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
  /// Begins a line in which work says how far it has come; nil where nobody would see it.
  public var startProgress: () -> ProgressLine? = { nil }
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
    case .text(let palette):
      if let gauged = answer as? any GaugedAnswer, let line = startProgress() {
        return write(gauged, palette, names, showing: line)
      }
      var page = TextPage(palette, output: writeOut)
      answer.write(to: &page, names: names)
      page.finish()
    case .json:
      guard let streamed = answer as? any StreamedAnswer else {
        return writeOut(answer.json(command: command, names: names) + "\n")
      }
      var object = JSONObjectStream(command: command, output: writeOut)
      streamed.write(to: &object, names: names)
      object.finish()
    }
  }

  /// Writes `answer`, with `line` standing below wherever it has nothing to show for a while.
  private func write(
    _ answer: any GaugedAnswer, _ palette: Palette, _ names: any NameSource, showing line: ProgressLine
  ) {
    var page = TextPage(palette) { [writeOut] text in
      line.rest()
      writeOut(text)
      line.rest()
    }
    let gauge = answer.gauge
    let words = { @Sendable in "\(gauge.tables) tables read, \(($0 as Duration).components.seconds) s" }
    line.shown(words) { answer.write(to: &page, names: names) }
    page.finish()
  }

  /// Tells a person what is met on the way. In JSON there is one answer alone, at the end.
  func tell(_ answer: any Answer, names: any NameSource) {
    if case .text = format { write(answer, command: "", names: names) }
  }

  /// Says why something failed: one line on standard error, and in JSON an object on standard output too, so
  /// that a script that reads only that sees every command answered. `position` is the line of a script.
  public func write(_ failure: CommandFailure, command: String, at position: ScriptPosition? = nil) {
    if case .json = format {
      var members: [String: JSONValue] = ["error": .string(failure.message)]
      if let position {
        members["file"] = .string(position.file)
        members["line"] = .number(position.line)
      }
      writeOut(JSONObject.line(command: command, members) + "\n")
    }
    writeError((position.map { "\($0): " } ?? "") + failure.message + "\n")
  }

  /// Says that a line was passed over, which is no failure.
  func write(remark: String, command: String) {
    if case .json = format {
      writeOut(JSONObject.line(command: command, ["remark": .string(remark)]) + "\n")
    } else {
      note(remark)
    }
  }

  /// A remark for the person at the terminal.
  public func note(_ text: String) { writeError(text + "\n") }
}
