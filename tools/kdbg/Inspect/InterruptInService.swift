import Session

extension Debuggee {
  /// The interrupt that a controller has handed over and not yet seen the end of; nil without one, and where no monitor
  /// tells. A delivery that failed leaves it there: the bit is the only trace of which interrupt it was.
  public var interruptInService: UInt8? {
    if let text = try? monitor("info lapic"), let vector = Self.localController(text) { return vector }
    guard let text = try? monitor("info pic") else { return nil }
    // The second controller's interrupts come through line 2 of the first.
    return Self.controller("pic1", in: text) ?? Self.controller("pic0", in: text)
  }

  /// The highest of `ISR  32 48(level)`: the one that was handed over last.
  private static func localController(_ text: String) -> UInt8? {
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("ISR") }) else { return nil }
    return line.split(whereSeparator: \.isWhitespace).compactMap { UInt8($0.prefix { $0.isWholeNumber }) }
      .max()
  }

  /// The highest priority, which is the lowest line, of `pic0: irr=00 imr=fe isr=01 hprio=0 irq_base=20 ...`.
  private static func controller(_ name: String, in text: String) -> UInt8? {
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
      let service = field("isr", of: line), let base = field("irq_base", of: line), service != 0
    else { return nil }
    return base &+ UInt8(truncatingIfNeeded: service.trailingZeroBitCount)
  }

  private static func field(_ name: String, of line: Substring) -> UInt8? {
    let word = line.split(separator: " ").first { $0.hasPrefix(name + "=") }
    return word.flatMap { UInt8($0.dropFirst(name.count + 1), radix: 16) }
  }
}
