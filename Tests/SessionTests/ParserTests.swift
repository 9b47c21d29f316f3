import Testing
import X86

@testable import Session

/// The texts that others write: XML of a stub, and QEMU's monitor.
@Suite struct ParserTests {
  private func description(_ documents: [String: String]) throws -> TargetDescription {
    try TargetDescription { name throws(SessionError) in
      guard let text = documents[name] else { throw .unsupported(operation: name) }
      return Array(text.utf8)
    }
  }

  @Test func registersWithoutANumberFollowTheirPredecessor() throws {
    let registers = try description([
      "target.xml": "<target><reg name=\"a\" bitsize=\"64\" regnum=\"5\"/><reg name='b' bitsize='32'/>"
        + "<xi:include href=\"more.xml\"/><reg name = \"d\"\n bitsize=\"8\" regnum=\"1\" /></target>",
      "more.xml":
        "<!-- <reg name=\"x\" bitsize=\"64\"/> > --><feature name='f'><reg bitsize='80' name='c>'/></feature>",
    ]).registers
    #expect(
      registers == [
        RegisterDescription(name: "d", bitSize: 8, number: 1),
        RegisterDescription(name: "a", bitSize: 64, number: 5),
        RegisterDescription(name: "b", bitSize: 32, number: 6),
        RegisterDescription(name: "c>", bitSize: 80, number: 7),
      ])
  }

  @Test func nonsenseInADescriptionDoesNoHarm() throws {
    for text in [
      "", "<", "<reg", "<reg name=\"a", "<reg name=\"a\" bitsize=\"0\"/>", "<!--", "<!-->", "</reg>",
      "<reg name/>",
      "<reg name=\"a\" bitsize=\"99999999999999999999\"/>", "<reg name=\"a\" bitsize=\"64\" regnum=\"-1\"/>",
      "<>", "<reg name= bitsize=64>", "<reg = = />", "<reg name=\"a\" bitsize=\"-8\"/>",
    ] {
      #expect(try description(["target.xml": text]).registers.isEmpty, "\(text)")
    }
    // One that includes itself ends.
    let own = "<xi:include href=\"target.xml\"/><reg name=\"a\" bitsize=\"8\" regnum=\"1\"/>"
    #expect(try description(["target.xml": own]).registers.isEmpty == false)
  }

  private static let registersText = """

    CPU#0
    RAX=0000000000000000 RBX=0000000000000000 RCX=0000000000000000 RDX=0000000000000000
    RIP=ffffffff80001000 RFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0
    CS =0008 0000000000000000 ffffffff 00af9b00 DPL=0 CS64 [-RA]
    LDT=0000 0000000000000000 0000ffff 00008200 DPL=0 LDT
    TR =0018 fffffe0000003000 00004087 00008b00 DPL=0 TSS64-busy
    GDT=     fffffe0000001000 0000007f
    IDT=     fffffe0000000000 00000fff
    CR0=80010001 CR2=0000000000000000 CR3=0000000000108000 CR4=00000020
    CPU#1
    TR =0040 00001000 00000067 00008900 DPL=0 TSS64-avl
    GDT=     00002000 00000037
    IDT=     00003000 0000080f
    """

  @Test func systemRegistersComeFromTheRightProcessor() {
    let first = SystemRegisters(parsing: Self.registersText, cpu: 0, isLongMode: true)
    #expect(
      first.task
        == SegmentCache(
          selector: .init(rawValue: 0x18), base: 0xffff_fe00_0000_3000, limit: 0x4087,
          attributes: .init(rawValue: 0x8b)))
    #expect(first.local?.selector.isNull == true)
    #expect(first.global == TableRegister(base: .init(0xffff_fe00_0000_1000), limit: 0x7f))
    #expect(first.interrupt == TableRegister(base: .init(0xffff_fe00_0000_0000), limit: 0xfff))
    let second = SystemRegisters(parsing: Self.registersText, cpu: 1, isLongMode: false)
    #expect(second.task?.selector.rawValue == 0x40)
    #expect(second.task?.base == 0x1000)
    #expect(second.interrupt == TableRegister(base: .init(0x3000), limit: 0x80f))
    #expect(SystemRegisters(parsing: Self.registersText, cpu: 2, isLongMode: true).isUnknown)
  }

  @Test func aBaseThatQEMUCutShortIsNotKnown() {
    // In compatibility mode the upper half is not shown.
    let system = SystemRegisters(parsing: Self.registersText, cpu: 1, isLongMode: true)
    #expect(system.task == nil)
    #expect(system.global == nil)
  }

  @Test func nonsenseFromTheMonitorIsNotKnown() {
    for text in ["", "\n", "TR =", "TR =zz zz zz zz", "TR =0040", "unknown command: 'info'", "CPU#", "GDT="] {
      #expect(SystemRegisters(parsing: text, cpu: 0, isLongMode: true).isUnknown)
    }
  }

  private static let mapText = """
    FlatView #0
     AS "I/O", root: io
     Root memory region: io
      0000000000000000-0000000000000007 (prio 0, i/o): dma-chan

    FlatView #1
     AS "cpu-smm-0", root: memory
     Root memory region: memory
      0000000000000000-00000000ffffffff (prio 0, ram): decoy

    FlatView #2
     AS "memory", root: system
     AS "cpu-memory-0", root: system
     Root memory region: system
      0000000000000000-000000000009ffff (prio 0, ram): ram0 KVM
      00000000000a0000-00000000000bffff (prio 1, i/o): vga-lowmem
      00000000000c0000-00000000000dffff (prio 1, rom): pc.rom
      0000000000100000-000000003fffffff (prio 0, ram): ram0 @0000000000100000 KVM
      00000000fee00000-00000000feefffff (prio 4096, i/o): apic-msi
      00000000fffc0000-00000000ffffffff (prio 0, romd): pc.bios
      0000000100000000-000000013fffffff (prio 0, nv-ram): ram0 @0000000040000000
      0000000200000000-00000002000fffff (prio 0, ramd): 0000:01:00.0 BAR 1

    FlatView #3
     AS "i440FX", root: bus master container
     Root memory region: (none)
      No rendered FlatView
    """

  @Test func onlyMemoryIsMemory() throws {
    let map = try #require(GuestMemoryMap(parsing: Self.mapText))
    #expect(map.regions.map(\.first) == [0, 0xc_0000, 0x10_0000, 0xfffc_0000, 0x1_0000_0000])
    #expect(map.region(at: 0x9_ffff)?.kind == .ram)
    #expect(map.region(at: 0xa_0000) == nil)
    #expect(map.region(at: 0xc_0000)?.kind == .rom)
    #expect(map.region(at: 0xffff_ffff)?.block == "pc.bios")
    #expect(map.region(at: 0x3fff_ffff)?.offset == 0x10_0000)
    #expect(map.region(at: 0x4000_0000) == nil)
    // Above the hole, the file goes on where it stopped below it.
    #expect(
      map.region(at: 0x1_2000_0000)
        == .init(kind: .ram, first: 0x1_0000_0000, last: 0x1_3fff_ffff, block: "ram0", offset: 0x4000_0000))
    // A device's own memory is not read.
    #expect(map.region(at: 0x2_0000_0000) == nil)
    #expect(GuestMemoryMap(parsing: "unknown command: 'info mtree -f'") == nil)
  }

  @Test func theMapIsAskedAgainOnlyWhereItMayHaveChanged() throws {
    nonisolated(unsafe) var asked = 0
    nonisolated(unsafe) var text = Self.mapText
    let cache = GuestMemoryMapCache { () throws(SessionError) in
      unsafe asked += 1
      return unsafe text
    }
    #expect(try cache.region(at: 0x1000)?.kind == .ram)
    #expect(try cache.region(at: 0xc_0000)?.kind == .rom)
    #expect(unsafe asked == 1)
    // Firmware shadows its ROM with RAM.
    unsafe text = Self.mapText.replacing("rom): pc.rom", with: "ram): ram0 @00000000000c0000")
    cache.invalidate()
    #expect(try cache.region(at: 0x2000)?.kind == .ram)
    #expect(unsafe asked == 1)
    #expect(try cache.region(at: 0xc_0000)?.kind == .ram)
    #expect(try cache.region(at: 0xa_0000) == nil)
    #expect(unsafe asked == 2)
    #expect(try cache.covers(0x9_fff0, count: 16))
    #expect(try cache.covers(0x9_fff0, count: 17) == false)
    // Two regions that touch, and the last byte of all.
    #expect(try cache.covers(0xc_0000, count: 0x2_0000))
    #expect(try cache.covers(0xffff_fff0, count: 0x1000))
  }

  @Test func aMonitorPageMustBeWhole() {
    let line = "0000000000001000: 0x0807060504030201 0x0000000000000000\r\n"
    let page = MonitorPageFetcher.qwords(parsing: String(repeating: line, count: 256))
    #expect(page?.count == 512)
    #expect(page?.prefix(2) == [0x0807_0605_0403_0201, 0])
    #expect(MonitorPageFetcher.qwords(parsing: String(repeating: line, count: 255)) == nil)
    #expect(MonitorPageFetcher.qwords(parsing: "Cannot access memory\n") == nil)
  }

  @Test(arguments: [
    ("256M", 256 << 20), ("256", 256 << 20), ("2G", 2 << 30), ("1g", 1 << 30), ("1T", 1 << 40),
  ])
  func sizesAreQEMUs(_ text: String, _ byteCount: UInt64) throws {
    #expect(try QEMUArguments.byteCount(memory: text) == byteCount)
  }

  @Test(arguments: ["", "M", "0", "-1", "1.5G", "256MB", "256K", "99999999999999999999G", "2000T", "many"])
  func otherSizesAreRefused(_ text: String) {
    #expect(
      throws: SessionError.invalidLaunchOption(
        option: "--memory", reason: "\"\(text)\" is not a size such as 256M or 2G")
    ) { try QEMUArguments.byteCount(memory: text) }
  }

  @Test func requestsAreSpelledAsTheManualHasThem() {
    func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    #expect(text(Request.read(0, 0)) == "m0,0")
    #expect(text(Request.read(0xffff_c900_0000_4ff8, 0x800)) == "mffffc90000004ff8,800")
    let watch = Breakpoint(kind: .watchWrite(byteCount: 8), address: 0x1000)
    #expect(text(watch.insertion) == "Z2,1000,8")
    #expect(text(watch.removal) == "z2,1000,8")
    #expect(text(Breakpoint(kind: .software, address: 0x10).insertion) == "Z0,10,1")
    #expect(text(Breakpoint(kind: .watchAccess(byteCount: 4), address: 0x10).insertion) == "Z4,10,4")
  }
}
