import Inspect
import Render
import X86

/// An expression that is shown at every stop.
struct Display: Equatable {
  let number: Int
  let text: String
  /// What stands behind `display/`; nil for none.
  let format: String?

  /// True where memory is shown and not the value, as gdb tells by the format: `i`, `s`, a count or a width.
  var isExamination: Bool { format?.contains { "isbhwg".contains($0) || $0.isNumber } ?? false }

  /// `1: x/i $pc`, `2: /x $rax`.
  var title: String {
    let slash = format.map { isExamination ? "x/\($0) " : "/\($0) " } ?? ""
    return "\(number): \(slash)\(text)"
  }
}

/// The displays of a session, numbered from 1, and never again.
struct DisplayList {
  private(set) var all: [Display] = []
  private var next = 1

  mutating func add(_ text: String, _ format: String?) -> Display {
    let display = Display(number: next, text: text, format: format)
    next += 1
    all.append(display)
    return display
  }

  /// False when there is none of that number.
  mutating func remove(_ number: UInt64) -> Bool {
    guard let index = all.firstIndex(where: { UInt64($0.number) == number }) else { return false }
    all.remove(at: index)
    return true
  }

  mutating func removeAll() { all = [] }
}

/// A display with what it shows now.
struct DisplayedValue {
  let display: Display
  /// The value, or memory; what keeps it from being known.
  let content: Result<any Answer, CommandFailure>

  func write(to page: inout TextPage, names: any NameSource) {
    switch content {
    case .failure(let failure): page.line("\(display.title): " + page.paint(failure.message, .warning))
    case .success(let answer) where display.isExamination:
      page.line(display.title)
      answer.write(to: &page, names: names)
    case .success(let answer):
      var inner = TextPage(page.palette)
      answer.write(to: &inner, names: names)
      page.line("\(display.title) = \(inner.text.dropLast())")
    }
  }

  func json(names: any NameSource) -> JSONValue {
    var members: [String: JSONValue] = [
      "number": .number(display.number), "expression": .string(display.text),
      "format": .optional(display.format, JSONValue.string),
    ]
    switch content {
    case .failure(let failure): members["error"] = .string(failure.message)
    case .success(let answer): members.merge(answer.members(names: names)) { own, _ in own }
    }
    return .object(members)
  }
}

extension Debugger {
  /// What `display` shows now.
  func value(of display: Display) -> DisplayedValue {
    do throws(CommandFailure) {
      guard display.isExamination else {
        let value = try Expression.value(of: display.text, in: self)
        let form = try ValueAnswer.Form(format: display.format)
        return DisplayedValue(display: display, content: .success(ValueAnswer(value: value, form: form)))
      }
      var examination = Examination()
      try examination.apply(display.format)
      let (answer, _) = try examine(try address(display.text), examination)
      return DisplayedValue(display: display, content: .success(answer))
    } catch {
      return DisplayedValue(display: display, content: .failure(error))
    }
  }
}
