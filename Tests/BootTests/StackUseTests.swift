import Foundation
import Testing

/// How deep the kernel's code goes on the stacks of the processor, unoptimised code too: the whole audit and the reports of
/// faults run there, and below a stack is nothing.
@Suite("the processor's stacks", .serialized)
struct StackUseTests {
  struct Boot: CustomTestStringConvertible, Sendable {
    let words: String
    /// The slot of a stack that the boot uses for certain: 1 for IST1 to 6 for IST6, 7 for the one of the way out.
    let used: Int

    var testDescription: String { words }
  }

  /// The reports of a healthy boot, a refused return, a double fault, and faults of the kernel.
  private static let boots = [
    Boot(words: "assert=full", used: 7), Boot(words: "assert=full fault=rsp0-pml4", used: 7),
    Boot(words: "assert=off fault=rsp0-pml4", used: 1), Boot(words: "assert=off fault=rsp0-zero", used: 1),
  ]

  /// StackRegion.processor: 30 pages above a guard page in each slot of 128 KiB.
  private static let base: UInt64 = 0xffff_c980_0000_0000
  private static let slotBytes: UInt64 = 0x2_0000
  private static let stackBytes: UInt64 = 30 * 4096
  private static let slots = 1...7

  @Test("a quarter of each is never touched", arguments: KernelBuild.allCases, boots)
  func use(build: KernelBuild, boot: Boot) throws {
    // Without the device that ends QEMU the kernel halts at its end, with interrupts off, and can be read.
    let machine = try BareMachine(
      nil,
      [
        "-m", "256M", "-no-reboot", "-kernel", build.path, "-initrd", Repository.initrd, "-append",
        boot.words,
      ])
    #expect(try machine.rests(), "the kernel does not come to its end")
    let qwords = Self.stackBytes / 8
    let dumps = Self.slots.map { slot in
      "x/\(qwords)gx \(Self.base + UInt64(slot) * Self.slotBytes + 4096)"
    }
    let kdbg = try machine.ask(dumps)
    var untouched: [Int: UInt64] = [:]
    for line in kdbg.lines {
      let parts = line.split(separator: ":")
      guard parts.count == 2, let address = UInt64(parts[0].dropFirst(2), radix: 16) else { continue }
      let slot = Int((address - Self.base) / Self.slotBytes)
      let isTouched = parts[1].split(whereSeparator: \.isWhitespace).contains {
        UInt64($0.dropFirst(2), radix: 16) != 0
      }
      if isTouched, untouched[slot] == nil {
        untouched[slot] = address - Self.base - UInt64(slot) * Self.slotBytes - 4096
      }
    }
    #expect(untouched[boot.used] != nil, "\(kdbg.errors)")
    for (slot, bytes) in untouched {
      #expect(bytes >= Self.stackBytes / 4, "stack \(slot): \(bytes) bytes are left of \(Self.stackBytes)")
    }
  }
}

extension BareMachine {
  /// True when the processor stands in HLT with interrupts off, some time.
  fileprivate func rests() throws -> Bool {
    try waits(
      while: { process.isRunning },
      for: {
        let answer = try ask(["monitor info registers", "print $rflags & 0x200"]).output
        return answer.contains("HLT=1") && answer.contains("0x0 (0)")
      })
  }
}
