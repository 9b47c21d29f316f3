import Foundation
import LineEditor

// A program of nothing but a prompt, for LineEditorTests to type into through a pseudo-terminal. It says what
// each wait came to. Usage: LineEditorProbe edit HISTORY | batch

/// Speaks at once, whatever standard output is.
func say(_ text: String) {
  FileHandle.standardOutput.write(Data((text + "\n").utf8))
}

/// Waits as a command does that runs the target: for Ctrl-C alone.
func waitForInterrupt() {
  say("BUSY")
  while !InterruptFlag.consume() { usleep(5_000) }
  say("STOPPED")
}

/// Works as a command does that never asks for Ctrl-C.
func ignoreInterrupt() {
  say("DEAF")
  usleep(300_000)
}

func edit(historyFile: String) {
  let words = ["continue", "context", "cpu", "walk"] + (0..<250).map { "symbol\($0)" }
  let editor = LineEditor(prompt: "kdbg> ", historyFile: historyFile) { line, word in
    // Also those that do not fit: the editor leaves them out.
    line.hasPrefix("walk ") && word.lowerBound != line.startIndex ? ["kernel_main", "rsp"] : words
  }
  let target = FileHandle(fileDescriptor: 3)
  let hasTarget = fcntl(3, F_GETFD) >= 0
  while true {
    let event = editor.nextLine(alsoWaitingOn: hasTarget ? 3 : nil) {
      let data = target.availableData
      guard !data.isEmpty else {
        editor.printAbove("GONE")
        return .withoutDescriptor
      }
      let text = String(decoding: data, as: UTF8.self)
      if text == "exit" { exit(3) }
      editor.printAbove("HEARD \(text)")
      return .goOn
    }
    switch event {
    case .line("busy"): waitForInterrupt()
    case .line("deaf"): ignoreInterrupt()
    case .line(let text): say("LINE <\(text)>")
    case .interrupted: say("INTERRUPTED")
    case .endOfInput:
      say("END")
      return
    }
  }
}

func readBatch() throws {
  InterruptFlag.install()
  let reader = BatchReader.standardInput()
  say("READY")
  while true {
    switch try reader.nextLine() {
    case .line(let text): say("LINE \(reader.lineNumber) <\(text)>")
    case .interrupted: say("INTERRUPTED")
    case .endOfInput:
      say("END")
      return
    }
  }
}

if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "edit" {
  edit(historyFile: CommandLine.arguments[2])
} else if CommandLine.arguments.count == 2, CommandLine.arguments[1] == "batch" {
  try readBatch()
} else {
  say("usage: LineEditorProbe edit HISTORY | batch")
  exit(2)
}
