/// What QEMU's interrupt log (`log int,cpu_reset`, TCG only) says of one step of a delivery.
public enum RecordedEvent: Equatable, Sendable {
  case delivery(RecordedDelivery)
  /// `Triple fault`: the exception before it could not be delivered, and neither could #DF.
  case shutdown
}

/// One attempt to deliver an event, with the registers before it.
public struct RecordedDelivery: Equatable, Sendable {
  public enum Origin: Equatable, Sendable {
    /// `int n` or `int3`.
    case software
    /// A controller's interrupt or an NMI.
    case external
    /// Raised by an instruction or by the delivery before it. `during`: the exception that was being delivered, which
    /// QEMU keeps for #DE, #TS ... #GP, #PF and #DF only; nil for none of them.
    case exception(during: UInt8?)
  }

  public let vector: UInt8
  /// 0 also where the vector has none.
  public let errorCode: UInt64
  public let origin: Origin
  public let privilege: UInt8
  public let rip: UInt64
  public let rsp: UInt64
  /// CR2, of a page fault.
  public let faultAddress: UInt64?

  public init(
    vector: UInt8, errorCode: UInt64, origin: Origin, privilege: UInt8, rip: UInt64, rsp: UInt64,
    faultAddress: UInt64?
  ) {
    self.vector = vector
    self.errorCode = errorCode
    self.origin = origin
    self.privilege = privilege
    self.rip = rip
    self.rsp = rsp
    self.faultAddress = faultAddress
  }

  /// Reads `1: v=0e e=0002 i=0 cpl=3 IP=0033:0000000010000019 pc=... SP=002b:00007fffeffffff0 CR2=...`; nil for any
  /// other line. The words before `raised` say where it comes from.
  fileprivate init?(parsing line: Substring, raised: UInt8??) {
    let words = line.split(separator: " ")
    guard words.count > 1, words[0].last == ":", words[0].dropLast().allSatisfy(\.isWholeNumber),
      words[1].hasPrefix("v=")
    else { return nil }
    func word(_ name: String) -> Substring? {
      words.first { $0.hasPrefix(name + "=") }?.dropFirst(name.count + 1)
    }
    /// The offset of `SELECTOR:OFFSET`.
    func offset(_ name: String) -> UInt64? {
      word(name)?.split(separator: ":").last.flatMap { UInt64($0, radix: 16) }
    }
    guard let vector = word("v").flatMap({ UInt8($0, radix: 16) }),
      let errorCode = word("e").flatMap({ UInt64($0, radix: 16) }),
      let privilege = word("cpl").flatMap({ UInt8($0) }), let rip = offset("IP"), let rsp = offset("SP"),
      let isSoftware = word("i")
    else { return nil }
    let origin: Origin =
      if isSoftware != "0" { .software } else if let raised { .exception(during: raised) } else { .external }
    self.init(
      vector: vector, errorCode: errorCode, origin: origin, privilege: privilege, rip: rip, rsp: rsp,
      faultAddress: offset("CR2"))
  }
}

extension RecordedEvent {
  /// All that `log` tells, in its order. Its first line may lack its beginning.
  public static func events(in log: String) -> [RecordedEvent] {
    var events: [RecordedEvent] = []
    // What was being delivered when the next exception was raised; outer nil: none was raised.
    var raised: UInt8??
    for line in log.split(whereSeparator: \.isNewline) {
      if line.hasPrefix("check_exception ") {
        raised = .some(pendingException(line))
      } else if line.hasPrefix("Triple fault") {
        events.append(.shutdown)
        raised = nil
      } else if let delivery = RecordedDelivery(parsing: line, raised: raised) {
        events.append(.delivery(delivery))
        raised = nil
      }
    }
    return events
  }

  /// `0xe` of `check_exception old: 0xe new 0xe`; nil for 0xffffffff, which is none.
  private static func pendingException(_ line: Substring) -> UInt8? {
    let words = line.split(separator: " ")
    guard words.count > 2, words[1] == "old:", words[2].hasPrefix("0x") else { return nil }
    return UInt8(words[2].dropFirst(2), radix: 16)
  }
}
