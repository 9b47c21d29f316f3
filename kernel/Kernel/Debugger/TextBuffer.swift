import RemoteProtocol
import Report

/// A page of text on its way from the words' `TextSink` to the stub's `ByteSink`.
struct TextBuffer: TextSink {
  private var bytes = InlineArray<4096, UInt8>(repeating: 0)
  private var count = 0

  /// What does not fit any more is dropped; no command prints that much at once.
  mutating func write(byte: UInt8) {
    guard count >= 0, count < 4096 else { return }
    bytes[count] = byte
    count &+= 1
  }

  mutating func flush<Output: ByteSink & ~Copyable>(to output: inout Output) {
    var position = 0
    while position < count, position < 4096 {
      output.write(bytes[position])
      position &+= 1
    }
    count = 0
  }
}
