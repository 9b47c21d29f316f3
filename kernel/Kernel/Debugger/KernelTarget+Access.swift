import Core
import Machine
import RemoteProtocol
import Report
import Stub
import X86

/// `monitor read`, `write` and their physical counterparts: one access of the width that was asked for, to devices too.
/// Everything else that the client reads is RAM, so that nothing is read by accident where reading changes something.
extension KernelTarget {
  func readExactly(
    _ words: inout WordCursor, _ command: Span<UInt8>, _ space: MemorySpace, _ text: inout TextBuffer
  ) throws(Refusal) {
    guard let width = words.width(in: command), let address = words.number(in: command),
      words.isAtEnd(of: command)
    else { throw Refusal(Refusal.invalid, "WIDTH ADDRESS; the width is 1, 2, 4 or 8") }
    let place = try place(of: address, width, space)
    guard let value = DeviceWindow.read(place, byteCount: width.byteCount) else {
      throw Self.noWindow(address)
    }
    text.write(hex: value)
    text.newline()
  }

  func writeExactly(
    _ words: inout WordCursor, _ command: Span<UInt8>, _ space: MemorySpace
  ) throws(Refusal) {
    guard let width = words.width(in: command), let address = words.number(in: command),
      let value = words.number(in: command), words.isAtEnd(of: command)
    else { throw Refusal(Refusal.invalid, "WIDTH ADDRESS VALUE; the width is 1, 2, 4 or 8") }
    guard width == .quadWord || value >> UInt64(width.byteCount * 8) == 0 else {
      throw Refusal(Refusal.invalid, "more than the width holds:", at: value)
    }
    let place = try place(of: address, width, space)
    guard DeviceWindow.write(value, to: place, byteCount: width.byteCount) else {
      throw Self.noWindow(address)
    }
  }

  /// Where an access goes. It lies in one page, since its address is a multiple of its width.
  private func place(
    of address: UInt64, _ width: AccessWidth, _ space: MemorySpace
  ) throws(Refusal) -> PhysicalAddress {
    guard address & UInt64(width.rawValue - 1) == 0 else {
      throw Refusal(Refusal.invalid, "not a multiple of the width:", at: address)
    }
    switch translate(address, in: space) {
    case .place(let place) where DeviceWindow.reaches(place): return place
    case .fault(.notMapped): throw Refusal(Refusal.badAddress, "nothing is mapped at", at: address)
    case .fault(.notCanonical): throw Refusal(Refusal.badAddress, "no canonical address:", at: address)
    case .place, .fault:
      throw Refusal(Refusal.badAddress, "no physical address of this processor:", at: address)
    }
  }

  private static func noWindow(_ address: UInt64) -> Refusal {
    Refusal(Refusal.failed, "the page for the access cannot be mapped:", at: address)
  }
}

extension WordCursor {
  fileprivate mutating func width(in text: Span<UInt8>) -> AccessWidth? {
    number(in: text).flatMap { UInt8(exactly: $0) }.flatMap { AccessWidth(rawValue: $0) }
  }
}
