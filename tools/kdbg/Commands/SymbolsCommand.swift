import Inspect
import Render
import Symbols
import X86

struct SymbolsCommand: Command {
  let names = ["symbols"]
  let usage = "symbols [list | add FILE [OFFSET] | slide [OFFSET]]"
  let summary = "the files that names and lines come from, and where their code lies"
  let completion = ArgumentKind.words(["list", "add", "slide"])

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    let rest = Array(line.words.dropFirst())
    switch line.words.first {
    case nil, "list":
      guard rest.isEmpty else { throw misuse }
    case "add":
      guard rest.count == 1 || rest.count == 2 else { throw misuse }
      let slide = rest.count == 2 ? try debugger.address(rest[1]).rawValue : nil
      debugger.programs.add(try SymbolFiles.open(rest[0]), slide: slide)
    case "slide":
      guard rest.count <= 1 else { throw misuse }
      try SymbolFiles.move(
        debugger, by: rest.first.map { text throws(CommandFailure) in try debugger.address(text).rawValue })
    default: throw misuse
    }
    return .answer(SymbolFilesAnswer(debugger.programs))
  }
}

struct AddSymbolFileCommand: Command {
  let names = ["add-symbol-file"]
  let usage = "add-symbol-file FILE [TEXT-ADDRESS] [-o OFFSET]"
  let summary = "one more file of symbols, as gdb has it"

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    let (file, address, offset) = try SymbolFiles.arguments(line.wordsOrPaths, misuse)
    guard address == nil || offset == nil else { throw misuse }
    let program = try SymbolFiles.open(file)
    var slide = try offset.map { text throws(CommandFailure) in try debugger.address(text).rawValue }
    if let address {
      guard let start = program.textAddress else { throw .other("\(file): no .text") }
      slide = try debugger.address(address).rawValue &- start.rawValue
    }
    debugger.programs.add(program, slide: slide)
    return .answer(SymbolFilesAnswer(debugger.programs))
  }
}

struct SymbolFileCommand: Command {
  let names = ["symbol-file"]
  let usage = "symbol-file FILE [-o OFFSET]"
  let summary = "another file for the kernel's symbols"
  let details =
    "The other files stay. While the check is on its sites come from the old one, so it must be off."

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    let (file, address, offset) = try SymbolFiles.arguments(line.wordsOrPaths, misuse)
    guard address == nil else { throw misuse }
    try SymbolFiles.requireUnchecked(debugger)
    let slide = try offset.map { text throws(CommandFailure) in try debugger.address(text).rawValue }
    debugger.programs.replaceKernel(with: try SymbolFiles.open(file), slide: slide)
    return .answer(SymbolFilesAnswer(debugger.programs))
  }
}

/// What the commands about files of symbols have in common.
private enum SymbolFiles {
  static func open(_ path: String) throws(CommandFailure) -> ELFProgram {
    do { return ELFProgram(try ELFImage(path: path)) } catch { throw .symbols(error) }
  }

  /// The file, and what stands behind it and behind `-o`.
  static func arguments(
    _ words: [String], _ misuse: CommandFailure
  ) throws(CommandFailure) -> (file: String, address: String?, offset: String?) {
    var plain: [String] = []
    var offset: String?
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "-o" {
        guard offset == nil, let value = rest.popFirst() else { throw misuse }
        offset = value
      } else {
        plain.append(word)
      }
    }
    guard plain.count == 1 || plain.count == 2 else { throw misuse }
    return (plain[0], plain.count == 2 ? plain[1] : nil, offset)
  }

  static func requireUnchecked(_ debugger: Debugger) throws(CommandFailure) {
    guard !debugger.control.isChecking else {
      throw .other("the check is on, and its sites are those of the kernel's file: \"check off\" first")
    }
  }

  /// Moves the kernel's symbols; without `slide` by what the live IDT says.
  static func move(_ debugger: Debugger, by slide: UInt64?) throws(CommandFailure) {
    guard let kernel = debugger.programs.kernel else { throw .noSymbols("symbols slide") }
    try requireUnchecked(debugger)
    if let slide {
      debugger.programs.moveKernel(by: slide, .given)
      return
    }
    try debugger.requireStopped()
    let found = try debugger.inspect { machine throws(InspectionError) in
      KernelSlide.find(kernel.program, in: &machine)
    }
    switch found {
    case .found(let slide, let handlers): debugger.programs.moveKernel(by: slide, .handlers(handlers))
    case .otherKernel:
      throw .other(
        "the handlers of the IDT are not in \(kernel.program.file ?? "the file"): another kernel's?")
    case .unknown: throw .other("the IDT has no handlers that could be compared")
    }
  }
}

/// `symbols`.
struct SymbolFilesAnswer: Answer {
  private struct Row {
    let file: String
    let range: Range<UInt64>?
    let slide: UInt64
    let origin: ProgramSet.SlideOrigin
    let presence: ProgramSet.Presence
    let isKernel: Bool
  }

  private let rows: [Row]

  init(_ programs: ProgramSet) {
    rows = programs.members.enumerated().map { index, member in
      let ranges = member.program.codeRanges.filter { $0.lowerBound >> 63 == (member.isUpperHalf ? 1 : 0) }
      let low = ranges.map(\.lowerBound).min()
      let high = ranges.map(\.upperBound).max()
      var range: Range<UInt64>?
      if let low, let high {
        let start = low &+ member.slide
        range = start..<max(start, high &+ member.slide)
      }
      return Row(
        file: member.program.file ?? "-", range: range, slide: member.slide, origin: member.slideOrigin,
        presence: programs.presence(of: member), isKernel: index == 0)
    }
  }

  func write(to page: inout TextPage, names: any NameSource) {
    guard !rows.isEmpty else {
      page.line("No symbols: give --symbols FILE, or \"symbols add FILE\".")
      return
    }
    var table = TextTable()
    table.headings("Code", "Moved by", "In memory", "File")
    for row in rows {
      table.row(
        .init(row.range.map { "\($0.lowerBound.hexadecimal)..\($0.upperBound.hexadecimal)" } ?? "none"),
        .init(row.slide.hexadecimal + row.origin.words), .init(row.presence.words),
        .init(row.file, row.isKernel ? .heading : .plain))
    }
    page.table(table, indent: 0)
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    [
      "files": .array(
        rows.map {
          [
            "file": .string($0.file), "kernel": .bool($0.isKernel),
            "start": .optional($0.range) { .hexadecimal($0.lowerBound) },
            "end": .optional($0.range) { .hexadecimal($0.upperBound) },
            "slide": .hexadecimal($0.slide), "slideOrigin": .string($0.origin.word),
            "present": .optional($0.presence.isPresent, JSONValue.bool),
          ]
        })
    ]
  }
}

extension ProgramSet.SlideOrigin {
  fileprivate var words: String {
    switch self {
    case .assumed: ""
    case .given: ", as given"
    case .handlers(let count): ", by \(count) handlers of the IDT"
    }
  }

  fileprivate var word: String {
    switch self {
    case .assumed: "assumed"
    case .given: "given"
    case .handlers: "handlers"
    }
  }
}

extension ProgramSet.Presence {
  fileprivate var words: String {
    switch self {
    case .absent: "no, other bytes"
    case .unknown: "not known"
    case .present: "yes"
    }
  }

  /// Nil where memory could not be read.
  fileprivate var isPresent: Bool? {
    switch self {
    case .absent: false
    case .unknown: nil
    case .present: true
    }
  }
}
