import RingTransition
import X86

/// Which part of an audit is asked for.
public struct AuditSelection: Sendable {
  /// The rules, by number; nil for all.
  public var rules: Set<UInt16>?
  /// Rules that weigh less are left out; nil leaves none out.
  public var leastSeverity: Severity?
  /// Nil leaves it to the caller.
  public var scope: AuditScope?
  /// Another root table than the loaded one: what would come of it.
  public var cr3: CR3?
  /// The return instruction that the program has at RIP, whatever memory has there by now.
  public var instruction = AuditOptions.ReturnInstruction.asDecoded

  public init() {}

  func includes(_ finding: Finding) -> Bool {
    rules?.contains(finding.rule.number) ?? true
      && leastSeverity.map { finding.severity.isAtLeast($0) } ?? true
  }
}

extension Severity {
  /// True when this is as bad as `other` or worse.
  public func isAtLeast(_ other: Severity) -> Bool { rawValue <= other.rawValue }
}

/// A machine as it would be with other registers.
struct MachineWithRegisters<Machine: Debuggee>: MachineView {
  private var machine: Machine
  let registers: RegisterFile

  init(_ machine: Machine, cr3: CR3) {
    self.machine = machine
    var registers = machine.registers
    registers.cr3 = cr3
    self.registers = registers
  }

  mutating func load(_ address: PhysicalAddress) -> UInt64? { machine.load(address) }

  mutating func read(_ address: PhysicalAddress, into bytes: inout MutableRawSpan) -> Bool {
    machine.read(address, into: &bytes)
  }

  mutating func prefetch(_ address: PhysicalAddress, byteCount: Int) {
    machine.prefetch(address, byteCount: byteCount)
  }
}
