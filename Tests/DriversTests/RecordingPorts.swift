import X86

/// What a driver did to the ports, in order.
enum PortAccess: Equatable {
  case write(UInt8, to: UInt16)
  case read(UInt16)
}

/// A machine whose devices are a test's own: every access is written down, and reads are answered by a closure.
final class PortRecorder {
  private(set) var accesses: [PortAccess] = []
  /// The value that a read of a port gives.
  var answer: (UInt16) -> UInt8 = { _ in 0 }

  var writes: [PortAccess] {
    accesses.filter { if case .write = $0 { true } else { false } }
  }

  func forget() { accesses = [] }

  fileprivate func record(_ access: PortAccess) { accesses.append(access) }
}

struct RecordingPorts: PortIO {
  let recorder: PortRecorder

  func write8(_ value: UInt8, to port: UInt16) { recorder.record(.write(value, to: port)) }

  func read8(_ port: UInt16) -> UInt8 {
    recorder.record(.read(port))
    return recorder.answer(port)
  }
}
