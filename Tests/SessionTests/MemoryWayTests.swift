import Foundation
import Glibc
import Testing
import X86

@testable import Session

/// The three ways to the guest's memory: which one is taken, and that it makes no difference.
@Suite(.serialized) struct MemoryWayTests {
  /// A guest whose RAM is a file that QEMU shares with whoever maps it.
  private struct SharedGuest {
    let emulator: Emulator
    private let file: RAMFile

    init(tcp: Bool = false, share: String = "on", _ arguments: [String] = []) throws {
      file = try RAMFile()
      emulator = try Emulator(
        tcp: tcp,
        [
          "-object", "memory-backend-file,id=guest,size=64M,share=\(share),mem-path=\(file.path)", "-M",
          "pc,memory-backend=guest",
        ] + arguments)
    }
  }

  /// A name for a file, gone with the test.
  private final class RAMFile {
    let path: String
    private let directory: PrivateDirectory

    init() throws {
      directory = try PrivateDirectory()
      path = "\(directory.path)/ram"
    }
  }

  /// Attaches when the guest has begun to count: before that its memory may hold nothing.
  private func attach(_ emulator: Emulator) throws -> Target {
    while true {
      let target = try emulator.attach()
      let count = target.load(PhysicalAddress(truncating: Guest.returnCount))
      if let count, count > 0, target.coreRegisters.isLongMode { return target }
      try target.detach()
      usleep(20_000)
    }
  }

  /// What stands at places of every kind: tables, code, ROM, the last byte of RAM, behind it, devices, and the hole
  /// below 1 MiB.
  private func sample(_ target: Target) throws -> [[UInt8]?] {
    let places: [(UInt64, Int)] = [
      (0, 0x1000), (Guest.pml4, 0x3000), (Guest.iretq - 1, 3), (0x10_5000, 8), (0xf_fff0, 16),
      (0xffff_fff0, 16), (0x3ff_fff8, 8), (0x3ff_fffc, 8), (0x400_0000, 8), (0xfee0_0000, 8), (0xa_0000, 8),
      (0x9_f000, 0x2_0000), (0xfec0_0000, 8), (1 << 40, 8),
    ]
    var pieces: [[UInt8]?] = []
    for (address, count) in places {
      do {
        pieces.append(try target.readPhysical(PhysicalAddress(truncating: address), byteCount: count))
      } catch SessionError.outsideMemory {
        pieces.append(nil)
      }
    }
    return pieces
  }

  @Test(arguments: [false, true]) func allThreeWaysGiveEqualAnswers(tcp: Bool) throws {
    let guest = try SharedGuest(tcp: tcp)
    let target = try attach(guest.emulator)
    // Found without a word, behind a unix socket and behind TCP.
    #expect(target.memoryWay == .ram)
    let expected = try sample(target)
    #expect(expected.count { $0 == nil } == 5)
    #expect(expected[3] != [0, 0, 0, 0, 0, 0, 0, 0])
    for way in MemoryWay.allCases {
      try target.require(way)
      #expect(target.memoryWay == way)
      #expect(try sample(target) == expected, "\(way)")
    }
    try target.detach()
    #expect(try guest.emulator.isRunning())
  }

  /// What was read is forgotten when the machine ran, by whichever way.
  @Test(arguments: MemoryWay.allCases) func everyWaySeesWhatChanged(way: MemoryWay) throws {
    let guest = try SharedGuest()
    let target = try attach(guest.emulator)
    try target.require(way)
    try target.insertBreakpoint(.hardware, at: VirtualAddress(Guest.iretq))
    try target.resume()
    _ = try target.waitForStop(limit: .seconds(120))
    let counter = PhysicalAddress(truncating: Guest.returnCount)
    let before = try #require(target.load(counter))
    #expect(try target.stepOffAndResume(.none) == nil)
    _ = try target.waitForStop(limit: .seconds(120))
    #expect(target.load(counter) == before + 1)
    try target.writeMemory(VirtualAddress(Guest.returnLimit), bytes: [0x55])
    #expect(try target.readPhysical(PhysicalAddress(truncating: Guest.returnLimit), byteCount: 1) == [0x55])
    try target.detach()
  }

