import Inspect
import Session
import X86

/// One thing that has to be in the machine for it to stop.
struct Insertion: Hashable {
  let kind: BreakpointKind
  let address: UInt64

  init(_ kind: BreakpointKind, at address: UInt64) {
    self.kind = kind
    self.address = address
  }

  var stopsExecution: Bool { kind == .software || kind == .hardware }
}

/// What kdbg has put into the machine, whoever wanted it.
struct InsertedBreakpoints {
  private var all: Set<Insertion> = []
  /// The bytes where software breakpoints are now.
  private var originals: [UInt64: UInt8] = [:]

  /// `bytes` of memory at `address` as they are without the breakpoints: a target under KVM lets them show, and so does a
  /// mapped RAM file.
  func hidden(from bytes: [UInt8], at address: UInt64) -> [UInt8] {
    var bytes = bytes
    for (place, original) in originals where place &- address < UInt64(bytes.count) {
      let index = Int(place &- address)
      if bytes[index] == Self.trapInstruction { bytes[index] = original }
    }
    return bytes
  }

  /// INT3.
  private static let trapInstruction: UInt8 = 0xcc

  /// True where a stop at `address` is one of ours.
  func stopsExecution(at address: UInt64) -> Bool {
    all.contains(Insertion(.software, at: address)) || all.contains(Insertion(.hardware, at: address))
  }

  /// True where something watches the byte at `address`.
  func isWatched(_ address: UInt64) -> Bool {
    all.contains { !$0.stopsExecution && address &- $0.address < UInt64($0.kind.byteCount) }
  }

  /// Makes the machine's breakpoints those of `plan`. What was done before a failure stays done, and noted.
  mutating func settle(_ plan: Set<Insertion>, in target: any Debuggee) throws(SessionError) {
    for insertion in all.subtracting(plan).sorted(by: Self.order) {
      try target.removeBreakpoint(insertion.kind, at: VirtualAddress(insertion.address))
      if insertion.kind == .software { originals[insertion.address] = nil }
      all.remove(insertion)
    }
    for insertion in plan.subtracting(all).sorted(by: Self.order) {
      if insertion.kind == .software {
        originals[insertion.address] = target.bytes(at: VirtualAddress(insertion.address), count: 1).first
      }
      try target.insertBreakpoint(insertion.kind, at: VirtualAddress(insertion.address))
      all.insert(insertion)
    }
  }

  private static func order(_ left: Insertion, _ right: Insertion) -> Bool { left.address < right.address }
}
