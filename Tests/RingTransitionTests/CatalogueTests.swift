import RingTransition
import Testing

@Suite struct CatalogueTests {
  private var rules: [Rule] { (0...Rule.highestNumber + 1).compactMap { Rule(number: $0) } }

  @Test func everyNumberFindsItsOwnRule() {
    for number in 0...Rule.highestNumber + 1 {
      if let rule = Rule(number: number) { #expect(rule.number == number) }
    }
    #expect(rules.count == Rule.catalogueCount)
    #expect(rules.first?.number == 1 && rules.last?.number == Rule.highestNumber)
    #expect(Rule(number: 18) == nil && Rule(number: 43) == nil && Rule(number: 150) == nil)
  }

  @Test func namesAreDistinct() {
    #expect(Set(rules.map { "\($0.name)" }).count == rules.count)
  }

  @Test func everyRuleNamesASection() {
    for rule in rules {
      let source = "\(rule.source)"
      #expect(source.contains("SDM Vol. ") || source.contains("AMD APM Vol. "), "RT-\(rule.number)")
    }
  }

  @Test func whatAnAuditOfOneReturnLeavesOut() {
    #expect(
      rules.filter { !$0.isAudited }.map(\.number)
        == Array(101...105) + [107, 109, 114, 115] + Array(170...178))
  }
}
