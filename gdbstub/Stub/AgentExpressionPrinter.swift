import X86

/// Prints what `printf` prints, up to ``AgentLimits/output`` bytes for one evaluation.
struct AgentPrinter {
  private var bytesLeft = AgentLimits.output

  mutating func byte<Environment: AgentEnvironment & ~Copyable>(
    _ byte: UInt8, to environment: inout Environment
  ) throws(AgentFault) {
    guard bytesLeft > 0 else { throw .tooMuchOutput }
    bytesLeft &-= 1
    environment.write(byte)
  }

  /// Prints one argument.
  mutating func convert<Environment: AgentEnvironment & ~Copyable>(
    _ value: UInt64, _ conversion: AgentConversion, in environment: inout Environment
  ) throws(AgentFault) {
    switch conversion.kind {
    case .character:
      try pad(1, conversion, .before, to: &environment)
      try byte(UInt8(truncatingIfNeeded: value), to: &environment)
      try pad(1, conversion, .after, to: &environment)
    case .string where value == 0: try words("(null)", conversion, to: &environment)
    case .string: try string(at: value, conversion, in: &environment)
    case .pointer where value == 0: try words("(nil)", conversion, to: &environment)
    case .pointer, .signed, .unsigned, .octal, .hexadecimal, .upperCaseHexadecimal:
      try number(AgentNumber(value, conversion), conversion, to: &environment)
    }
  }

  private enum Side {
    case before
    case after
  }

  /// The spaces on one side of `count` bytes.
  private mutating func pad<Environment: AgentEnvironment & ~Copyable>(
    _ count: Int, _ conversion: AgentConversion, _ side: Side, to environment: inout Environment
  ) throws(AgentFault) {
    guard conversion.isLeftAligned == (side == .after) else { return }
    try fill(UInt8(ascii: " "), conversion.width &- count, to: &environment)
  }

  private mutating func fill<Environment: AgentEnvironment & ~Copyable>(
    _ filler: UInt8, _ count: Int, to environment: inout Environment
  ) throws(AgentFault) {
    var remaining = count
    while remaining > 0 {
      try byte(filler, to: &environment)
      remaining &-= 1
    }
  }

  private mutating func number<Environment: AgentEnvironment & ~Copyable>(
    _ number: AgentNumber, _ conversion: AgentConversion, to environment: inout Environment
  ) throws(AgentFault) {
    let count = number.prefixByteCount &+ number.zeroCount &+ number.digitCount
    try pad(count, conversion, .before, to: &environment)
    if let sign = number.sign { try byte(sign, to: &environment) }
    if let letter = number.baseLetter {
      try byte(UInt8(ascii: "0"), to: &environment)
      try byte(letter, to: &environment)
    }
    try fill(UInt8(ascii: "0"), number.zeroCount, to: &environment)
    var digits = number
    while let digit = digits.nextDigit() { try byte(digit, to: &environment) }
    try pad(count, conversion, .after, to: &environment)
  }

  /// A string in the target's memory, up to its zero byte. One that is longer than ``AgentLimits/string`` ends in
  /// `...`.
  private mutating func string<Environment: AgentEnvironment & ~Copyable>(
    at address: UInt64, _ conversion: AgentConversion, in environment: inout Environment
  ) throws(AgentFault) {
    let limit = min(conversion.precision ?? AgentLimits.string, AgentLimits.string)
    // The length is needed before the string only where spaces come first.
    if conversion.width > 0, !conversion.isLeftAligned {
      var length = 0
      while length < limit, try character(address, length, &environment) != 0 { length &+= 1 }
      try pad(length, conversion, .before, to: &environment)
    }
    var length = 0
    while length < limit {
      let character = try character(address, length, &environment)
      guard character != 0 else { break }
      try byte(character, to: &environment)
      length &+= 1
    }
    if length == AgentLimits.string { try fill(UInt8(ascii: "."), 3, to: &environment) }
    try pad(length, conversion, .after, to: &environment)
  }

  private func character<Environment: AgentEnvironment & ~Copyable>(
    _ address: UInt64, _ offset: Int, _ environment: inout Environment
  ) throws(AgentFault) -> UInt8 {
    let place = address &+ UInt64(truncatingIfNeeded: offset)
    guard let value = environment.read(place, width: .byte) else { throw .memory(address: place) }
    return UInt8(truncatingIfNeeded: value)
  }

  /// What stands for an address of 0, padded as the value would be.
  private mutating func words<Environment: AgentEnvironment & ~Copyable>(
    _ words: StaticString, _ conversion: AgentConversion, to environment: inout Environment
  ) throws(AgentFault) {
    let count = min(conversion.precision ?? words.byteCount, words.byteCount)
    try pad(count, conversion, .before, to: &environment)
    var position = 0
    while position < count {
      try byte(words.byte(position), to: &environment)
      position &+= 1
    }
    try pad(count, conversion, .after, to: &environment)
  }
}
