import Testing
import X86

@testable import Symbols

/// Demangled names, cut to what a person types, and what an ambiguous one comes to.
@Suite struct MangledNameTests {
  @Test(arguments: [
    ("Kernel.main() -> ()", "Kernel.main()"),
    (
      "Core.AddressSpace.map(_: X86.VirtualAddress, to: X86.PhysicalFrame) throws -> Swift.Bool",
      "Core.AddressSpace.map(_:to:)"
    ),
    (
      "generic specialization <Kernel.Memory, Swift.Int> of X86.walk<A where A: X86.PhysicalMemory>"
        + "(_: X86.VirtualAddress, root: X86.PhysicalFrame, memory: inout A) -> X86.PageWalk",
      "X86.walk(_:root:memory:)"
    ),
    (
      "function signature specialization <Arg[0] = Dead> of static X86.CR3.decode(Swift.UInt64) -> X86.CR3",
      "X86.CR3.decode(_:)"
    ),
    (
      "(extension in Core):Core.KernelSystem< where A: ~Swift.Copyable>."
        + "(wait in _A85B0BF04494C99C7C5B8B6ACA817A6D)(_: Swift.UInt64, space: A) throws(Core.Fault) -> ()",
      "Core.KernelSystem.wait(_:space:)"
    ),
    ("Kernel.(state in _D77424E7793A8EE9AF734A96176F7CD3) : Kernel.State", "Kernel.state"),
    ("Kernel.(Table in _D774).count.getter : Swift.Int", "Kernel.Table.count.getter"),
    ("X86.CR3.root.getter : X86.PhysicalFrame", "X86.CR3.root.getter"),
    ("X86.CR3.init(rawValue: Swift.UInt64) -> X86.CR3", "X86.CR3.init(rawValue:)"),
    ("Kernel.each(_: (Swift.Int, (Swift.Bool) -> ()) -> Swift.Bool) -> ()", "Kernel.each(_:)"),
    ("Kernel.pair() -> (Swift.Int, Swift.Int)", "Kernel.pair()"),
    ("Kernel.table : (Swift.Int, Swift.Int)", "Kernel.table"),
    (
      "closure #1 (Swift.Int) -> Swift.Bool in Kernel.(each in _D774)(_: (Swift.Int) -> Swift.Bool) -> ()",
      "closure #1 in Kernel.each(_:)"
    ),
    ("helper #2 <A>(A) -> () in Kernel.run() -> ()", "helper #2 in Kernel.run()"),
    (
      "static X86.VirtualAddress.< infix(X86.VirtualAddress, X86.VirtualAddress) -> Swift.Bool",
      "X86.VirtualAddress.< infix(_:_:)"
    ),
    ("kernel::Frame::take(unsigned long) const", "kernel::Frame::take"),
    ("kernel::(anonymous namespace)::take(int (*)(long))", "kernel::(anonymous namespace)::take"),
    ("core::panicking::panic::h0123456789abcdef", "core::panicking::panic"),
    ("", ""),
    ("(", "("),
    ("a)>b(", "a)>b("),
  ])
  func aNameLosesItsTypes(_ full: String, _ qualified: String) {
    #expect(SymbolName(demangled: full).qualified == qualified)
  }

  @Test func everySuffixIsASpelling() {
    #expect(
      SymbolName(demangled: "Core.Space.map(_: Swift.Int, to: Swift.Int) -> ()").spellings == [
        "Core.Space.map(_:to:)", "Core.Space.map", "Space.map(_:to:)", "Space.map", "map(_:to:)", "map",
      ])
    #expect(
      SymbolName(demangled: "X86.CR3.root.getter : X86.PhysicalFrame").spellings == [
        "X86.CR3.root.getter", "CR3.root.getter", "root.getter",
      ])
    #expect(
      SymbolName(demangled: "closure #1 () -> () in Kernel.run() -> ()").spellings == [
        "closure #1 in Kernel.run()"
      ])
    #expect(
      SymbolName(demangled: "kernel::Frame::take(long)").spellings == [
        "kernel::Frame::take", "Frame::take", "take",
      ])
  }

  @Test func theRuntimesDemanglersAnswer() {
    #expect(Demangler.demangle("$s6Kernel4mainyyF") == "Kernel.main() -> ()")
    #expect(Demangler.demangle("$e6Kernel4mainyyF") == "Kernel.main() -> ()")
    #expect(Demangler.demangle("_ZN6kernel4takeEm") == "kernel::take(unsigned long)")
    #expect(Demangler.demangle("start") == nil)
    #expect(Demangler.demangle("$x.notSwift") == nil)
    #expect(Demangler.demangle("_Zbroken") == nil)
  }

  /// Two functions `run` in two modules, and one `halt`.
  private static let source = """
      .text
      .globl start
      .type start, @function
    start:
      ret
      .size start, . - start
      .type "$e6Kernel3run3forySi_tF", @function
    "$e6Kernel3run3forySi_tF":
      ret
      .size "$e6Kernel3run3forySi_tF", 1
      .type "$e4Core3run3forySi_tF", @function
    "$e4Core3run3forySi_tF":
      ret
      .size "$e4Core3run3forySi_tF", 1
      .type "$e6Kernel4haltyyF", @function
    "$e6Kernel4haltyyF":
      ret
      .size "$e6Kernel4haltyyF", 1
    """
  private static let base = VirtualAddress(0xffff_ffff_8000_0000)

  @Test func everySpellingFindsTheFunction() throws {
    let image = try Fixture(Self.source).image()
    for spelling in [
      "$e6Kernel4haltyyF", "Kernel.halt() -> ()", "Kernel.halt()", "Kernel.halt", "halt()", "halt",
    ] {
      #expect(image.address(of: spelling) == Self.base + 3, "\(spelling)")
    }
    #expect(image.symbol(at: Self.base + 3)?.description == "Kernel.halt()")
    #expect(image.symbol(at: Self.base + 1)?.symbol.demangledName == "Kernel.run(for: Swift.Int) -> ()")
  }

  @Test func aNameOfTwoIsAmbiguous() throws {
    let image = try Fixture(Self.source).image()
    guard case .ambiguous(let both) = image.match("run") else {
      Issue.record("run is not ambiguous")
      return
    }
    #expect(both.map(\.name) == ["Kernel.run(for:)", "Core.run(for:)"])
    #expect(image.address(of: "run") == nil)
    #expect(image.address(of: "Core.run(for:)") == Self.base + 2)
  }

  @Test func completionOffersTheShortestThatIsClear() throws {
    let image = try Fixture(Self.source).image()
    #expect(image.names(withPrefix: "Kernel.") == ["Kernel.halt", "Kernel.run"])
    #expect(image.names(withPrefix: "ha") == ["halt"])
    #expect(image.names(withPrefix: "halt(") == ["halt()"], "labels once they are begun")
    #expect(image.names(withPrefix: "ru") == ["run(for:)"], "run alone is ambiguous")
    #expect(image.names(withPrefix: "$e6Kernel4") == ["$e6Kernel4haltyyF"])
    #expect(!image.names(withPrefix: "").contains { $0.hasPrefix("$e") })
  }
}
