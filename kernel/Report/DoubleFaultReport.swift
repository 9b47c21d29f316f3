import X86

/// What the kernel knows when its double-fault handler runs.
public struct DoubleFaultReport: Sendable {
  public let frame: InterruptFrame
  public let errorCode: UInt64
  public let cr2: UInt64
  public let cr3: CR3
  /// Nil where the TSS cannot be read.
  public let rsp0: UInt64?
  /// The walk of the address in CR2 under CR3; nil where it could not be made.
  public let walk: PageWalk?

  public init(
    frame: InterruptFrame, errorCode: UInt64, cr2: UInt64, cr3: CR3, rsp0: UInt64?, walk: PageWalk?
  ) {
    self.frame = frame
    self.errorCode = errorCode
    self.cr2 = cr2
    self.cr3 = cr3
    self.rsp0 = rsp0
    self.walk = walk
  }
}

extension TextSink {
  /// The report, line by line.
  public mutating func write(_ report: DoubleFaultReport) {
    write("DOUBLE FAULT - Error Code: ")
    write(hex: report.errorCode)
    newline()
    write("Instruction Pointer: ")
    write(hex: report.frame.rip)
    newline()
    write("Code Segment: ")
    write(report.frame.codeSelector)
    newline()
    write("CR2: ")
    write(hex: report.cr2)
    newline()
    write("CR3: ")
    write(hex: report.cr3.rawValue)
    newline()
    if let rsp0 = report.rsp0 {
      write("RSP0: ")
      write(hex: rsp0)
      newline()
    }
    if let walk = report.walk { write(walk) }
  }
}
