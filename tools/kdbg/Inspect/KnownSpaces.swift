import Session
import X86

/// A root table, and how the debugger came to know it.
public struct KnownSpace: Equatable, Sendable {
  /// One way in which it came up.
  public enum Origin: Equatable, Sendable {
    /// Loaded on this processor now.
    case loaded(processor: Int)
    /// The kernel names it as its own.
    case kernel
    /// The kernel, or its list of processes, names it as this process's.
    case process(ListedProcess)
    case configuration
    /// It was loaded at so many stops of this session.
    case seen(stops: Int)
    /// The user named it.
    case given
  }

  public let root: PhysicalFrame
  public fileprivate(set) var origins: [Origin]

  public init(root: PhysicalFrame, origins: [Origin]) {
    self.root = root
    self.origins = origins
  }

  public var cr3: CR3 { CR3(root: root) }
}

/// Every address space that is known, each once: what is loaded first, then what the kernel names, then what was seen.
public struct KnownSpaces: Sendable {
  public private(set) var spaces: [KnownSpace] = []
  /// The kernel's own list of its processes; nil where none is known.
  public private(set) var list: ProcessList?

  /// What is known of `machine`, whose kernel says `kernel` about itself; `links` is where the configuration says that
  /// the kernel has its processes, and counts for more.
  public init(
    of machine: any Debuggee, kernel: KernelTable?, references: ReferenceTables,
    links: ProcessLinks = ProcessLinks()
  ) throws(SessionError) {
    for (processor, registers) in try machine.processorRegisters().enumerated() {
      note(registers.cr3, .loaded(processor: processor))
    }
    if let kernel {
      note(kernel.kernelCR3, .kernel)
      if let process = kernel.process { note(process.cr3, .process(ListedProcess(number: process.number))) }
    }
    var others = spaces.dropFirst().map(\.cr3)
    if let loaded = spaces.first?.cr3 {
      others += references.candidates(for: loaded, kernel: kernel).map(\.cr3)
      others += references.partner(of: loaded).map { [$0] } ?? []
    }
    list = links.list(in: machine, or: others) ?? kernel?.processes?.list(in: machine)
    for process in list?.processes ?? [] {
      for table in process.tables { note(table, .process(process)) }
    }
    if let declared = references.declared { note(declared, .configuration) }
    for (cr3, stops) in references.seen { note(cr3, .seen(stops: stops)) }
  }

  /// Where each root table stands among them.
  private var positions: [UInt64: Int] = [:]

  private mutating func note(_ cr3: CR3, _ origin: KnownSpace.Origin) {
    guard let position = positions[cr3.root.address.rawValue] else {
      positions[cr3.root.address.rawValue] = spaces.count
      return spaces.append(KnownSpace(root: cr3.root, origins: [origin]))
    }
    // The list says more of a process than its number.
    if case .process(let process) = origin,
      let same = spaces[position].origins.firstIndex(where: { $0.isProcess(process.number) })
    {
      spaces[position].origins[same] = origin
    } else {
      spaces[position].origins.append(origin)
    }
  }
}

extension KnownSpace.Origin {
  fileprivate func isProcess(_ number: UInt64?) -> Bool {
    guard case .process(let process) = self, let number else { return false }
    return process.number == number
  }
}
