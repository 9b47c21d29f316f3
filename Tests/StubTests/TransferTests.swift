import Foundation
import FoundationXML
import RemoteProtocol
import StubSupport
import Testing
import X86

@testable import Stub

/// qXfer: documents read in windows.
@Suite struct TransferTests {
  private let bench = StubBench.attached()

  /// Reads a whole document in pieces of `size` bytes; checks that each piece is as long as asked, but the last.
  private func document(_ object: String, _ annex: String, size: Int) -> String {
    var document: [UInt8] = []
    while document.count < 1 << 20 {
      let reply = bench.exchangeBytes(
        "qXfer:\(object):read:\(annex):\(String(document.count, radix: 16)),\(String(size, radix: 16))")
      document += reply.dropFirst()
      switch reply.first {
      case UInt8(ascii: "l"): return String(decoding: document, as: UTF8.self)
      case UInt8(ascii: "m"): #expect(reply.count - 1 == size || size > 2000)
      default:
        Issue.record("\(String(decoding: reply, as: UTF8.self))")
        return ""
      }
    }
    return ""
  }

  @Test(arguments: [1, 2, 7, 64, 1000, 4091, 4095, 65536])
  func everyWindowGivesTheSameDocument(size: Int) {
    let whole = document("features", "target.xml", size: 1 << 20)
    #expect(whole.hasPrefix("<?xml version=\"1.0\"?>"))
    #expect(whole.hasSuffix("</target>\n"))
    #expect(document("features", "target.xml", size: size) == whole)
  }

  @Test func theEndOfADocument() {
    let count = document("features", "target.xml", size: 4000).utf8.count
    let end = String(count, radix: 16)
    #expect(bench.exchange("qXfer:features:read:target.xml:\(end),10") == "l")
    #expect(bench.exchange("qXfer:features:read:target.xml:\(String(count - 1, radix: 16)),1") == "l\n")
    #expect(bench.exchange("qXfer:features:read:target.xml:\(String(count - 2, radix: 16)),1") == "m>")
    #expect(bench.exchange("qXfer:features:read:target.xml:ffffffffffffffff,ffffffffffffffff") == "l")
    #expect(bench.exchange("qXfer:features:read:target.xml:0,0") == "m")
  }

  /// Numbers and sizes of the description are those that `p` goes by.
  @Test func theDescriptionIsTheRegisterTable() throws {
    let xml = try elements(document("features", "target.xml", size: 4000), "reg")
    var number: UInt64 = 0
    let table = RegisterTable(.system)
    var register = table.next(after: nil)
    while let current = register {
      let element = xml[Int(number)]
      #expect(element["name"] == current.name.description)
      #expect(element["bitsize"] == "\(current.byteCount * 8)")
      #expect(table.number(of: current) == number)
      #expect(table.register(numbered: number) == current)
      number += 1
      register = table.next(after: current)
    }
    #expect(Int(number) == xml.count)
    #expect(xml.prefix(24).map { $0["name"] } == StandardRegisters.core)
    let features = try elements(document("features", "target.xml", size: 4000), "feature")
    #expect(
      features.map { $0["name"] } == [
        "org.gnu.gdb.i386.core", "org.gnu.gdb.i386.segments", "org.ringside.system",
      ])
  }

  @Test func threads() throws {
    let text = document("threads", "", size: 100)
    let threads = try elements(text, "thread")
    #expect(threads.map { $0["id"] } == ["1", "2", "1f"])
    #expect(threads.map { $0["name"] } == ["boot", "init", "<odd> & \"name\" }*#$"])
    #expect(threads.map { $0["core"] } == ["0", "0", "0"])
    #expect(text.contains(">running</thread>"))
    #expect(document("threads", "", size: 3) == text)
  }

  @Test func manyThreads() throws {
    bench.machine.threadNumbers = Array(1...200)
    #expect(try elements(document("threads", "", size: 4091), "thread").count == 200)
  }

  @Test func memoryMap() throws {
    let map = try elements(document("memory-map", "", size: 50), "memory")
    #expect(
      map == [
        ["type": "ram", "start": "0x0", "length": "0x800000000000"],
        ["type": "rom", "start": "0xffffffff80000000", "length": "0x80000000"],
      ])
  }

  @Test(arguments: [
    "qXfer", "qXfer:", "qXfer:features", "qXfer:features:read", "qXfer:features:read:target.xml",
    "qXfer:features:read:target.xml:", "qXfer:features:read:target.xml:0",
    "qXfer:features:read:target.xml:0,",
    "qXfer:features:read:target.xml:0,1,2", "qXfer:features:read:other.xml:0,1",
    "qXfer:features:write:target.xml:0,1",
    "qXfer:threads:read:x:0,1", "qXfer:threads:read:0,1", "qXfer:memory-map:read::,1",
  ])
  func malformed(request: String) {
    let reply = bench.exchange(request)
    #expect(reply == "E16" || reply == "" && request == "qXfer:")
  }

  private func elements(_ document: String, _ name: String) throws -> [[String: String]] {
    let collector = ElementCollector(name)
    let parser = XMLParser(data: Data(document.utf8))
    parser.delegate = collector
    try #require(parser.parse(), "\(String(describing: parser.parserError))")
    return collector.found
  }
}

private final class ElementCollector: NSObject, XMLParserDelegate {
  private let name: String
  var found: [[String: String]] = []

  init(_ name: String) { self.name = name }

  func parser(
    _ parser: XMLParser, didStartElement element: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    if element == name { found.append(attributes) }
  }
}

private enum StandardRegisters {
  static let core = [
    "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15", "rip", "eflags", "cs", "ss", "ds", "es", "fs", "gs",
  ]
}

@Suite struct RegisterTableTests {
  /// With SSE the numbers behind it move; the table and its inverse agree for every set of features.
  @Test(arguments: [RegisterFeatures.none, .sse, .system, .sse | .system])
  func numbersAndRegistersAgree(features: RegisterFeatures) {
    let table = RegisterTable(features)
    var number: UInt64 = 0
    var register = table.next(after: nil)
    while let current = register {
      #expect(table.register(numbered: number) == current)
      #expect(table.number(of: current) == number)
      register = table.next(after: current)
      number += 1
    }
    #expect(table.register(numbered: number) == nil)
    #expect(number == 42 + (features.contains(.sse) ? 17 : 0) + (features.contains(.system) ? 28 : 0))
  }
}
