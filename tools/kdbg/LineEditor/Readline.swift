import CReadline
import Glibc

/// GNU readline behind a safe face. It exists once in a process, and is used by one thread.
enum Readline {
  /// The words to offer for the word at `range` of a line.
  typealias Completer = (_ line: String, _ word: Range<String.Index>) -> [String]

  // SAFETY, for the three and every use of them: readline calls back only from inside the functions below, so on
  // their thread.
  nonisolated(unsafe) private static var completer: Completer?
  nonisolated(unsafe) private static var candidates: [String] = []
  nonisolated(unsafe) private static var result: InputEvent?

  /// Parts words where kdbg's expressions do: `b *symbol`, `x symbol+8`.
  private static let wordBreaks: StaticString = " \t\n*+,"
  private static let name: StaticString = "kdbg"

  static func setUp(_ completer: @escaping Completer) {
    unsafe self.completer = completer
    // SAFETY: both texts are static and zero-terminated, the callbacks are C functions.
    unsafe readline_set_up(
      text(name), text(wordBreaks),
      { _, start, end in unsafe Readline.complete(start: Int(start), end: Int(end)) },
      { _ in Readline.readKey() })
  }

  /// Waits for a key wherever readline needs one, also in the middle of a paste or of a question. Ctrl-C ends the
  /// wait and stays set, to be seen by whoever called into readline.
  private static func readKey() -> CInt {
    while true {
      let ready = Poll.wait([STDIN_FILENO, InterruptFlag.descriptor])
      if ready[0].isReadable {
        var key: UInt8 = 0
        // SAFETY: one byte that lives across the call.
        let count = unsafe read(STDIN_FILENO, &key, 1)
        if count == 1 { return CInt(key) }
        // A terminal gives nothing when what was typed has just been discarded; anything else is at its end.
        if count < 0 && errno != EINTR && errno != EAGAIN || isatty(STDIN_FILENO) == 0 { return EOF }
      }
      if ready[0].isHungUp || ready[0].isInvalid { return EOF }
      if ready[1].isReady { return READERR }
    }
  }

  private static func text(_ literal: StaticString) -> UnsafePointer<CChar> {
    // SAFETY: a literal's bytes are zero-terminated and stay for ever; UInt8 and CChar have one layout.
    unsafe UnsafeRawPointer(literal.utf8Start).assumingMemoryBound(to: CChar.self)
  }

  // MARK: The prompt

  static func show(prompt: String) {
    unsafe result = nil
    rl_reset_screen_size()
    // SAFETY: readline copies the prompt; the line it hands over is malloc'ed and ours to free.
    unsafe rl_callback_handler_install(prompt) { line in
      unsafe Readline.result = unsafe line.map { unsafe .line(String(cString: $0)) } ?? .endOfInput
      unsafe free(line)
      // From inside the handler, so that readline does not show the next prompt by itself.
      rl_callback_handler_remove()
    }
  }

  /// Takes what was typed; the event when that ended the line. The prompt is gone then.
  static func readCharacter() -> InputEvent? {
    rl_callback_read_char()
    return unsafe result
  }

  /// Gives up the line as Ctrl-C does, and the prompt with it.
  static func abandonLine() {
    readline_abandon_line()
    rl_callback_handler_remove()
  }

  /// Ends the prompt without a line.
  static func remove() { rl_callback_handler_remove() }

  static func resize() { rl_resize_terminal() }

  /// Prints `text` above the prompt, which is drawn again below it.
  static func printAbove(_ text: String) {
    readline_hide()
    write(text)
    readline_show_again()
  }

  /// Writes to readline's stream, in order with its own output.
  static func write(_ text: String) {
    // SAFETY: the String lends its bytes for the call.
    unsafe readline_write(text)
  }

  /// Gives the terminal back while `body` runs.
  static func outsideTerminal(_ body: () -> Void) {
    readline_leave_terminal()
    body()
    readline_enter_terminal()
    readline_show_again()
  }

  static var marksPastes: Bool { readline_marks_pastes() != 0 }

  // MARK: Completion

  private static func complete(
    start: Int, end: Int
  ) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
    readline_no_file_names()
    // SAFETY: readline keeps its line buffer zero-terminated; it is copied here.
    let line = unsafe String(cString: readline_buffer())
    guard let low = index(start, in: line), let high = index(end, in: line), low <= high else { return nil }
    let word = String(line[low..<high])
    let offered = unsafe completer?(line, low..<high) ?? []
    // Kept last to first, so that the generator can take from the end.
    unsafe candidates = offered.filter { $0.hasPrefix(word) }.reversed()
    // SAFETY: the word lends its bytes for the call; each candidate is malloc'ed, as readline wants it.
    return unsafe rl_completion_matches(word) { _, _ in
      unsafe Readline.candidates.popLast().flatMap { unsafe strdup($0) }
    }
  }

  /// Readline counts bytes, and may split a character that it does not know.
  private static func index(_ offset: Int, in line: String) -> String.Index? {
    line.utf8.index(line.startIndex, offsetBy: offset, limitedBy: line.endIndex)?.samePosition(in: line)
  }
}
