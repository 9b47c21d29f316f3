/// What the handler of a packet came to. No handler writes an answer that another could write: `OK`, an error, or the
/// empty packet that says "not known".
enum HandlerStatus {
  /// The reply was begun and written; it is to be ended and sent.
  case replied
  /// `OK`.
  case done
  /// The empty packet.
  case unknown
  case refused(Refusal)
  /// The same, in words to every client but lldb: for packets whose `E.` every gdb understands.
  case explained(Refusal)
  /// The machine runs; the reply comes when it stops.
  case resumed(ResumePlan)
  /// The stop reply.
  case stopReply
  /// `OK`, then the stop reply.
  case doneAndStopReply
  /// `OK`, and the client is gone.
  case ended(StubOutcome)
  /// The client is gone and expects no reply.
  case endedSilently(StubOutcome)

  static var malformed: HandlerStatus { .refused(Refusal(Refusal.invalid, "malformed packet")) }
}
