import RemoteProtocol

// m M: memory in hexadecimal.
extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// `m ADDRESS,LENGTH`. The reply may be shorter than asked: where memory ends, or the frame.
  mutating func readMemory(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    var cursor = start
    guard let (address, count) = cursor.addressAndCount(in: packet), cursor.isAtEnd(of: packet) else {
      return .malformed
    }
    return sendMemory(address, count, .hexadecimal)
  }

  /// `M ADDRESS,LENGTH:DATA`
  mutating func writeMemory(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    var cursor = start
    guard let (address, count) = cursor.addressAndCount(in: packet),
      cursor.take(UInt8(ascii: ":"), in: packet),
      count == UInt64(truncatingIfNeeded: (packet.count &- cursor.position) >> 1),
      (packet.count &- cursor.position) & 1 == 0
    else { return .malformed }
    // All of it must be digits before any of it is written.
    var check = cursor
    while check.hexadecimalByte(in: packet) != nil {}
    guard check.isAtEnd(of: packet) else { return .malformed }
    if let width = exactWidth(address, count) {
      guard let value = cursor.littleEndian(byteCount: width.byteCount, in: packet) else { return .malformed }
      return writeExactly(value, to: address, width)
    }
    var place = address
    while true {
      var filled = 0
      while filled < Self.scratchCapacity, let byte = cursor.hexadecimalByte(in: packet) {
        scratch[filled] = byte
        filled &+= 1
      }
      guard filled > 0 else { return .done }
      let transfer = target.write(scratch.span.extracting(first: filled), to: place, in: memorySpace)
      if let refusal = transfer.refusal { return .refused(refusal) }
      place &+= UInt64(truncatingIfNeeded: filled)
    }
  }

  // MARK: Shared with the binary packets

  enum MemoryForm {
    case hexadecimal
    case binary
  }

  /// Replies with memory, as much of it as there is and as fits.
  mutating func sendMemory(_ address: UInt64, _ count: UInt64, _ form: MemoryForm) -> HandlerStatus {
    link.reply.begin()
    if form == .binary, session.binaryReadStyle == .marked { link.reply.raw(UInt8(ascii: "b")) }
    if let width = exactWidth(address, count) {
      do {
        let value = try target.readExactly(address, width: width, in: memorySpace)
        var shift: UInt64 = 0
        while shift < UInt64(width.rawValue) &* 8 {
          append(UInt8(truncatingIfNeeded: value >> shift), form)
          shift &+= 8
        }
      } catch {
        return .refused(error)
      }
      return .replied
    }
    var done: UInt64 = 0
    while done < count {
      let piece = pieceSize(count &- done, form)
      guard piece > 0 else { break }
      let transfer = fillScratch(piece, from: address &+ done)
      let arrived = min(max(transfer.byteCount, 0), piece)
      guard arrived > 0 || done > 0 else {
        return .refused(transfer.refusal ?? Refusal(Refusal.badAddress, "nothing was read at", at: address))
      }
      guard append(arrived, form) else { break }
      done &+= UInt64(truncatingIfNeeded: arrived)
      if transfer.fault != nil || arrived < piece { break }
    }
    return .replied
  }

  /// Reads `count` bytes into the front of `scratch`.
  mutating func fillScratch(_ count: Int, from address: UInt64) -> MemoryTransfer {
    let space = memorySpace
    var buffer = scratch.mutableSpan
    var bytes = buffer._mutatingExtracting(first: min(max(count, 0), Self.scratchCapacity))
    return target.read(address, in: space, into: &bytes)
  }

  /// How many bytes to read next: what is wanted, what `scratch` holds, and what fits into the frame.
  private func pieceSize(_ wanted: UInt64, _ form: MemoryForm) -> Int {
    let fitting = form == .hexadecimal ? link.reply.room >> 1 : link.reply.room
    return Int(
      truncatingIfNeeded: min(wanted, UInt64(truncatingIfNeeded: min(max(fitting, 0), Self.scratchCapacity))))
  }

  /// Appends the first `count` bytes of `scratch`. False when they did not all fit.
  private mutating func append(_ count: Int, _ form: MemoryForm) -> Bool {
    var position = 0
    while position < count, position < Self.scratchCapacity {
      guard append(scratch[position], form) else { return false }
      position &+= 1
    }
    return true
  }

  @discardableResult
  private mutating func append(_ byte: UInt8, _ form: MemoryForm) -> Bool {
    switch form {
    case .hexadecimal:
      link.reply.hexadecimal(byte: byte)
      return true
    case .binary:
      return link.reply.escaped(byte)
    }
  }

  /// The width of a request that one access can fulfil.
  private func exactWidth(_ address: UInt64, _ count: UInt64) -> AccessWidth? {
    guard Self.offers(.exactAccess), let narrow = UInt8(exactly: count),
      let width = AccessWidth(rawValue: narrow), address & (count &- 1) == 0
    else { return nil }
    return width
  }

  mutating func writeExactly(_ value: UInt64, to address: UInt64, _ width: AccessWidth) -> HandlerStatus {
    do {
      try target.writeExactly(value, to: address, width: width, in: memorySpace)
      return .done
    } catch {
      return .refused(error)
    }
  }

  /// `X` with the data as they are.
  mutating func writeBytes(_ bytes: Span<UInt8>, to address: UInt64) -> HandlerStatus {
    if let width = exactWidth(address, UInt64(truncatingIfNeeded: bytes.count)) {
      var value: UInt64 = 0
      var position = width.byteCount &- 1
      while position >= 0 {
        value = value << 8 | UInt64(bytes.byte(at: position) ?? 0)
        position &-= 1
      }
      return writeExactly(value, to: address, width)
    }
    var done = 0
    while done < bytes.count {
      let rest = bytes.extracting(droppingFirst: max(done, 0))
      let piece = rest.extracting(first: Self.scratchCapacity)
      let transfer = target.write(piece, to: address &+ UInt64(truncatingIfNeeded: done), in: memorySpace)
      if let refusal = transfer.refusal { return .refused(refusal) }
      done &+= piece.count
    }
    return .done
  }
}
