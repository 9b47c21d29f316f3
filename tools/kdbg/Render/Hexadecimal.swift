extension FixedWidthInteger {
  /// `0x` and as many digits as the value needs.
  public var hexadecimal: String { "0x" + String(self, radix: 16) }

  /// `0x` and at least `digits` digits.
  public func hexadecimal(digits: Int) -> String {
    let text = String(self, radix: 16)
    return "0x" + String(repeating: "0", count: Swift.max(0, digits - text.count)) + text
  }
}
