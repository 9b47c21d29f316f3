import Inspect
import Render
import Session

struct RecordCommand: Command {
  let names = ["record"]
  let usage = "record [on|off]"
  let summary = "keep QEMU's own log of what it delivers, as a second witness for explain"
  let completion = ArgumentKind.words(["on", "off"])

  func run(_ line: CommandLine, _ debugger: Debugger) throws(CommandFailure) -> CommandOutcome {
    switch line.words {
    case []: break
    case ["on"]:
      try debugger.requireStopped()
      try requireLog(debugger)
      try debugger.session { () throws(SessionError) in try debugger.target.startRecording() }
    case ["off"]:
      try debugger.requireStopped()
      try debugger.session { () throws(SessionError) in try debugger.target.stopRecording() }
    default: throw misuse
    }
    return .answer(RecordAnswer(isOn: debugger.target.recordedEvents != nil))
  }

  private func requireLog(_ debugger: Debugger) throws(CommandFailure) {
    var accelerator = ""
    do {
      accelerator = try debugger.target.monitor("info kvm")
    } catch  where error.category == .refused {
      // A target without a monitor, which is said below.
    } catch {
      throw .session(error)
    }
    guard !accelerator.contains("enabled") else {
      throw .other("record: under KVM nothing logs what the processor delivers; use TCG")
    }
    guard accelerator.contains("kvm support") else {
      throw .other("record: this target has no monitor of QEMU, which would write the log")
    }
    let processors = try debugger.session { () throws(SessionError) in
      try debugger.target.processorRegisters().count
    }
    guard processors == 1 else {
      throw .other("record: QEMU's log does not say which of the \(processors) processors an event is from")
    }
  }
}

struct RecordAnswer: Answer {
  let isOn: Bool

  func write(to page: inout TextPage, names: any NameSource) {
    page.line(isOn ? "QEMU's log of interrupts is on." : "QEMU's log of interrupts is off.")
  }

  func members(names: any NameSource) -> [String: JSONValue] { ["recording": .bool(isOn)] }
}

extension Debugger {
  /// `explanation` with what QEMU recorded beside it, where it records.
  func witnessed(_ explanation: Explanation) -> any Answer {
    guard let events = target.recordedEvents, let testimony = Testimony(of: events, about: explanation) else {
      return explanation
    }
    return WitnessedExplanation(explanation: explanation, testimony: testimony)
  }
}
