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
    }
  }

  /// What became of one look at everything again.
  enum Comparison: Sendable {
    case equal
    /// The first entry that allows less than it did, where there is one.
    case different(narrowed: (RecordedRead, before: RecordedRead)?)
  }

  let key: Key
  /// In the order of their addresses.
  let reads: [RecordedRead]
  /// The answers of the rules that are not about one return.
  let findings: [Finding]

  /// Reads everything again.
  func compare(with machine: inout some MachineView) -> Comparison {
    for read in reads { machine.prefetch(read.address, byteCount: 8) }
    var isEqual = true
    for read in reads {
      let value = read.kind == .entry ? machine.loadEntry(read.address) : machine.load(read.address)
      let now = RecordedRead(read.address, read.kind, value)
      guard now != read else { continue }
      isEqual = false
      if now.isNarrower(than: read) { return .different(narrowed: (now, before: read)) }
    }
    return isEqual ? .equal : .different(narrowed: nil)
  }
}

/// Keeps each read once. A qword that serves both as an entry and as something else is compared whole.
struct ReadSet: ReadRecorder {
  private var byAddress: [UInt64: RecordedRead] = [:]

  mutating func record(_ read: RecordedRead) {
    if let known = byAddress[read.address.rawValue], known.kind == .data { return }
    byAddress[read.address.rawValue] = read
  }

  var count: Int { byAddress.count }
  var reads: [RecordedRead] { byAddress.values.sorted { $0.address < $1.address } }
}
