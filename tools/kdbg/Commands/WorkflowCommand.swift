import Inspect
import Render
import RingTransition
import Symbols
import X86

/// One line by which a step tells GitHub's runner something about the code: `::error file=F,line=L,title=T::MESSAGE`.
/// GitHub, "Workflow commands".
public struct WorkflowCommand: Equatable, Sendable {
  public enum Level: String, Sendable {
    case error, warning, notice
  }

  public let level: Level
  public let title: String
  public let message: String
  /// Where, with the path from the repository's root.
  public let place: SourceLine?

  public init(_ level: Level, title: String, message: String, at place: SourceLine? = nil) {
    self.level = level
    self.title = title
    self.message = message
    self.place = place
  }

  public var text: String {
    var properties = ["title=\(Self.escaped(property: title))"]
    if let place {
      properties.insert("file=\(Self.escaped(property: place.file))", at: 0)
      if place.line > 0 { properties.insert("line=\(place.line)", at: 1) }
    }
    return "::\(level.rawValue) \(properties.joined(separator: ","))::\(Self.escaped(message))"
  }

  /// The runner takes the line apart at its end, and undoes these alone.
  private static func escaped(_ message: String) -> String {
    var escaped = ""
    for scalar in message.unicodeScalars {
      switch scalar {
      case "%": escaped += "%25"
      case "\r": escaped += "%0D"
      case "\n": escaped += "%0A"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  private static func escaped(property: String) -> String {
    escaped(property).replacing(":", with: "%3A").replacing(",", with: "%2C")
  }
}

/// A check as workflow commands: an error for each distinct violation, a warning for each remark, and the verdict.
public struct CheckAnnotations {
  /// Paths below it are given from there.
  private let root: String

  public init(root: String) { self.root = root.hasSuffix("/") ? root : root + "/" }

  public func commands(
    _ outcome: CheckOutcome, _ summary: CheckSummary?, _ program: (any Program)?
  ) -> [WorkflowCommand] {
    let checker = summary?.checker
    var commands = (checker?.violations.entries ?? []).map { entry in
      let fix = entry.finding.fixWords
      let times = entry.count == 1 ? "once" : "\(entry.count) times"
      return WorkflowCommand(
        .error, title: entry.finding.title,
        message: entry.finding.words + " (\(times), CR3 \(entry.root.hexadecimal))"
          + (fix.isEmpty ? "" : "\nhow to fix it: \(fix)"),
        at: place(of: entry.finding, program) ?? place(entry.place, program))
    }
    commands += (checker?.remarks ?? []).map { finding in
      WorkflowCommand(.warning, title: finding.title, message: finding.words, at: place(of: finding, program))
    }
    if let failure = outcome.failure {
      commands.append(WorkflowCommand(.error, title: "kdbg check", message: failure))
    }
    let sentence = summary?.sentence ?? "nothing was checked"
    commands.append(
      WorkflowCommand(
        .notice, title: "kdbg check", message: "\(sentence) (exit status \(outcome.status.rawValue))"))
    return commands
  }

  /// The code that a rule is about, where it is about code: a handler's page, the target of LSTAR.
  private func place(of finding: Finding, _ program: (any Program)?) -> SourceLine? {
    guard case .access(let walk, _, _) = finding.evidence else { return nil }
    return place(walk.address, program)
  }

  private func place(_ address: VirtualAddress, _ program: (any Program)?) -> SourceLine? {
    guard let line = program?.sourcePlace(at: address) else { return nil }
    guard line.file.hasPrefix(root) else { return line }
    return SourceLine(file: String(line.file.dropFirst(root.count)), line: line.line)
  }
}

extension Finding {
  fileprivate var title: String { "\(rule.identifier) \(rule.name)" }
}
