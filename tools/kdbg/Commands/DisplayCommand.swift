import Inspect
import Render

struct DisplayCommand: Command {
  let names = ["display"]
  let usage = "display[/FORMAT] [EXPRESSION]"
  let summary = "show an expression, or memory, now and at every stop"
  let completion = ArgumentKind.address

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    guard !line.rest.isEmpty else {
      guard line.format == nil else { throw misuse }
      return .answer(DisplayAnswer(values: debugger.displays.all.map(debugger.value(of:))))
    }
    // What can never be shown is refused at once, and not at each stop.
    let probe = Display(number: 0, text: line.rest, format: line.format)
    if !(probe.isExamination && FileLine(line.rest) != nil) {
      try Expression(line.rest).checkNames(in: debugger)
    }
    if probe.isExamination {
      var examination = Examination()
      try examination.apply(line.format)
    } else {
      _ = try ValueAnswer.Form(format: line.format)
    }
    let display = debugger.displays.add(line.rest, line.format)
    return .answer(DisplayAnswer(values: [debugger.value(of: display)]))
  }
}

struct UndisplayCommand: Command {
  let names = ["undisplay"]
  let usage = "undisplay [NUMBER...]"
  let summary = "show displays no more, those named or all"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    var numbers: [UInt64] = []
    for word in line.words {
      guard let number = Expression.number(word) else { throw .notANumber(word) }
      guard debugger.displays.all.contains(where: { UInt64($0.number) == number }) else {
        throw .other("no display number \(number)")
      }
      numbers.append(number)
    }
    if numbers.isEmpty { debugger.displays.removeAll() }
    for number in numbers { _ = debugger.displays.remove(number) }
    return .answer(DisplaysAnswer(displays: debugger.displays.all))
  }
}

/// `display`: with values.
struct DisplayAnswer: Answer {
  let values: [DisplayedValue]

  func write(to page: inout TextPage, names: any NameSource) {
    if values.isEmpty { page.line("No displays.") }
    for value in values { value.write(to: &page, names: names) }
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    ["displays": .array(values.map { $0.json(names: names) })]
  }
}

/// `info display` and `undisplay`: which there are.
struct DisplaysAnswer: Answer {
  let displays: [Display]

  func write(to page: inout TextPage, names: any NameSource) {
    if displays.isEmpty { page.line("No displays.") }
    for display in displays { page.line(display.title) }
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    [
      "displays": .array(
        displays.map {
          [
            "number": .number($0.number), "expression": .string($0.text),
            "format": .optional($0.format, JSONValue.string),
          ]
        })
    ]
  }
}
