import TestSupport
import Testing
import X86

/// A run that reaches to the end of its table is found by another loop than one that ends before. Both must come to the
/// same.
@Suite struct WholeTableRunTests {
  /// What spoils a run, at one entry of it.
  enum Break: CaseIterable {
    case otherFrame, noWrite, user, noCache, noExecute, absent
  }

  private static let leaf: UInt64 = 0x8000_0000_0000_0003

  /// A full table, spoilt at `index`; entries at even places have been accessed and written, which breaks no run.
  private func entries(_ spoilt: (at: Int, by: Break)?) -> [UInt64] {
    var entries = (0..<512 as Range<UInt64>).map {
      Self.leaf | (0x100_000 + $0 << 12) | ($0 % 2) << 5 | ($0 % 3) << 6 & 0x40
    }
    guard let spoilt else { return entries }
    switch spoilt.by {
    case .otherFrame: entries[spoilt.at] ^= 1 << 30
    case .noWrite: entries[spoilt.at] ^= 1 << 1
    case .user: entries[spoilt.at] ^= 1 << 2
    case .noCache: entries[spoilt.at] ^= 1 << 4
    case .noExecute: entries[spoilt.at] ^= 1 << 63
    case .absent: entries[spoilt.at] = 0
    }
    return entries
  }

  private func runs(_ entries: [UInt64], from first: UInt64 = 0, through last: UInt64 = .max) -> [LeafRun] {
    var machine = TestMachine()
    machine.registers.cr0 = .protectionEnable | .paging | .writeProtect
    machine.registers.cr4 = .physicalAddressExtension
    machine.registers.efer = .longModeEnable | .longModeActive | .noExecuteEnable
    machine.registers.physicalAddressBits = 40
    machine.registers.cr3 = CR3(root: machine.allocateFrame())
    machine.map(0, to: PhysicalAddress(truncating: 0x100_000), flags: .present | .writable | .noExecute)
    for (index, entry) in entries.enumerated() {
      machine.edit(.pageTable, of: UInt64(index) << 12) { _ in entry }
    }
    var scan = PageTableScan(
      root: machine.root, mode: machine.mode, from: VirtualAddress(first), through: VirtualAddress(last))
    var found: [LeafRun] = []
    while let item = scan.next(memory: &machine) {
      if case .leaves(let run) = item { found.append(run) }
    }
    return found
  }

  @Test func aWholeTable() {
    let runs = runs(entries(nil))
    #expect(runs.map(\.count) == [512])
    #expect(runs.first?.isContiguous == true)
    #expect(runs.first?.lowest.rawValue == 0x100_000)
    #expect(runs.first?.highest.rawValue == 0x2ff_000)
  }

  /// From any entry on, and up to any.
  @Test(arguments: [0, 1, 2, 7, 8, 255, 510, 511] as [UInt64], [0, 1, 8, 300, 511] as [UInt64])
  func aPart(first: UInt64, last: UInt64) {
    guard first <= last else { return }
    let runs = runs(entries(nil), from: first << 12, through: last << 12 | 0xfff)
    #expect(runs.map(\.count) == [Int(last - first) + 1])
    #expect(runs.first?.physical.rawValue == 0x100_000 + first << 12)
    #expect(runs.first?.highest.rawValue == 0x100_000 + last << 12)
    #expect(runs.first?.isContiguous == true)
  }

  /// Spoilt at every entry but the first, where the run only begins otherwise.
  @Test(arguments: Break.allCases)
  func spoilt(by cause: Break) {
    for place in 1..<512 {
      let runs = runs(entries((place, cause)))
      let rest = 511 - place
      let areContiguous = runs.allSatisfy { $0.isContiguous }
      switch cause {
      case .otherFrame:
        #expect(runs.map(\.count) == [512])
        #expect(runs.first?.isContiguous == false)
        let strange = (0x100_000 + UInt64(place) << 12) ^ 1 << 30
        #expect(runs.first?.highest.rawValue == strange)
      case .absent:
        #expect(runs.map(\.count) == (rest > 0 ? [place, rest] : [place]), "\(place)")
        #expect(areContiguous)
      default:
        #expect(runs.map(\.count) == (rest > 0 ? [place, 1, rest] : [place, 1]), "\(place)")
        #expect(areContiguous)
      }
    }
  }
}
