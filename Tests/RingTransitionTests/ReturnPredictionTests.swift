import RingTransition
import TestSupport
import Testing
import X86

/// A return that was measured or that the manual describes, and what comes of it on a processor.
struct Departure: CustomTestStringConvertible, Sendable {
  let name: String
  let outcome: String
  let change: @Sendable (inout TestMachine) -> Void

  init(_ name: String, _ outcome: String, _ change: @escaping @Sendable (inout TestMachine) -> Void) {
    self.name = name
    self.outcome = outcome
    self.change = change
  }

  var testDescription: String { name }

  private static let works = "returns to 10000000 cs 33 rflags 202 ss 2b"
  private static func refused(_ exception: String, _ rule: Int) -> String {
    "\(exception) ring 0 rip ffffffff80001100 RT-\(rule)"
  }

  static let all: [Departure] = [
    Departure("clean", works) { _ in },
    Departure("frame-unmapped", refused("14(0) cr2 ffffc98000004fd8", 1)) {
      $0.clear(.pageTable, of: Layout.exitStackTop - 8)
    },
    Departure("frame-crossing", refused("14(0) cr2 ffffc98000004000", 1)) {
      $0.clear(.pageTable, of: Layout.exitStackTop - 8)
      $0.registers.rsp = Layout.exitStackTop - 0x1000 - 16
    },
    Departure("frame-reserved", refused("14(9) cr2 ffffc98000004fd8", 1)) {
      $0.edit(.pageTable, of: Layout.exitStackTop - 8) { $0 | 1 << 50 }
    },
    Departure("frame-user,smap", refused("14(1) cr2 ffffc98000004fd8", 1)) {
      $0.setAll(.user, of: Layout.exitStackTop - 8)
      $0.registers.cr4.insert(.supervisorAccessPrevention)
    },
    Departure("frame-user,smap with AC", works) {
      $0.setAll(.user, of: Layout.exitStackTop - 8)
      $0.registers.cr4.insert(.supervisorAccessPrevention)
      $0.registers.rflags.insert(.alignmentCheck)
    },
    Departure("frame-noncanon", refused("12(0)", 1)) { $0.registers.rsp = 0x9000_0000_0000 },
    Departure("nt", refused("13(0)", 3)) { $0.registers.rflags.insert(.nestedTask) },
    Departure("rip-noncanon", refused("13(0)", 5)) { $0.editFrame { $0.rip = 0x9000_0000_0000 } },
    Departure("rip-edge", refused("13(0)", 5)) { $0.editFrame { $0.rip = 0x8000_0000_0000 } },
    Departure("cs-null", refused("13(0)", 6)) { $0.editFrame { $0.cs = 3 } },
    Departure("cs-absent", refused("11(30)", 6)) { $0.setDescriptor(6, 0x00af_7b00_0000_ffff) },
    Departure("cs-data", refused("13(28)", 6)) { $0.editFrame { $0.cs = 0x2b } },
    Departure("cs-range", refused("13(f8)", 6)) { $0.editFrame { $0.cs = 0xfb } },
    Departure("cs-ldt", refused("13(4)", 6)) { $0.editFrame { $0.cs = 7 } },
    Departure("cs-rpl0", refused("13(30)", 6)) { $0.editFrame { $0.cs = 0x30 } },
    Departure("cs-kernel3", refused("13(8)", 6)) { $0.editFrame { $0.cs = 0x0b } },
    Departure("cs-LD", refused("13(30)", 6)) { $0.setDescriptor(6, 0x00ef_fb00_0000_ffff) },
    Departure("ss-null", refused("13(0)", 7)) { $0.editFrame { $0.ss = 0 } },
    Departure("ss-absent", refused("12(28)", 7)) { $0.setDescriptor(5, 0x00cf_7300_0000_ffff) },
    Departure("ss-ro", refused("13(28)", 7)) { $0.setDescriptor(5, 0x00cf_f100_0000_ffff) },
    Departure("ss-code", refused("13(30)", 7)) { $0.editFrame { $0.ss = 0x33 } },
    Departure("ss-rpl0", refused("13(28)", 7)) { $0.editFrame { $0.ss = 0x28 } },
    Departure("ss-kernel", refused("13(10)", 7)) { $0.editFrame { $0.ss = 0x13 } },
    Departure("ss-range", refused("13(f8)", 7)) { $0.editFrame { $0.ss = 0xfb } },
    Departure("gdt-unmapped", refused("14(0) cr2 ffffffff80010030", 60)) {
      $0.clear(.pageTable, of: Layout.gdt)
    },
    Departure("ss with A=0 in a read-only GDT", refused("14(3) cr2 ffffffff8001002d", 8)) {
      $0.setDescriptor(5, 0x00cf_f200_0000_ffff)
      $0.remove(.writable, .pageTable, of: Layout.gdt)
    },
    Departure("A=0 in a writable GDT", works) {
      $0.setDescriptor(5, 0x00cf_f200_0000_ffff)
      $0.set(.writable, .pageTable, of: Layout.gdt)
    },
    Departure("vm and reserved bits in the image", works) {
      $0.editFrame { $0.rflags = RFlags(rawValue: $0.rflags.rawValue | 1 << 17 | 1 << 40 | 1 << 15) }
    },
    Departure("rsp-noncanon", works) { $0.editFrame { $0.rsp = 0x9000_0000_0000 } },
    Departure("to the kernel with a null SS", "returns to ffffffff80001000 cs 8 rflags 202 ss 0") {
      $0.editFrame {
        $0.rip = Layout.kernelText
        $0.cs = 8
        $0.ss = 0
      }
    },
    Departure("from Ring 3 inwards", "13(8) ring 3 rip ffffffff80001100 RT-6") {
      $0.registers.cs = SegmentSelector(rawValue: 0x33)
      $0.editFrame { $0.cs = 8 }
    },
    Departure("compatibility mode beyond the limit", refused("13(0)", 13)) {
      $0.setDescriptor(6, 0x0040_fb00_0000_ffff)
    },
    Departure("not in long mode", "unknown longMode") { $0.registers.efer = .none },
    Departure("GDT not known", "unknown globalTable") { $0.registers.globalTable = nil },
  ]
}

