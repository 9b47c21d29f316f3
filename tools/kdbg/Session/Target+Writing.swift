import X86

extension Target {
  /// Writes at a linear address under the live CR3, whatever its rights.
  public func writeMemory(_ address: VirtualAddress, bytes: [UInt8]) throws(SessionError) {
    try requireStopped(resumable: false)
    try attempt { () throws(SessionError) in
      defer {
        invalidate()
      }
      for (request, piece) in writes(address, bytes) {
        let reply = try client.request(request, "write memory")
        if reply.errorCode != nil { throw .notMapped(VirtualAddress(piece)) }
        try reply.requireOK("write memory")
      }
    }
  }

  /// Writes to physical memory. Throws `.outsideMemory` where there is none, and `.unsupported` for a stub without
  /// QEMU's physical mode.
  public func writePhysical(_ address: PhysicalAddress, bytes: [UInt8]) throws(SessionError) {
    try requireStopped(resumable: false)
    guard dialect.initialMode != nil else { throw .unsupported(operation: "write physical memory") }
    // QEMU says yes to writes that go nowhere.
    _ = try readPhysical(address, byteCount: bytes.count)
    try attempt { () throws(SessionError) in
      defer {
        invalidate()
      }
      // In one go: the mode is sticky and survives kdbg, so it is never left switched on.
      let requests =
        [PhysicalMode.physical.request]
        + writes(VirtualAddress(address.rawValue), bytes).map(\.request) + [PhysicalMode.virtual.request]
      for reply in try client.pipeline(requests, "write physical memory") {
        try reply.requireOK("write physical memory")
      }
    }
  }

  /// The packets that write `bytes`, each with its address.
  private func writes(
    _ address: VirtualAddress, _ bytes: [UInt8]
  ) -> [(request: [UInt8], address: UInt64)] {
    // The frame's letter, address and length stand before the data.
    let pieces = Self.pieces(address, byteCount: bytes.count, largest: (client.packetSize - 40) / 2)
    var rest = bytes[...]
    return pieces.map { piece in
      var request = Request("M")
      request.append(hexadecimal: piece.address)
      request.append(",")
      request.append(hexadecimal: UInt64(piece.byteCount))
      request.append(":")
      request.append(hexadecimal: rest.prefix(piece.byteCount))
      rest = rest.dropFirst(piece.byteCount)
      return (request.bytes, piece.address)
    }
  }
}
