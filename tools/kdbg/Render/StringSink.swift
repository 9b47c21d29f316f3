import Report

/// Collects the words that kernel, stub and debugger share, as a string.
struct StringSink: TextSink {
  private var bytes: [UInt8] = []

  mutating func write(byte: UInt8) { bytes.append(byte) }

  var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// What `body` writes.
func words(_ body: (inout StringSink) -> Void) -> String {
  var sink = StringSink()
  body(&sink)
  return sink.text
}
