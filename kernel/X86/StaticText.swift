extension StaticString {
  /// The byte at `position`, 0 past the end. The one place where the shared targets look inside a literal: the
  /// standard library gives its bytes only through a pointer.
  public func byte(_ position: Int) -> UInt8 {
    guard hasPointerRepresentation, position >= 0, position < utf8CodeUnitCount else { return 0 }
    // SAFETY: the pointer is to a literal that lives as long as the program, and `position` is inside it.
    return unsafe utf8Start[position]
  }
}
