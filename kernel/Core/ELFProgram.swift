import X86

/// Why a file is not a program that this kernel runs (ENOEXEC).
public enum ProgramError: Error, Equatable, Sendable {
  case notELF
  case notX86Executable
  case truncated
  /// A segment that is writable and executable at once, outside the lower half, or overlapping another.
  case badSegment
  case outOfMemory
}

/// A statically linked ELF executable. System V ABI, "Object Files"; gABI chapter 4 and 5.
struct ELFProgram {
  private static let headerBytes: UInt64 = 64
  private static let programHeaderBytes: UInt64 = 56
  private static let typeExecutable: UInt16 = 2
  private static let instructionSetX86: UInt16 = 62
  private static let loadSegment: UInt32 = 1
  private static let executableFlag: UInt32 = 1
  private static let writableFlag: UInt32 = 2
  /// No program needs more; a larger number is a damaged header.
  private static let mostSegments: UInt16 = 16

  /// One PT_LOAD segment.
  struct Segment {
    let address: UInt64
    let memoryBytes: UInt64
    let contents: PhysicalBytes
    let flags: PageTableEntry.Flags
  }

  let entry: UInt64
  private let file: PhysicalBytes
  private let tableOffset: UInt64
  let segmentCount: UInt16

  /// Reads and judges the header.
  init<Memory: PhysicalMemory & ~Copyable>(_ file: PhysicalBytes, memory: inout Memory) throws(ProgramError) {
    guard file.matches("\u{7f}ELF", memory: &memory) else { throw .notELF }
    guard file.byteCount >= Self.headerBytes,
      file.byte(4, memory: &memory) == 2, file.byte(5, memory: &memory) == 1,
      file.integer(UInt16.self, at: 16, memory: &memory) == Self.typeExecutable,
      file.integer(UInt16.self, at: 18, memory: &memory) == Self.instructionSetX86
    else { throw .notX86Executable }
    guard let entry = file.integer(UInt64.self, at: 24, memory: &memory),
      let tableOffset = file.integer(UInt64.self, at: 32, memory: &memory),
      let entrySize = file.integer(UInt16.self, at: 54, memory: &memory),
      let count = file.integer(UInt16.self, at: 56, memory: &memory)
    else { throw .truncated }
    guard UInt64(entrySize) == Self.programHeaderBytes, count <= Self.mostSegments else {
      throw .notX86Executable
    }
    guard entry < UserRange.limit else { throw .badSegment }
    self.file = file
    self.entry = entry
    self.tableOffset = tableOffset
    segmentCount = count
  }

  /// Program header `index`, nil when it is not a segment to load.
  func segment<Memory: PhysicalMemory & ~Copyable>(
    _ index: UInt16, memory: inout Memory
  ) throws(ProgramError) -> Segment? {
    let offset = UInt64(index) * Self.programHeaderBytes
    guard tableOffset <= file.byteCount,
      let header = file.slice(offset: tableOffset + offset, count: Self.programHeaderBytes),
      let type = header.integer(UInt32.self, at: 0, memory: &memory),
      let rights = header.integer(UInt32.self, at: 4, memory: &memory),
      let fileOffset = header.integer(UInt64.self, at: 8, memory: &memory),
      let address = header.integer(UInt64.self, at: 16, memory: &memory),
      let fileBytes = header.integer(UInt64.self, at: 32, memory: &memory),
      let memoryBytes = header.integer(UInt64.self, at: 40, memory: &memory)
    else { throw .truncated }
    guard type == Self.loadSegment, memoryBytes > 0 else { return nil }
    guard let contents = file.slice(offset: fileOffset, count: fileBytes) else { throw .truncated }
    let isWritable = rights & Self.writableFlag != 0
    let isExecutable = rights & Self.executableFlag != 0
    // Page 0 stays unmapped, so that a null pointer faults; so does the last page below the hole, where `syscall`
    // would save an address that SYSRET must not take.
    guard fileBytes <= memoryBytes, address >= PageSize.size4KiB.bytes,
      UserRange(start: address, byteCount: memoryBytes).isBelowLastPage, !(isWritable && isExecutable)
    else { throw .badSegment }
    var flags = PageTableEntry.Flags.user
    if isWritable { flags.insert(.writable) }
    if !isExecutable { flags.insert(.noExecute) }
    return Segment(address: address, memoryBytes: memoryBytes, contents: contents, flags: flags)
  }
}

extension ProcessSpace {
  /// Loads every segment of `file` with its own rights and returns the entry point. Segments must not share a
  /// page: two sets of rights cannot stand in one entry.
  func load<Memory: WritablePhysicalMemory & ~Copyable>(
    _ file: PhysicalBytes, frames: inout FrameAllocator<Memory>
  ) throws(ProgramError) -> UInt64 {
    let program = try ELFProgram(file, memory: &frames.memory)
    for index in 0..<program.segmentCount {
      guard let segment = try program.segment(index, memory: &frames.memory) else { continue }
      try load(segment, frames: &frames)
    }
    return program.entry
  }

  private func load<Memory: WritablePhysicalMemory & ~Copyable>(
    _ segment: ELFProgram.Segment, frames: inout FrameAllocator<Memory>
  ) throws(ProgramError) {
    var page = VirtualAddress(segment.address).pageBase()
    let end = VirtualAddress(segment.address + segment.memoryBytes)
    let fileEnd = segment.address + segment.contents.byteCount
    while page < end {
      let frame: PhysicalFrame
      do {
        frame = try mapFresh(page, flags: segment.flags, frames: &frames)
      } catch {
        if case .outOfFrames = error { throw .outOfMemory }
        throw .badSegment
      }
      var address = max(page.rawValue, segment.address)
      let pageEnd = min(page.rawValue + PageSize.size4KiB.bytes, fileEnd)
      while address < pageEnd {
        let source = address - segment.address
        let target = frame.address + (address - page.rawValue)
        // Whole words where the page allows it; the last few bytes one by one.
        if address % 8 == 0, address + 8 <= pageEnd,
          let word = frames.memory.loadUnaligned(segment.contents.start + source)
        {
          frames.memory.store(word, at: target)
          address += 8
        } else if let byte = segment.contents.byte(source, memory: &frames.memory) {
          frames.memory.storeByte(byte, at: target)
          address += 1
        } else {
          throw .truncated
        }
      }
      page = page + PageSize.size4KiB.bytes
    }
  }
}
