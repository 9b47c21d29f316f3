import Foundation

/// Lines of a shell as a document shows them: `$ COMMAND`, and what it printed.
struct ShellTranscript {
  struct Step {
    let command: String
    var output: [String]
  }

  private(set) var steps: [Step] = []

  /// The transcript in the lines of a fenced block; nil for a block that begins otherwise.
  init?(_ lines: [String]) {
    for line in lines {
      if line.hasPrefix("$ ") {
        steps.append(Step(command: String(line.dropFirst(2)), output: []))
      } else if steps.isEmpty {
        return nil
      } else {
        steps[steps.count - 1].output.append(line)
      }
    }
  }

  /// The same commands, one after the other in a directory of their own that has build/, with what they print now.
  func live() throws -> ShellTranscript {
    let folder = FileManager.default.temporaryDirectory.appending(path: "shell-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let build = String(Repository.buildFolder.dropLast())
    try FileManager.default.createSymbolicLink(
      atPath: folder.appending(path: "build").path, withDestinationPath: build)
    // `echo $?` means the command that stands before it.
    let script = steps.enumerated().map { number, step in
      "printf '%s\\n' '\(Self.marker(number))'; (exit $status)\n\(step.command)\nstatus=$?\n"
    }
    let run = try BootTests.run(
      "sh",
      [
        "-c",
        "cd \"$0\" && PATH=\"$PWD/build:$PATH\" && exec 2>&1 && status=0\n" + script.joined(),
        folder.path,
      ])
    var live = self
    var number = -1
    for index in live.steps.indices { live.steps[index].output = [] }
    for line in run.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      if line == Self.marker(number + 1) {
        number += 1
      } else if live.steps.indices.contains(number) {
        live.steps[number].output.append(String(line))
      }
    }
    return live
  }

  var lines: [String] { steps.flatMap { ["$ " + $0.command] + $0.output } }

  private static func marker(_ number: Int) -> String { "== command \(number) ==" }
}
