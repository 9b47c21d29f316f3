import RingTransition

/// Room for as many frames as a machine has.
struct HostFrameScratch: FrameScratch {
  private var positions: [UInt64] = []
  private var keys: Set<UInt64> = []

  mutating func insert(_ key: UInt64) -> FrameScratchAnswer {
    if keys.contains(key) { return .known }
    // More tables than a debugger can wait for: noise, or a machine that nobody audits whole.
    guard positions.count < 1 << 18 else { return .full }
    keys.insert(key)
    positions.append(key)
    return .added
  }

  func contains(_ key: UInt64) -> Bool { keys.contains(key) }

  var positionCount: Int { positions.count }

  func key(at position: Int) -> UInt64 { positions.indices.contains(position) ? positions[position] : 0 }
}
