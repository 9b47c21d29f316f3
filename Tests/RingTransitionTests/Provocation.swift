import RingTransition
import TestSupport
import Testing
import X86

/// A state in which a delivery was measured, and what came of it.
struct Provocation: CustomTestStringConvertible, Sendable {
  let name: String
  let event: Event
  let rip: UInt64
  let apply: @Sendable (inout TestMachine) -> Void
  /// What a processor does.
  let architecture: String
  /// What QEMU 7.2's TCG does.
  let tcg: String

  init(
    _ name: String, _ architecture: String, tcg: String? = nil, event: Event = .softwareInterrupt(0x80),
    rip: UInt64 = Layout.interruptInstruction, _ apply: @escaping @Sendable (inout TestMachine) -> Void
  ) {
    self.name = name
    self.event = event
    self.rip = rip
    self.apply = apply
    self.architecture = architecture
    self.tcg = tcg ?? architecture
  }

  var testDescription: String { name }

  static let missing = "128 14(2) 8(0) rip 10000019 ist1 cr2 ffffc90000004ff8"
  static let protection = Event.exception(.generalProtection, errorCode: 0, address: 0)

  /// The stack under RSP0.
  static let stacks: [Provocation] = [
    Provocation("clean", "128 rip 1000001b rsp0") { _ in },
    Provocation("rsp0-pml4", missing) { $0.clear(.pml4, of: Layout.rsp0 - 8) },
    Provocation("rsp0-pdpt", missing) { $0.clear(.pageDirectoryPointer, of: Layout.rsp0 - 8) },
    Provocation("rsp0-pte", missing) { $0.clear(.pageTable, of: Layout.rsp0 - 8) },
    Provocation("rsp0-pte,pfist", "128 14(2) rip 10000019 ist3 cr2 ffffc90000004ff8") {
      $0.clear(.pageTable, of: Layout.rsp0 - 8)
      $0.setGate(14, interruptStack: 3)
    },
    Provocation("rsp0-pte,dfnoist", "128 14(2) 8(0) shutdown cr2 ffffc90000004ff8") {
      $0.clear(.pageTable, of: Layout.rsp0 - 8)
      $0.setGate(8)
    },
    Provocation("rsp0-pte,df-ist-zero", "128 14(2) 8(0) shutdown cr2 fffffffffffffff8") {
      $0.clear(.pageTable, of: Layout.rsp0 - 8)
      $0.setInterruptStack(1, 0)
    },
    Provocation("rsp0-pte,df-ist-unmapped", "128 14(2) 8(0) shutdown cr2 ffffc9800000cff8") {
      $0.clear(.pageTable, of: Layout.rsp0 - 8)
      $0.clear(.pageTable, of: Layout.interruptStackTop(1) - 8)
    },
    Provocation("rsp0-ro", missing.replacing("14(2)", with: "14(3)")) {
      $0.remove(.writable, .pageTable, of: Layout.rsp0 - 8)
    },
    Provocation("rsp0-ro-pml4,pfist", "128 14(3) rip 10000019 ist3 cr2 ffffc90000004ff8") {
      $0.remove(.writable, .pml4, of: Layout.rsp0 - 8)
      $0.setGate(14, interruptStack: 3)
    },
    Provocation("rsp0-ro,wp0", "128 rip 1000001b rsp0") {
      $0.remove(.writable, .pageTable, of: Layout.rsp0 - 8)
      $0.registers.cr0.remove(.writeProtect)
    },
    Provocation(
      "rsp0-rsvd,pfist", "128 14(b) rip 10000019 ist3 cr2 ffffc90000004ff8",
      tcg: "128 14(a) rip 10000019 ist3 cr2 ffffc90000004ff8"
    ) {
      $0.edit(.pageTable, of: Layout.rsp0 - 8) { $0 | 1 << 51 }
      $0.setGate(14, interruptStack: 3)
    },
    Provocation(
      "rsp0-ps-pml4", missing.replacing("14(2)", with: "14(b)"),
      tcg: missing.replacing("14(2)", with: "14(a)")
    ) {
      $0.set(.pageSize, .pml4, of: Layout.rsp0 - 8)
    },
    Provocation("rsp0-user", "128 rip 1000001b rsp0") { $0.setAll(.user, of: Layout.rsp0 - 8) },
    Provocation("rsp0-user,smap,pfist", "128 14(3) rip 10000019 ist3 cr2 ffffc90000004ff8") {
      $0.setAll(.user, of: Layout.rsp0 - 8)
      $0.registers.cr4.insert(.supervisorAccessPrevention)
      $0.setGate(14, interruptStack: 3)
    },
    Provocation("rsp0-zero", missing.replacing("ffffc90000004ff8", with: "fffffffffffffff8")) {
      $0.setRSP0(0)
    },
    Provocation("rsp0-noncanon", "128 12(0) 8(0) rip 10000019 ist1") { $0.setRSP0(0x9000_0000_0000) },
    Provocation(
      "rsp0-edge-hi", "128 12(0) 8(0) rip 10000019 ist1", tcg: "128 13(0) 8(0) rip 10000019 ist1"
    ) { $0.setRSP0(0xffff_8000_0000_0000) },
    Provocation("rsp0-edge-lo", "128 12(0) 8(0) rip 10000019 ist1") { $0.setRSP0(0x8000_0000_0000) },
    Provocation("rsp0-unaligned", "128 rip 1000001b rsp0") { $0.setRSP0(Layout.rsp0 - 3) },
    Provocation("rsp0-bottom", missing.replacing("ffffc90000004ff8", with: "ffffc90000000ff8")) {
      $0.setRSP0(Layout.guardPage + 0x1010)
    },
  ]

