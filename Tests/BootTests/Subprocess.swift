import Foundation
import Synchronization
import Testing

/// What a finished program left behind.
struct Finished: Sendable {
  let status: Int32
  let output: String
  let errors: String
  /// True when the limit ran out and the program was killed.
  let timedOut: Bool

  /// The lines of the output.
  var lines: [Substring] { output.split(separator: "\n", omittingEmptySubsequences: false) }
}

/// What is typed, and the output after which it is; the empty text is there from the start. What is to happen besides at
/// that moment comes before it.
struct TypedInput: Sendable {
  var after = ""
  var text = ""
  var action: @Sendable () -> Void = {}
}

/// Runs `program` to its end, at most `limit` seconds, with `input` on its standard input.
func run(
  _ program: String, _ arguments: [String], input: TypedInput = TypedInput(), limit: Double = 240,
  environment: [String: String] = [:]
) throws -> Finished {
  let process = Process()
  process.executableURL = URL(filePath: program.hasPrefix("/") ? program : "/usr/bin/env")
  process.arguments = program.hasPrefix("/") ? arguments : [program] + arguments
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  let output = Pipe()
  let errors = Pipe()
  let inputPipe = Pipe()
  process.standardOutput = output
  process.standardError = errors
  process.standardInput = inputPipe
  try process.run()
  let timedOut = Atomic(false)
  let group = DispatchGroup()
  let texts = Mutex((output: Data(), errors: Data()))
  let keyboard = inputPipe.fileHandleForWriting
  for (pipe, isOutput) in [(output, true), (errors, false)] {
    let handle = pipe.fileHandleForReading
    group.enter()
    Thread.detachNewThread {
      var data = Data()
      var hasTyped = !isOutput
      while true {
        if !hasTyped, data.range(of: Data(input.after.utf8)) != nil || input.after.isEmpty {
          input.action()
          try? keyboard.write(contentsOf: Data(input.text.utf8))
          try? keyboard.close()
          hasTyped = true
        }
        let chunk = handle.availableData
        if chunk.isEmpty { break }
        data += chunk
      }
      texts.withLock { if isOutput { $0.output = data } else { $0.errors = data } }
      group.leave()
    }
  }
  if group.wait(timeout: .now() + limit) == .timedOut {
    timedOut.store(true, ordering: .relaxed)
    kill(process.processIdentifier, SIGKILL)

    group.wait()
  }
  process.waitUntilExit()
  let data = texts.withLock { $0 }
  return Finished(
    status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
    output: String(decoding: data.output, as: UTF8.self),
    errors: String(decoding: data.errors, as: UTF8.self),
    timedOut: timedOut.load(ordering: .relaxed))
}