@Suite struct ReturnPredictionTests {
  @Test(arguments: Departure.all) func interruptReturn(_ departure: Departure) {
    var machine = TestMachine.healthy
    departure.change(&machine)
    #expect(predictReturn(.iretq, on: &machine).summary == departure.outcome)
  }

  /// What a return raises is delivered in Ring 0, on the stack in use.
  @Test func faultGoesOn() {
    var machine = TestMachine.healthy
    machine.editFrame { $0.cs = 0x2b }
    guard case .faults(let fault) = predictReturn(.iretq, on: &machine) else {
      Issue.record("no fault")
      return
    }
    #expect(
      deliver(fault.event, to: fault.context, on: &machine).summary
        == "13(28) rip ffffffff80001100 current stack")
  }

  @Test func systemReturn() {
    var machine = TestMachine.healthy
    machine.standAtSystemReturn()
    #expect(predictReturn(.sysretq, on: &machine).summary == "returns to 10000000 cs 33 rflags 202 ss 2b")
    machine.registers.general[11] = 0x3_0302
    #expect(predictReturn(.sysretq, on: &machine).summary == "returns to 10000000 cs 33 rflags 302 ss 2b")
    var unknown = machine
    unknown.registers.star = nil
    #expect(predictReturn(.sysretq, on: &unknown).summary == "unknown modelSpecificRegister")
    machine.registers.efer.remove(.syscallEnable)
    #expect(predictReturn(.sysretq, on: &machine).summary == "6(0) ring 0 rip ffffffff80001180 RT-120")
  }

  /// On Intel's processors RSP is Ring 3's already: the exception pushes to its stack.
  @Test func systemReturnFaultPushesToTheUserStack() {
    var machine = TestMachine.healthy
    machine.standAtSystemReturn()
    machine.registers.general[2] = 0x8000_0000_0000
    guard case .faults(let fault) = predictReturn(.sysretq, on: &machine) else {
      Issue.record("no fault")
      return
    }
    #expect(
      deliver(fault.event, to: fault.context, on: &machine).summary
        == "13(0) rip ffffffff80001180 current stack")
    machine.registers.cr4.insert(.supervisorAccessPrevention)
    #expect(
      deliver(fault.event, to: fault.context, on: &machine).summary
        == "13(0) 14(3) 8(0) rip ffffffff80001180 ist1 cr2 7ffefffffff8")
  }
}
