import Inspect
import X86

struct ExaminePhysicalCommand: Command {
  let names = ["xp"]
  let usage = "xp[/FORMAT] ADDRESS"
  let summary = "examine physical memory, in the formats of x except s and i"
  let completion = ArgumentKind.address

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    guard !line.rest.isEmpty else { throw misuse }
    var examination = Examination()
    try examination.apply(line.format)
    guard examination.style != .string, examination.style != .instruction else {
      throw .badFormat(line.format ?? "")
    }
    let value = try debugger.address(line.rest).rawValue
    guard let address = PhysicalAddress(exactly: value) else { throw .notAPhysicalAddress(value) }
    let count = examination.count * examination.width.bytes
    var machine = debugger.target
    let bytes = machine.bytes(at: address, count: count)
    guard bytes.count == count else {
      if let failure = debugger.loss() { throw .session(failure) }
      throw .inspection(.unreadable(address + UInt64(bytes.count)))
    }
    return .answer(
      MemoryDump(space: .physical, start: address.rawValue, examination: examination, bytes: bytes))
  }
}
