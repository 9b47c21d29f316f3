import X86

// qAttached qHostInfo qProcessInfo: what the machine is.
extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// 1: the machine was there before the client, which therefore detaches when it leaves.
  mutating func tellAttached() -> HandlerStatus {
    link.reply.begin()
    link.reply.raw(UInt8(ascii: "1"))
    return .replied
  }

  /// For lldb.
  mutating func tellHost() -> HandlerStatus {
    beginTriple()
    link.reply.text("vm-page-size:4096;")
    return .replied
  }

  /// For lldb: the machine as a process, of which there is one.
  mutating func tellProcess() -> HandlerStatus {
    beginTriple()
    link.reply.text("pid:1;")
    return .replied
  }

  private mutating func beginTriple() {
    link.reply.begin()
    link.reply.text("triple:")
    link.reply.hexadecimal(text: Target.triple)
    link.reply.text(";ptrsize:8;endian:little;")
  }
}
