import Glibc

/// The guest's RAM as a file that QEMU and kdbg both map. Reading it costs no packet, and always shows what the
/// guest last wrote.
@safe final class MappedGuestRAM {
  private let base: UnsafeRawPointer
  let byteCount: Int

  /// Maps all of the file behind `descriptor`, for reading.
  init(_ descriptor: Descriptor) throws(SessionError) {
    var status = stat()
    // SAFETY: the structure is the call's own; a file of ours that nobody shrinks stays as long as the mapping.
    guard unsafe fstat(descriptor.number, &status) == 0, status.st_size > 0,
      let mapping = unsafe mmap(nil, Int(status.st_size), PROT_READ, MAP_SHARED, descriptor.number, 0),
      unsafe mapping != MAP_FAILED
    else { throw .systemFailure(operation: "map the guest's memory", errorNumber: errno) }
    unsafe base = UnsafeRawPointer(mapping)
    byteCount = Int(status.st_size)
  }

  deinit {
    // SAFETY: mapped in `init` with this size; no pointer to it leaves this class.
    unsafe munmap(UnsafeMutableRawPointer(mutating: base), byteCount)
  }

  /// The little-endian qword at `offset` of the file. Nil where one byte of it is past the end.
  func load(_ offset: Int) -> UInt64? {
    guard offset >= 0, offset <= byteCount - 8 else { return nil }
    // SAFETY: inside the mapping, by the guard.
    return unsafe UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// Gives `body` the page at `offset` of the file, in place. Nil where a byte of it is past the end.
  func withTable<Result>(_ offset: Int, _ body: (Span<UInt64>) -> Result) -> Result? {
    guard offset >= 0, offset <= byteCount - 4096, offset.isMultiple(of: 4096) else { return nil }
    // SAFETY: inside the mapping, by the guard, and aligned as the mapping is; the guest, which writes there, stands
    // still while it is looked at, and every bit pattern is a `UInt64`.
    return unsafe body(
      UnsafeBufferPointer(start: (base + offset).assumingMemoryBound(to: UInt64.self), count: 512).span)
  }

  /// Copies `count` bytes from `offset` of the file to `start` of `bytes`. False when one is past the end.
  func copy(_ offset: Int, count: Int, into bytes: inout MutableRawSpan, at start: Int) -> Bool {
    guard count >= 0, offset >= 0, count <= byteCount, offset <= byteCount - count, start >= 0,
      start <= bytes.byteCount - count
    else { return false }
    // SAFETY: both ranges are inside their memory, by the guard; a guest cannot overlap kdbg's own buffer.
    unsafe bytes.withUnsafeMutableBytes { buffer in
      let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[start..<(start + count)])
      unsafe part.copyMemory(from: UnsafeRawBufferPointer(start: base + offset, count: count))
    }
    return true
  }

  /// An empty file without a name, for QEMU to size and fill. In `/dev/shm` when it has room for `byteCount`
  /// bytes, else in `directory`.
  static func makeFile(byteCount: UInt64, directory: String) throws(SessionError) -> Descriptor {
    var room = statvfs()
    // SAFETY: the structure is the call's own.
    let isMeasured = unsafe statvfs("/dev/shm", &room) == 0
    let free = UInt64(room.f_bavail).multipliedReportingOverflow(by: UInt64(room.f_frsize)).partialValue
    if isMeasured, free >= byteCount, let file = try? Descriptor.temporaryFile(in: "/dev/shm") { return file }
    return try Descriptor.temporaryFile(in: directory)
  }
}
