extension Target {
  public var isRecording: Bool { recorder != nil }

  /// Turns on QEMU's interrupt log. Throws where there is no monitor, or QEMU cannot open the log.
  public func startRecording() throws(SessionError) {
    guard recorder == nil else { return }
    let log = try InterruptLog()
    recorder = log
    farewell.update(afterwards: Self.silence)
    do throws(SessionError) {
      for command in ["logfile \(log.path)", "log int,cpu_reset"] {
        let complaint = try monitor(command)
        guard complaint.allSatisfy(\.isWhitespace) else {
          throw .refusedInWords(
            operation: "record", reason: complaint.split(whereSeparator: \.isNewline).joined(separator: " "))
        }
      }
    } catch {
      try? stopRecording()
      throw error
    }
    log.follow()
  }

  /// Turns it off again. QEMU's log goes back to its standard error, for whoever turns it on next.
  public func stopRecording() throws(SessionError) {
    guard let recorder else { return }
    self.recorder = nil
    defer {
      recorder.remove()
      farewell.update(afterwards: [])
    }
    for command in Self.silence { _ = try monitor(command) }
  }

  /// What QEMU's log says of the latest events; nil while it is off.
  public var recordedEvents: [RecordedEvent]? {
    recorder.map { RecordedEvent.events(in: $0.text()) }
  }

  /// The monitor's commands that end the log.
  private static let silence = ["log none", "logfile /dev/stderr"]
}
