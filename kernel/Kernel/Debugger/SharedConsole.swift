/// The console's bytes where the stub's line is the console's too: output on its way to the client, and what was typed
/// while no client was there.
struct SharedConsole: Sendable {
  private static var outputCapacity: Int { 512 }
  private static var inputCapacity: Int { 256 }

  private var output = InlineArray<512, UInt8>(repeating: 0)
  private var outputCount = 0
  private var input = InlineArray<256, UInt8>(repeating: 0)
  private var inputStart = 0
  private var inputCount = 0

  var hasOutput: Bool { outputCount > 0 }

  /// Keeps a byte of output. True when it is time to send: at the end of a line, and when no more fits.
  mutating func append(_ byte: UInt8) -> Bool {
    guard outputCount >= 0, outputCount < Self.outputCapacity else { return true }
    output[outputCount] = byte
    outputCount &+= 1
    return byte == UInt8(ascii: "\n") || outputCount == Self.outputCapacity
  }

  /// Gives the collected output to `body`, and forgets it.
  mutating func takeOutput<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
    defer { outputCount = 0 }
    return body(output.span.extracting(first: min(max(outputCount, 0), Self.outputCapacity)))
  }

  /// Keeps a typed byte; what nobody reads in time is lost, as in the receiver of the port itself.
  mutating func type(_ byte: UInt8) {
    guard inputCount < Self.inputCapacity else { return }
    let position = (inputStart &+ inputCount) & (Self.inputCapacity &- 1)
    guard position >= 0, position < Self.inputCapacity else { return }
    input[position] = byte
    inputCount &+= 1
  }

  /// The next typed byte.
  mutating func read() -> UInt8? {
    guard inputCount > 0, inputStart >= 0, inputStart < Self.inputCapacity else { return nil }
    let byte = input[inputStart]
    inputStart = (inputStart &+ 1) & (Self.inputCapacity &- 1)
    inputCount &-= 1
    return byte
  }
}
