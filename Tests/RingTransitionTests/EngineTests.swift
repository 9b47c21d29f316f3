import RingTransition
import TestSupport
import Testing
import X86

/// One deviation of an engine: what the architecture does, and what an engine does that has this bit alone.
struct Deviation: CustomTestStringConvertible, Sendable {
  let name: String
  let bit: Engine
  let architecture: String
  let deviating: String
  let predict: @Sendable (Engine) -> String

  var testDescription: String { name }

  private init(
    _ name: String, _ bit: Engine, _ architecture: String, _ deviating: String,
    _ predict: @escaping @Sendable (Engine) -> String
  ) {
    self.name = name
    self.bit = bit
    self.architecture = architecture
    self.deviating = deviating
    self.predict = predict
  }

  private static func delivery(
    _ name: String, _ bit: Engine, _ architecture: String, _ deviating: String,
    event: Event = .softwareInterrupt(0x80), rflags: RFlags = .fixedOne | .interruptEnable,
    _ change: @escaping @Sendable (inout TestMachine) -> Void
  ) -> Deviation {
    Deviation(name, bit, architecture, deviating) { engine in
      var machine = TestMachine.healthy
      change(&machine)
      var program = TestMachine.program()
      program.rflags = rflags
      return deliver(event, to: program, on: &machine, engine: engine).summary
    }
  }

  private static func departure(
    _ name: String, _ bit: Engine, _ architecture: String, _ deviating: String, _ kind: ReturnKind = .iretq,
    _ change: @escaping @Sendable (inout TestMachine) -> Void
  ) -> Deviation {
    Deviation(name, bit, architecture, deviating) { engine in
      var machine = TestMachine.healthy
      if kind == .sysretq { machine.standAtSystemReturn() }
      change(&machine)
      return predictReturn(kind, on: &machine, engine: engine).summary
    }
  }

  /// The frame's flags image that a fault pushes.
  private static var savedFlags: Deviation {
    Deviation("RF in the saved RFLAGS", .resumeFlagNotSaved, "10202", "202") { engine in
      var machine = TestMachine.healthy
      let chain = deliver(
        .exception(.generalProtection, errorCode: 0, address: 0), to: TestMachine.program(), on: &machine,
        engine: engine)
      guard case .delivered(let arrival) = chain.end else { return "not delivered" }
      return String(arrival.savedRFlags.rawValue, radix: 16)
    }
  }

