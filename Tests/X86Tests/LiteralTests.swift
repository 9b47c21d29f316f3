import Testing
import X86

@Suite struct LiteralTests {
  @Test func bytesOfALiteral() {
    let text: StaticString = "ab✓"
    #expect((0..<5).map { text.byte($0) } == Array("ab✓".utf8))
    #expect(text.byte(5) == 0)
    #expect(text.byte(-1) == 0)
  }
}
