import Inspect
import Render
import X86

/// The keys that say where a kernel has its processes. Their values are expressions that may read memory, and are
/// evaluated anew whenever the list is followed; `$process` stands for the address of the process that is asked.
extension ConfigurationFile {
  static let processes: [String: Setting] = [
    "process-first": question(\.first),
    "process-next": question(\.next),
    "process-number": question(\.number),
    "process-name": question(\.name),
    "process-cr3": { configuration, value throws(CommandFailure) in
      for item in value.items {
        configuration.processLinks.tables.append(try Value(text: item, scope: value.scope).question())
      }
    },
    "process-count": { configuration, value throws(CommandFailure) in
      let count = try value.number()
      guard (1..<ProcessLinks.greatestLimit).contains(count) else {
        throw .other("not a number of processes from 1 to \(ProcessLinks.greatestLimit - 1)")
      }
      configuration.processLinks.limit = count
    },
  ]

  private static func question(
    _ field: WritableKeyPath<ProcessLinks, ProcessLinks.Question?> & Sendable
  ) -> Setting {
    { configuration, value throws(CommandFailure) in
      configuration.processLinks[keyPath: field] = try value.question()
    }
  }
}

extension ConfigurationFile.Value {
  fileprivate func question() throws(CommandFailure) -> ProcessLinks.Question {
    let expression = try Expression(text).resolvingSymbols(in: scope)
    try expression.checkNames(in: NamesOfProcess())
    return { process, machine, root in
      try? expression.value(in: ProcessScope(process: process, machine: machine, root: root))
    }
  }
}

/// What may be named in an expression about a process.
private struct NamesOfProcess: ExpressionScope {
  func register(_ name: String) throws(CommandFailure) -> UInt64? {
    name == ProcessScope.variable || RegisterPart(name: name) != nil || RegisterName(alias: name) != nil
      ? 0 : nil
  }

  func symbol(_ name: String) throws(CommandFailure) -> UInt64? { nil }

  func memory(_ unit: MemoryUnit, at address: UInt64) throws(CommandFailure) -> UInt64 { 0 }
}

/// A stopped machine, and the process that is asked about.
private struct ProcessScope: ExpressionScope {
  static let variable = "process"

  let process: UInt64
  let machine: any Debuggee
  /// The root table under which the list is read; nil for the loaded one.
  let root: CR3?

  private var around: MachineScope { MachineScope(target: machine, program: nil, root: root) }

  func register(_ name: String) throws(CommandFailure) -> UInt64? {
    name == Self.variable ? process : try around.register(name)
  }

  func symbol(_ name: String) throws(CommandFailure) -> UInt64? { nil }

  func memory(_ unit: MemoryUnit, at address: UInt64) throws(CommandFailure) -> UInt64 {
    try around.memory(unit, at: address)
  }
}
