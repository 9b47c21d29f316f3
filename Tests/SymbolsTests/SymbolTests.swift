import Symbols
import Testing
import X86

/// From addresses to names and back.
@Suite struct SymbolTests {
  /// `inner` lies inside `outer`; `label` has no size; 16 bytes of padding end at `after`.
  private static let source = """
      .text
      .globl start
      .type start, @function
    start:
      nop
      nop
      .size start, . - start
      .type outer, @function
    outer:
      nop
    inner:
      nop
      nop
      .size outer, . - outer
      .skip 16, 0xcc
      .type alias_local, @function
    alias_local:
      .globl alias_global
      .type alias_global, @function
    alias_global:
      nop
      .size alias_local, . - alias_local
      .size alias_global, . - alias_global
    label:
      nop
      nop
      nop
      .data
      .globl counter
      .type counter, @object
    counter:
      .quad 7
      .size counter, 8
      .globl limit
      .set limit, 0xffffffff80000001
    """
  private static let base = VirtualAddress(0xffff_ffff_8000_0000)

  private let image: ELFImage
  private let fixture: Fixture

  init() throws {
    fixture = try Fixture(Self.source)
    image = try fixture.image()
  }

  private func name(_ offset: UInt64) -> String? { image.symbol(at: Self.base + offset)?.description }

  @Test func anAddressIsNamedByTheSymbolThatHoldsIt() {
    #expect(name(0) == "start")
    #expect(name(1) == "start+0x1")
    #expect(name(2) == "outer")
    #expect(name(4) == "outer+0x2", "the sized symbol holds it, although the label inner is nearer")
  }

  @Test func paddingAndTheOutsideHaveNoName() {
    #expect(name(5) == nil)
    #expect(name(20) == nil)
    #expect(image.symbol(at: Self.base - 1) == nil)
    #expect(image.symbol(at: VirtualAddress(0)) == nil)
    #expect(image.symbol(at: VirtualAddress(.max)) == nil)
  }

  @Test func theGlobalOfTwoNamesIsShown() {
    #expect(name(21) == "alias_global")
  }

  @Test func aLabelWithoutSizeReachesToItsSectionsEnd() {
    #expect(name(22) == "label")
    #expect(name(24) == "label+0x2")
    #expect(image.symbol(at: Self.base + 25) == nil, "past the end of .text")
  }

  @Test func aNumberOfTheLinkerScriptNamesNoAddress() {
    #expect(name(1) == "start+0x1")
    #expect(image.address(of: "limit") == Self.base + 1)
  }

  @Test func aNameGivesItsAddress() throws {
    #expect(image.address(of: "inner") == Self.base + 3)
    let counter = try #require(image.address(of: "counter"))
    #expect(image.bytes(at: counter, count: 8) == [7, 0, 0, 0, 0, 0, 0, 0])
    #expect(image.match("counter") == .unique(try #require(image.symbol(at: counter)).symbol))
    #expect(image.match("nobody") == .unknown)
    #expect(image.address(of: "nobody") == nil)
  }

  @Test func kindsAreTold() throws {
    func kind(_ name: String) throws -> Symbol.Kind? {
      guard case .unique(let symbol) = image.match(name) else { return nil }
      return symbol.kind
    }
    #expect(try kind("start") == .function)
    #expect(try kind("counter") == .object)
    #expect(try kind("label") == .untyped)
  }

  @Test func aPrefixIsCompleted() {
    #expect(image.names(withPrefix: "alias_") == ["alias_global", "alias_local"])
    #expect(image.names(withPrefix: "l") == ["label", "limit"])
    #expect(image.names(withPrefix: "zz") == [])
    #expect(image.names(withPrefix: "").contains("start"))
  }

  @Test func aSectionListsItsSymbolsInOrder() {
    let names = image.symbols(in: image.executableSections[0]).map(\.name)
    #expect(names == ["start", "outer", "inner", "alias_local", "alias_global", "label"])
  }

  @Test func bytesEndWithTheirSection() {
    #expect(image.bytes(at: Self.base + 24, count: 100) == [0x90])
    #expect(image.bytes(at: Self.base + 25, count: 1) == [])
    #expect(image.bytes(at: Self.base, count: 0) == [])
  }

  @Test func aStrippedProgramHasNoNames() throws {
    #expect(image.hasSymbols)
    try fixture.run("strip", ["program"])
    let stripped = try fixture.image()
    #expect(!stripped.hasSymbols)
    #expect(stripped.symbol(at: Self.base) == nil)
    #expect(stripped.match("start") == .unknown)
    #expect(stripped.line(at: Self.base) == nil)
  }
}
