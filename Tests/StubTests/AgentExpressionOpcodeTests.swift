import Stub
import Testing

/// Every instruction alone. GDB manual, F.2.
@Suite struct AgentExpressionOpcodeTests {
  private static let minusOne = UInt64.max
  private static let smallest: UInt64 = 1 << 63

  /// Evaluates `code` after `values` were pushed; `end` is added.
  private func value(_ values: [UInt64], _ code: UInt8...) -> UInt64? {
    var machine = AgentMachine()
    return try? machine.evaluate(Op.push(values) + code + [Op.end]).get()
  }

  @Test func arithmeticWraps() {
    #expect(value([2, 3], Op.add) == 5)
    #expect(value([Self.minusOne, 2], Op.add) == 1)
    #expect(value([2, 3], Op.sub) == Self.minusOne)
    #expect(value([6, 7], Op.mul) == 42)
    #expect(value([Self.smallest, 2], Op.mul) == 0)
  }

  @Test func divisionRoundsTowardsZero() {
    #expect(value([UInt64(bitPattern: -7), 2], Op.divSigned) == UInt64(bitPattern: -3))
    #expect(value([UInt64(bitPattern: -7), 2], Op.remSigned) == UInt64(bitPattern: -1))
    #expect(value([7, UInt64(bitPattern: -2)], Op.remSigned) == 1)
    #expect(value([UInt64(bitPattern: -7), 2], Op.divUnsigned) == 0x7fff_ffff_ffff_fffc)
    #expect(value([UInt64(bitPattern: -7), 10], Op.remUnsigned) == 9)
  }

  @Test func theQuotientThatDoesNotFitWraps() {
    #expect(value([Self.smallest, Self.minusOne], Op.divSigned) == Self.smallest)
    #expect(value([Self.smallest, Self.minusOne], Op.remSigned) == 0)
  }

  @Test func shifts() {
    #expect(value([1, 63], Op.lsh) == Self.smallest)
    #expect(value([Self.smallest, 63], Op.rshUnsigned) == 1)
    #expect(value([Self.smallest, 63], Op.rshSigned) == Self.minusOne)
    #expect(value([8, 2], Op.rshSigned) == 2)
  }

  @Test(arguments: [64, 65, 1 << 32, UInt64.max])
  func shiftsByTheWholeWidthLeaveOnlySignBits(count: UInt64) {
    #expect(value([5, count], Op.lsh) == 0)
    #expect(value([Self.minusOne, count], Op.rshUnsigned) == 0)
    #expect(value([Self.smallest, count], Op.rshSigned) == Self.minusOne)
    #expect(value([5, count], Op.rshSigned) == 0)
  }

  @Test func logic() {
    #expect(value([0], Op.logNot) == 1)
    #expect(value([2], Op.logNot) == 0)
    #expect(value([12, 10], Op.bitAnd) == 8)
    #expect(value([12, 10], Op.bitOr) == 14)
    #expect(value([12, 10], Op.bitXor) == 6)
    #expect(value([0], Op.bitNot) == Self.minusOne)
  }

  @Test func comparisons() {
    #expect(value([4, 4], Op.equal) == 1)
    #expect(value([4, 5], Op.equal) == 0)
    #expect(value([Self.minusOne, 1], Op.lessSigned) == 1)
    #expect(value([1, Self.minusOne], Op.lessSigned) == 0)
    #expect(value([1, 1], Op.lessSigned) == 0)
    #expect(value([Self.minusOne, 1], Op.lessUnsigned) == 0)
    #expect(value([1, Self.minusOne], Op.lessUnsigned) == 1)
    #expect(value([1, 1], Op.lessUnsigned) == 0)
  }

  @Test func extensions() {
    #expect(value([0x80], Op.ext, 8) == UInt64(bitPattern: -128))
    #expect(value([0x17f], Op.ext, 8) == 0x7f)
    #expect(value([0x8000_0000], Op.ext, 32) == 0xffff_ffff_8000_0000)
    #expect(value([1], Op.ext, 1) == Self.minusOne)
    #expect(value([0xc], Op.ext, 3) == UInt64(bitPattern: -4))
    #expect(value([Self.minusOne], Op.zeroExt, 3) == 7)
    #expect(value([Self.minusOne], Op.zeroExt, 32) == 0xffff_ffff)
    #expect(value([Self.minusOne], Op.zeroExt, 63) == Self.smallest - 1)
  }

  @Test(arguments: [64, 65, 255] as [UInt8])
  func extensionsFromTheWholeWidthChangeNothing(bits: UInt8) {
    #expect(value([0x8000_0000_0000_0123], Op.ext, bits) == 0x8000_0000_0000_0123)
    #expect(value([0x8000_0000_0000_0123], Op.zeroExt, bits) == 0x8000_0000_0000_0123)
  }

