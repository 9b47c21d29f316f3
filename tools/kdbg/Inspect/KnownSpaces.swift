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
    /// The kernel names it as this process's.
    case process(UInt64)
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

  public init(
    of machine: any Debuggee, kernel: KernelTable?, references: ReferenceTables
  ) throws(SessionError) {
    for (processor, registers) in try machine.processorRegisters().enumerated() {
      note(registers.cr3, .loaded(processor: processor))
    }
    if let kernel {
      note(kernel.kernelCR3, .kernel)
      if let process = kernel.process { note(process.cr3, .process(process.number)) }
    }
    if let declared = references.declared { note(declared, .configuration) }
    for (cr3, stops) in references.seen { note(cr3, .seen(stops: stops)) }
  }

  private mutating func note(_ cr3: CR3, _ origin: KnownSpace.Origin) {
    if let position = spaces.firstIndex(where: { $0.root == cr3.root }) {
      spaces[position].origins.append(origin)
    } else {
      spaces.append(KnownSpace(root: cr3.root, origins: [origin]))
    }
  }
}
