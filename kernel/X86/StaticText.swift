/// The one place where the shared targets look inside a literal. The standard library's own accessors stop the program
/// over a literal without a pointer, and the stub may not have such a check, even where it cannot fail.
extension StaticString {
  private var parts: (start: UInt, count: Int, flags: UInt8) {
    // SAFETY: the structure is frozen: the bits of the pointer, the count and the flags, in this order.
    unsafe unsafeBitCast(self, to: (start: UInt, count: Int, flags: UInt8).self)
  }

  /// How many bytes the literal has; 0 when it is a single character without a pointer.
  public var byteCount: Int { hasPointerRepresentation ? parts.count : 0 }

  /// The byte at `position`, 0 past the end.
  public func byte(_ position: Int) -> UInt8 {
    guard position >= 0, position < byteCount,
      let start = unsafe UnsafePointer<UInt8>(bitPattern: parts.start)
    else { return 0 }
    // SAFETY: the pointer is to a literal that lives as long as the program, and `position` is inside it.
    return unsafe start[position]
  }
}
