import Session
import Symbols
import X86

/// The return instructions in what Ring 0 can execute now, for a kernel of whose code nobody has a file.
///
/// `48 CF` and `48 0F 07` are searched in the supervisor's executable pages; of what is found the places count at which most
/// likely an instruction begins (``InstructionStarts``).
public struct ReturnSiteSearch: Sendable {
  public struct Found: Equatable, Sendable {
    public let address: VirtualAddress
    public let mnemonic: String
    public let certainty: InstructionStarts.Certainty
    /// True for an IRETQ that leads to the instruction behind it: see ``SelfReturn``.
    public let leadsBack: Bool
  }

  /// Those that can lead to Ring 3, in the order of their addresses.
  public private(set) var returns: [Found] = []
  /// SYSRET and SYSEXIT in the forms that lead to compatibility mode, where an instruction surely begins.
  public private(set) var compatibilityReturns: Set<UInt64> = []
  /// Instructions that load TR, LDTR, GDTR, IDTR or a debug register.
  public private(set) var tableLoads: Set<UInt64> = []
  /// False where there was more code than is searched.
  public private(set) var isComplete: Bool

  /// What is read at once. Before and behind it stands what decides about its first and last bytes.
  private static let pieceByteCount: UInt64 = 1 << 20
  private static let longest: UInt64 = 15

  /// Searches `ranges` as far as `mostBytes` go. What was judged before, in `judged`, is not judged again.
  public init(
    in machine: any Debuggee, _ ranges: ExecutableRanges, mostBytes: UInt64, judged: inout JudgedCode
  ) throws(SymbolError) {
    isComplete = ranges.isComplete
    let starts = try InstructionStarts()
    var left = mostBytes
    for range in ranges.ranges {
      var place = range.start
      var rest = range.byteCount
      while rest > 0, left > 0 {
        let count = min(rest, Self.pieceByteCount, left)
        let before = min(place.rawValue &- range.start.rawValue, UInt64(InstructionStarts.window))
        let wanted = before + min(rest, count + Self.longest)
        let bytes = machine.code(at: place - before, count: Int(wanted))
        if UInt64(bytes.count) < wanted { isComplete = false }
        note(bytes, at: place - before, from: Int(before), limit: Int(before + count), starts, &judged)
        place = place + count
        rest -= count
        left -= count
      }
      if rest > 0 { isComplete = false }
    }
    returns.sort { $0.address < $1.address }
  }

  private mutating func note(
    _ bytes: [UInt8], at start: VirtualAddress, from first: Int, limit: Int, _ starts: InstructionStarts,
    _ judged: inout JudgedCode
  ) {
    let end = min(limit, bytes.count)
    for index in CandidateCode.places(in: bytes) where index >= first && index < end {
      guard let kind = CandidateCode(bytes[index...]) else { continue }
      let address = start + UInt64(index)
      let window = bytes[max(0, index - InstructionStarts.window)..<min(bytes.count, index + 4)]
      let certainty = judged.certainty(of: address, window) { starts.certainty(of: index, in: bytes[...]) }
      guard certainty >= .plausible else { continue }
      switch kind {
      case .interruptReturn, .systemReturn:
        let isInterrupt = kind == .interruptReturn
        returns.append(
          Found(
            address: address,
            mnemonic: isInterrupt ? ReturnInstruction.interruptReturn : ReturnInstruction.systemReturn,
            certainty: certainty,
            leadsBack: isInterrupt && SelfReturn.stands(at: index, in: bytes[...], address: address)))
      case .compatibilityReturn: if certainty == .sure { compatibilityReturns.insert(address.rawValue) }
      case .tableLoad: if certainty == .sure { tableLoads.insert(address.rawValue) }
      }
    }
  }
}

/// What was found out about bytes of code at an address, until they change.
public struct JudgedCode: Sendable {
  private var known: [UInt64: (bytes: [UInt8], certainty: InstructionStarts.Certainty)] = [:]
  private static let limit = 1 << 16

  public init() {}

  mutating func certainty(
    of address: VirtualAddress, _ bytes: ArraySlice<UInt8>, _ judge: () -> InstructionStarts.Certainty
  ) -> InstructionStarts.Certainty {
    if let before = known[address.rawValue], before.bytes[...] == bytes { return before.certainty }
    if known.count >= Self.limit { known.removeAll() }
    let certainty = judge()
    known[address.rawValue] = (Array(bytes), certainty)
    return certainty
  }
}
