import RemoteProtocol

// ? vCtrlC and the stop reply. GDB manual, E.3.
extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// `?`: what a client asks once, when it attaches.
  mutating func askStop(
    _ packet: Span<UInt8>, _ cursor: PacketCursor, _ expressions: inout ExpressionStore
  ) -> HandlerStatus {
    guard cursor.isAtEnd(of: packet) else { return .malformed }
    removeAllBreakpoints(&expressions)
    session.selected = nil
    session.resumed = .any
    session.addressMode = .linear
    return .stopReply
  }

  /// `vCtrlC` while the machine stands already: nothing to do. If it was what stopped the machine, the client waits for
  /// the stop reply too.
  mutating func interruptStopped() -> HandlerStatus { session.awaitsStop ? .doneAndStopReply : .done }

  /// Tells a client that waits why the machine stands, in words first where there are some.
  mutating func reportStop() {
    describeStop()
    sendStopReply()
  }

  private mutating func describeStop() {
    link.beginConsole()
    target.describe(stop, to: &link)
    if let stopFault {
      stopFault.refusal.write(to: &link)
      link.write(UInt8(ascii: "\n"))
    }
    link.endConsole()
  }

  /// The registers in it are those that gdb asks for after a step; with them it asks for none.
  mutating func sendStopReply() {
    session.awaitsStop = false
    // A stop selects its thread: gdb does not say so again.
    session.selected = nil
    session.plan = nil
    link.reply.begin()
    link.reply.raw(UInt8(ascii: "T"))
    link.reply.hexadecimal(byte: stop.signal.rawValue)
    appendCause()
    link.reply.text("thread:")
    link.reply.thread(stop.thread)
    link.reply.raw(UInt8(ascii: ";"))
    expedite(.rbp)
    expedite(.rsp)
    expedite(.rip)
    link.sendReply()
    session.isStopUnacknowledged = link.acknowledges
  }

  private mutating func appendCause() {
    switch stop.cause {
    case .softwareBreakpoint where session.takesSoftwareCause: link.reply.text("swbreak:;")
    case .hardwareBreakpoint where session.takesHardwareCause: link.reply.text("hwbreak:;")
    case .watchpoint(let watchpoint):
      switch watchpoint.kind {
      case .write: link.reply.text("watch:")
      case .read: link.reply.text("rwatch:")
      case .access: link.reply.text("awatch:")
      }
      link.reply.hexadecimal(number: watchpoint.address)
      link.reply.raw(UInt8(ascii: ";"))
    default: break
    }
    guard session.isLLDB else { return }
    switch stop.cause {
    case .step: link.reply.text("reason:trace;")
    case .softwareBreakpoint, .hardwareBreakpoint: link.reply.text("reason:breakpoint;")
    case .watchpoint: link.reply.text("reason:watchpoint;")
    case .signal: break
    }
  }

  private mutating func expedite(_ register: Register) {
    // Two digits, because lldb takes no other number for a register's.
    link.reply.hexadecimal(byte: UInt8(truncatingIfNeeded: Self.registerTable.number(of: register)))
    link.reply.raw(UInt8(ascii: ":"))
    appendValue(of: register, stop.thread)
    link.reply.raw(UInt8(ascii: ";"))
  }
}