  /// The rows of the table of deviations that an entry or a return can show.
  static let all: [Deviation] = [
    delivery(
      "1: IDT error code", .gateErrorCodesInSixteens, "128 11(402) rip 10000019 rsp0",
      "128 11(802) rip 10000019 rsp0"
    ) { $0.removeGate(0x80) },
    delivery(
      "2: EXT", .externalBitNeverSet, "32 11(103) rip 10000019 rsp0", "32 11(102) rip 10000019 rsp0",
      event: .externalInterrupt(0x20)
    ) { $0.removeGate(0x20) },
    delivery(
      "3: reserved bit", .reservedBitWithoutPresent, "128 14(b) rip 10000019 ist3 cr2 ffffc90000004ff8",
      "128 14(a) rip 10000019 ist3 cr2 ffffc90000004ff8"
    ) {
      $0.edit(.pageTable, of: Layout.rsp0 - 8) { $0 | 1 << 51 }
      $0.setGate(14, interruptStack: 3)
    },
    savedFlags,
    departure(
      "5: iretq to a non-canonical RIP", .returnAddressNotChecked, "13(0) ring 0 rip ffffffff80001100 RT-5",
      "13(0) ring 3 rip 900000000000 RT-5"
    ) { $0.editFrame { $0.rip = 0x9000_0000_0000 } },
    departure(
      "6: sysretq to a non-canonical RCX", .systemReturnAddressNotChecked,
      "13(0) ring 0 rip ffffffff80001180 RT-126", "13(0) ring 3 rip 800000000000 RT-126", .sysretq
    ) { $0.registers.general[2] = 0x8000_0000_0000 },
    departure(
      "7: CS with L and D", .longDefault32Accepted, "13(30) ring 0 rip ffffffff80001100 RT-6",
      "returns to 10000000 cs 33 rflags 202 ss 2b"
    ) { $0.setDescriptor(6, 0x00ef_fb00_0000_ffff) },
    departure(
      "8: absent SS", .absentStackSegmentRaisesNotPresent, "12(28) ring 0 rip ffffffff80001100 RT-7",
      "11(28) ring 0 rip ffffffff80001100 RT-7"
    ) { $0.setDescriptor(5, 0x00cf_7300_0000_ffff) },
    departure(
      "9: a frame outside the canonical range", .stackAccessRaisesProtection,
      "12(0) ring 0 rip ffffffff80001100 RT-1", "13(0) ring 0 rip ffffffff80001100 RT-1"
    ) { $0.registers.rsp = 0x9000_0000_0000 },
    delivery(
      "10: RSP0 at the edge", .stackEdgeFoundByPush | .stackAccessRaisesProtection,
      "128 12(0) 8(0) rip 10000019 ist1", "128 13(0) 8(0) rip 10000019 ist1"
    ) { $0.setRSP0(0xffff_8000_0000_0000) },
    delivery(
      "11: gate offset", .gateOffsetNotChecked, "128 13(0) rip 10000019 rsp0",
      "128 13(0) rip 900000000000 current stack"
    ) { $0.setGate(0x80, offset: 0x9000_0000_0000, privilege: 3) },
    delivery(
      "12: accessed bits at an entry", .accessedBitsNotWritten,
      "128 14(3) 8(0) shutdown cr2 ffffffff8001000d",
      "128 rip 1000001b rsp0"
    ) {
      $0.setDescriptor(1, 0x00af_9a00_0000_ffff)
      $0.remove(.writable, .pageTable, of: Layout.gdt)
    },
    departure(
      "12: accessed bits at a return", .accessedBitsNotWritten,
      "14(3) cr2 ffffffff80010035 ring 0 rip ffffffff80001100 RT-8",
      "returns to 10000000 cs 33 rflags 202 ss 2b"
    ) {
      $0.setDescriptor(6, 0x00af_fa00_0000_ffff)
      $0.remove(.writable, .pageTable, of: Layout.gdt)
    },
    delivery(
      "13: gate reserved bits", .gateReservedBitsNotChecked, "128 13(402) rip 10000019 rsp0",
      "128 rip 1000001b rsp0"
    ) { $0.storeVirtual($0.loadVirtual(Layout.gate(0x80) + 8)! | 0x1f << 40, at: Layout.gate(0x80) + 8) },
    delivery(
      "14: null TR", .nullTaskRegisterAborts, "128 10(0) 8(0) shutdown", "unknown taskRegister"
    ) {
      $0.registers.taskRegister = SegmentCache(
        selector: SegmentSelector(rawValue: 0), base: 0, limit: 0, attributes: SegmentAttributes(rawValue: 0))
    },
    delivery(
      "17: AC under SMAP", .alignmentCheckExcusesPushes,
      "128 14(3) 8(0) rip 10000019 ist1 cr2 ffffc90000004ff8",
      "128 rip 1000001b rsp0", rflags: .fixedOne | .interruptEnable | .alignmentCheck
    ) {
      $0.setAll(.user, of: Layout.rsp0 - 8)
      $0.registers.cr4.insert(.supervisorAccessPrevention)
    },
    delivery(
      "18: #DB behind MOV SS", .deferredDebugComesFirst, "128 1 rip ffffffff80001600 ist4",
      "1 rip 10000019 ist4", event: .softwareInterruptAfterStackSwitch(0x80)
    ) { _ in },
    departure(
      "20: SS of SYSRET on AMD", .systemReturnForcesPrivilege, "returns to 10000000 cs 33 rflags 202 ss 28",
      "returns to 10000000 cs 33 rflags 202 ss 2b", .sysretq
    ) {
      $0.registers.vendor = .amd
      $0.registers.star = 0x0020_0008 << 32
    },
    departure(
      "22: VIF and VIP", .virtualInterruptFlagsNotLoaded, "returns to 10000000 cs 33 rflags 180202 ss 2b",
      "returns to 10000000 cs 33 rflags 202 ss 2b"
    ) { $0.editFrame { $0.rflags = $0.rflags | .virtualInterrupt | .virtualInterruptPending } },
  ]
}

extension TestMachine {
  /// Stands the machine at a `sysretq` that returns to Ring 3's first instruction.
  mutating func standAtSystemReturn() {
    storeVirtual([0x48, 0x0f, 0x07], at: Layout.sysretq)
    registers.efer.insert(.syscallEnable)
    registers.star = 0x0023_0008 << 32
    registers.lstar = Layout.systemCall
    registers.syscallMask = 0x47700
    registers.rip = Layout.sysretq
    registers.rsp = Layout.userStackTop
    registers.general[2] = Layout.userText
    registers.general[11] = 0x202
  }
}

