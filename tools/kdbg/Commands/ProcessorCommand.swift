import Inspect
import Render
import Session
import X86

/// `cpu` and `thread`: which processor's registers and memory the other commands see.
struct ProcessorCommand: Command {
  let names: [String]
  let summary: String
  let numbering: ProcessorNumbering

  static let processor = ProcessorCommand(
    names: ["cpu"], summary: "select a processor by its number, or show the selected one",
    numbering: .processor)
  static let thread = ProcessorCommand(
    names: ["thread"],
    summary: "select a thread of the target: a processor of QEMU's, a process of the kernel's stub",
    numbering: .thread)

  var usage: String { "\(names[0]) [NUMBER]" }

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    try debugger.requireStopped()
    guard line.words.count <= 1 else { throw misuse }
    let threads = try debugger.session { () throws(SessionError) in try debugger.target.threads() }
    guard let text = line.words.first else {
      return .answer(
        try ProcessorsAnswer(debugger, threads.filter { $0.identifier == debugger.target.selectedThread }))
    }
    guard let number = Expression.number(text) else { throw .notANumber(text) }
    guard let thread = threads.first(where: { numbering.number(of: $0) == number }) else {
      throw .noSuchProcessor(names[0], number, threads.compactMap { numbering.number(of: $0) }.sorted())
    }
    try debugger.session { () throws(SessionError) in try debugger.target.select(thread.identifier) }
    return .answer(try ProcessorsAnswer(debugger, [thread]))
  }
}

enum ProcessorNumbering: Sendable {
  /// The monitor's, from 0.
  case processor
  /// The protocol's, from 1.
  case thread

  func number(of thread: TargetThread) -> UInt64? {
    switch self {
    case .processor: UInt64(exactly: thread.cpuIndex)
    case .thread: thread.number
    }
  }
}

extension TargetThread {
  /// Nil for what stands for several threads.
  var number: UInt64? {
    if case .number(let number) = identifier.thread { return UInt64(number) }
    return nil
  }
}

/// `info cpus`: where each processor stands.
struct ProcessorsAnswer: Answer {
  struct Row {
    let thread: TargetThread
    let registers: RegisterFile
    let isSelected: Bool
  }

  let rows: [Row]

  /// Looks at each of `threads`; the selected one stays selected.
  init(_ debugger: Debugger, _ threads: [TargetThread]) throws(CommandFailure) {
    let here = debugger.target.selectedThread
    rows = try debugger.session { () throws(SessionError) in
      var rows: [Row] = []
      for thread in threads {
        if thread.identifier != debugger.target.selectedThread {
          try debugger.target.select(thread.identifier)
        }
        rows.append(
          Row(
            thread: thread, registers: debugger.target.coreRegisters, isSelected: thread.identifier == here))
      }
      if let here, here != debugger.target.selectedThread { try debugger.target.select(here) }
      return rows
    }
  }

  func write(to page: inout TextPage, names: any NameSource) {
    var table = TextTable()
    table.headings("", "CPU", "Thread", "Ring", "CR3", "RIP", "Where", "State")
    for row in rows {
      table.row(
        .init(row.isSelected ? "*" : ""), .init(String(row.thread.cpuIndex)),
        .init(row.thread.number.map(String.init) ?? ""),
        .init(String(row.registers.cs.requestedPrivilege)), .init(row.registers.cr3.rawValue.hexadecimal),
        .init(row.registers.rip.hexadecimal),
        .init(names.name(of: VirtualAddress(row.registers.rip))?.text ?? "", .symbol),
        .init(row.thread.description))
    }
    page.table(table, indent: 0)
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    [
      "processors": .array(
        rows.map { row in
          [
            "cpu": .number(row.thread.cpuIndex),
            "thread": .optional(row.thread.number) { .number(Int(truncatingIfNeeded: $0)) },
            "state": .string(row.thread.description), "selected": .bool(row.isSelected),
            "ring": .number(Int(row.registers.cs.requestedPrivilege)),
            "cr3": .hexadecimal(row.registers.cr3.rawValue), "rip": .hexadecimal(row.registers.rip),
            "symbol": .optional(names.name(of: VirtualAddress(row.registers.rip))) { .string($0.text) },
          ]
        })
    ]
  }
}
