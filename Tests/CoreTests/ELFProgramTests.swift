import Testing
import X86

@testable import Core

@Suite struct ELFProgramTests {
  private let kernel: TestKernel

  init() throws {
    kernel = try TestKernel(frames: 128)
    // The kernel's own tables for stacks are made with the first process and stay.
    kernel.system.releaseMemory(of: try kernel.start())
  }

  /// Loads `bytes` as a new process.
  private func create(_ bytes: [UInt8]) throws(CreationError) -> (index: Int, start: Start) {
    try kernel.system.create(program: kernel.place(bytes), parent: 0)
  }

  private typealias Start = KernelSystem<FakeMemory, FakeConsole>.Start

  /// Expects a refusal with `error` that costs no frame and leaves no process.
  private func expectRefusal(
    _ error: ProgramError, _ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let before = kernel.freeCount
    let count = kernel.system.processes.count
    #expect(throws: CreationError.program(error), sourceLocation: sourceLocation) { try create(bytes) }
    #expect(kernel.freeCount == before, sourceLocation: sourceLocation)
    #expect(kernel.system.processes.count == count, sourceLocation: sourceLocation)
    kernel.expectBalancedBooks(sourceLocation: sourceLocation)
  }

  private func image(_ change: (inout ELFImage) -> Void) -> [UInt8] {
    var image = ELFImage.program
    change(&image)
    return image.bytes
  }

