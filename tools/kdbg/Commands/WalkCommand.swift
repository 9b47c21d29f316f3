import Inspect
import X86

struct WalkCommand: Command {
  let names = ["walk"]
  let usage = "walk ADDRESS [CR3]"
  let summary = "translate an address: every level, its entry, and what takes each right away"
  let completion = ArgumentKind.address

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    let (address, table) = try debugger.addressAndTable(line, misuse)
    return .answer(
      try debugger.inspect(needing: table == nil ? .tables : .memory) { machine in
        AddressTranslation(of: address, in: &machine, under: table)
      })
  }
}

extension Debugger {
  /// `ADDRESS [CR3]`. An address may be a sum with spaces in it, so the CR3 is the last word where the words
  /// before it are an address on their own and what stands between is no operator.
  fileprivate func addressAndTable(
    _ line: CommandLine, _ misuse: CommandFailure
  ) throws(CommandFailure) -> (VirtualAddress, CR3?) {
    let words = line.words
    guard let last = words.last else { throw misuse }
    let operators: Set<Character> = ["+", "-", "("]
    if words.count > 1, let before = words[words.count - 2].last, !operators.contains(before),
      let first = last.first, !["+", "-", ")"].contains(first)
    {
      let head = words.dropLast().joined(separator: " ")
      return (try address(head), CR3(rawValue: try address(last).rawValue))
    }
    return (try address(line.rest), nil)
  }
}
