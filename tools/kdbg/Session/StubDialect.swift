import RemoteProtocol

/// What kind of stub this is, as far as kdbg must treat it differently.
struct StubDialect: Equatable {
  /// QEMU's gdbserver, known by its memory mode, and by keeping its acknowledgements: a stub on a line offers to do
  /// without.
  let isQEMU: Bool
  /// The mode in which kdbg found it, and in which it leaves it. Nil without such a mode.
  let initialMode: PhysicalMode?
  let hasThreadedResume: Bool
  let hasMultiprocess: Bool

  init(_ client: GDBClient, _ features: StubFeatures) throws(SessionError) {
    initialMode = PhysicalMode(try client.request(PhysicalMode.query, "qqemu.PhyMemMode"))
    isQEMU = initialMode != nil && !features.has("QStartNoAckMode")
    hasMultiprocess = features.has("multiprocess")
    let resume = try client.request("vCont?", "vCont?").text.split(separator: ";")
    hasThreadedResume = resume.contains("c") && resume.contains("s")
  }

  /// Puts the stub into the state in which kdbg works.
  func prepare(_ client: GDBClient) throws(SessionError) {
    if isQEMU, client.line == .reliable, client.acknowledgement == .immediate {
      client.acknowledgement = .deferred
    }
    if initialMode == .physical {
      try client.request(PhysicalMode.virtual.request, "PhyMemMode").requireOK("PhyMemMode")
    }
  }

  /// Undoes ``prepare(_:)``.
  func restore(_ client: GDBClient) throws(SessionError) {
    if let initialMode { try client.request(initialMode.request, "PhyMemMode").requireOK("PhyMemMode") }
  }

  func continueRequest() -> [UInt8] { Array((hasThreadedResume ? "vCont;c" : "c").utf8) }

  /// One instruction of `thread`; the others stay where they are.
  func stepRequest(_ thread: ThreadIdentifier?) -> [UInt8] {
    guard hasThreadedResume, let thread else { return Array((hasThreadedResume ? "vCont;s" : "s").utf8) }
    return Array("vCont;s:\(thread.wireText)".utf8)
  }

  func detachRequest(_ thread: ThreadIdentifier?) -> [UInt8] {
    guard hasMultiprocess else { return Array("D".utf8) }
    guard case .number(let process) = thread?.process else { return Array("D;1".utf8) }
    return Array("D;\(String(process, radix: 16))".utf8)
  }
}