  /// Other first events than `int 0x80`.
  static let otherEvents: [Provocation] = [
    Provocation(
      "rsp0-pte + cli", "13(0) 14(2) 8(0) rip 10000019 ist1 cr2 ffffc90000004ff8", event: protection
    ) { $0.clear(.pageTable, of: Layout.rsp0 - 8) },
    Provocation(
      "rsp0-pte + ud2", "6 14(2) 8(0) rip 10000019 ist1 cr2 ffffc90000004ff8",
      event: .exception(.invalidOpcode, errorCode: 0, address: 0)
    ) { $0.clear(.pageTable, of: Layout.rsp0 - 8) },
    Provocation(
      "rsp0-pte + bad load", "14(4) 8(0) rip 10000019 ist1 cr2 ffffc90000004ff8",
      event: .exception(.pageFault, errorCode: 4, address: 0x2000_0000)
    ) { $0.clear(.pageTable, of: Layout.rsp0 - 8) },
    Provocation(
      "rsp0-pte,irq", "32 14(2) 8(0) rip 10000019 ist1 cr2 ffffc90000004ff8", event: .externalInterrupt(0x20)
    ) { $0.clear(.pageTable, of: Layout.rsp0 - 8) },
    Provocation(
      "irq-gate-absent", "32 11(103) rip 10000019 rsp0", tcg: "32 11(202) rip 10000019 rsp0",
      event: .externalInterrupt(0x20)
    ) { $0.removeGate(0x20) },
    Provocation(
      "nmi-ist-unmapped", "2 14(2) rip 10000019 rsp0 cr2 ffffc98000014ff8", event: .nonMaskableInterrupt
    ) { $0.clear(.pageTable, of: Layout.interruptStackTop(2) - 8) },
    Provocation("int3", "3 rip 1000001a rsp0", event: .breakpointInstruction) { _ in },
    Provocation(
      "int3 not for Ring 3", "3 13(1a) rip 10000019 rsp0", tcg: "3 13(32) rip 10000019 rsp0",
      event: .breakpointInstruction
    ) { $0.setGate(3) },
    Provocation(
      "pf-gate-absent", "14(6) 8(0) rip 10000019 ist1 cr2 20000000",
      event: .exception(.pageFault, errorCode: 6, address: 0x2000_0000)
    ) { $0.removeGate(14) },
    Provocation("gp-gate-absent", "13(0) 8(0) rip 10000019 ist1", event: protection) { $0.removeGate(13) },
    Provocation(
      "ud-gate-absent", "6 11(33) rip 10000019 rsp0", tcg: "6 11(62) rip 10000019 rsp0",
      event: .exception(.invalidOpcode, errorCode: 0, address: 0)
    ) { $0.removeGate(6) },
    Provocation(
      "a page fault that arrives", "14(6) rip 10000019 rsp0 cr2 20000000",
      event: .exception(.pageFault, errorCode: 6, address: 0x2000_0000)
    ) { _ in },
  ]
}
