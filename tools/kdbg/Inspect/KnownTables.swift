/// What is remembered of each table, by a word that names it; never 0. A dictionary that hashes by one multiplication:
/// a scan asks it twice for each table, which it reads in less time than the standard one takes.
struct KnownTables<Summary> {
  private var words: [UInt64] = Array(repeating: 0, count: 64)
  private var places: [Int] = Array(repeating: 0, count: 64)
  private var summaries: [Summary] = []

  subscript(word: UInt64) -> Summary? {
    let slot = slot(of: word)
    return words[slot] == 0 ? nil : summaries[places[slot]]
  }

  mutating func set(_ summary: Summary, for word: UInt64) {
    let slot = slot(of: word)
    if words[slot] != 0 {
      summaries[places[slot]] = summary
      return
    }
    words[slot] = word
    places[slot] = summaries.count
    summaries.append(summary)
    // A quarter of it stays free, so that a search is short.
    if summaries.count * 4 > words.count * 3 { grow() }
  }

  /// Where `word` is, or would be.
  private func slot(of word: UInt64) -> Int {
    // Fibonacci hashing: the upper bits of the product depend on all bits of the word.
    var slot = Int(truncatingIfNeeded: (word &* 0x9e37_79b9_7f4a_7c15) >> 32) & (words.count - 1)
    while words[slot] != 0, words[slot] != word { slot = (slot + 1) & (words.count - 1) }
    return slot
  }

  private mutating func grow() {
    let (before, at) = (words, places)
    words = Array(repeating: 0, count: before.count * 4)
    places = Array(repeating: 0, count: before.count * 4)
    for (index, word) in before.enumerated() where word != 0 {
      let slot = slot(of: word)
      words[slot] = word
      places[slot] = at[index]
    }
  }
}
