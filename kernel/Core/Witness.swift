/// Remembers what the watched processes did, so that the baseline test judges what Ring 3 really did and nothing
/// that the kernel believes about it.
public struct Witness: Sendable {
  public static let capacity = 160

  /// What one watched process did.
  public struct Record: Sendable {
    public let process: UInt64
    /// The first bytes that it wrote, and how many it wrote in all.
    public private(set) var output = InlineArray<160, UInt8>(repeating: 0)
    public private(set) var outputCount = 0
    /// Nil while it lives.
    public fileprivate(set) var status: Int32?
    public fileprivate(set) var preemptions: UInt64 = 0
    /// The RIP that its first `int 0x80` saved, 0 before.
    public fileprivate(set) var firstCallRIP: UInt64 = 0

    init(process: UInt64) { self.process = process }

    fileprivate mutating func append(_ byte: UInt8) {
      if outputCount < Witness.capacity { output[outputCount] = byte }
      outputCount += 1
    }
  }

  private var records = InlineArray<2, Record?>(repeating: nil)

  public init() {}

  /// Watches one process, or two, from now on.
  public mutating func watch(_ first: UInt64, _ second: UInt64? = nil) {
    records[0] = Record(process: first)
    records[1] = second.map { Record(process: $0) }
  }

  public mutating func stop() {
    records[0] = nil
    records[1] = nil
  }

  public subscript(process: UInt64) -> Record? {
    for position in 0..<2 where records[position]?.process == process { return records[position] }
    return nil
  }

  /// Process `process` entered by `int 0x80`; true when it was its first time.
  public mutating func called(from rip: UInt64, by process: UInt64) -> Bool {
    for position in 0..<2
    where records[position]?.process == process && records[position]?.firstCallRIP == 0 {
      records[position]?.firstCallRIP = rip
      return true
    }
    return false
  }

  mutating func wrote(_ byte: UInt8, by process: UInt64) {
    for position in 0..<2 where records[position]?.process == process { records[position]?.append(byte) }
  }

  mutating func ended(_ process: Process, status: Int32) {
    for position in 0..<2 where records[position]?.process == process.id {
      records[position]?.status = status
      records[position]?.preemptions = process.preemptions
    }
  }
}
