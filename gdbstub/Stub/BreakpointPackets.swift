import RemoteProtocol

// Z z: breakpoints and watchpoints.
extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// `Z TYPE,ADDRESS,KIND[;CONDITIONS][;cmds:COMMANDS]`: a refused one changes nothing.
  mutating func insertBreakpoint(
    _ packet: Span<UInt8>, _ start: PacketCursor, _ expressions: inout ExpressionStore
  ) -> HandlerStatus {
    var cursor = start
    guard let request = breakpoint(packet, &cursor) else { return .malformed }
    guard Self.offers(request.type.capability) else { return .unknown }
    guard cursor.isAtEnd(of: packet) || Self.offers(.breakpointCauses) && !request.type.isWatchpoint else {
      return .malformed
    }
    let list: AgentExpressionList?
    do throws(AgentFault) {
      list = try expressions.read(request.type, request.address, packet, from: cursor)
    } catch {
      return .explained(error.refusal)
    }
    do throws(Refusal) {
      try target.insert(request)
    } catch {
      return .explained(error)
    }
    expressions.replace(request.type, request.address, with: list)
    return .done
  }

  /// `z TYPE,ADDRESS,KIND`
  mutating func removeBreakpoint(
    _ packet: Span<UInt8>, _ start: PacketCursor, _ expressions: inout ExpressionStore
  ) -> HandlerStatus {
    var cursor = start
    guard let request = breakpoint(packet, &cursor), cursor.isAtEnd(of: packet) else { return .malformed }
    guard Self.offers(request.type.capability) else { return .unknown }
    do throws(Refusal) {
      try target.remove(request)
    } catch {
      return .explained(error)
    }
    expressions.remove(request.type, request.address)
    return .done
  }

  private func breakpoint(_ packet: Span<UInt8>, _ cursor: inout PacketCursor) -> BreakpointRequest? {
    guard let digit = cursor.byte(in: packet),
      let type = BreakpointType(rawValue: digit &- UInt8(ascii: "0")),
      cursor.take(UInt8(ascii: ","), in: packet), let (address, kind) = cursor.addressAndCount(in: packet)
    else { return nil }
    return BreakpointRequest(type, at: address, byteCount: type.isWatchpoint ? kind : 1, thread: thread)
  }
}

extension BreakpointType {
  var isWatchpoint: Bool {
    switch self {
    case .software, .hardware: false
    case .writeWatchpoint, .readWatchpoint, .accessWatchpoint: true
    }
  }

  var capability: TargetCapabilities {
    switch self {
    case .software: .softwareBreakpoints
    case .hardware: .hardwareBreakpoints
    case .writeWatchpoint: .writeWatchpoints
    case .readWatchpoint: .readWatchpoints
    case .accessWatchpoint: .accessWatchpoints
    }
  }
}
