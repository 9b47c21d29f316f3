public import X86

/// The running processor as every analysis sees a machine: its registers now, and its memory.
public struct LiveMachine: MachineView, Sendable {
  public var registers: RegisterFile
  private var window = PhysicalWindow()

  public init() { registers = Processor.registers }

  public mutating func load(_ address: PhysicalAddress) -> UInt64? { window.load(address) }

  public mutating func read(_ address: PhysicalAddress, into bytes: inout MutableRawSpan) -> Bool {
    window.read(address, into: &bytes)
  }
}
