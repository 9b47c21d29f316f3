import Commands
import Foundation
import Inspect
import Render
import Testing

/// What a session prints, line by line, to be compared as a whole with a file in Golden/.
///
/// `RECORD_GOLDEN=1 swift test` writes the files anew; the change is then read in the diff.
struct Transcript {
  private let machine: FakeMachine
  private let program: (any Program)?
  private let console: (any GuestConsoleLog)?
  /// The lines of a configuration file.
  private let configuration: String

  init(
    _ machine: FakeMachine, program: (any Program)? = FakeProgram(), console: (any GuestConsoleLog)? = nil,
    configuration: String = ""
  ) {
    self.machine = machine
    self.program = program
    self.console = console
    self.configuration = configuration
  }

  /// Runs `commands` one after the other, going on after failures, and appends what came out to `text`.
  func run(
    _ commands: [String], _ format: Output.Format = .text(.monochrome),
    onFailure policy: Interpreter.FailurePolicy = .stop
  ) -> String {
    let text = Collector()
    let output = Output(
      format: format, out: { text.append($0) },
      error: { line in text.append("! " + line) })
    let debugger = Debugger(target: machine, program: program, output: output)
    debugger.console = console
    do {
      debugger.control.configuration = try ConfigurationFile.parse(configuration, program: program)
    } catch {
      Issue.record(error)
    }
    let interpreter = Interpreter(debugger, onFailure: policy)
    for command in commands {
      text.append("(kdbg) \(command)\n")
      interpreter.run(command)
    }
    text.append("exit status \(interpreter.status.rawValue)\n")
    return text.text
  }

  /// The same in text and in JSON, on two machines that `make` makes.
  static func both(
    _ commands: [String], program: FakeProgram? = FakeProgram(), _ make: () -> FakeMachine
  ) -> String {
    Transcript(make(), program: program).run(commands) + "\n"
      + Transcript(make(), program: program).run(commands, .json)
  }

  private final class Collector {
    private(set) var text = ""
    func append(_ more: String) { text += more }
  }
}

/// Compares `text` with Golden/NAME.txt.
func expectGolden(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) {
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
  let file = folder.appendingPathComponent("\(name).txt")
  if ProcessInfo.processInfo.environment["RECORD_GOLDEN"] == "1" {
    #expect(throws: Never.self, sourceLocation: sourceLocation) {
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    return
  }
  guard let expected = try? String(contentsOf: file, encoding: .utf8) else {
    Issue.record("there is no \(file.lastPathComponent) in Golden/", sourceLocation: sourceLocation)
    return
  }
  #expect(text == expected, "differs from Golden/\(name).txt", sourceLocation: sourceLocation)
}
