import RingTransition
import X86

/// Every qword that an audit without complaint read of what returns have in common, with what it came to. As long as all
/// of them and the registers stand, so do the answers: another audit need not walk.
///
/// The same CR3 never means the same mappings, so all that is kept is read again each time.
struct ValidatedSet: Sendable {
  /// The registers and declarations that the answers hang on.
  struct Key: Equatable, Sendable {
    private let segments: [SegmentCache?]
    private let tables: [TableRegister?]
    private let words: [UInt64?]
    private let features: ProcessorFeatures
    private let vendor: ProcessorVendor
    private let kernel: KernelTable?
    private let root: PhysicalFrame

    init(_ file: RegisterFile, _ declared: KernelDeclarations) {
      segments = [file.taskRegister, file.localTable]
      tables = [file.globalTable, file.interruptTable]
      words = [
        file.rip, UInt64(file.cs.rawValue), file.cr0.rawValue, file.cr3.rawValue, file.cr4.rawValue,
        file.efer.rawValue, file.star, file.lstar, file.cstar, file.syscallMask, file.sysenterCS,
        file.sysenterESP, file.sysenterEIP, file.pageAttributeTable, file.pkru, file.pkrs, file.xcr0,
        file.physicalAddressBits.map(UInt64.init),
        declared.interruptControllerBase.map(UInt64.init),
      ]
      features = file.features
      vendor = file.vendor
      kernel = declared.table
      root = file.cr3.root
    }

    /// True for the same table of the same process; its frame may have had another use between two processes.
    func isSameSpace(as other: Key) -> Bool {
      root == other.root && kernel?.process?.number == other.kernel?.process?.number
    }
  }

  /// What became of one look at everything again.
  enum Comparison: Sendable {
    /// All of it, A and D included: what those rules may use that are asked anew.
    case equal(KnownQwords)
    /// The first entry that allows less than it did, where there is one.
    case different(narrowed: (RecordedRead, before: RecordedRead)?)
  }

  let key: Key
  /// In the order of their addresses.
  let reads: [RecordedRead]
  /// Where the GDT and the IDT lie; what was read of them is read again in blocks.
  let tables: DescriptorTableFrames
  /// The answers of the rules that are not about one return.
  let findings: [Finding]
  /// The addresses of ``reads``, and what brings those in GDT and IDT.
  private let addresses: [UInt64]
  private let blocks: [DescriptorTableFrames.Block]
  /// What the last audit that leaned on this read beside it, and what that came to.
  private var usual: (others: [UInt64], tally: ReadTally)?

  init(key: Key, reads: [RecordedRead], tables: DescriptorTableFrames, findings: [Finding]) {
    self.key = key
    self.reads = reads
    self.tables = tables
    self.findings = findings
    addresses = reads.map(\.address.rawValue)
    blocks = tables.blocks(of: addresses)
  }

  /// Reads everything again, and each qword once.
  func compare(with machine: inout some MachineView) -> Comparison {
    for read in reads { machine.prefetch(read.address, byteCount: 8) }
    for block in blocks {
      machine.prefetch(PhysicalAddress(truncating: block.address), byteCount: block.byteCount)
    }
    var values: [UInt64?] = []
    values.reserveCapacity(reads.count)
    var isEqual = true
    for read in reads {
      let value = machine.load(read.address)
      values.append(value)
      let now = RecordedRead(read.address, read.kind, value)
      guard now != read else { continue }
      isEqual = false
      if now.isNarrower(than: read) { return .different(narrowed: (now, before: read)) }
    }
    return isEqual ? .equal(KnownQwords(addresses, values)) : .different(narrowed: nil)
  }

  /// What an audit read that compared this set and read `others`.
  mutating func tally(with others: [UInt64]) -> ReadTally {
    if let usual, usual.others == others { return usual.tally }
    let tally = ReadTally(of: Set(addresses).union(others), tables)
    usual = (others, tally)
    return tally
  }
}

/// Keeps each read once. A qword that serves both as an entry and as something else is compared whole.
struct ReadSet: ReadRecorder {
  private var byAddress: [UInt64: RecordedRead] = [:]

  mutating func record(_ read: RecordedRead) {
    if let known = byAddress[read.address.rawValue], known.kind == .data { return }
    byAddress[read.address.rawValue] = read
  }

  var addresses: Set<UInt64> { Set(byAddress.keys) }
  var reads: [RecordedRead] { byAddress.values.sorted { $0.address < $1.address } }
}
