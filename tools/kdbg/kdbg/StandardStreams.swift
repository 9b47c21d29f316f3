import Foundation
import Synchronization

/// Standard output and standard error, written to by the debugger and by the guest's console.
///
/// The console arrives on another thread and may stop in the middle of a line. Words of the debugger begin on a
/// line of their own.
enum StandardStreams {
  private struct State {
    /// True when the guest's last line on a stream has no end yet.
    var outIsOpen = false
    var errorIsOpen = false
    /// True while the progress line stands on the terminal.
    var showsProgress = false
  }

  private static let state = Mutex(State())

  /// Writes words of the debugger.
  static func out(_ text: String) {
    state.withLock { state in
      erase(&state)
      write((state.outIsOpen ? "\n" : "") + text, to: .standardOutput)
      state.outIsOpen = false
    }
  }

  static func error(_ text: String) {
    state.withLock { state in
      erase(&state)
      write((state.errorIsOpen ? "\n" : "") + text, to: .standardError)
      state.errorIsOpen = false
    }
  }

  /// Writes what the guest printed.
  static func console(_ bytes: [UInt8], onError: Bool) {
    guard let last = bytes.last else { return }
    let isOpen = last != UInt8(ascii: "\n")
    state.withLock { state in
      erase(&state)
      let data = Data(bytes)
      if onError {
        try? FileHandle.standardError.write(contentsOf: data)
        state.errorIsOpen = isOpen
      } else {
        try? FileHandle.standardOutput.write(contentsOf: data)
        state.outIsOpen = isOpen
      }
    }
  }

  /// Puts `text` in place of the progress line, on standard error, which is a terminal; nil erases it. It never wraps, and
  /// never stands in a line that the guest has not ended.
  static func progress(_ text: String?) {
    state.withLock { state in
      guard let text else { return erase(&state) }
      guard !state.outIsOpen, !state.errorIsOpen else { return }
      // ECMA-48 EL, and DEC's autowrap off while the line is written.
      write("\r\u{1b}[K\u{1b}[?7l\(text)\u{1b}[?7h", to: .standardError)
      state.showsProgress = true
    }
  }

  private static func erase(_ state: inout State) {
    guard state.showsProgress else { return }
    state.showsProgress = false
    write("\r\u{1b}[K", to: .standardError)
  }

  /// A closed pipe is the reader's decision: nobody is left to tell.
  private static func write(_ text: String, to handle: FileHandle) {
    try? handle.write(contentsOf: Data(text.utf8))
  }
}
