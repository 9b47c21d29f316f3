import Foundation

/// A session as a manual page shows it: prompts, what was typed, what came.
struct ManualTranscript {
  struct Step: Equatable {
    let command: String
    var output: [String]
  }

  /// The name of the page.
  let page: String
  /// The arguments of `$ kdbg`, and what it printed; nil for an example that stands at the first return to Ring 3 of a
  /// healthy boot and changes nothing, so that it can share the machine with others.
  let start: Step?
  var steps: [Step]

  /// The session in the lines of a fenced block; nil for a block that shows none.
  init?(_ lines: [String], page: String) {
    self.page = page
    steps = []
    var start: Step?
    for line in lines {
      if line.hasPrefix("(kdbg) ") {
        steps.append(Step(command: String(line.dropFirst(7)), output: []))
      } else if line.hasPrefix("$ kdbg "), steps.isEmpty, start == nil {
        start = Step(command: String(line.dropFirst(7)), output: [])
      } else if line.hasPrefix("> "), let last = steps.last, last.output.isEmpty {
        // The lines that a command takes for itself.
        steps[steps.count - 1] = Step(command: last.command + "\n" + line.dropFirst(2), output: [])
      } else if !steps.isEmpty {
        steps[steps.count - 1].output.append(line)
      } else if start != nil {
        start?.output.append(line)
      } else {
        return nil
      }
    }
    guard !steps.isEmpty else { return nil }
    self.start = start
  }

  /// The block's lines again.
  var lines: [String] {
    (start.map { ["$ kdbg " + $0.command] + $0.output } ?? [])
      + steps.flatMap { ["(kdbg) " + $0.command.replacing("\n", with: "\n> ")] + $0.output }
      .flatMap { $0.components(separatedBy: "\n") }
  }

  /// Every session in docs/commands, the pages by name.
  static func all() throws -> [ManualTranscript] {
    let folder = Repository.path("docs/commands")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".md") }
    return try names.sorted().flatMap { name -> [ManualTranscript] in
      let text = try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
      let parts = text.components(separatedBy: "\n```\n")
      // Text and fenced blocks take turns.
      return parts.enumerated().filter { $0.offset % 2 == 1 }.compactMap { _, block in
        ManualTranscript(block.components(separatedBy: "\n"), page: String(name.dropLast(3)))
      }
    }
  }
}

// MARK: The same session on the machine

extension ManualTranscript {
  /// What kdbg prints in JSON for the commands of `sessions`, in one run with `arguments`.
  static func answers(_ sessions: [ManualTranscript], arguments: String) throws -> [Substring] {
    let commands = sessions.flatMap(\.steps).map { placed($0.command) }
    return try run(commands, arguments: arguments + " --json").run.lines
  }

  /// Runs `commands` as a script, whose path it gives, too. Failures stand where they came, as a reader at a terminal
  /// sees them. The guest's console is left out.
  private static func run(
    _ commands: [String], arguments: String
  ) throws -> (script: String, run: Finished) {
    let script = FileManager.default.temporaryDirectory.appending(path: "manual-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: script) }
    try commands.map { $0 + "\n" }.joined().write(to: script, atomically: true, encoding: .utf8)
    let words = placed(arguments).split(separator: " ").map(String.init)
    let finished = try BootTests.run(
      "sh",
      ["-c", "cd \"$0\" && exec \"$@\" 2>&1", Repository.root.path, Repository.kdbg] + words
        + ["--keep-going", "--console", "/dev/null", "-x", script.path])
    return (script.path, finished)
  }

  /// The same sessions as build/kdbg has them now, in one run with `arguments`.
  static func live(_ sessions: [ManualTranscript], arguments: String) throws -> [ManualTranscript] {
    let commands = sessions.flatMap(\.steps).map(\.command)
    let lines = commands.enumerated().map { "echo \(marker($0.offset))\n\(placed($0.element))" }
    let (script, run) = try run(lines, arguments: arguments)
    var outputs: [[String]] = [[]]
    for line in run.lines.dropLast() {
      if line == marker(outputs.count - 1) {
        outputs.append([])
      } else {
        // A reader at the prompt sees no place in a script.
        let shown = line.hasPrefix(script) ? line.drop { $0 != " " }.dropFirst() : line
        outputs[outputs.count - 1].append(String(shown).replacing(Repository.buildFolder, with: "build/"))
      }
    }
    // Why a session ended early is in its last words.
    while outputs.count <= commands.count {
      outputs.append(["(nothing: kdbg ended with status \(run.status): \(run.output.suffix(300)))"])
    }
    var next = 1
    return sessions.map { session in
      var live = session
      for index in live.steps.indices {
        live.steps[index].output = outputs[next]
        next += 1
      }
      let start = session.start.map { Step(command: $0.command, output: outputs[0]) }
      return ManualTranscript(page: session.page, start: start, steps: live.steps)
    }
  }

  private init(page: String, start: Step?, steps: [Step]) {
    self.page = page
    self.start = start
    self.steps = steps
  }

  /// `text` with what `make` built where it is.
  private static func placed(_ text: String) -> String {
    text.split(separator: " ", omittingEmptySubsequences: false).map { word in
      word.hasPrefix("build/") ? Repository.product(String(word.dropFirst(6))) : String(word)
    }.joined(separator: " ")
  }

  private static func marker(_ number: Int) -> String { "== example \(number) ==" }
}
