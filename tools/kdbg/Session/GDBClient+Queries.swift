import RemoteProtocol

/// What the stub said it can do.
struct StubFeatures {
  private var values: [String: String] = [:]

  init(_ reply: Reply) {
    for feature in reply.text.split(separator: ";") {
      if let equals = feature.firstIndex(of: "=") {
        values[String(feature[..<equals])] = String(feature[feature.index(after: equals)...])
      } else if feature.last == "+" {
        values[String(feature.dropLast())] = "+"
      }
    }
  }

  /// True when the stub says `name+`.
  func has(_ name: String) -> Bool { values[name] == "+" }

  /// A number in base 16, as the manual writes sizes.
  func number(_ name: String) -> Int? { values[name].flatMap { Int($0, radix: 16) } }
}

extension GDBClient {
  /// The first exchange. Also finds out that nobody answers: then another client may be connected.
  func negotiate() throws(SessionError) -> StubFeatures {
    let reply: Reply
    do {
      reply = try request("qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+", "qSupported")
    } catch {
      if case .timedOut = error { throw .endpointSilent(endpoint, limit: limit) }
      throw error
    }
    let features = StubFeatures(reply)
    self.features = features
    // Below what any request needs, the number is a mistake.
    if let size = features.number("PacketSize"), size >= 64 {
      packetSize = min(size, line.largestPacket)
    }
    if line == .reliable, features.has("QStartNoAckMode"),
      try request("QStartNoAckMode", "QStartNoAckMode").isOK
    {
      acknowledgement = .off
    }
    return features
  }

  /// Lets a machine go on that kdbg cannot work with; being connected to has stopped it.
  func abandon() {
    guard let features else { return }
    // With its reply: what is sent and not read when the connection closes can be lost.
    _ = try? request(Array((features.has("multiprocess") ? "D;1" : "D").utf8), "detach")
  }

  /// All of an object that the stub hands out in pieces. GDB manual, E.4, "qXfer".
  func transfer(_ object: String, _ annex: String) throws(SessionError) -> [UInt8] {
    let operation = "read \(annex)"
    let piece = max(packetSize - 8, 32)
    var content: [UInt8] = []
    while content.count <= PacketStream.largestPacket {
      var payload = Request("qXfer:\(object):read:\(annex):")
      payload.append(hexadecimal: UInt64(content.count))
      payload.append(",")
      payload.append(hexadecimal: UInt64(piece))
      let reply = try request(payload.bytes, operation)
      switch reply.bytes.first {
      case UInt8(ascii: "l"):
        return content + reply.bytes.dropFirst()
      case UInt8(ascii: "m") where reply.bytes.count > 1:
        content += reply.bytes.dropFirst()
      default:
        throw reply.failure(operation)
      }
    }
    throw .unexpectedReply(operation: operation, reply: "more than \(PacketStream.largestPacket) bytes")
  }

  static func monitorRequest(_ command: String) -> [UInt8] {
    var payload = Request("qRcmd,")
    payload.append(hexadecimal: command.utf8)
    return payload.bytes
  }

  /// Runs a monitor command and returns its text. GDB manual, E.4, "qRcmd".
  func monitor(_ command: String) throws(SessionError) -> String {
    let operation = "monitor \(command)"
    try send(Self.monitorRequest(command), operation)
    var output: [UInt8] = []
    while true {
      let reply = try reply(operation)
      if reply.isOK { break }
      if reply.bytes.first == UInt8(ascii: "O"), let text = reply.hexadecimalBytes(from: 1) {
        output += text
        expectAnotherReply()
      } else if !reply.isEmpty, reply.errorCode == nil, let text = reply.hexadecimalBytes() {
        // The short form: the last output in place of OK.
        output += text
        break
      } else {
        throw reply.failure(operation)
      }
    }
    output.removeAll { $0 == UInt8(ascii: "\r") }
    return String(decoding: output, as: UTF8.self)
  }

  /// The threads, as `qfThreadInfo` and `qsThreadInfo` list them.
  func threads() throws(SessionError) -> [ThreadIdentifier] {
    var threads: [ThreadIdentifier] = []
    var reply = try request("qfThreadInfo", "list the threads")
    while reply.bytes.first == UInt8(ascii: "m") {
      var cursor = PacketCursor(position: 1)
      while let thread = cursor.threadIdentifier(in: reply.bytes.span) {
        threads.append(thread)
        guard cursor.take(UInt8(ascii: ","), in: reply.bytes.span) else { break }
      }
      // More than any machine has: the stub repeats itself.
      guard threads.count <= 4096 else { break }
      reply = try request("qsThreadInfo", "list the threads")
    }
    guard reply.bytes.first == UInt8(ascii: "l") else { throw reply.failure("list the threads") }
    return threads
  }
}
