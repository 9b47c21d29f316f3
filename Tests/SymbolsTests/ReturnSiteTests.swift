import Symbols
import Testing
import X86

/// The search for the instructions that can return to Ring 3.
@Suite struct ReturnSiteTests {
  private func sites(_ body: String) throws -> [String] {
    let source = """
        .text
        .globl start
      start:
      \(body)
      """
    return try Fixture(source).image().returnSites().map { site in
      "\(site.instruction.rawValue) \(site.location?.description ?? "-")"
    }
  }

  @Test func everyKindIsFoundWithItsSymbol() throws {
    let found = try sites(
      """
        nop
        iretq
        .type leave, @function
      leave:
        swapgs
        sysretq
        .size leave, . - leave
      others:
        .byte 0xcf
        .byte 0x66, 0xcf
        .byte 0x0f, 0x07
        .byte 0x0f, 0x35
        .byte 0x4f, 0xcf
      """)
    #expect(
      found == [
        "iretq start+0x1", "sysretq leave+0x3", "iretd others", "iret others+0x1", "sysret others+0x3",
        "sysexit others+0x5", "iretq others+0x7",
      ])
  }

  @Test func otherInstructionsWithTheSameBytesAreNot() throws {
    let found = try sites(
      """
        mov %rcx, %rdi
        mov $0xcf48cf48, %eax
        movabs $0x070f48cf48cf48cf, %rax
        ret
      """)
    #expect(found == [])
  }

  /// The object ends in a byte that would swallow the next function's first ones.
  @Test func declaredDataIsNeitherDecodedNorInTheWay() throws {
    let found = try sites(
      """
        ret
        .type table, @object
      table:
        .byte 0x48, 0xcf
        .byte 0x48, 0xb8
        .size table, . - table
        .type after, @function
      after:
        iretq
        .size after, . - after
      """)
    #expect(found == ["iretq after"])
  }

  /// Bytes after a function's end that belong to nobody must not swallow the next function.
  @Test func paddingDoesNotPutTheDecoderOutOfStep() throws {
    let found = try sites(
      """
        ret
        .size start, . - start
        .byte 0x48, 0xb8
        .type after, @function
      after:
        iretq
        .size after, . - after
      """)
    #expect(found == ["iretq after"])
  }

  /// The same at the end of a function that nothing with a name follows.
  @Test func aFunctionsEndIsABoundaryToo() throws {
    let found = try sites(
      """
        ret
        .byte 0x48, 0xb8
        .size start, . - start
        iretq
        .skip 8, 0x90
      """)
    #expect(found == ["iretq -"])
  }

  @Test func invalidBytesInsideAFunctionAreSteppedOver() throws {
    #expect(try sites("  .byte 0x06, 0x06\n  iretq") == ["iretq start+0x2"])
  }

  @Test func aProgramWithoutSymbolsIsSearchedToo() throws {
    let fixture = try Fixture("  .text\n  .globl start\nstart:\n  nop\n  iretq\n")
    try fixture.run("strip", ["program"])
    let sites = try fixture.image().returnSites()
    #expect(sites.map(\.address) == [VirtualAddress(0xffff_ffff_8000_0001)])
    #expect(sites.first?.location == nil)
  }

  @Test func dataSectionsAreNotSearched() throws {
    #expect(try sites("  ret\n  .data\n  .byte 0x48, 0xcf") == [])
  }
}
