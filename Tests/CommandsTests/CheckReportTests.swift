import Commands
import Foundation
import FoundationXML
import Inspect
import Render
import Session
import Symbols
import Testing
import X86

/// What CI systems are told of a check.
@Suite struct CheckReportTests {
  /// An element of a document as an XML parser reads it.
  private final class Reader: NSObject, XMLParserDelegate {
    struct Element {
      let name: String
      let attributes: [String: String]
      var text = ""
    }

    private(set) var elements: [Element] = []
    private var open: [Int] = []

    static func read(_ text: String) throws -> [Element] {
      let parser = XMLParser(data: Data(text.utf8))
      let reader = Reader()
      parser.delegate = reader
      try #require(parser.parse(), "\(String(describing: parser.parserError)): \(text)")
      return reader.elements
    }

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      open.append(elements.count)
      elements.append(Element(name: name, attributes: attributes))
    }

    func parser(
      _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
    ) {
      open.removeLast()
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
      if let last = open.last { elements[last].text += text }
    }
  }

  /// A check of a machine made by hand, with its report.
  private static func checked(
    _ episodes: [FakeMachine.Episode], until ends: CheckEnds = CheckEnds(),
    _ onViolation: CheckProcedure.OnViolation = .stop
  ) -> (outcome: CheckOutcome, summary: CheckSummary?) {
    let debugger = Debugger(
      target: RunTests.booting(episodes), program: FakeProgram(),
      output: Output(format: .json, out: { _ in }, error: { _ in }))
    let outcome = CheckProcedure(
      debugger, until: ends, onViolation: onViolation, bell: CheckBell(interrupt: InterruptRequest())
    ).run()
    return (outcome, debugger.control.summary)
  }

  private static func elements(
    _ checked: (outcome: CheckOutcome, summary: CheckSummary?), of machine: String = "kernel.elf"
  ) throws -> [Reader.Element] {
    try Reader.read(JUnitReport(of: machine, checked.outcome, checked.summary).text(names: FakeProgram()))
  }

  @Test func aHealthyCheckHasACaseForEachRuleAndNoFailure() throws {
    let checked = Self.checked([RunTests.stopAtReturn, RunTests.ending])
    let elements = try Self.elements(checked)
    let suite = try #require(elements.first { $0.name == "testsuite" }).attributes
    let cases = elements.filter { $0.name == "testcase" }
    #expect(cases.count > 100)
    #expect(suite["tests"] == String(cases.count))
    #expect(suite["failures"] == "0" && suite["errors"] == "0")
    let skipped = elements.filter { $0.name == "skipped" }
    #expect(suite["skipped"] == String(skipped.count))
    #expect(skipped.contains { $0.attributes["message"] == "not applicable: the return is an iretq" })
    #expect(
      skipped.contains { $0.attributes["message"] == "not checked: the number of locks held is not known" })
    #expect(suite["time"]?.wholeMatch(of: /\d+\.\d{3}/) != nil)
    let returns = elements.first { $0.attributes["name"] == "returns" }
    #expect(returns?.attributes["value"] == "1")
  }

  @Test func aViolationIsAFailureWithItsFix() throws {
    let episodes = [
      RunTests.stopAtReturn, RunTests.stopAtBrokenReturn, RunTests.away, RunTests.stopAtBrokenReturn,
    ]
    let checked = Self.checked(episodes + [{ _ in .exited(status: 41) }], .goOn)
    #expect(checked.outcome.status == .violated)
    let elements = try Self.elements(checked)
    let failures = elements.filter { $0.name == "failure" }
    #expect(elements.first { $0.name == "testsuite" }?.attributes["failures"] == String(failures.count))
    #expect(failures.count == 2, "the rule, and the machine's end")
    let rule = try #require(failures.last)
    #expect(rule.attributes["type"] == "fatal")
    #expect(rule.text.contains("0xffffc90000004ff8 is not mapped for supervisor writes"))
    #expect(rule.text.contains("2 times, first at return 2"))
    #expect(rule.text.contains("return_to_ring3.swift:42"))
    #expect(rule.text.contains("how to fix it: map the stack's pages"))
    #expect(failures.first?.text == "The machine ended with status 41: a double fault.")
  }

  @Test func whatIsNoSuccessIsNeverGreen() throws {
    let nothing = try Self.elements(Self.checked([RunTests.ending]))
    #expect(nothing.contains { $0.name == "failure" && $0.attributes["type"] == "nothing checked" })
    #expect(nothing.first { $0.name == "testsuite" }?.attributes["failures"] == "1")
    let short = try Self.elements(
      Self.checked([RunTests.stopAtReturn, RunTests.ending], until: CheckEnds(text: "login:")))
    #expect(short.contains { $0.name == "failure" && $0.text.contains("login:") })
    let lost = Self.checked([RunTests.stopAtReturn, { _ in .lost(.connectionClosed) }])
    #expect(lost.outcome.status == .targetLost)
    let elements = try Self.elements(lost)
    #expect(elements.first { $0.name == "testsuite" }?.attributes["errors"] == "1")
    #expect(elements.contains { $0.name == "error" && $0.attributes["type"] == "target lost" })
    // A check that never began.
    let outcome = CheckOutcome(status: .targetLost, failure: "no QEMU", duration: .zero)
    let none = try Self.elements((outcome, nil))
    #expect(none.contains { $0.name == "error" && $0.text == "no QEMU" })
  }

  /// Whatever a path or a message holds, the document can be read, and says the same.
  @Test func everythingIsEscaped() throws {
    let name = "a<b>&\"c'd\n\te\u{1b}\u{0}\u{fffe}é"
    let outcome = CheckOutcome(
      status: .violated, failure: "]]> & <\r\n\u{7}>", duration: .milliseconds(12_040))
    let elements = try Self.elements((outcome, nil), of: name)
    let machine = elements.first { $0.attributes["name"] == "machine" }
    #expect(machine?.attributes["value"] == "a<b>&\"c'd\n\te\\x1b\\x0\\xfffeé")
    let failure = elements.first { $0.name == "failure" }
    #expect(failure?.text == "]]> & <\r\n\\x7>")
    #expect(elements.first { $0.name == "testsuite" }?.attributes["time"] == "12.040")
  }

  // MARK: Workflow commands

  @Test func workflowCommandsAreEscaped() {
    let command = WorkflowCommand(
      .error, title: "a:b,c%", message: "50% of\r\nit: all, of it",
      at: SourceLine(file: "x,y:z.S", line: 7))
    #expect(
      command.text
        == "::error file=x%2Cy%3Az.S,line=7,title=a%3Ab%2Cc%25::50%25 of%0D%0Ait: all, of it")
    #expect(WorkflowCommand(.notice, title: "t", message: "m").text == "::notice title=t::m")
    let madeUp = WorkflowCommand(.warning, title: "t", message: "m", at: SourceLine(file: "f", line: 0))
    #expect(madeUp.text == "::warning file=f,title=t::m")
  }

  @Test func eachViolationIsAnErrorAndTheVerdictANotice() throws {
    let checked = Self.checked([RunTests.stopAtReturn, RunTests.stopAtBrokenReturn])
    var program = FakeProgram()
    program.places[RunningExample.iretq] = SourceLine(file: "/src/kernel/boot/return.S", line: 42)
    let commands = CheckAnnotations(root: "/src/kernel").commands(checked.outcome, checked.summary, program)
    #expect(commands.map(\.level) == [.error, .warning, .notice])
    #expect(commands[0].place == SourceLine(file: "boot/return.S", line: 42))
    #expect(commands[0].title == "RT-026 RSP0-frame-pages-writable")
    #expect(commands[0].message.contains("\nhow to fix it: "))
    #expect(commands[1].title.hasPrefix("RT-109 "))
    #expect(
      commands[2].message
        == "2 returns to Ring 3 checked at 1 site, the last one violates a rule (exit status 1)")
    // What a rule finds in code is told where that is.
    program.places[RunningExample.rsp0 - 8] = SourceLine(file: "/src/kernel/traps.S", line: 7)
    let there = CheckAnnotations(root: "/src/kernel").commands(checked.outcome, checked.summary, program)
    #expect(there[0].place == SourceLine(file: "traps.S", line: 7))
    program.places[RunningExample.rsp0 - 8] = nil
    // Elsewhere the path stays whole.
    let other = CheckAnnotations(root: "/src/ker").commands(checked.outcome, checked.summary, program)
    #expect(other[0].place?.file == "/src/kernel/boot/return.S")
  }
}
