import Glibc

/// The prompt of an interactive session, with editing, history and completion.
///
/// It waits for the keyboard and for another descriptor together, so a target that stops or goes away is heard of
/// at once. While no prompt is shown the terminal is as the shell left it, and Ctrl-C sets ``InterruptFlag``.
/// One per process, used by one thread.
public final class LineEditor {
  public var prompt: String
  private var history: History
  private var signals = PromptSignals()
  private var isPromptShown = false
  /// Lines of a paste of several, still to be handed out; the last first.
  private var pasted: [String] = []

  /// True when both ends are a terminal, without which there is nobody to edit a line.
  public static var isPossible: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

  /// Sets readline up and reads the history.
  ///
  /// - Parameters:
  ///   - historyFile: nil keeps no history across runs; see ``defaultHistoryFile``.
  ///   - complete: the words that can stand in place of the word at `word` of `line`, empty at a word's beginning.
  ///     Those that do not begin with the word are left out.
  public init(
    prompt: String, historyFile: String? = LineEditor.defaultHistoryFile,
    complete: @escaping (_ line: String, _ word: Range<String.Index>) -> [String]
  ) {
    self.prompt = prompt
    InterruptFlag.install()
    Terminal.remember()
    Readline.setUp(complete)
    history = History(path: historyFile)
  }

  /// $XDG_STATE_HOME/kdbg/history, else ~/.local/state/kdbg/history; nil without either variable.
  public static var defaultHistoryFile: String? { History.defaultPath() }

  /// Puts the terminal back if a prompt is shown. Async-signal-safe, and done by itself at exit and on the
  /// signals that end the process; for ends that neither sees, as `_exit`.
  public static func restoreTerminal() { Terminal.restore() }

  /// Shows the prompt and waits for a line.
  ///
  /// `onDescriptorReady` is called, with the prompt shown, whenever `descriptor` can be read or was hung up; it
  /// may call ``printAbove(_:)``.
  public func nextLine(
    alsoWaitingOn descriptor: CInt? = nil, onDescriptorReady: () -> Waiting = { .withoutDescriptor }
  ) -> InputEvent {
    // A Ctrl-C that the last command did not ask for ends a paste, and otherwise has nothing left to end.
    if InterruptFlag.consume(), !pasted.isEmpty {
      pasted = []
      return .interrupted
    }
    if let line = pasted.popLast() { return .line(line) }
    showPrompt()
    defer { hidePrompt() }
    let event = waitForEvent(descriptor ?? -1, onDescriptorReady)
    guard case .line(let text) = event else { return event }
    // A paste of several lines arrives as one; the terminal marks it, so that it is not run while it arrives.
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    for line in lines { history.add(line) }
    pasted = lines.dropFirst().reversed()
    return .line(lines[0])
  }

  /// Prints `text` above the prompt when one is shown, plainly otherwise. A missing newline at its end is added.
  public func printAbove(_ text: String) {
    let whole = text.hasSuffix("\n") ? text : text + "\n"
    if isPromptShown { Readline.printAbove(whole) } else { Readline.write(whole) }
  }

  private func showPrompt() {
    signals.promptAppears()
    Terminal.promptAppears(marksPastes: Readline.marksPastes)
    Readline.show(prompt: prompt)
    isPromptShown = true
  }

  private func hidePrompt() {
    isPromptShown = false
    Terminal.promptDisappeared()
    signals.promptDisappeared()
  }

  /// Ctrl-Z: the terminal goes back to the shell until the process is continued.
  private func suspend() {
    Readline.outsideTerminal {
      Terminal.promptDisappeared()
      signals.stopHere()
      Terminal.promptAppears(marksPastes: Readline.marksPastes)
    }
  }

  private func waitForEvent(_ descriptor: CInt, _ onDescriptorReady: () -> Waiting) -> InputEvent {
    var other = descriptor
    while true {
      let ready = Poll.wait([
        STDIN_FILENO, InterruptFlag.descriptor, signals.resizeDescriptor, signals.suspendDescriptor, other,
      ])
      let keyboard = ready[0]
      if ready[1].isReady, InterruptFlag.consume() {
        Readline.abandonLine()
        return .interrupted
      }
      if ready[2].isReady, signals.consumeResize() { Readline.resize() }
      if ready[3].isReady, signals.consumeSuspension() { suspend() }
      if keyboard.isHungUp || keyboard.isInvalid {
        Readline.remove()
        return .endOfInput
      }
      if keyboard.isReadable, let event = Readline.readCharacter() {
        if event != .endOfInput { return event }
        // A wait for a key that Ctrl-C ended looks like the end of input.
        let isInterrupt = InterruptFlag.consume()
        Readline.write(isInterrupt ? "^C\n" : "\n")
        return isInterrupt ? .interrupted : .endOfInput
      }
      if ready[4].isInvalid { other = -1 }
      if ready[4].isReady, other >= 0, onDescriptorReady() == .withoutDescriptor { other = -1 }
    }
  }
}
