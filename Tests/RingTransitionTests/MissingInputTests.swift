import RingTransition
import TestSupport
import Testing
import X86

/// One input taken away from a healthy machine: the rules that need it say so, and no rule is violated.
@Suite struct MissingInputTests {
  struct Input: CustomTestStringConvertible, Sendable {
    let name: String
    let missing: Missing
    /// The rules that answer with exactly this reason.
    let rules: [UInt16]
    var take: @Sendable (inout TestMachine, inout AuditOptions) -> Void

    init(
      _ name: String, _ missing: Missing, _ rules: [UInt16],
      _ take: @escaping @Sendable (inout TestMachine, inout AuditOptions) -> Void
    ) {
      self.name = name
      self.missing = missing
      self.rules = rules
      self.take = take
    }

    var testDescription: String { name }
  }

  static let inputs: [Input] = [
    Input("TR", .taskRegister, [20, 21, 22, 23, 34, 35, 36, 37, 82]) { machine, _ in
      machine.registers.taskRegister = nil
    },
    Input("GDTR", .globalTable, [6, 7, 23, 60, 62, 82, 83, 84, 85, 122, 123]) { machine, _ in
      machine.registers.globalTable = nil
    },
    Input(
      "IDTR", .interruptTable,
      [40, 41, 42, 44, 45, 46, 48, 51, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 75, 82, 83]
    ) { machine, _ in machine.registers.interruptTable = nil },
    Input("LDTR", .localTable, [80]) { machine, _ in machine.registers.localTable = nil },
    Input("STAR", .modelSpecificRegister, [85, 123]) { machine, _ in machine.registers.star = nil },
    Input("LSTAR", .modelSpecificRegister, [121]) { machine, _ in machine.registers.lstar = nil },
    Input("SFMASK", .modelSpecificRegister, [124]) { machine, _ in machine.registers.syscallMask = nil },
    Input("GS_BASE", .segmentBases, [125, 160, 162]) { machine, _ in machine.registers.gsBase = nil },
    Input("KERNEL_GS_BASE", .segmentBases, [125]) { machine, _ in machine.registers.kernelGSBase = nil },
    Input("CR8", .taskPriority, [145]) { machine, _ in machine.registers.cr8 = nil },
    Input("DR7", .debugRegisters, [50]) { machine, _ in machine.registers.debugControl = nil },
    Input("DR0 to DR3", .debugRegisters, [50]) { machine, _ in machine.registers.debugAddress = nil },
    Input("CPUID", .processorFeatures, [143]) { machine, _ in
      machine.registers.features = ProcessorFeatures()
    },
    Input("IA32_PKRS", .protectionKeys, [26, 147]) { machine, _ in
      machine.registers.cr4.insert(.supervisorProtectionKeys)
    },
    Input("the current thread's stack", .currentThread, [30]) { $1.currentStackTop = nil },
    Input("the reference table", .referenceTable, [100]) { $1.referenceRoot = nil },
    Input("the current process's table", .currentRoot, [94]) { $1.currentRoot = nil },
    Input("the memory map", .memoryMap, [93]) { $1.memory = MemoryMap() },
    Input("who shares the PCID", .addressSpaces, [108]) { machine, _ in
      machine.registers.cr4.insert(.processContextIdentifiers)
    },
    Input("IA32_PAT", .modelSpecificRegister, [113]) { machine, _ in
      machine.set(.writeThrough, .pageTable, of: Layout.gdt)
    },
    Input("the size of the kernel stack", .stackSize, [33, 106]) { $1.kernelStackSize = nil },
    Input("the sizes of the IST stacks", .stackSize, [45]) { $1.interruptStackSize = nil },
    Input("the slot of the frame", .frameSlot, [17]) { $1.frameEnd = nil },
    Input("how many processors", .otherProcessors, [47]) { $1.processorCount = nil },
    Input("the others' stacks", .otherProcessors, [47]) {
      $1.processorCount = 2
      $1.otherStacks = InlineArray(repeating: nil)
    },
    Input("the locks", .lockDepth, [151]) { $1.lockDepth = nil },
    Input("the interrupt controller", .interruptController, [74]) { $1.interruptControllerBase = nil },
    Input("the stack of SYSCALL", .systemCallStack, [132]) { $1.systemCallStack = .unknown },
  ]

  @Test(arguments: inputs) func input(_ input: Input) {
    var machine = TestMachine.healthy
    machine.enableSystemCalls()
    var options = AuditOptions.systemCalls
    input.take(&machine, &options)
    let collector = machine.audited(options)
    #expect(collector.roots == [])
    let rules = collector.findings.filter {
      if case .unknown(let missing) = $0.verdict { missing == input.missing } else { false }
    }
    #expect(rules.map(\.rule.number) == input.rules)
  }

  /// Where events come by other means, what the tables say of the old ones proves nothing.
  @Test(arguments: [CR4.flexibleEventDelivery, .controlFlowEnforcement])
  func otherDelivery(_ feature: CR4) {
    var machine = TestMachine.healthy
    machine.enableSystemCalls()
    let before = machine.audited(.systemCalls)
    machine.registers.cr4.insert(feature)
    let after = machine.audited(.systemCalls)
    #expect(before.findings.map(\.rule.number) == after.findings.map(\.rule.number))
    var asked = 0
    for (old, new) in zip(before.findings, after.findings) {
      switch old.rule.number {
      case 20...49, 60...70:
        #expect(!new.isHeld, "RT-\(new.rule.number)")
        if old.isHeld { asked += 1 }
      default: #expect(new.isHeld == old.isHeld, "RT-\(new.rule.number)")
      }
    }
    #expect(asked >= 25)
    // FRED has no TSS that could be wrong; a frame that cannot be pushed is one whatever else an entry needs.
    machine.setRSP0(0)
    #expect(machine.audited(.systemCalls).roots.isEmpty == (feature == .flexibleEventDelivery))
  }
}
