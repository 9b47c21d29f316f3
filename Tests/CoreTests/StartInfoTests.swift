import Core
import Testing
import X86

/// The loader's structures, written byte by byte as xen/include/public/arch-x86/hvm/start_info.h lays them out.
private struct LoaderImage {
  var magic: UInt32 = 0x336e_c578
  var version: UInt32 = 1
  var moduleCount: UInt32 = 1
  var modules: UInt64 = 0x9100
  var commandLine: UInt64 = 0x9200
  var map: UInt64 = 0x9300
  var mapCount: UInt32?
  var rootPointer: UInt64 = 0xf_5a40
  var module: (start: UInt64, size: UInt64) = (0x30_0003, 0x1234)
  var text = "init=/hello assert=full"
  var ranges: [(start: UInt64, size: UInt64, type: UInt32)] = [
    (0, 0x9_fc00, 1), (0x9_fc00, 0x400, 2), (0x10_0000, 0x7ee_0000, 1), (0xfffc_0000, 0x4_0000, 2),
    (0x1_0000_0000, 0x4000_0000, 1),
  ]

  static let address = PhysicalAddress(truncating: 0x9000)

  var memory: FakeMemory {
    let ram = RAM([0x9000..<0xa000])
    var header: [UInt8] = []
    header.append(little: magic)
    header.append(little: version)
    header.append(little: UInt32(0))
    header.append(little: moduleCount)
    header.append(little: modules)
    header.append(little: commandLine)
    header.append(little: rootPointer)
    header.append(little: map)
    header.append(little: mapCount ?? UInt32(ranges.count))
    header.append(little: UInt32(0))
    ram.place(header, at: 0x9000)
    var list: [UInt8] = []
    for value in [module.start, module.size, 0, 0] { list.append(little: value) }
    ram.place(list, at: 0x9100)
    ram.place(Array(text.utf8) + [0], at: 0x9200)
    var entries: [UInt8] = []
    for range in ranges {
      entries.append(little: range.start)
      entries.append(little: range.size)
      entries.append(little: range.type)
      entries.append(little: UInt32(0))
    }
    ram.place(entries, at: 0x9300)
    return FakeMemory(ram)
  }

  func read() -> StartInfo? {
    var memory = memory
    return StartInfo(at: Self.address, memory: &memory)
  }
}

@Suite struct StartInfoTests {
  private func read(_ change: (inout LoaderImage) -> Void) -> StartInfo? {
    var image = LoaderImage()
    change(&image)
    return image.read()
  }

  private func text(_ info: StartInfo, _ image: LoaderImage = LoaderImage()) -> String {
    var memory = image.memory
    let bytes = (0..<info.commandLine.byteCount).map { info.commandLine.byte($0, memory: &memory)! }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func readsWhatTheLoaderLeft() throws {
    let info = try #require(LoaderImage().read())
    #expect(info.ram.count == 3)
    #expect(info.ram[0] == MemoryRange(start: 0, end: 0x9_fc00))
    #expect(info.ram[1] == MemoryRange(start: 0x10_0000, end: 0x7fe_0000))
    #expect(info.ram[2] == MemoryRange(start: 0x1_0000_0000, end: 0x1_4000_0000))
    #expect(
      info.initrd == PhysicalBytes(start: PhysicalAddress(truncating: 0x30_0003), byteCount: 0x1234))
    #expect(text(info) == "init=/hello assert=full")
    #expect(info.rootPointer == PhysicalAddress(truncating: 0xf_5a40))
    #expect(read { $0.rootPointer = 0 }?.rootPointer == nil)
    #expect(info.ownRange.start <= 0x9000 && info.ownRange.end >= 0x9000 + 4096)
  }

  @Test func refusesWhatIsNoStartInfo() {
    #expect(read { $0.magic = 0x336e_c579 } == nil)
    #expect(read { $0.version = 0 } == nil)
    #expect(read { $0.map = 0x10_0000 } == nil)
    #expect(read { $0.mapCount = 0 } == nil)
    #expect(read { $0.mapCount = 129 } == nil)
    #expect(read { $0.mapCount = .max } == nil)
    #expect(read { $0.ranges = [(0, 0x1000_0000, 2)] } == nil)
    var memory = LoaderImage().memory
    #expect(StartInfo(at: PhysicalAddress(truncating: 0x10_0000), memory: &memory) == nil)
    // Cut by the end of RAM.
    #expect(StartInfo(at: PhysicalAddress(truncating: 0x9ff0), memory: &memory) == nil)
  }

  @Test func laterVersionsHaveTheSameStart() { #expect(read { $0.version = 2 } != nil) }

  @Test func thereMayBeNoInitrd() throws {
    #expect(try #require(read { $0.moduleCount = 0 }).initrd == nil)
    #expect(try #require(read { $0.module.size = 0 }).initrd == nil)
    #expect(try #require(read { $0.modules = 0x10_0000 }).initrd == nil)
    // Not in RAM, or reaching out of it.
    #expect(try #require(read { $0.module.start = 0xfffd_0000 }).initrd == nil)
    #expect(try #require(read { $0.module.size = 0x800_0000 }).initrd == nil)
    #expect(try #require(read { $0.module.size = .max }).initrd == nil)
  }

  @Test func theCommandLineEndsAtItsZeroOrAtTheLimit() throws {
    #expect(try #require(read { $0.text = "" }).commandLine.byteCount == 0)
    #expect(try #require(read { $0.commandLine = 0 }).commandLine.byteCount == 0)
    #expect(try #require(read { $0.commandLine = 0x10_0000 }).commandLine.byteCount == 0)
    // No zero before the end of RAM.
    #expect(try #require(read { $0.commandLine = 0x9ff0 }).commandLine.byteCount <= 16)
    // No zero at all: the limit ends it.
    var image = LoaderImage()
    image.commandLine = 0x9400
    let memory = image.memory
    memory.ram.place([UInt8](repeating: UInt8(ascii: "x"), count: 0xc00), at: 0x9400)
    var view = memory
    let info = try #require(StartInfo(at: LoaderImage.address, memory: &view))
    #expect(info.commandLine.byteCount == 2048)
  }

  @Test func absurdRangesDoNotWrap() throws {
    let info = try #require(
      read {
        $0.ranges = [(0x10_0000, .max, 1), (.max, 0x1000, 1), (1 << 52, 0x1000, 1), (0x10_0000, 0, 1)]
      })
    #expect(info.ram.count == 1)
    #expect(info.ram[0].start == 0x10_0000)
    #expect(info.ram[0].end > info.ram[0].start)
  }

  @Test func moreRangesThanThereIsRoomForAreLeftOut() throws {
    let info = try #require(
      read { image in
        image.ranges = (0..<64).map { (UInt64($0) * 0x10_0000, 0x1000, 1) }
      })
    #expect(info.ram.count == MemoryMap.capacity)
  }
}
