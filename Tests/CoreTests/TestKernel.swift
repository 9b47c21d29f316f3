import X86

@testable import Core

/// A console whose keys the test presses.
final class Terminal {
  var typed: [UInt8] = []
  private(set) var written: [UInt8] = []

  var text: String { String(decoding: written, as: UTF8.self) }
  fileprivate func write(_ byte: UInt8) { written.append(byte) }
}

struct FakeConsole: ConsoleDevice {
  let terminal: Terminal

  func write(_ byte: UInt8) { terminal.write(byte) }
  func read() -> UInt8? { terminal.typed.isEmpty ? nil : terminal.typed.removeFirst() }
}

/// The kernel's books on the host: memory, an archive with programs, a kernel table with something in every part
/// of the upper half.
final class TestKernel {
  typealias Outcome = SystemCallOutcome

  /// Outside of what the allocator manages: the archive, and room for a file of the test's own. That one stands at
  /// an odd address, for nothing aligns a file in an archive.
  private static let archiveAddress: UInt64 = 0x200_0000
  private static let fileAddress: UInt64 = 0x300_0003
  private static let firstFrame: UInt64 = 0x10_0000

  let ram: RAM
  let terminal = Terminal()
  var system: KernelSystem<FakeMemory, FakeConsole>
  /// What the allocator had when it started.
  let managedCount: Int

  /// A kernel with `count` free frames before its own tables are made, and `files` in its archive.
  init(frames count: Int = 512, files: [(name: String, contents: [UInt8])] = TestKernel.files) throws {
    let end = Self.firstFrame + UInt64(count + 1) * 4096
    let archive = CpioImage(files).ended
    ram = RAM([
      Self.firstFrame..<end, Self.archiveAddress..<(Self.archiveAddress + UInt64(archive.count)),
      Self.fileAddress..<(Self.fileAddress + 0x4000),
    ])
    var map = MemoryMap()
    map.append(MemoryRange(start: Self.firstFrame, end: end))
    var frames = FrameAllocator(free: map, memory: FakeMemory(ram))!
    managedCount = frames.freeCount
    let space = try AddressSpace(frames: &frames)
    let shared: [(page: UInt64, size: PageSize, flags: PageTableEntry.Flags)] = [
      (0xffff_8000_0000_0000, .size2MiB, .writable | .noExecute),
      (StackRegion.processor.bottom(of: 1).rawValue, .size4KiB, .writable | .noExecute),
      (0xffff_ffff_8010_0000, .size4KiB, .none),
    ]
    for (page, size, flags) in shared {
      try space.map(
        VirtualAddress(page), to: PhysicalAddress(truncating: Self.archiveAddress), size: size, flags: flags,
        frames: &frames)
    }
    system = KernelSystem(
      frames: frames, console: FakeConsole(terminal: terminal), kernelSpace: space,
      archive: CpioArchive(ram.place(archive, at: Self.archiveAddress)))
  }

  /// A program, another one whose text can be told from it, one that is damaged, and one that is none.
  static let files: [(name: String, contents: [UInt8])] = {
    var other = ELFImage.program
    other.segments[0].contents = [0x90, 0x90]
    other.entry = 0x1000_0001
    var damaged = ELFImage.program
    damaged.segments[2].fileBytes = 0x1000
    return [
      ("program", ELFImage.program.bytes), ("bin/other", other.bytes), ("damaged", damaged.bytes),
      ("text", Array("no program".utf8)), ("empty", []),
    ]
  }()

  var freeCount: Int { system.frames.freeCount }
  var kernelRoot: PhysicalFrame { system.kernelSpace.root }
  var freedRoot: PhysicalFrame? { system.freedRoot }

  func file(_ name: StaticString) -> PhysicalBytes {
    system.archive.file(named: FileName(name), memory: &system.frames.memory)!
  }

  /// Puts a file where no archive is, with rubbish behind it.
  func place(_ bytes: [UInt8]) -> PhysicalBytes {
    ram.place(bytes + [UInt8](repeating: 0xee, count: 64), at: Self.fileAddress)
    return PhysicalBytes(
      start: PhysicalAddress(truncating: Self.fileAddress), byteCount: UInt64(bytes.count))
  }

  /// Makes a process from the archive's "program".
  @discardableResult
  func start(_ name: StaticString = "program", parent: UInt64 = 0) throws(CreationError) -> Int {
    try system.create(program: file(name), parent: parent).index
  }

  func process(_ index: Int) -> Process? { system.processes[index] }
  func space(_ index: Int) -> ProcessSpace { system.processes[index]!.space! }
  func state(_ index: Int) -> ProcessState? { system.processes[index]?.state }
  func hasLiving() -> Bool { system.processes.hasLiving() }
  func id(_ index: Int) -> UInt64 { system.processes[index]!.id }

  func call(
    _ call: SystemCall, _ first: UInt64 = 0, _ second: UInt64 = 0, _ third: UInt64 = 0, by index: Int
  ) -> Outcome {
    self.call(number: call.rawValue, first, second, third, by: index)
  }

  func call(
    number: UInt64, _ first: UInt64 = 0, _ second: UInt64 = 0, _ third: UInt64 = 0, by index: Int
  ) -> Outcome {
    system.perform(
      SystemCallRequest(number: number, first: first, second: second, third: third), by: index)
  }

  /// Forks process `index` and gives the child's index.
  func fork(_ index: Int) -> Int? {
    if case .forked(let child) = call(.fork, by: index) { child } else { nil }
  }
}

/// The memory of a process, seen from outside and whatever its rights.
extension TestKernel {
  func walk(_ address: UInt64, root: PhysicalFrame) -> PageWalk {
    system.frames.memory.walk(VirtualAddress(address), root: root, mode: .building)
  }

  func walk(_ address: UInt64, of index: Int) -> PageWalk { walk(address, root: space(index).tables.root) }

  func poke(_ bytes: [UInt8], at address: UInt64, of index: Int) {
    for (offset, byte) in bytes.enumerated() {
      let place = walk(address + UInt64(offset), of: index).physicalAddress!
      ram.place([byte], at: place.rawValue)
    }
  }

  func poke(_ text: String, at address: UInt64, of index: Int) {
    poke(Array(text.utf8), at: address, of: index)
  }

  func peek(_ count: Int, at address: UInt64, of index: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let here = address + UInt64(bytes.count)
      let place = walk(here, of: index).physicalAddress!
      let room = min(4096 - here % 4096, UInt64(count - bytes.count))
      let page = PhysicalBytes(start: place, byteCount: room)
      for offset in 0..<room { bytes.append(page.byte(offset, memory: &system.frames.memory)!) }
    }
    return bytes
  }

  /// The raw top-level entry `index` of a table.
  func rootEntry(_ index: Int, _ root: PhysicalFrame) -> UInt64 { ram[root][index] }
}
