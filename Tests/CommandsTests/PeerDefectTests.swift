import Inspect
import Session
import Testing
import X86

/// What other debuggers are known to get wrong, one by one. Defects of listings of whole tables are with `map`.
@Suite struct PeerDefectTests {
  /// A debugger's defect, a machine that shows it, and what kdbg says there.
  struct Defect: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let command: String
    let words: [String]
    /// What must not be said.
    var nonsense: [String] = []
    let prepare: @Sendable (FakeMachine) -> Void
  }

  /// The process's user code at 0x10000000: PML4[0], PDPT[0], PD[128], PT[0].
  private static let address: UInt64 = 0x1000_0000

  private enum Level: Int {
    case directory = 1
    case table = 2
    case page = 3
  }

  /// Where the entry for ``address`` stands in the table of a level.
  private static func slot(_ machine: FakeMachine, _ level: Level) -> UInt64 {
    var table = RunningExample.processCR3
    for index in [0, 0, 128][..<level.rawValue] {
      table = machine.qwords[table + UInt64(index * 8), default: 0] & PageTableEntry.addressMask
    }
    return table + UInt64([0, 0, 128, 0][level.rawValue] * 8)
  }

  private static func change(
    _ machine: FakeMachine, _ level: Level, _ body: (UInt64) -> UInt64
  ) {
    let slot = slot(machine, level)
    machine.store(body(machine.qwords[slot, default: 0]), at: slot)
  }

  static let defects = [
    Defect(
      testDescription: "gdb-pt-dump -walk: a no-execute entry above the page ends in a traceback",
      command: "walk 0x10000000", words: ["mapped to physical", "no-execute by PD[128]"],
      nonsense: ["0x80000000002"]
    ) { change($0, .table) { $0 | 1 << 63 } },
    Defect(
      testDescription: "gdb-pt-dump: a page is writable although its page directory's entry is not",
      command: "walk 0x10000000", words: ["r-x user", "read-only by PD[128]"]
    ) {
      change($0, .page) { $0 | 2 }
      change($0, .table) { $0 & ~2 }
    },
    Defect(
      testDescription: "gdb-pt-dump, pwndbg: a page is for Ring 3 although an entry above it is not",
      command: "walk 0x10000000", words: ["supervisor", "supervisor by PD[128]"], nonsense: ["user\n"]
    ) { change($0, .table) { $0 & ~4 } },
    Defect(
      testDescription: "gdb-pt-dump: a table outside of memory silences everything",
      command: "walk 0x10000000", words: ["PT[0] at 0x1000000000 cannot be read"]
    ) { change($0, .table) { $0 & 0xfff | 0x10_0000_0000 } },
    Defect(
      testDescription: "all: reserved bits of a 2 MiB page go unsaid",
      command: "walk 0x10000000", words: ["reserved bits 0x1e000 set", "not mapped"]
    ) { change($0, .table) { _ in 0x21_e087 } },
    Defect(
      testDescription: "bata24/gef: the PAT bit of a 2 MiB page is taken for a part of its address",
      command: "walk 0x10000123", words: ["P W U PS PAT", "mapped to physical 0x200123, 2 MiB page"]
    ) { change($0, .table) { _ in 0x20_1087 } },
    Defect(
      testDescription: "gdb-pt-dump: the PAT bit of a 4 KiB page is looked for at bit 12",
      command: "walk 0x10000000", words: ["P U A PAT", "4 KiB page 0x3000"]
    ) { change($0, .page) { _ in 0x30a5 } },
    Defect(
      testDescription: "gdb-pt-dump: accessed is never set, and dirty is upside down",
      command: "walk 0x10000000", words: ["P W U A  4 KiB", "mapped"], nonsense: ["P W U A D"]
    ) { change($0, .page) { _ in 0x3027 } },
    Defect(
      testDescription: "gdb-pt-dump: dirty is upside down, the other way",
      command: "walk 0x10000000", words: ["P W U A D  4 KiB"]
    ) { change($0, .page) { _ in 0x3067 } },
    Defect(
      testDescription: "pwndbg: an entry that is not zero counts as present",
      command: "walk 0x10000000", words: ["not mapped: PD[128] is not present"]
    ) { change($0, .table) { $0 & ~1 } },
    Defect(
      testDescription: "gdb-pt-dump: with five levels an address under PML5[0] is extended by 48 bits",
      command: "walk 0x0000_8000_0000_0000".replacing("_", with: ""),
      words: ["0x0000800000000000", "PML5[0]", "PML4[256]", "mapped to physical 0x5000"],
      nonsense: ["0xffff8"]
    ) { machine in
      machine.registerFile.cr4 = CR4(rawValue: 0x1060)
      machine.registerFile.cr3 = CR3(rawValue: 0x80_0000)
      var tables: [UInt64] = [0x80_0000, 0x80_1000, 0x80_2000, 0x80_3000, 0x80_4000]
      for (index, next) in [0, 256, 0, 0].enumerated() {
        machine.store(tables[index + 1] | 7, at: tables[index] + UInt64(next * 8))
      }
      machine.store(0x5007, at: tables.removeLast())
    },
    Defect(
      testDescription: "crash, WinDbg: with four levels an address of 57 bits is walked all the same",
      command: "walk 0x0000800000000000", words: ["not canonical"], nonsense: ["PML4[256]"]
    ) { _ in },
    Defect(
      testDescription: "bata24/gef idtinfo: the firmware's interrupt vectors are decoded as gates",
      command: "idt", words: ["the processor is in real mode"], nonsense: ["present", "DPL"]
    ) { machine in
      machine.registerFile.cr0 = CR0(rawValue: 0x10)
      machine.registerFile.efer = EFER(rawValue: 0)
      machine.registerFile.interruptTable = TableRegister(base: VirtualAddress(0), limit: 0x3ff)
      for vector in 0..<128 { machine.store(0xf000_ff53_f000_ff53, at: UInt64(vector * 8)) }
    },
    Defect(
      testDescription: "Bochs: the TSS of long mode is shown in the layout of 32 bits",
      command: "tss", words: ["RSP0", "0xffffc90000005000", "IST1"], nonsense: ["esp0", "ss0", "eip"]
    ) { _ in },
    Defect(
      testDescription: "bata24/gef gdtinfo: descriptors bear the names of Linux",
      command: "gdt", words: ["64-bit code"], nonsense: ["KERNEL", "USER", "CS\n"]
    ) { _ in },
    Defect(
      testDescription: "pwndbg: every command fails before paging is on",
      command: "x/1gx 0x1000", words: ["0x1000:\t0x1122334455667788"]
    ) { machine in
      machine.registerFile.cr0 = CR0(rawValue: 0x11)
      machine.registerFile.efer = EFER(rawValue: 0)
      machine.store(0x1122_3344_5566_7788, at: 0x1000)
    },
    Defect(
      testDescription: "QEMU's gdbserver: of a read over an unmapped page nobody learns where it begins",
      command: "x/4gx 0xffffc90000004ff0", words: ["0xffffc90000005000 cannot be read"]
    ) { _ in },
  ]

  @Test(arguments: defects) func isNotRepeated(defect: Defect) {
    let machine = RunningExample.make()
    defect.prepare(machine)
    let text = Transcript(machine).run([defect.command])
    for words in defect.words { #expect(text.contains(words), "\(words)\n\(text)") }
    for words in defect.nonsense { #expect(!text.contains(words), "\(words)\n\(text)") }
  }
}
