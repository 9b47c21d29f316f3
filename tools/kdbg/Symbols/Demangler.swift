import CElfutils
import Glibc

/// The demanglers of the Swift runtime and of the C++ library, and ``RustName``.
enum Demangler {
  /// The source language's spelling of a linker name; nil when the name is not mangled or its scheme is unknown.
  ///
  /// Swift's `$s`, `$S`, `$e` (Embedded) and `_T`, and C++'s `_Z`, which Rust's legacy scheme shares, and Rust's `_R`.
  static func demangle(_ name: String) -> String? {
    if name.hasPrefix("$") || name.hasPrefix("_$") || name.hasPrefix("_T") {
      // SAFETY: the String lends its bytes for the call; a null buffer asks for a malloc'ed result.
      return unsafe take(swift_demangle(name, name.utf8.count, nil, nil, 0)).flatMap {
        // A name that only looks mangled comes back as it is.
        $0 == name ? nil : $0
      }
    }
    if name.hasPrefix("_Z") {
      // SAFETY: as above; a null status is allowed.
      return unsafe take(__cxa_demangle(name, nil, nil, nil))
    }
    return RustName.demangle(name)
  }

  private static func take(_ text: UnsafeMutablePointer<CChar>?) -> String? {
    // SAFETY: only compared with null.
    guard let text = unsafe text else { return nil }
    // SAFETY: both demanglers hand over a malloc'ed, zero-terminated text; it is copied, then freed once.
    defer { unsafe free(text) }
    return unsafe String(cString: text)
  }
}
