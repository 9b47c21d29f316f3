import Inspect
import Render
import Session
import X86

struct FindCommand: Command {
  let names = ["find"]
  let usage = "find PHYSICAL [--cr3 VALUE | --all]"
  let summary = "every linear address of a physical one"
  let completion = ArgumentKind.address

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    var words = line.words[...]
    var cr3: CR3?
    var isEverywhere = false
    var rest: [String] = []
    while let word = words.popFirst() {
      switch word {
      case "--all": isEverywhere = true
      case "--cr3":
        guard let value = words.popFirst() else { throw misuse }
        cr3 = CR3(rawValue: try debugger.address(value).rawValue)
      default:
        guard !word.hasPrefix("--") else { throw misuse }
        rest.append(word)
      }
    }
    guard !rest.isEmpty, cr3 == nil || !isEverywhere else { throw misuse }
    let value = try debugger.address(rest.joined(separator: " ")).rawValue
    guard let physical = PhysicalAddress(exactly: value) else { throw .notAPhysicalAddress(value) }
    try debugger.require(cr3 == nil ? .tables : .memory)
    var spaces = try debugger.knownSpaces().spaces
    if !isEverywhere {
      let root = (cr3 ?? debugger.target.coreRegisters.cr3).root
      spaces = spaces.filter { $0.root == root }
      if spaces.isEmpty { spaces = [KnownSpace(root: root, origins: [.given])] }
    }
    return .answer(FindAnswer(physical, in: spaces, of: debugger.target, interrupt: .shared))
  }
}

extension Debugger {
  /// Every address space that is known now.
  func knownSpaces() throws(CommandFailure) -> KnownSpaces {
    try session { () throws(SessionError) in
      try KnownSpaces(
        of: target, kernel: kernel, references: control.references,
        links: control.configuration.processLinks)
    }
  }
}
