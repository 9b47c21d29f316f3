import X86

/// A process, as far as the kernel's list says anything of it.
public struct ListedProcess: Equatable, Sendable {
  public enum State: Equatable, Sendable {
    case ready
    case waitsForChild
    case waitsForInput
    /// Its status has not been asked for yet.
    case ended
  }

  public let number: UInt64?
  public let name: String?
  public let state: State?
  /// Its root tables: none for one that uses whatever is loaded, as kernel threads do.
  public let tables: [CR3]

  public init(number: UInt64?, name: String? = nil, state: State? = nil, tables: [CR3] = []) {
    self.number = number
    self.name = name
    self.state = state
    self.tables = tables
  }
}

/// The processes that a kernel has at this moment.
public struct ProcessList: Equatable, Sendable {
  public enum End: Equatable, Sendable {
    case complete
    /// What leads on from the process at this linear address cannot be read; nil for what leads to the first.
    case unreadable(UInt64?)
    /// This entry leads back to one that is not the first.
    case loop(at: UInt64)
    /// There are more than the debugger follows.
    case tooMany(UInt64)
  }

  public let processes: [ListedProcess]
  public let end: End

  public init(processes: [ListedProcess], end: End) {
    self.processes = processes
    self.end = end
  }
}

/// How a kernel's list of processes is followed from one to the next, as somebody wrote it down.
public struct ProcessLinks: Sendable {
  /// What is asked of a process, by its address, under a root table or the loaded one: nil where it cannot be read.
  public typealias Question = @Sendable (_ process: UInt64, _ machine: any Debuggee, _ root: CR3?) -> UInt64?

  /// The address of the first one; asked with 0.
  public var first: Question?
  /// The address of the next one: 0 at the end, or the first again.
  public var next: Question?
  /// The root tables of one. What cannot be read, or is 0, is none.
  public var tables: [Question] = []
  public var number: Question?
  /// The address of its name: text that ends with a zero byte.
  public var name: Question?
  /// How many there are at most: the entries of an array.
  public var limit = greatestLimit

  /// What is followed of a list that has no limit of its own; Linux' `pid_max` begins at a half of it.
  public static let greatestLimit: UInt64 = 65_536
  private static let nameBytes = 64

  public init() {}

  /// True when nothing was declared.
  public var isEmpty: Bool {
    first == nil && next == nil && tables.isEmpty && number == nil && name == nil
      && limit == Self.greatestLimit
  }

  /// True when the list can be followed: where it begins, how it goes on and what it is about are known.
  public var isComplete: Bool { first != nil && next != nil && !tables.isEmpty }

  /// Follows the list in `machine`, which stands still: under the loaded table or, where that does not map it, under the
  /// first of `others` that does, since Ring 3 may run on a table without the kernel. Nil unless ``isComplete``.
  public func list(in machine: any Debuggee, or others: [CR3] = []) -> ProcessList? {
    guard let first, let next, isComplete else { return nil }
    for root in [nil] + others.map(Optional.some) {
      guard let place = first(0, machine, root), place == 0 || next(place, machine, root) != nil else {
        continue
      }
      return follow(from: place, by: next, in: machine, root)
    }
    return ProcessList(processes: [], end: .unreadable(first(0, machine, nil)))
  }

  private func follow(
    from first: UInt64, by next: Question, in machine: any Debuggee, _ root: CR3?
  ) -> ProcessList {
    var processes: [ListedProcess] = []
    var seen: Set<UInt64> = []
    var place = first
    while place != 0 {
      guard seen.count < limit else {
        let isWished = limit < Self.greatestLimit
        return ProcessList(processes: processes, end: isWished ? .complete : .tooMany(limit))
      }
      seen.insert(place)
      let process = process(at: place, in: machine, root)
      guard let next = next(place, machine, root) else {
        // A link that leads nowhere leads to no process.
        if process != ListedProcess(number: nil) { processes.append(process) }
        return ProcessList(processes: processes, end: .unreadable(place))
      }
      processes.append(process)
      if next == first { break }
      if seen.contains(next) { return ProcessList(processes: processes, end: .loop(at: place)) }
      place = next
    }
    return ProcessList(processes: processes, end: .complete)
  }

  private func process(at place: UInt64, in machine: any Debuggee, _ root: CR3?) -> ListedProcess {
    let tables = tables.compactMap { $0(place, machine, root) }.filter { isRoot($0, in: machine) }
      .map { CR3(rawValue: $0) }
    return ListedProcess(
      number: number?(place, machine, root),
      name: name?(place, machine, root).flatMap { text(at: $0, in: machine, root) },
      tables: tables)
  }

  /// False for 0 and for what no CR3 can hold, as a difference from a pointer that is 0.
  private func isRoot(_ value: UInt64, in machine: any Debuggee) -> Bool {
    let address = value & ~0xfff & ~(1 << 63)
    return address != 0 && address >> UInt64(machine.pagingMode.physicalAddressBits) == 0
  }

  /// What stands there, with a point for what cannot be printed.
  private func text(at address: UInt64, in machine: any Debuggee, _ root: CR3?) -> String? {
    let bytes = machine.bytes(at: VirtualAddress(address), count: Self.nameBytes, under: root).prefix {
      $0 != 0
    }
    guard !bytes.isEmpty else { return nil }
    return String(decoding: bytes.map { (0x20..<0x7f).contains($0) ? $0 : 0x2e }, as: UTF8.self)
  }
}
