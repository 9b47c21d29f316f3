import RemoteProtocol
import X86

/// A thread of the stub: one virtual processor of QEMU.
public struct TargetThread: Equatable, Sendable {
  public let identifier: ThreadIdentifier
  /// The processor's number in the monitor, counted from 0.
  public let cpuIndex: Int
  /// The stub's own words, such as "CPU#0 [running]".
  public let description: String

  public init(identifier: ThreadIdentifier, cpuIndex: Int, description: String) {
    self.identifier = identifier
    self.cpuIndex = cpuIndex
    self.description = description
  }

  /// True while the processor waits for an interrupt: QEMU does not step it, whatever it is told.
  public var isHalted: Bool { description.contains("[halted") }
}

extension Target {
  /// The processor whose registers are shown: the one that stopped, until another is selected.
  public var selectedThread: ThreadIdentifier? { selected }

  public func threads() throws(SessionError) -> [TargetThread] {
    try requireStopped(resumable: false)
    return try attempt { () throws(SessionError) in
      let identifiers = try client.threads()
      let texts = try client.pipeline(
        identifiers.map { Array("qThreadExtraInfo,\($0.wireText)".utf8) }, "describe the threads")
      return zip(identifiers, texts).enumerated().map { position, pair in
        let text = String(decoding: pair.1.hexadecimalBytes() ?? [], as: UTF8.self)
        let digits = text.split(separator: "#").dropFirst().first?.prefix(while: \.isNumber) ?? ""
        return TargetThread(identifier: pair.0, cpuIndex: Int(digits) ?? position, description: text)
      }
    }
  }

  /// Shows the registers of another processor.
  public func select(_ thread: ThreadIdentifier) throws(SessionError) {
    try requireStopped(resumable: false)
    try attempt { () throws(SessionError) in
      guard try client.request("Hg\(thread.wireText)", "select a thread").isOK else {
        throw .unknownThread(thread.wireText)
      }
      selected = thread
      packet = nil
      core = nil
      try fetchRegisters()
    }
  }

  /// The registers of all processors, in the order of their numbers. The selected one stays selected.
  public func processorRegisters() throws(SessionError) -> [RegisterFile] {
    let all = try threads().sorted { $0.cpuIndex < $1.cpuIndex }
    guard all.count > 1, let here = selectedThread else { return [registers] }
    var files: [RegisterFile] = []
    defer { try? select(here) }
    for thread in all {
      try select(thread.identifier)
      files.append(registers)
    }
    return files
  }

  /// The selected processor's number in the monitor.
  func selectedCPU() throws(SessionError) -> Int {
    guard let selected else { return 0 }
    if cpuIndices == nil {
      cpuIndices = Dictionary(try threads().map { ($0.identifier, $0.cpuIndex) }) { first, _ in first }
    }
    return cpuIndices?[selected] ?? 0
  }
}