  /// A file that QEMU maps for itself alone does not hold what the guest writes.
  @Test func aPrivateFileIsNotTakenForTheMemory() throws {
    let guest = try SharedGuest(share: "off")
    let target = try attach(guest.emulator)
    #expect(target.memoryWay == .packets)
    #expect(throws: SessionError.noMemoryWay(.ram)) { try target.require(.ram) }
    try target.detach()
  }

  /// Memory that is all zeros, as at reset, could be any file's.
  @Test func theFileIsBelievedOnlyWhenItsContentsProveIt() throws {
    let guest = try SharedGuest(["-S"])
    let target = try guest.emulator.attach()
    // QEMU has put the kernel there already.
    let kernel = VirtualAddress(0x10_0000)
    try target.writeMemory(kernel, bytes: [UInt8](repeating: 0, count: 0xc000))
    #expect(throws: SessionError.ambiguousMemory) { try target.require(.ram) }
    #expect(target.load(PhysicalAddress(truncating: 0x1000)) == 0)
    #expect(target.memoryWay == .packets)
    // One byte is enough, and the choice is made anew.
    try target.writeMemory(kernel, bytes: [1])
    #expect(target.memoryWay == .ram)
    #expect(target.load(PhysicalAddress(truncating: 0x10_0000)) == 1)
    try target.detach()
  }

  /// Anonymous memory that is shared: the file has no name, and is reached through QEMU's own descriptor.
  @Test func aFileWithoutANameIsFoundToo() throws {
    let emulator = try Emulator([
      "-object", "memory-backend-memfd,id=guest,size=64M,share=on", "-M", "pc,memory-backend=guest",
    ])
    let target = try attach(emulator)
    #expect(target.memoryWay == .ram)
    #expect(target.load(PhysicalAddress(truncating: Guest.pml4)).map { $0 & ~0xfff } == 0x10_9000)
    try target.detach()
  }

  /// A file in the right place of the right process, and yet with something else in it.
  @Test func aFileThatShowsSomethingElseIsNotBelieved() throws {
    let guest = try SharedGuest()
    let target = try attach(guest.emulator)
    let other = try Descriptor.temporaryFile(in: "/tmp")
    #expect(ftruncate(other.number, 64 << 20) == 0)
    let map = GuestMemoryMapCache { () throws(SessionError) in try target.client.monitor("info mtree -f") }
    let search = GuestRAMSearch(target.client, map, root: Guest.pml4)
    #expect(try search.find()?.block == "guest")
    let strange = GuestRAM(memory: try MappedGuestRAM(other), block: "guest", origin: 0)
    #expect(try search.compare(strange) == .different)
    try target.detach()
  }

  @Test func mappingsAreRead() {
    let line: Substring = "7f96bbfff000-7f96bffff000 rw-s 00001000 fe:01 1048604    /dev/shm/my ram (deleted)"
    let mapping = ProcessMapping(parsing: line)
    #expect(mapping?.first == 0x7f96_bbff_f000)
    #expect(mapping?.offset == 0x1000)
    #expect(mapping?.inode == 1_048_604)
    #expect(mapping?.holds(0x7f96_bbff_f000, byteCount: 64 << 20) == true)
    #expect(mapping?.holds(0x7f96_bbff_f000, byteCount: 64 << 20 + 1) == false)
    #expect(mapping?.holds(0x7f96_bbff_efff, byteCount: 1) == false)
    // Private, anonymous, and what is no line at all.
    #expect(ProcessMapping(parsing: line.replacing("rw-s", with: "rw-p")[...]) == nil)
    #expect(ProcessMapping(parsing: line.replacing("1048604", with: "0")[...]) == nil)
    for junk in ["", "7f-", "zz-yy rw-s 0 0 1", "2-1 rw-s 0 0:0 1 /x"] {
      #expect(ProcessMapping(parsing: junk[...]) == nil)
    }
  }
}