  @Test func extensionsFromNoBitsLeaveNothing() {
    #expect(value([Self.minusOne], Op.ext, 0) == 0)
    #expect(value([Self.minusOne], Op.zeroExt, 0) == 0)
  }

  @Test(
    arguments: [
      (Op.ref8, 0x88), (Op.ref16, 0x8788), (Op.ref32, 0x8586_8788), (Op.ref64, 0x8182_8384_8586_8788),
    ] as [(UInt8, UInt64)])
  func referencesAreLittleEndianAndUnsigned(code: UInt8, expected: UInt64) {
    var machine = AgentMachine()
    // Aligned in no way.
    machine.store(0x8182_8384_8586_8788 as UInt64, at: 0x1003)
    #expect(machine.evaluate(Op.push(0x1003) + [code, Op.end]) == .success(expected))
  }

  @Test func constantsAreBigEndianAndUnsigned() {
    var machine = AgentMachine()
    #expect(machine.evaluate([Op.const8, 0xfe, Op.end]) == .success(0xfe))
    #expect(machine.evaluate([Op.const16, 0xfe, 0xdc, Op.end]) == .success(0xfedc))
    #expect(machine.evaluate([Op.const32, 0xfe, 0xdc, 0xba, 0x98, Op.end]) == .success(0xfedc_ba98))
    #expect(
      machine.evaluate([0x25, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10, Op.end])
        == .success(0xfedc_ba98_7654_3210))
  }

  @Test func registers() {
    var machine = AgentMachine(registers: [16: 0xffff_ffff_8000_1234, 0x102: 7])
    #expect(machine.evaluate([Op.reg, 0, 16, Op.end]) == .success(0xffff_ffff_8000_1234))
    #expect(machine.evaluate([Op.reg, 1, 2, Op.end]) == .success(7))
  }

  @Test func stackOrder() {
    #expect(value([1, 2], Op.dup, Op.add) == 4)
    #expect(value([1, 2], Op.pop) == 1)
    #expect(value([1, 2], Op.swap) == 1)
    #expect(value([7, 2], Op.swap, Op.sub) == UInt64(bitPattern: -5))
    #expect(value([1, 2, 3], Op.pick, 0) == 3)
    #expect(value([1, 2, 3], Op.pick, 2) == 1)
    #expect(value([1, 2, 3], Op.pick, 2, Op.pop) == 3)
  }

  /// `a b c` becomes `c a b`.
  @Test func rotation() {
    #expect(value([1, 2, 3], Op.rot) == 2)
    #expect(value([1, 2, 3], Op.rot, Op.pop) == 1)
    #expect(value([1, 2, 3], Op.rot, Op.pop, Op.pop) == 3)
    #expect(value([9, 1, 2, 3], Op.rot, Op.pop, Op.pop, Op.pop) == 9)
  }

  @Test func jumps() {
    var machine = AgentMachine()
    // 0 const8 x; 2 if_goto 8; 5 const8 20; 7 end; 8 const8 10; 10 end
    func branch(_ condition: UInt8) -> [UInt8] {
      [Op.const8, condition, Op.ifGoto, 0, 8, Op.const8, 20, Op.end, Op.const8, 10, Op.end]
    }
    #expect(machine.evaluate(branch(0)) == .success(20))
    #expect(machine.evaluate(branch(1)) == .success(10))
    #expect(machine.evaluate([Op.goto, 0, 6, Op.const8, 1, Op.end, Op.const8, 2, Op.end]) == .success(2))
  }

  /// A loop that ends: 5 + 4 + 3 + 2 + 1, with jumps backwards.
  @Test func loops() {
    let code =
      [Op.const8, 0, Op.const8, 5]  // sum counter
      + [Op.dup, Op.rot, Op.add, Op.swap]  // the sum grows by the counter
      + [Op.const8, 1, Op.sub, Op.dup, Op.ifGoto, 0, 4, Op.pop, Op.end]
    // `rot` takes the copy below: sum counter counter -> counter sum counter.
    var machine = AgentMachine()
    #expect(machine.evaluate(code) == .success(15))
    #expect(refusal(of: code) == nil)
  }

  @Test func variablesLastFromOneEvaluationToTheNext() {
    var machine = AgentMachine()
    let count = [Op.getv, 0, 1, Op.const8, 1, Op.add, Op.setv, 0, 1, Op.end]
    #expect(machine.evaluate(count) == .success(1))
    #expect(machine.evaluate(count) == .success(2))
    #expect(machine.variables.value(1) == 2)
    #expect(machine.variables.value(2) == 0)
  }

  @Test func theValueIsTheTopAndZeroWithoutOne() {
    #expect(value([1, 2]) == 2)
    #expect(value([]) == 0)
  }
}
