import Stub
import Testing

/// `printf`, which `dprintf-style agent` is made of.
@Suite struct AgentExpressionPrintTests {
  private func printed(_ bytecode: [UInt8]) -> String? {
    var machine = AgentMachine()
    machine.store("hello", at: 0x1000)
    machine.store("", at: 0x1010)
    guard case .success = machine.evaluate(bytecode), refusal(of: bytecode) == nil else { return nil }
    return machine.output
  }

  private func fault(_ bytecode: [UInt8]) -> AgentFault? {
    var machine = AgentMachine()
    guard case .failure(let fault) = machine.evaluate(bytecode) else { return nil }
    return fault
  }

  @Test(arguments: printedByC)
  func numbersAsCPrintsThem(format: String, value: UInt64, expected: String) {
    #expect(printed(Op.print("[\(format)]", value)) == "[\(expected)]", "\(format) of \(value)")
  }

  @Test func strings() {
    #expect(printed(Op.print("%s", 0x1000)) == "hello")
    #expect(printed(Op.print("[%7s|%-7s|%3s]", 0x1000, 0x1000, 0x1000)) == "[  hello|hello  |hello]")
    #expect(
      printed(Op.print("[%.2s|%5.2s|%-5.2s|%.0s|%.9s]", 0x1000, 0x1000, 0x1000, 0x1000, 0x1000))
        == "[he|   he|he   ||hello]")
    #expect(printed(Op.print("[%s|%3s]", 0x1010, 0x1010)) == "[|   ]")
    #expect(printed(Op.print("[%s|%8s|%-8s|%.3s]", 0, 0, 0, 0)) == "[(null)|  (null)|(null)  |(nu]")
  }

  /// A precision keeps a string that has no end inside of what can be read.
  @Test func aPrecisionBoundsWhatIsRead() {
    var machine = AgentMachine()
    for address in 0x1000..<0x1004 as Range<UInt64> { machine.memory[address] = UInt8(ascii: "a") }
    #expect(machine.evaluate(Op.print("%.4s", 0x1000)) == .success(0))
    #expect(machine.output == "aaaa")
    #expect(machine.evaluate(Op.print("%.5s", 0x1000)) == .failure(.memory(address: 0x1004)))
    #expect(machine.evaluate(Op.print("%9s", 0x1000)) == .failure(.memory(address: 0x1004)))
  }

  @Test func longStringsEndInDots() {
    var machine = AgentMachine()
    machine.store(String(repeating: "x", count: 1000), at: 0x1000)
    #expect(machine.evaluate(Op.print("%s|", 0x1000)) == .success(0))
    #expect(machine.output == String(repeating: "x", count: AgentLimits.string) + "...|")
    #expect(machine.reads == AgentLimits.string)
  }

  @Test func stringsAtTheEndOfTheAddressSpaceWrapInsteadOfTrapping() {
    #expect(fault(Op.print("%s", UInt64.max)) == .memory(address: UInt64.max))
    var machine = AgentMachine()
    machine.memory[UInt64.max] = UInt8(ascii: "a")
    #expect(machine.evaluate(Op.print("%s", UInt64.max)) == .failure(.memory(address: 0)))
  }

  @Test func pointers() {
    #expect(printed(Op.print("%p", 0xffff_ffff_8000_0000)) == "0xffffffff80000000")
    #expect(printed(Op.print("[%8p|%-8p]", 0x12, 0x12)) == "[    0x12|0x12    ]")
    #expect(printed(Op.print("[%p|%8p]", 0, 0)) == "[(nil)|   (nil)]")
  }

  @Test func characters() {
    #expect(printed(Op.print("[%c%3c%-3c]", 0x141, 0x42, 0x43)) == "[A  BC  ]")
  }

  @Test func textAndEscapes() {
    #expect(printed(Op.print("none\\n")) == "none\n")
    #expect(printed(Op.print("100%%\\t\\\"q\\\"\\\\")) == "100%\t\"q\"\\")
    #expect(printed(Op.print("\\a\\b\\e\\f\\r\\v")) == "\u{7}\u{8}\u{1b}\u{c}\r\u{b}")
    #expect(printed(Op.print("")) == "")
    #expect(printed(Op.print("\u{e4}\u{20ac}")) == "\u{e4}\u{20ac}")
  }

  @Test func argumentsComeInOrder() {
    #expect(printed(Op.print("%d %d %d", 1, 2, 3)) == "1 2 3")
  }

  /// The value below the arguments stays.
  @Test func itTakesFunctionChannelAndArguments() {
    var machine = AgentMachine()
    let code = Op.push(77) + Op.print("%d%d", 1, 2)
    #expect(machine.evaluate(code) == .success(77))
    // A function and a channel that are not 0 are not called.
    let called =
      Op.push([5, 0x1234, 0xdead_0000]) + [
        Op.printf, 1, 0, 3, UInt8(ascii: "%"), UInt8(ascii: "x"), 0, Op.end,
      ]
    #expect(machine.evaluate(called) == .success(0))
    #expect(machine.output == "125")
  }

  @Test(arguments: [
    "%", "%5", "%-", "%.", "%l", "%ll", "%lll", "%f", "%e", "%g", "%ls", "%lc", "%hs", "%zs", "%lp", "%hhd",
    "%Lf",
    "%*d", "%n", "%a", "%y", "%5%", "\\", "\\x41", "\\0", "\\q",
  ])
  func formatsThatAreRefused(format: String) {
    let code = Op.print(format, 0)
    #expect(refusal(of: code) == .format)
    #expect(fault(code) == .format)
  }

  @Test func directivesAndArgumentsMustAgree() {
    #expect(refusal(of: Op.print("%d%d", 1)) == .format)
    #expect(refusal(of: Op.print("%d", 1, 2)) == .format)
    #expect(refusal(of: Op.print("x", 1)) == .format)
    #expect(fault(Op.print("%d%d", 1)) == .format)
    #expect(fault(Op.print("%d", 1, 2)) == .format)
  }

  @Test func theFormatMustEndInAZeroByte() {
    let pushes = [Op.const8, 0, Op.const8, 0]
    #expect(refusal(of: pushes + [Op.printf, 0, 0, 2, 0x41, 0x42, Op.end]) == .format)
    #expect(refusal(of: pushes + [Op.printf, 0, 0, 0, Op.end]) == .format)
    #expect(refusal(of: pushes + [Op.printf, 0, 0, 1, 0, Op.end]) == nil)
    #expect(refusal(of: pushes + [Op.printf, 0, 0xff, 0xff, 0, Op.end]) == .truncated)
    // A zero byte in the middle ends the text.
    #expect(printed(pushes + [Op.printf, 0, 0, 4, 0x41, 0, 0x42, 0, Op.end]) == "A")
    #expect(refusal(of: pushes + [Op.printf, 0, 0, 3, 0x41, 0, 0x42, Op.end]) == .format)
    #expect(fault(pushes + [Op.printf, 0, 0, 2, 0x41, 0x42, Op.end]) == .format)
  }

  @Test func outputIsBounded() {
    var machine = AgentMachine()
    #expect(machine.evaluate(Op.print("%1024d", 1)) == .success(0))
    #expect(machine.printed.count == AgentLimits.output)
    for format in [
      "%1025d", "%-1025d", "%01025d", "%.1025d", "%1025s", "%1025c", "%99999999999999999999999d",
    ] {
      var machine = AgentMachine()
      machine.store("hello", at: 0x1000)
      #expect(machine.evaluate(Op.print(format, 0x1000)) == .failure(.tooMuchOutput), "\(format)")
      #expect(machine.printed.count == AgentLimits.output, "\(format)")
    }
  }

  /// The bound holds for all that one evaluation prints, in a loop too.
  @Test func outputOfALoopIsBounded() {
    var machine = AgentMachine()
    let loop = Op.print("0123456789").dropLast() + [Op.goto, 0, 0]
    #expect(machine.evaluate(Array(loop)) == .failure(.tooMuchOutput))
    #expect(machine.printed.count == AgentLimits.output)
  }
}
