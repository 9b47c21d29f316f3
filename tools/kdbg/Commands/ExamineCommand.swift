import Inspect
import Render
import Symbols
import X86

struct ExamineCommand: Command {
  let names = ["x"]
  let usage = "x[/FORMAT] [ADDRESS]"
  let summary = "examine memory at a linear address"
  let completion = ArgumentKind.address

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    var examination = debugger.examination
    try examination.apply(line.format)
    let start: VirtualAddress
    if line.rest.isEmpty {
      guard let next = examination.next else {
        throw .other("x goes on where the last one ended, and none was: give an address")
      }
      start = next
    } else {
      start = try debugger.address(line.rest)
    }
    let (answer, end) = try debugger.examine(start, examination)
    examination.next = end
    debugger.examination = examination
    return .answer(answer)
  }
}

extension Debugger {
  /// The longest text that `x/s` shows as one.
  private static let longestString = 200
  private static let longestInstruction = 15

  func examine(
    _ start: VirtualAddress, _ examination: Examination
  ) throws(CommandFailure) -> (any Answer, VirtualAddress) {
    switch examination.style {
    case .string: return try strings(start, examination.count)
    case .instruction: return try instructions(start, examination.count)
    default:
      let count = examination.count * examination.width.bytes
      let bytes = memory(start, count: count)
      guard bytes.count == count else { throw try unreadable(start + UInt64(bytes.count)) }
      let dump = MemoryDump(space: .linear, start: start.rawValue, examination: examination, bytes: bytes)
      return (dump, start + UInt64(count))
    }
  }

  private func strings(
    _ start: VirtualAddress, _ count: Int
  ) throws(CommandFailure) -> (any Answer, VirtualAddress) {
    var pieces: [StringDump.Piece] = []
    var address = start
    for _ in 0..<count {
      let bytes = memory(address, count: Self.longestString + 1)
      guard !bytes.isEmpty else { throw try unreadable(address) }
      let text = Array(bytes.prefix { $0 != 0 }.prefix(Self.longestString))
      let isWhole = text.count < bytes.count && bytes[text.count] == 0
      pieces.append(.init(address: address.rawValue, bytes: text, isWhole: isWhole))
      address = address + UInt64(text.count + (isWhole ? 1 : 0))
    }
    return (StringDump(pieces: pieces), address)
  }

  private func instructions(
    _ start: VirtualAddress, _ count: Int
  ) throws(CommandFailure) -> (any Answer, VirtualAddress) {
    let found = try disassemble(start, count: count)
    guard let last = found.last else { throw try unreadable(start) }
    return (InstructionDump(instructions: found, current: target.codeAddress.rawValue), last.nextAddress)
  }

  /// What memory holds without kdbg's own breakpoints, which some targets let show.
  func memory(_ address: VirtualAddress, count: Int) -> [UInt8] {
    control.inserted.hidden(from: target.bytes(at: address, count: count), at: address.rawValue)
  }

  /// Up to `count` instructions from `start` on, fewer where memory ends.
  func disassemble(_ start: VirtualAddress, count: Int) throws(CommandFailure) -> [Instruction] {
    try decode(memory(start, count: count * Self.longestInstruction), at: start, limit: count)
  }

  /// Up to `limit` instructions of `bytes`.
  func decode(
    _ bytes: [UInt8], at start: VirtualAddress, limit: Int
  ) throws(CommandFailure) -> [Instruction] {
    do {
      return try Disassembler(width: codeWidth(at: start)).disassemble(bytes, at: start, limit: limit)
    } catch {
      throw .symbols(error)
    }
  }

  /// How the processor would take the code at `address` now. Above 4 GiB there is 64-bit code alone.
  private func codeWidth(at address: VirtualAddress) -> Disassembler.Width {
    guard target.knowsControlRegisters, address.rawValue >> 32 == 0 else { return .bits64 }
    let core = target.coreRegisters
    guard core.cr0.contains(.protectionEnable) else { return .bits16 }
    let attributes = target.registers.csCache?.attributes
    if core.isLongMode, attributes?.isLong ?? true { return .bits64 }
    return attributes?.isDefault32 ?? true ? .bits32 : .bits16
  }

  /// The failure of a read at `address`: the target's own, where it died.
  func unreadable(_ address: VirtualAddress) throws(CommandFailure) -> CommandFailure {
    if let failure = loss() { return .session(failure) }
    return .inspection(.unmapped(address, target.coreRegisters.cr3))
  }
}
