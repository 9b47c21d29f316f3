import Inspect
import RingTransition
import X86

/// A file that says about a kernel what neither the processor nor the kernel does: `key = value` lines, `#` before a
/// remark. docs/KDBG.md lists the keys.
public struct ConfigurationFile {
  /// A line that cannot be taken.
  public struct Failure: Error, Equatable, Sendable {
    /// From 1 on.
    public let line: Int
    public let message: String

    public init(line: Int, message: String) {
      self.line = line
      self.message = message
    }
  }

  /// What `text` declares; its symbols are those of `program`.
  public static func parse(_ text: String, program: (any Program)?) throws(Failure) -> KernelConfiguration {
    var file = ConfigurationFile(scope: ProgramScope(program: program))
    var linesBeforeProcesses = 0
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      do throws(CommandFailure) {
        try file.take(String(line.prefix { $0 != "#" }).trimmingSpaces())
      } catch {
        throw Failure(line: index + 1, message: error.message)
      }
      if file.configuration.processLinks.isEmpty { linesBeforeProcesses = index + 1 }
    }
    let links = file.configuration.processLinks
    guard links.isEmpty || links.isComplete else {
      throw Failure(
        line: linesBeforeProcesses + 1,
        message: "a list of processes needs process-first, process-next and process-cr3")
    }
    return file.configuration
  }

  private var configuration = KernelConfiguration()
  private var seen: Set<String> = []
  private let scope: ProgramScope

  private init(scope: ProgramScope) { self.scope = scope }

  private mutating func take(_ line: String) throws(CommandFailure) {
    guard !line.isEmpty else { return }
    guard let sign = line.firstIndex(of: "=") else { throw .other("expected \"key = value\"") }
    let key = String(line[..<sign]).trimmingSpaces()
    let value = Value(text: String(line[line.index(after: sign)...]).trimmingSpaces(), scope: scope)
    guard let setting = Self.settings[key] else { throw .other("unknown key \"\(key)\"") }
    guard seen.insert(key).inserted else { throw .other("\"\(key)\" is given twice") }
    try setting(&configuration, value)
  }

  // MARK: The keys

  typealias Setting = @Sendable (inout KernelConfiguration, Value) throws(CommandFailure) -> Void

  private static let settings: [String: Setting] = stacks.merging(entries) { _, last in last }
    .merging(state) { _, last in last }.merging(thread) { _, last in last }
    .merging(processes) { _, last in last }

  private static let stacks: [String: Setting] = [
    "kernel-stack-size": number(\.kernelStackSize),
    "ist-stack-size": number(\.interruptStackSize),
    "ist-stack-sizes": { configuration, value throws(CommandFailure) in
      var sizes = InlineArray<7, UInt64?>(repeating: nil)
      let numbers = try value.numbers()
      guard numbers.count <= 7 else { throw .other("more than seven stacks") }
      for (slot, size) in numbers.enumerated() where size != 0 { sizes[slot] = size }
      configuration.declare(\.interruptStackSizes, sizes)
    },
    "return-frame-end": number(\.frameEnd),
    "returns-from-ist": use(\.interruptStackReturns),
    "nested-nmi-frames": use(\.nestedNonMaskableFrames),
    "syscall-stack": { configuration, value throws(CommandFailure) in
      configuration.declare(\.systemCallStack, try value.stackSource())
    },
  ]

  private static let entries: [String: Setting] = [
    "syscall-vectors": { configuration, value throws(CommandFailure) in
      configuration.declare(\.systemCallVectors, VectorSet(try value.vectors()))
    },
    "irq-vectors": { configuration, value throws(CommandFailure) in
      configuration.declare(\.interruptVectors, VectorSet(try value.vectors()))
    },
    "interrupt-controller-base": { configuration, value throws(CommandFailure) in
      configuration.declare(\.interruptControllerBase, try value.vectors().first)
    },
    "syscall": use(\.systemCallInstruction),
    "swapgs": use(\.swapgs),
    "page-table-isolation": use(\.pageTableIsolation),
    "page-table-pairs": { configuration, value throws(CommandFailure) in
      configuration.declare(tablePairs: try value.tablePairs())
    },
    "paranoid-entry": { configuration, value throws(CommandFailure) in
      configuration.declare(
        \.paranoidEntry, try value.word(["sign-of-base": .signOfBase, "independent": .independent]))
    },
    "kernel-text": { configuration, value throws(CommandFailure) in
      guard let text = try value.intervals().first else { throw value.failure }
      configuration.declare(\.kernelText, text)
    },
    "kernel-constants": { configuration, value throws(CommandFailure) in
      guard let constants = try value.intervals().first else { throw value.failure }
      configuration.declare(\.kernelConstants, constants)
    },
    "entry-data": { configuration, value throws(CommandFailure) in
      var data = InlineArray<8, AddressInterval?>(repeating: nil)
      let intervals = try value.intervals()
      guard intervals.count <= 8 else { throw .other("more than eight ranges") }
      for (index, interval) in intervals.enumerated() { data[index] = interval }
      configuration.declare(\.entryData, data)
    },
  ]

  private static let state: [String: Setting] = [
    "port-permissions": use(\.portPermissions),
    "local-tables": use(\.localTables),
    "generated-code": use(\.generatedCode),
    "ram": { configuration, value throws(CommandFailure) in
      var memory = MemoryMap()
      for interval in try value.intervals() { memory.insert(low: interval.low, high: interval.high) }
      guard memory.isKnown else { throw .other("more than \(MemoryMap.capacity) ranges, or none") }
      configuration.declare(\.memory, memory)
    },
    "user-memory": { configuration, value throws(CommandFailure) in
      configuration.declare(
        \.residency, try value.word(["resident": .resident, "demand-paged": .demandPaged]))
    },
    "expected-cr4": { configuration, value throws(CommandFailure) in
      let numbers = try value.numbers()
      guard (1...2).contains(numbers.count) else { throw value.failure }
      configuration.declare(
        \.expectedCR4, ExpectedBits(mask: numbers.count == 2 ? numbers[1] : .max, value: numbers[0]))
    },
    "protections-off": { configuration, value throws(CommandFailure) in
      configuration.declare(\.protectionsLeftOff, try value.protections())
    },
    "processors": { configuration, value throws(CommandFailure) in
      guard let count = UInt32(exactly: try value.number()) else { throw value.failure }
      configuration.declare(\.processorCount, count)
    },
    "per-processor-block": number(\.perProcessorBlock),
    "self-pointer-offset": number(\.selfPointerOffset),
    "reference-cr3": { configuration, value throws(CommandFailure) in
      configuration.declare(referenceRoot: CR3(rawValue: try value.number()))
    },
    "kept-contexts": { configuration, value throws(CommandFailure) in
      let numbers = try value.numbers()
      guard numbers.count <= 4 else { throw .other("more than four root tables") }
      var contexts = InlineArray<4, CR3?>(repeating: nil)
      for (index, number) in numbers.enumerated() { contexts[index] = CR3(rawValue: number) }
      configuration.declare(\.keptContexts, contexts)
    },
    "per-process-slots": { configuration, value throws(CommandFailure) in
      var options = AuditOptions()
      for range in try value.ranges() {
        guard range.upperBound < 512 else { throw value.failure }
        for slot in range { options.declarePerProcess(slot: Int(slot)) }
      }
      configuration.declare(\.perProcessSlots, options.perProcessSlots)
    },
  ]

  /// What changes while the kernel runs: a number, or `[ADDRESS]` of the word that holds it.
  private static let thread: [String: Setting] = [
    "current-stack-top": reading(\.currentStackTop),
    "current-cr3": { configuration, value throws(CommandFailure) in
      configuration.declare([try value.source()]) {
        $0.declare(\.currentRoot, CR3(rawValue: $1[0]).root)
      }
    },
    "current-thread": { configuration, value throws(CommandFailure) in
      configuration.declare(try value.sources()) { $0.declare(threads: $1) }
    },
    "lock-depth": reading(\.lockDepth),
    "fs-base": reading(\.expectedFSBase),
    "gs-base": reading(\.expectedGSBase),
    "retired-roots": { configuration, value throws(CommandFailure) in
      let sources = try value.sources()
      guard sources.count <= 4 else { throw .other("more than four root tables") }
      configuration.declare(sources) { configuration, numbers in
        var roots = InlineArray<4, PhysicalFrame?>(repeating: nil)
        for (position, number) in numbers.enumerated() where number != 0 {
          roots[position] = CR3(rawValue: number).root
        }
        configuration.declare(\.retiredRoots, roots)
        configuration.declare(\.rootRetirement, .listed)
      }
    },
    "pending-shootdowns": reading(\.pendingShootdowns),
  ]

  private static func reading(_ field: WritableKeyPath<AuditOptions, UInt64?> & Sendable) -> Setting {
    { configuration, value throws(CommandFailure) in
      configuration.declare([try value.source()]) { $0.declare(field, $1[0]) }
    }
  }

  private static func number(_ field: WritableKeyPath<AuditOptions, UInt64?> & Sendable) -> Setting {
    { configuration, value throws(CommandFailure) in configuration.declare(field, try value.number()) }
  }

  private static func use(_ field: WritableKeyPath<AuditOptions, AuditOptions.Use> & Sendable) -> Setting {
    { configuration, value throws(CommandFailure) in
      configuration.declare(field, try value.word(["yes": .used, "no": .unused]))
    }
  }
}

