import X86

/// The registers that say where the processor's tables are, and the others that only a monitor shows. Nil: not known.
struct SystemRegisters: Equatable {
  var task: SegmentCache?
  var local: SegmentCache?
  var global: TableRegister?
  var interrupt: TableRegister?
  /// The hidden parts of CS and SS.
  var code: SegmentCache?
  var stack: SegmentCache?
  /// DR0...DR3, DR6 and DR7.
  var debugAddress: [UInt64]?
  var debugStatus: UInt64?
  var debugControl: UInt64?

  var isUnknown: Bool { self == SystemRegisters() }

  init(
    task: SegmentCache? = nil, local: SegmentCache? = nil, global: TableRegister? = nil,
    interrupt: TableRegister? = nil
  ) {
    self.task = task
    self.local = local
    self.global = global
    self.interrupt = interrupt
  }

  /// Reads the text of QEMU's `info registers`, of processor `cpu` where it shows several.
  ///
  ///     TR =0040 fffffe0000003000 00004087 00008b00 DPL=0 TSS64-busy
  ///     GDT=     fffffe0000001000 0000007f
  ///
  /// While the code segment is not 64-bit, QEMU cuts segment bases to 32 bits. In long mode such a base may
  /// lack its upper half, so it counts as not known.
  init(parsing text: String, cpu: Int, isLongMode: Bool) {
    let lines = text.utf8.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
    var isWanted = !lines.contains { $0.starts(with: Self.header) }
    for line in lines {
      if line.starts(with: Self.header) {
        let number = line.dropFirst(Self.header.count).prefix { $0 != UInt8(ascii: " ") }
        isWanted = Int(Substring(number)) == cpu
      } else if isWanted, line.dropFirst(3).first == UInt8(ascii: "=") {
        take(line, isLongMode: isLongMode)
      }
    }
  }

  private static let header = Array("CPU#".utf8)

  // Bytes throughout: this may be read at every stop of a long loop.
  private mutating func take(_ line: Substring.UTF8View, isLongMode: Bool) {
    func fields() -> [Substring] {
      line.dropFirst(4).split(separator: UInt8(ascii: " ")).map { Substring($0) }
    }
    switch Substring(line.prefix(3)) {
    case "TR ": task = Self.segment(fields(), isLongMode)
    case "LDT": local = Self.segment(fields(), isLongMode)
    case "GDT": global = Self.table(fields(), isLongMode)
    case "IDT": interrupt = Self.table(fields(), isLongMode)
    case "CS ": code = Self.segment(fields(), isLongMode)
    case "SS ": stack = Self.segment(fields(), isLongMode)
    case "DR0": debugAddress = Self.values(line, count: 4)
    case "DR6":
      guard let values = Self.values(line, count: 2) else { return }
      (debugStatus, debugControl) = (values[0], values[1])
    default: break
    }
  }

  /// The values of `DR6=00000000ffff0ff0 DR7=0000000000000400`; nil unless there are `count`.
  private static func values(_ line: Substring.UTF8View, count: Int) -> [UInt64]? {
    let values = Substring(line).split(separator: " ")
      .compactMap { $0.split(separator: "=").last.flatMap { UInt64($0, radix: 16) } }
    return values.count == count ? values : nil
  }

  private static func base(_ field: Substring, _ isLongMode: Bool) -> UInt64? {
    field.utf8.count == 16 || !isLongMode ? UInt64(field, radix: 16) : nil
  }

  private static func segment(_ fields: [Substring], _ isLongMode: Bool) -> SegmentCache? {
    guard fields.count >= 4, let selector = UInt16(fields[0], radix: 16),
      let base = base(fields[1], isLongMode), let limit = UInt32(fields[2], radix: 16),
      let flags = UInt32(fields[3], radix: 16)
    else { return nil }
    return SegmentCache(
      selector: SegmentSelector(rawValue: selector), base: base, limit: limit,
      attributes: SegmentAttributes(rawValue: UInt16(truncatingIfNeeded: flags >> 8)))
  }

  private static func table(_ fields: [Substring], _ isLongMode: Bool) -> TableRegister? {
    guard fields.count >= 2, let base = base(fields[0], isLongMode),
      let limit = UInt32(fields[1], radix: 16)
    else { return nil }
    return TableRegister(base: VirtualAddress(base), limit: UInt16(truncatingIfNeeded: limit))
  }
}

extension SystemRegisters {
  /// Fills in what is known.
  func apply(to file: inout RegisterFile) {
    file.taskRegister = task
    file.localTable = local
    file.globalTable = global
    file.interruptTable = interrupt
    file.csCache = code
    file.ssCache = stack
    file.debugAddress = debugAddress.map { values in InlineArray { values[$0] } }
    file.debugStatus = debugStatus
    file.debugControl = debugControl
  }
}
