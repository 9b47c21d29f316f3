import Foundation
import Testing

/// A fault of the kernel's list, what the double-fault report must say, and which rule the kernel's own audit names.
struct InjectedFaultCase: Sendable, CustomTestStringConvertible {
  let name: String
  let cr2: String?
  let reportLine: String
  let rule: String

  var testDescription: String { name }

  static let all = [
    InjectedFaultCase(
      name: "rsp0-pml4", cr2: "0xffffc90000004ff8", reportLine: "  not mapped: PML4[402] is not present",
      rule: "RT-026"),
    InjectedFaultCase(
      name: "rsp0-pdpt", cr2: "0xffffc90000004ff8", reportLine: "  not mapped: PDPT[0] is not present",
      rule: "RT-026"),
    InjectedFaultCase(
      name: "rsp0-pte", cr2: "0xffffc90000004ff8", reportLine: "  not mapped: PT[4] is not present",
      rule: "RT-026"),
    InjectedFaultCase(
      name: "rsp0-ro", cr2: "0xffffc90000004ff8", reportLine: "r-- supervisor; read-only by PT[4]",
      rule: "RT-026"),
    InjectedFaultCase(name: "rsp0-zero", cr2: "0xfffffffffffffff8", reportLine: "RSP0: 0x0", rule: "RT-025"),
    // #SS and not #PF: CR2 holds whatever was there before.
    InjectedFaultCase(name: "rsp0-noncanon", cr2: nil, reportLine: "RSP0: 0x900000000000", rule: "RT-024"),
  ]
}

@Suite("An injected fault")
struct InjectedFaultTests {
  @Test(
    "double-faults at the program's first int 0x80", arguments: KernelBuild.allCases, InjectedFaultCase.all)
  func doubleFault(_ kernel: KernelBuild, _ fault: InjectedFaultCase) throws {
    let boot = try Emulator.boot(kernel, "fault=\(fault.name)")
    #expect(boot.status == MachineStatus.doubleFault, "\(boot.output)")
    #expect(boot.output.contains("DOUBLE FAULT - Error Code: 0x0\n"))
    #expect(boot.output.contains("Instruction Pointer: 0x10000019\n"))
    #expect(boot.output.contains("Code Segment: SegmentSelector { index: 6, rpl: Ring3 }\n"))
    if let cr2 = fault.cr2 { #expect(boot.output.contains("CR2: \(cr2)\n")) }
    #expect(boot.output.contains(fault.reportLine), "\(boot.output)")
    #expect(!boot.output.contains("Hello from userspace!"), "Ring 3 wrote nothing, so nothing may be printed")
  }

  @Test(
    "is refused by the kernel's own audit", arguments: InjectedFaultCase.all,
    [(KernelBuild.release, "fast"), (.release, "full"), (.debug, "fast"), (.debug, "full")])
  func audit(_ fault: InjectedFaultCase, _ mode: (kernel: KernelBuild, audit: String)) throws {
    let boot = try Emulator.boot(mode.kernel, "fault=\(fault.name) assert=\(mode.audit)")
    #expect(boot.status == MachineStatus.auditFailed, "\(boot.output)")
    #expect(boot.output.contains("✗ RETURN TO RING 3 REFUSED: process 1, RIP 0x10000000\n\(fault.rule) "))
    #expect(!boot.output.contains("DOUBLE FAULT"))
  }

  @Test(
    "far from the stack is refused by the whole audit alone",
    arguments: [("pml4-diverged", "RT-100"), ("leaf-beyond-ram", "RT-093"), ("table-in-hole", "RT-092")])
  func declaredToTheWholeAudit(_ fault: String, _ rule: String) throws {
    let boot = try Emulator.boot(.release, "fault=\(fault) assert=full")
    #expect(boot.status == MachineStatus.auditFailed, "\(boot.output)")
    #expect(boot.output.contains("✗ RETURN TO RING 3 REFUSED: process 1, RIP 0x10000000\n\(rule) "))
  }

  @Test("shows the first fault where #PF has a stack of its own")
  func pageFaultStack() throws {
    let boot = try Emulator.boot(.release, "fault=rsp0-pte,pfist")
    // The page fault came out of Ring 3, so it ends the process, and the baseline with it.
    #expect(boot.status == MachineStatus.baselineFailed)
    #expect(
      boot.output.contains(
        "✗ Process 1 killed: #PF (vector 14), error 0x2, RIP 0x10000019, CS 0x33, CR2 0xffffc90000004ff8"))
  }

  /// Nothing but the entry changes: CR3 is not loaded, RSP0 not written.
  @Test("after so many returns double-faults in the middle of the work", arguments: KernelBuild.allCases)
  func late(_ kernel: KernelBuild) throws {
    let boot = try Emulator.boot(kernel, "fault=rsp0-pte,after=5000 init=/getpids")
    #expect(boot.status == MachineStatus.doubleFault, "\(boot.output)")
    #expect(boot.output.contains("✓ BASELINE PASSED"))
    #expect(boot.output.contains("DOUBLE FAULT - Error Code: 0x0\n"))
    #expect(!boot.output.contains("getpids: "))
  }

  @Test("shuts the machine down where #DF has no stack of its own")
  func tripleFault() throws {
    let boot = try Emulator.boot(.release, "fault=rsp0-pte,dfnoist")
    #expect(boot.status == MachineStatus.shutdown)
    #expect(!boot.output.contains("DOUBLE FAULT"))
  }

  @Test("none at all is a healthy boot")
  func none() throws {
    #expect(try Emulator.boot(.release, "fault=none").status == MachineStatus.success)
  }
}