/// The symbols of a program, without a machine: a file is read before there is one.
struct ProgramScope: ExpressionScope {
  let program: (any Program)?

  func register(_ name: String) throws(CommandFailure) -> UInt64? { nil }

  func symbol(_ name: String) throws(CommandFailure) -> UInt64? {
    let addresses = program?.addresses(named: name) ?? []
    guard addresses.count <= 1 else { throw .ambiguousSymbol(name, addresses.map(\.rawValue)) }
    return addresses.first?.rawValue
  }

  func memory(_ unit: MemoryUnit, at address: UInt64) throws(CommandFailure) -> UInt64 { throw .noMemoryHere }
}

extension ConfigurationFile {
  /// What stands behind the sign of equality.
  struct Value {
    let text: String
    let scope: ProgramScope

    var failure: CommandFailure { .other("not a value for this key: \"\(text)\"") }

    var items: [String] {
      text.split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmingSpaces() }
    }

    func number() throws(CommandFailure) -> UInt64 { try Expression.value(of: text, in: scope) }

    func numbers() throws(CommandFailure) -> [UInt64] {
      var numbers: [UInt64] = []
      for item in items { numbers.append(try Expression.value(of: item, in: scope)) }
      return numbers
    }

    /// `FIRST..LAST`, or one number for both.
    func ranges() throws(CommandFailure) -> [ClosedRange<UInt64>] {
      var ranges: [ClosedRange<UInt64>] = []
      for item in items {
        let ends = item.split(separator: "..", omittingEmptySubsequences: false).map(String.init)
        guard ends.count <= 2 else { throw failure }
        let first = try Expression.value(of: ends[0], in: scope)
        let last = try Expression.value(of: ends[ends.count - 1], in: scope)
        guard first <= last else { throw failure }
        ranges.append(first...last)
      }
      return ranges
    }