  @Test func loadsEverySegmentWithItsRights() throws {
    let (index, start) = try create(ELFImage.program.bytes)
    #expect(start.entry == 0x1000_0000)
    #expect(start.stackPointer == 0x7fff_f000_0000)
    let rights: [(UInt64, PageRights)] = [
      (0x1000_0000, PageRights(isWritable: false, isUser: true, isExecutable: true)),
      (0x1000_1000, PageRights(isWritable: false, isUser: true, isExecutable: false)),
      (0x1000_2000, PageRights(isWritable: true, isUser: true, isExecutable: false)),
      (0x1000_3000, PageRights(isWritable: true, isUser: true, isExecutable: false)),
    ]
    for (page, expected) in rights { #expect(kernel.walk(page, of: index).rights == expected) }
    #expect(kernel.walk(0x1000_4000, of: index).physicalAddress == nil)
    #expect(kernel.walk(0x0fff_f000, of: index).physicalAddress == nil)
    // Four pages of the program and sixteen of the stack.
    #expect(kernel.holdings(kernel.space(index).tables.root, 0..<256).leaves.count == 20)
  }

  @Test func contentsAreTheFilesAndTheRestIsZero() throws {
    let (index, _) = try create(ELFImage.program.bytes)
    #expect(kernel.peek(4096, at: 0x1000_0000, of: index) == [0xcd, 0x80, 0xeb, 0xfc] + zeroes(4092))
    #expect(kernel.peek(4096, at: 0x1000_1000, of: index) == Array("constant".utf8) + zeroes(4088))
    #expect(kernel.peek(8192, at: 0x1000_2000, of: index) == Array("data".utf8) + zeroes(8188))
  }

  /// Every start and length around a word and around a page.
  @Test(arguments: [0, 1, 7, 8, 0xff9, 0xfff] as [UInt64], [0, 1, 7, 8, 9, 15, 4096, 4103])
  func copiesAnyPlaceAndLength(offset: UInt64, count: Int) throws {
    let contents = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) }
    let address = 0x2000_0000 + offset
    let (index, _) = try create(
      ELFImage(segments: [
        .init(flags: 6, address: address, contents: contents, memoryBytes: UInt64(count) + 9)
      ]).bytes)
    #expect(kernel.peek(count, at: address, of: index) == contents)
    #expect(kernel.peek(9, at: address + UInt64(count), of: index) == zeroes(9))
    #expect(kernel.peek(Int(offset), at: 0x2000_0000, of: index) == zeroes(Int(offset)))
  }

  @Test func skipsWhatIsNotLoaded() throws {
    let bytes = image {
      $0.segments.append(.init(type: 4, flags: 7, address: 0, contents: [1, 2, 3]))  // a note
      $0.segments.append(.init(flags: 7, address: 0, contents: []))  // nothing
    }
    let (index, _) = try create(bytes)
    #expect(kernel.holdings(kernel.space(index).tables.root, 0..<256).leaves.count == 20)
  }

  @Test func refusesWhatIsNoELF() {
    expectRefusal(.notELF, [])
    expectRefusal(.notELF, [0x7f, 0x45, 0x4c])
    expectRefusal(.notELF, Array("#!/bin/sh\n".utf8))
    expectRefusal(.notELF, image { $0.magic[0] = 0x7e })
  }

  @Test func refusesOtherMachines() {
    expectRefusal(.notX86Executable, image { $0.machine = 183 })  // AArch64
    expectRefusal(.notX86Executable, image { $0.machine = 3 })  // i386
    expectRefusal(.notX86Executable, image { $0.fileClass = 1 })  // 32 bits
    expectRefusal(.notX86Executable, image { $0.dataEncoding = 2 })  // big-endian
    expectRefusal(.notX86Executable, image { $0.type = 3 })  // shared object
    expectRefusal(.notX86Executable, image { $0.headerBytes = 32 })
    expectRefusal(.notX86Executable, image { $0.headerCount = 17 })
    expectRefusal(.notX86Executable, image { $0.headerCount = .max })
    // The header alone is too short.
    expectRefusal(.notX86Executable, Array(ELFImage.program.bytes.prefix(63)))
  }

  /// Cut anywhere, a file is refused, and never read past its end.
  @Test func refusesEveryTruncation() {
    let whole = ELFImage.program.bytes
    for length in 64..<whole.count { expectRefusal(.truncated, Array(whole.prefix(length))) }
  }

  @Test func refusesOffsetsOutsideOfTheFile() {
    expectRefusal(.truncated, image { $0.headerOffset = .max })
    expectRefusal(.truncated, image { $0.headerOffset = .max - 55 })
    expectRefusal(.truncated, image { $0.headerOffset = 10_000 })
    expectRefusal(.truncated, image { $0.headerCount = 16 })
    expectRefusal(.truncated, image { $0.segments[0].fileOffset = .max })
    expectRefusal(.truncated, image { $0.segments[0].fileBytes = .max })
    expectRefusal(
      .truncated,
      image {
        $0.segments[0].fileBytes = 0x10_0000
        $0.segments[0].memoryBytes = 0x10_0000
      })
  }

  @Test func refusesWritableCode() {
    expectRefusal(.badSegment, image { $0.segments[0].flags = 7 })
    expectRefusal(.badSegment, image { $0.segments[2].flags = 3 })
  }

  @Test func refusesPlacesThatAreNotAPrograms() {
    // Page 0.
    expectRefusal(.badSegment, image { $0.segments[0].address = 0 })
    expectRefusal(.badSegment, image { $0.segments[0].address = 0xfff })
    // The end of the lower half, and beyond.
    expectRefusal(.badSegment, image { $0.segments[0].address = 0x7fff_ffff_fffd })
    expectRefusal(.badSegment, image { $0.segments[0].address = 0x8000_0000_0000 })
    expectRefusal(.badSegment, image { $0.segments[0].address = 0xffff_ffff_8010_0000 })
    expectRefusal(.badSegment, image { $0.segments[0].address = .max })
    expectRefusal(.badSegment, image { $0.segments[2].memoryBytes = .max })
    // The entry point.
    expectRefusal(.badSegment, image { $0.entry = 0x8000_0000_0000 })
    expectRefusal(.badSegment, image { $0.entry = 0xffff_ffff_8010_0000 })
    // More in the file than in memory.
    expectRefusal(.badSegment, image { $0.segments[0].memoryBytes = 3 })
  }

  @Test func refusesOverlaps() {
    expectRefusal(.badSegment, image { $0.segments[1].address = 0x1000_0000 })
    // Two sets of rights cannot stand in one entry.
    expectRefusal(.badSegment, image { $0.segments[1].address = 0x1000_0ff0 })
    expectRefusal(.badSegment, image { $0.segments[0].memoryBytes = 0x1001 })
  }

  /// A `syscall` in the last two bytes of the lower half would save an address that is not canonical. The page before
  /// it is a place like any other.
  @Test func keepsTheLastPageOfTheLowerHalfFree() throws {
    let (index, _) = try create(image { $0.segments[0].address = 0x7fff_ffff_effc })
    #expect(kernel.peek(4, at: 0x7fff_ffff_effc, of: index) == [0xcd, 0x80, 0xeb, 0xfc])
    expectRefusal(.badSegment, image { $0.segments[0].address = 0x7fff_ffff_effd })
    expectRefusal(.badSegment, image { $0.segments[0].address = 0x7fff_ffff_fffc })
  }

  @Test func refusesASegmentInTheUserStacksPlace() {
    expectRefusal(.badSegment, image { $0.segments[0].address = 0x7fff_efff_f000 })
  }

  @Test func aProgramLargerThanMemoryIsNotDamaged() {
    expectRefusal(.outOfMemory, image { $0.segments[2].memoryBytes = 0x1_0000_0000 })
  }

  private func zeroes(_ count: Int) -> [UInt8] { Array(repeating: 0, count: count) }
}
