import Report
import RingTransition
import TestSupport
import Testing

@Suite struct DiagnosisWordsTests {
  /// Every cause says something of its own, and what to do about it where there is something to do. A row of the
  /// catalogue names the rule that would have shown it.
  @Test func everyCauseHasItsWords() {
    var sentences: Set<String> = []
    var raw: UInt8 = 0
    while let cause = Cause(rawValue: raw) {
      let sentence = TextCollector.text { $0.write(cause) }
      #expect(!sentence.isEmpty)
      #expect(sentences.insert(sentence).inserted, "\(sentence) is said twice")
      #expect(TextCollector.text { $0.writeFix(for: cause) }.isEmpty == (cause == .ringThreeException))
      if cause.identifier != nil { #expect(cause.rule != nil, "\(sentence)") }
      raw += 1
    }
    #expect(raw > 40)
  }

  @Test func runningExample() {
    #expect(
      TextCollector.text {
        $0.write(Cause.stackUnmapped)
        $0.write("; ")
        $0.writeFix(for: .stackUnmapped)
        $0.write("; ")
        $0.write(Confidence.proven)
      }
        == "the kernel stack under RSP0 is not mapped in the live CR3; map the stack's pages into this table "
        + "before it is loaded, in creation, fork and exec; proven by replay")
  }

  @Test func identifiersAreUnique() {
    var seen: Set<String> = []
    var raw: UInt8 = 0
    while let cause = Cause(rawValue: raw) {
      if let identifier = cause.identifier { #expect(seen.insert("\(identifier)").inserted) }
      raw += 1
    }
  }
}