extension Layout {
  static var sysretq: UInt64 { kernelText + 0x180 }
  static var systemCall: UInt64 { kernelText + 0x1c0 }
}

extension ReturnPrediction {
  var summary: String {
    switch self {
    case .returns(let user):
      return
        "returns to \(hex(user.rip)) cs \(hex(user.cs)) rflags \(hex(user.rflags.rawValue)) ss \(hex(user.ss))"
    case .faults(let fault):
      let address = fault.faultAddress.map { " cr2 \(hex($0))" } ?? ""
      return "\(fault.exception.rawValue)(\(hex(fault.errorCode)))\(address) ring "
        + "\(fault.context.codeSelector.requestedPrivilege) rip \(hex(fault.context.rip)) RT-\(fault.rule.number)"
    case .unknown(let missing): return "unknown \(missing)"
    }
  }

  private func hex(_ value: UInt64) -> String { String(value, radix: 16) }
}

@Suite struct EngineTests {
  @Test(arguments: Deviation.all) func deviation(_ deviation: Deviation) {
    #expect(deviation.predict(.architecture) == deviation.architecture)
    #expect(deviation.predict(deviation.bit) == deviation.deviating)
    #expect(deviation.architecture != deviation.deviating)
  }

  /// What each emulator does with each of them, as the table has it; where it was not looked at, as measured before.
  @Test func presets() {
    let rows: [(Engine, measured72: Bool, source9: Bool)] = [
      (.gateErrorCodesInSixteens, true, false), (.externalBitNeverSet, true, true),
      (.reservedBitWithoutPresent, true, true), (.resumeFlagNotSaved, true, false),
      (.returnAddressNotChecked, true, true), (.systemReturnAddressNotChecked, true, false),
      (.longDefault32Accepted, true, true), (.absentStackSegmentRaisesNotPresent, true, true),
      (.stackAccessRaisesProtection, true, true), (.stackEdgeFoundByPush, true, true),
      (.gateOffsetNotChecked, true, true), (.accessedBitsNotWritten, true, true),
      (.gateReservedBitsNotChecked, true, true), (.nullTaskRegisterAborts, true, true),
      (.alignmentCheckExcusesPushes, false, false), (.deferredDebugComesFirst, true, true),
      (.systemReturnForcesPrivilege, true, true), (.virtualInterruptFlagsNotLoaded, true, true),
    ]
    for (bit, measured, source) in rows {
      #expect(Engine.qemuTCG72.contains(bit) == measured, "\(bit)")
      #expect(Engine.qemuTCG9.contains(bit) == source, "\(bit)")
      #expect(!Engine.architecture.contains(bit))
    }
    // Every bit has a row, and every row that a machine can show has a deviation.
    #expect(rows.reduce(Engine.none) { $0 | $1.0 }.rawValue == 1 << UInt64(rows.count) - 1)
    #expect(Deviation.all.reduce(Engine.none) { $0 | $1.bit } == rows.reduce(Engine.none) { $0 | $1.0 })
  }

  @Test func versions() {
    #expect("\(Engine.qemuTCG(majorVersion: 7).name)" == "qemu-tcg-7.2")
    #expect("\(Engine.qemuTCG(majorVersion: 8).name)" == "qemu-tcg-8")
    #expect("\(Engine.qemuTCG(majorVersion: 11).name)" == "qemu-tcg-9")
    #expect("\(Engine.architecture.name)" == "architecture")
    #expect("\(Engine.gateOffsetNotChecked.name)" == "custom")
    var names: Set<String> = []
    for position in 0..<Engine.presetCount {
      if let engine = Engine.preset(position) { names.insert("\(engine.name)") }
    }
    #expect(names.count == Engine.presetCount && !names.contains("custom"))
    #expect(Engine.preset(-1) == nil && Engine.preset(Engine.presetCount) == nil)
  }

  /// AMD's processors take the fault in Ring 3 without being emulated.
  @Test func vendorDecides() {
    var machine = TestMachine.healthy
    machine.standAtSystemReturn()
    machine.registers.general[2] = 0x8000_0000_0000
    machine.registers.vendor = .amd
    #expect(predictReturn(.sysretq, on: &machine).summary == "13(0) ring 3 rip 800000000000 RT-126")
    machine.registers.vendor = .intel
    #expect(
      predictReturn(.sysretq, on: &machine, engine: .qemuTCG9).summary
        == "13(0) ring 0 rip ffffffff80001180 RT-126")
  }
}
