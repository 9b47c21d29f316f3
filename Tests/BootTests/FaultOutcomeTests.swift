import Foundation
import Testing

/// Every fault of the list without any debugger: what the processor pushed must be what the specification says.
@Suite("A fault of the specification")
struct FaultOutcomeTests {
  /// What needs a monitor (`nmi`), never ends (`hang`) or ends the emulator (`abort`) is for the fault matrix.
  private static let specified: [SpecifiedFault] = {
    let all = (try? SpecifiedFault.load()) ?? []
    return all.filter { fault in
      !fault.option.hasSuffix(",nmi") && !fault.outcome.kinds.contains(where: ["hang", "abort"].contains)
    }
  }()

  private static let symbols: [KernelBuild: [String: UInt64]] = {
    let pairs = KernelBuild.allCases.map { kernel -> (KernelBuild, [String: UInt64]) in
      guard let listing = try? run("nm", [kernel.path]) else { return (kernel, [:]) }
      let words = listing.lines.map { $0.split(separator: " ") }.filter { $0.count == 3 }
      return (
        kernel,
        Dictionary(
          words.map { (String($0[2]), UInt64($0[0], radix: 16) ?? 0) },
          uniquingKeysWith: { first, _ in first })
      )
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }()

  @Test func theTableWasRead() { #expect(Self.specified.count > 100) }

  @Test("comes to what it must", arguments: KernelBuild.allCases, specified)
  func outcome(_ kernel: KernelBuild, _ fault: SpecifiedFault) throws {
    let processors = fault.option.hasPrefix("smp-") ? ["-smp", "2"] : []
    let boot = try Emulator.boot(kernel, "fault=" + fault.option, extra: processors)
    #expect(!boot.timedOut, "\(boot.output)")
    let printed = PrintedOutcome.all(in: boot.output)
    let expected = fault.outcome
    if fault.option == "none" {
      #expect(boot.status == MachineStatus.success)
      #expect(printed.isEmpty)
    } else if expected.kinds == ["shutdown"] {
      #expect(boot.status == MachineStatus.shutdown, "\(boot.output)")
      // The one that the handler itself brings about comes after an entry that is well.
      let entries: [UInt64?] = fault.option == "cr3-zero" ? [0x80] : []
      #expect(printed.map { $0["vector"] } == entries, "\(boot.output)")
    } else if expected.kinds == ["works"] {
      #expect(boot.status == MachineStatus.success, "\(boot.output)")
    } else if expected.kinds == ["depends"] || expected.kinds == ["lost"] {
      #expect(!printed.isEmpty, "\(boot.output)")
    } else {
      // A fault that lets the system call through may still show later; any other shows in the last entry.
      let decisive = expected.kinds == ["int80"] ? printed.first : printed.last
      judge(try #require(decisive, "\(boot.output)"), fault, boot, kernel)
    }
  }

  private func judge(
    _ printed: PrintedOutcome, _ fault: SpecifiedFault, _ boot: Finished, _ kernel: KernelBuild
  ) {
    let expected = fault.outcome
    let vectors = expected.kinds.compactMap { ExpectedOutcome.vectors[$0] }
    #expect(vectors.count == expected.kinds.count)
    #expect(vectors.contains(printed["vector"] ?? .max), "\(printed.words)")
    if expected.isShifted {
      // RIP stands where the error code should, and CS where RIP should.
      #expect(printed["rip"] == 0x33 && printed.words["ss"] == "none", "\(printed.words)")
      #expect(boot.status == MachineStatus.kernelFault)
      return
    }
    if expected.isKernel { #expect((printed["cs"] ?? 3) & 3 == 0, "\(printed.words)") }
    // What lies in memory is not printed.
    for (name, text) in expected.fields where !name.hasPrefix("B") { check(name, text, printed, kernel) }
    switch (expected.kinds[0], expected.isKernel) {
    // What the TLB hides it hides until it needs the place.
    case ("int80", _) where fault.row == "FI-64": break
    case ("int80", _): #expect(boot.status == MachineStatus.success, "\(boot.output)")
    case ("#DF", _) where expected.kinds.count == 1: #expect(boot.status == MachineStatus.doubleFault)
    case (_, true): #expect([MachineStatus.kernelFault, MachineStatus.doubleFault].contains(boot.status))
    default: #expect(boot.status == MachineStatus.baselineFailed, "the process was killed: \(boot.output)")
    }
  }

  /// The running example's stack is the one of the first process; the NMI's is the processor's second.
  private func check(_ name: String, _ text: String, _ printed: PrintedOutcome, _ kernel: KernelBuild) {
    let symbols = Self.symbols[kernel] ?? [:]
    let words = "\(printed.words)"
    let value = name == "cpl" ? printed["cs"].map { $0 & 3 } : printed[name]
    switch text {
    // Nothing of a boot raises #PF before.
    case "UNCHANGED": #expect(value == 0, "\(words)")
    case "A-48": #expect(value == 0xffff_c900_0000_4fd0, "\(words)")
    case "B": #expect(value == 0xffff_c900_0000_1000, "\(words)")
    case "USP-48": #expect(value == printed["rsp"].map { $0 & ~15 &- 48 }, "\(words)")
    case "A-8": #expect(value == 0xffff_c900_0000_4ff8, "\(words)")
    case "B-8": #expect(value == 0xffff_c900_0000_0ff8, "\(words)")
    case "IST2-8": #expect(value == 0xffff_c980_0005_0ff8, "\(words)")
    case "USP-8": #expect(value == printed["rsp"].map { $0 & ~15 &- 8 }, "\(words)")
    case "GUARD":
      // The push that met the guard page, at most one trap frame below RSP.
      let stack = printed["rsp"] ?? 0
      #expect((value ?? 0) < 0xffff_c900_0000_1000 && stack &- (value ?? 0) <= 4096, "\(words)")
    case "GATE80": #expect(value.map { $0 % 4096 } == 0 && (value ?? 0) >> 63 == 1, "\(words)")
    case "HANDLER80":
      let stub = symbols["trap_stubs"].map { $0 + 16 * 0x80 }
      #expect(value == stub || value == symbols["fault_handler"], "\(words)")
    case "LSTAR": #expect(value == symbols["syscall_entry"], "\(words)")
    case "IRETQ": #expect(value == symbols["user_return"], "\(words)")
    case "SYSRETQ": #expect(value == symbols["user_return_sysret"], "\(words)")
    default:
      let number = text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
      #expect(number != nil && value == number, "\(name)=\(text): \(words)")
    }
  }
}
