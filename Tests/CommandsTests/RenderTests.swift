import Foundation
import Inspect
import Render
import Testing
import X86

@Suite struct RenderTests {
  @Test func consoleFilterLeavesTextAlone() {
    var filter = ConsoleFilter()
    let text = Array("✓ plain\ttext\n".utf8)
    #expect(filter.pass(text) == text)
  }

  /// A sequence may be cut anywhere between two reads.
  @Test func consoleFilterTakesOutSequences() {
    let bytes = Array("a\u{1b}[2J\u{1b}[1;31mb\u{1b}]0;title\u{7}c\r\nd\u{8}\u{1b}(Be\u{1b}]x\u{1b}\\f".utf8)
    for cut in 0...bytes.count {
      var filter = ConsoleFilter()
      let kept = filter.pass(Array(bytes[..<cut])) + filter.pass(Array(bytes[cut...]))
      #expect(String(decoding: kept, as: UTF8.self) == "abc\ndef", "cut at \(cut)")
    }
  }

  @Test func coloursAreOnlyColours() {
    let machine = RunningExample.makeWithoutStack()
    var view = machine
    let answer = AddressTranslation(of: VirtualAddress(RunningExample.rsp0 - 8), in: &view)
    var filter = ConsoleFilter()
    let coloured = answer.text(.colour, names: FakeProgram())
    let plain = answer.text(.monochrome, names: FakeProgram())
    #expect(coloured != plain)
    #expect(String(decoding: filter.pass(Array(coloured.utf8)), as: UTF8.self) == plain)
  }

  /// As Foundation's own reader understands it.
  @Test func everyCharacterComesBack() throws {
    var text = "\u{7f}\u{80}é✓\u{1f600}\u{2028}/"
    for scalar in 0..<0x60 as Range<UInt8> { text.unicodeScalars.append(Unicode.Scalar(scalar)) }
    let value: JSONValue = [text: .array([.string(text), .number(.min), .object([:]), .array([])])]
    let read = try JSONSerialization.jsonObject(with: Data(value.serialized.utf8)) as? [String: [Any]]
    #expect(read?[text]?.first as? String == text)
    #expect(read?[text]?[1] as? Int == .min)
    #expect(!value.serialized.contains { $0.isNewline && $0 != "\u{2028}" })
  }

  @Test func jsonKeysAreSortedAndTextIsEscaped() {
    let value: JSONValue = ["b": 1, "a": ["x\"\n", true, .null], "c": .hexadecimal(.max)]
    #expect(value.serialized == #"{"a":["x\"\n",true,null],"b":1,"c":"0xffffffffffffffff"}"#)
  }
}