    /// `FIRST..LAST` of vectors, both included.
    func vectors() throws(CommandFailure) -> [UInt8] {
      var vectors: [UInt8] = []
      for range in try ranges() {
        guard let first = UInt8(exactly: range.lowerBound), let last = UInt8(exactly: range.upperBound) else {
          throw failure
        }
        vectors += first...last
      }
      return vectors
    }

    /// `START..END` of addresses, END being the first byte behind.
    func intervals() throws(CommandFailure) -> [AddressInterval] {
      try ranges().map { AddressInterval(low: $0.lowerBound, high: $0.upperBound) }
    }

    /// `KERNEL:USER` of root tables.
    func tablePairs() throws(CommandFailure) -> [TablePair] {
      var pairs: [TablePair] = []
      for item in items {
        let halves = item.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard halves.count == 2 else { throw failure }
        let kernel = CR3(rawValue: try Expression.value(of: halves[0], in: scope)).root
        let user = CR3(rawValue: try Expression.value(of: halves[1], in: scope)).root
        // A half of two pairs would have two partners.
        guard kernel != user, !pairs.contains(where: { $0.has(kernel) || $0.has(user) }) else {
          throw failure
        }
        pairs.append(TablePair(kernel: kernel, user: user))
      }
      guard pairs.count <= AuditOptions.tablePairLimit else {
        throw .other("more than \(AuditOptions.tablePairLimit) pairs")
      }
      return pairs
    }

    /// A number, or `[ADDRESS]` of the word that holds it.
    func source() throws(CommandFailure) -> KernelConfiguration.Number {
      guard text.hasPrefix("["), text.hasSuffix("]") else { return .constant(try number()) }
      return .word(at: try Expression.value(of: String(text.dropFirst().dropLast()), in: scope))
    }

    func sources() throws(CommandFailure) -> [KernelConfiguration.Number] {
      var sources: [KernelConfiguration.Number] = []
      for item in items { sources.append(try Value(text: item, scope: scope).source()) }
      return sources
    }

    /// `rsp0`; an address, where the stack begins; or one in brackets, where the word lies that is loaded.
    func stackSource() throws(CommandFailure) -> AuditOptions.StackSource {
      if text == "rsp0" { return .rsp0 }
      guard text.hasPrefix("["), text.hasSuffix("]") else { return .top(try number()) }
      return .variable(try Expression.value(of: String(text.dropFirst().dropLast()), in: scope))
    }

    func protections() throws(CommandFailure) -> CR4 {
      var bits = CR4.none
      for item in items {
        bits.insert(
          try Value(text: item, scope: scope).word([
            "smep": CR4.supervisorExecutionPrevention, "smap": .supervisorAccessPrevention,
            "umip": .userModeInstructionPrevention,
          ]))
      }
      return bits
    }

    func word<Meaning>(_ words: [String: Meaning]) throws(CommandFailure) -> Meaning {
      guard let meaning = words[text] else {
        throw .other("\"\(text)\" is none of \(words.keys.sorted().joined(separator: ", "))")
      }
      return meaning
    }
  }
}
