import Inspect
import Render
import Session

struct ModelSpecificCommand: Command {
  let names = ["msr"]
  let usage = "msr [NAME|NUMBER]..."
  let summary = "model-specific registers, read by a step that the processor is lent for each"
  let completion = ArgumentKind.words(ModelSpecificName.allCases.map(\.name))

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    var numbers: [UInt32] = []
    for word in line.words {
      if let name = ModelSpecificName(word) {
        numbers.append(name.rawValue)
      } else if let number = Expression.number(word) {
        guard let fits = UInt32(exactly: number) else { throw .notANumber(word) }
        numbers.append(fits)
      } else {
        throw .other("no model-specific register is called \"\(word)\": give its number")
      }
    }
    if numbers.isEmpty { numbers = ModelSpecificName.allCases.map(\.rawValue) }
    try debugger.requireStopped()
    guard let instruction = debugger.control.borrowedInstruction() else {
      throw .other("msr: the kernel has no RDMSR (0F 32) that the processor could be lent to; see --symbols")
    }
    var rows: [ModelSpecificAnswer.Row] = []
    for number in numbers {
      let read = try debugger.session { () throws(SessionError) in
        try debugger.target.readModelSpecificRegister(number, borrowing: instruction)
      }
      switch read {
      case .value(let value): rows.append(.init(number: number, value: value))
      case .refused: rows.append(.init(number: number, value: nil))
      }
    }
    return .answer(ModelSpecificAnswer(rows))
  }
}
