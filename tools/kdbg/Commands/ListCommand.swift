import Inspect
import Render
import Symbols
import X86

struct ListCommand: Command {
  let names = ["list", "l"]
  let usage = "list [ADDRESS | FILE:LINE | LINE][,LAST] | list -"
  let summary = "lines of the source, around where the machine stands or a place"
  let completion = ArgumentKind.address

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    let here = debugger.target.codeAddress
    let current = debugger.program?.sourcePlace(at: here)
    let known = debugger.listing.flatMap { $0.address == here ? $0 : nil }
    let wanted = try place(line.behindName, after: known, at: here, debugger)
    var source = SourceText()
    let all = source.lines(of: wanted.file)
    guard !all.isEmpty else { throw .noSourceText(wanted.file) }
    guard wanted.lines.lowerBound <= all.count else {
      throw .noSuchLine(wanted.file, wanted.line, all.count)
    }
    let lines = wanted.lines.lowerBound...min(wanted.lines.upperBound, all.count)
    let listing = SourceListing(file: wanted.file, lines: lines, address: here)
    debugger.listing = listing
    return .answer(
      ListAnswer(
        listing: listing, text: Array(all[lines.lowerBound - 1..<lines.upperBound]),
        current: current?.file == wanted.file ? current?.line : nil, title: wanted.title))
  }

  private typealias Wanted = (file: String, line: Int, lines: ClosedRange<Int>, title: String?)

  /// What `text` asks for, `known` having been shown last at this stop.
  private func place(
    _ text: String, after known: SourceListing?, at here: VirtualAddress, _ debugger: Debugger
  ) throws(CommandFailure) -> Wanted {
    if text.isEmpty {
      guard let known else { return try around(here, debugger) }
      let next = known.lines.upperBound + 1
      return (known.file, next, next...next + SourceListing.count - 1, nil)
    }
    if text == "-" {
      guard let known else { return try around(here, debugger) }
      guard known.lines.lowerBound > 1 else { throw .other("line 1 was shown already") }
      let first = max(1, known.lines.lowerBound - SourceListing.count)
      return (known.file, first, first...known.lines.lowerBound - 1, nil)
    }
    let (first, last) = try Self.split(text, misuse)
    if let number = Self.lineNumber(first) {
      var file = known?.file
      if file == nil { file = try place(of: here, debugger).file }
      return (file ?? "", number, try Self.lines(number, last, misuse), nil)
    }
    if let place = FileLine(first) {
      // A line without code is a line all the same.
      guard let found = debugger.program?.places(file: place.file, line: 1).first else {
        throw .noSuchSourceFile(place.file)
      }
      return (found.line.file, place.line, try Self.lines(place.line, last, misuse), "\(found.line.fileName)")
    }
    let address = try debugger.address(first.hasPrefix("*") ? String(first.dropFirst()) : first)
    guard last == nil else { throw misuse }
    return try around(address, debugger)
  }

  private func around(_ address: VirtualAddress, _ debugger: Debugger) throws(CommandFailure) -> Wanted {
    let place = try place(of: address, debugger)
    let name = debugger.names.name(of: address).map { "\($0.text) is in " } ?? ""
    return (place.file, place.line, SourceListing.around(place.line), "\(name)\(place)")
  }

  private func place(of address: VirtualAddress, _ debugger: Debugger) throws(CommandFailure) -> SourceLine {
    guard let place = debugger.program?.sourcePlace(at: address), place.line > 0 else {
      throw .noLineKnown(address)
    }
    return place
  }

  /// A line's number is decimal; an address is not.
  private static func lineNumber(_ text: String) -> Int? {
    text.allSatisfy { $0.isASCII && $0.isNumber } ? Int(text) : nil
  }

  /// `FIRST` or `FIRST,LAST`.
  private static func split(
    _ text: String, _ misuse: CommandFailure
  ) throws(CommandFailure) -> (String, Int?) {
    guard let comma = text.lastIndex(of: ",") else { return (text, nil) }
    let first = String(text[..<comma]).trimmingSpaces()
    guard !first.isEmpty, let last = lineNumber(String(text[text.index(after: comma)...]).trimmingSpaces())
    else { throw misuse }
    return (first, last)
  }

  private static func lines(
    _ first: Int, _ last: Int?, _ misuse: CommandFailure
  ) throws(CommandFailure) -> ClosedRange<Int> {
    guard first > 0, first < Int(Int32.max), last.map({ $0 >= first && $0 < Int(Int32.max) }) ?? true else {
      throw misuse
    }
    return last.map { first...$0 } ?? SourceListing.around(first)
  }
}
