extension Duration {
  /// Whole milliseconds, rounded down.
  private var milliseconds: Int { Int(self / .milliseconds(1)) }

  /// Seconds with three decimals, as machines read them: `12.040`.
  public var secondsInFull: String {
    let rest = String(milliseconds % 1000)
    return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
  }

  /// Seconds for a person, with one decimal where they are few: `0.4 s`, `12 s`.
  public var secondsWords: String {
    let tenths = milliseconds / 100
    guard tenths < 100, tenths % 10 != 0 else { return "\(milliseconds / 1000) s" }
    return "\(tenths / 10).\(tenths % 10) s"
  }

  /// How often in a second something happened that happened `count` times.
  public func rate(of count: Int) -> Int {
    let microseconds = Int(self / .microseconds(1))
    return microseconds > 0 ? Int(Double(count) * 1_000_000 / Double(microseconds)) : 0
  }
}
