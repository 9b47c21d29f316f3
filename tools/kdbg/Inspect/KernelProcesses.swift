import DebuggerTable
import X86

/// Where a kernel that exports a table for debuggers lists its processes.
public struct KernelProcesses: Equatable, Sendable {
  public let start: VirtualAddress
  public let limit: UInt64

  /// More entries than any such kernel has.
  private static let greatestLimit: UInt64 = 4096

  init?(_ fields: KernelTableFields) {
    guard let start = fields.qword(\.processes), start != 0, let limit = fields.qword(\.process_limit) else {
      return nil
    }
    self.start = VirtualAddress(start)
    self.limit = limit
  }

  /// What it lists in `machine` at this moment.
  public func list(in machine: some Debuggee) -> ProcessList {
    guard limit <= Self.greatestLimit else { return ProcessList(processes: [], end: .tooMany(limit)) }
    let stride = MemoryLayout<ringside_process>.stride
    let bytes = machine.bytes(at: start, count: Int(limit) * stride)
    var processes: [ListedProcess] = []
    for entry in 0..<(bytes.count / stride) {
      func field(_ field: PartialKeyPath<ringside_process>) -> UInt64 {
        let offset = entry * stride + (MemoryLayout<ringside_process>.offset(of: field) ?? 0)
        return bytes[offset..<(offset + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
      }
      let number = field(\.number)
      guard number != 0 else { continue }
      let table = field(\.cr3)
      processes.append(
        ListedProcess(
          number: number, state: .init(exported: field(\.state)),
          tables: table == 0 ? [] : [CR3(rawValue: table)]))
    }
    let isWhole = bytes.count == Int(limit) * stride
    return ProcessList(
      processes: processes, end: isWhole ? .complete : .unreadable(start.rawValue &+ UInt64(bytes.count)))
  }
}

extension ListedProcess.State {
  /// Nil for a state that is not known here.
  fileprivate init?(exported: UInt64) {
    switch UInt32(truncatingIfNeeded: exported) {
    case RINGSIDE_PROCESS_READY.rawValue: self = .ready
    case RINGSIDE_PROCESS_WAITS_FOR_CHILD.rawValue: self = .waitsForChild
    case RINGSIDE_PROCESS_WAITS_FOR_INPUT.rawValue: self = .waitsForInput
    case RINGSIDE_PROCESS_ENDED.rawValue: self = .ended
    default: return nil
    }
  }
}
