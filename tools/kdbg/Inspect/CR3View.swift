import X86

/// The root table that is loaded, and what else is known about it.
public struct CR3View: Sendable {
  public let cr3: CR3
  public let operation: ProcessorOperation
  public let mode: PagingMode
  /// CR4.PCIDE: bits 11:0 of CR3 are a process-context identifier.
  public let hasProcessContext: Bool
  /// Present entries of the root table in the user and in the kernel half; nil where it cannot be read.
  public let userEntries: Int?
  public let kernelEntries: Int?
  public let reference: ReferenceTable?
  /// The process that the kernel says is current.
  public let process: CurrentProcess?

  public init(
    of machine: inout some Debuggee, reference: ReferenceTable?, process: CurrentProcess?
  ) {
    let registers = machine.coreRegisters
    cr3 = registers.cr3
    operation = ProcessorOperation(of: machine)
    mode = registers.pagingMode
    hasProcessContext = registers.cr4.contains(.processContextIdentifiers)
    let table = try? RootTableView(of: &machine, comparedWith: nil)
    userEntries = table?.slots.count { $0.half == .user }
    kernelEntries = table?.slots.count { $0.half == .kernel }
    self.reference = reference
    self.process = process
  }
}
