/// Words with a space between two of them, and `-` for none at all.
struct WordList {
  private var isEmpty = true

  mutating func write<Sink: TextSink>(_ word: StaticString, to sink: inout Sink) {
    if !isEmpty { sink.write(" ") }
    isEmpty = false
    sink.write(word)
  }

  func end<Sink: TextSink>(in sink: inout Sink) {
    if isEmpty { sink.write("-") }
  }
}
