import Commands
import Testing

/// The one grammar of `print`, conditions and `assert`.
@Suite struct ExpressionTests {
  /// Two registers, two symbols, 16 bytes of memory at 0x1000 and four of physical memory at 0x20.
  private struct Scope: ExpressionScope {
    func register(_ name: String) -> UInt64? { ["rax": 5, "rsp": 0x1008][name] }
    func symbol(_ name: String) -> UInt64? { ["start": 0x1000, "$s4main": 0x2000, "two words": 7][name] }

    func memory(_ unit: MemoryUnit, at address: UInt64) throws(CommandFailure) -> UInt64 {
      let start: UInt64 = unit.space == .linear ? 0x1000 : 0x20
      let bytes: [UInt8] =
        unit.space == .linear
        ? [0xf0, 0xff, 0xff, 0xff, 1, 2, 3, 4, 0x00, 0x10, 0, 0, 0, 0, 0, 0] : [0x11, 0x22, 0x33, 0x44]
      guard address >= start, address + UInt64(unit.byteCount) <= start + UInt64(bytes.count) else {
        throw .unreadable(address, unit.space)
      }
      return unit.value(of: Array(bytes[Int(address - start)...].prefix(unit.byteCount)))
    }
  }

  private static func value(_ text: String) throws(CommandFailure) -> UInt64 {
    try Expression.value(of: text, in: Scope())
  }

  @Test(
    arguments: [
      ("2+3*4", 14), ("(2+3)*4", 20), ("10-2-3", 5), ("100/7/2", 7), ("100%7", 2), ("1<<4+1", 32),
      ("256>>4>>2", 4),
      ("1<<64", 0), ("1>>200", 0), ("6&3", 2), ("6|3", 7), ("6^3", 5), ("6&3==3", 0), ("(6&3)==2", 1),
      ("1|2^3&4", 3),
      ("1<2", 1), ("2<1", 0), ("2<=2", 1), ("3>=4", 0), ("4>3", 1), ("1<2==1", 1), ("-1<0", 0),
      ("-1==0-1", 1),
      ("5!=5", 0), ("!5", 0), ("!!5", 1), ("~0", UInt64.max), ("- -3", 3), ("+3", 3), ("1&&2", 1),
      ("1&&0", 0),
      ("0||0", 0), ("0||7", 1), ("1||0&&0", 1), ("0x_ff", 255), ("1_000", 1000), (" 1 \t+ 1 ", 2),
      ("0xffffffffffffffff+1", 0), ("$rax*2", 10), ("$rax==5&&$rsp>4", 1), ("start+8", 0x1008),
      ("&start", 0x1000),
      ("'two words'", 7), ("$s4main", 0x2000), ("6&&3&1", 1), ("6& &start", 0), ("1<<1<3", 1),
    ] as [(String, UInt64)])
  func operatorsBindAsInC(text: String, expected: UInt64) throws {
    #expect(try Self.value(text) == expected)
  }

  @Test(
    arguments: [
      ("*start", 0x0403_0201_ffff_fff0), ("*(start+8)", 0x1000), ("*$rsp", 0x1000),
      ("**$rsp", 0x0403_0201_ffff_fff0),
      ("{u8}start", 0xf0), ("{i8}start", UInt64.max - 15), ("{u16} start", 0xfff0),
      ("{u32}(start + 4)", 0x0403_0201),
      ("{i32} start", UInt64.max - 15), ("{i64}start", 0x0403_0201_ffff_fff0),
      ("{unsigned char} start", 0xf0),
      ("{int}start==-16", 1), ("*(u32*)start", 0xffff_fff0), ("*(unsigned short *)(start+4)", 0x0201),
      ("*(start)", 0x0403_0201_ffff_fff0), ("{u16 physical} 0x21", 0x3322),
      ("{u32 physical}0x20", 0x4433_2211),
      ("{u8}start+1", 0xf1), ("*start*0", 0), ("2**$rsp", 0x2000), ("-{u8}start", UInt64.max - 0xef),
    ] as [(String, UInt64)])
  func memoryIsRead(text: String, expected: UInt64) throws {
    #expect(try Self.value(text) == expected)
  }

  /// What is decided already is not read.
  @Test func theRightSideOfADecidedOneIsLeftAlone() throws {
    #expect(try Self.value("0 && *0") == 0)
    #expect(try Self.value("1 || *0 || 1/0") == 1)
    #expect(throws: CommandFailure.unreadable(0, .linear)) { try Self.value("1 && *0") }
  }

  @Test(arguments: [
    ("", CommandFailure.notAnExpression("", near: "")), ("1 +", .notAnExpression("1 +", near: "")),
    ("1 2", .notAnExpression("1 2", near: "2")), ("(1", .notAnExpression("(1", near: "")),
    ("1)", .notAnExpression("1)", near: ")")), ("*", .notAnExpression("*", near: "")),
    ("{u7}1", .notAnExpression("{u7}1", near: "u7}1")),
    ("{physical}1", .notAnExpression("{physical}1", near: "physical}1")),
    ("{u8 1", .notAnExpression("{u8 1", near: "u8 1")), ("1 = 2", .notAnExpression("1 = 2", near: "= 2")),
    ("&5", .notAnExpression("&5", near: "")), ("'start", .notAnExpression("'start", near: "'start")),
    ("1 ? 2", .notAnExpression("1 ? 2", near: "? 2")), ("12z", .notANumber("12z")), ("0x", .notANumber("0x")),
    ("99999999999999999999", .notANumber("99999999999999999999")), ("1/0", .divisionByZero),
    ("5%($rax-5)", .divisionByZero),
    ("nobody", .noSuchSymbol("nobody")), ("$nobody", .noSuchRegister("nobody")),
    ("&nobody", .noSuchSymbol("nobody")),
    ("*0x100c", .unreadable(0x100c, .linear)), ("{u64 physical}0x20", .unreadable(0x20, .physical)),
  ])
  func whatIsWrongIsNamed(text: String, failure: CommandFailure) {
    #expect(throws: failure) { try Self.value(text) }
  }

  /// A script that nests or goes on without end is refused, and does not end kdbg.
  @Test func hostileOnesAreRefused() {
    for text in [
      String(repeating: "(", count: 100_000), String(repeating: "-", count: 100_000) + "1",
      String(repeating: "*", count: 100_000), "1" + String(repeating: "+1", count: 100_000),
    ] {
      #expect(throws: CommandFailure.self) { try Self.value(text) }
    }
    #expect(throws: Never.self) { try Self.value("1" + String(repeating: "+1", count: 1000)) }
  }

  /// Names are looked at before there is memory to read.
  @Test func namesAreCheckedWithoutReading() throws {
    #expect(throws: Never.self) { try Expression("*(start+1) == 1/0 && -$rax").checkNames(in: Scope()) }
    #expect(throws: CommandFailure.noSuchSymbol("nobody")) {
      try Expression("0 && *(1 + -nobody)").checkNames(in: Scope())
    }
  }
}
