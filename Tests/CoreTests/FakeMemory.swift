import Core
import X86

/// The RAM of a test: 4 KiB frames, present or not, all of them full of rubbish at first, so that whoever relies on
/// zeroes must have written them.
final class RAM {
  static let rubbish: UInt64 = 0xdead_beef_dead_beef

  private var frames: [[UInt64]] = []
  /// Stores outside of RAM: there must never be one.
  private(set) var strayStores = 0

  /// RAM in the frames that `ranges` touch.
  init(_ ranges: [Range<UInt64>]) {
    let page = [UInt64](repeating: Self.rubbish, count: 512)
    let count = ranges.map { ($0.upperBound + 4095) / 4096 }.max() ?? 0
    frames = Array(repeating: [], count: Int(count))
    for range in ranges {
      for number in (range.lowerBound / 4096)..<((range.upperBound + 4095) / 4096) {
        frames[Int(number)] = page
      }
    }
  }

  private func place(_ address: PhysicalAddress) -> (frame: Int, word: Int)? {
    precondition(address.rawValue % 8 == 0, "a qword is read and written at a multiple of 8")
    let frame = Int(address.rawValue / 4096)
    guard frame < frames.count, !frames[frame].isEmpty else { return nil }
    return (frame, Int(address.rawValue % 4096 / 8))
  }

  func load(_ address: PhysicalAddress) -> UInt64? {
    guard let place = place(address) else { return nil }
    return frames[place.frame][place.word]
  }

  func store(_ value: UInt64, at address: PhysicalAddress) {
    guard let place = place(address) else {
      strayStores += 1
      return
    }
    frames[place.frame][place.word] = value
  }

  /// The 512 qwords of a frame.
  subscript(frame: PhysicalFrame) -> [UInt64] {
    get { Int(frame.number) < frames.count ? frames[Int(frame.number)] : [] }
    set {
      guard Int(frame.number) < frames.count, !frames[Int(frame.number)].isEmpty else {
        strayStores += 1
        return
      }
      frames[Int(frame.number)] = newValue
    }
  }

  /// Puts `bytes` at `address` and names them.
  @discardableResult
  func place(_ bytes: [UInt8], at address: UInt64) -> PhysicalBytes {
    for (offset, byte) in bytes.enumerated() {
      let target = address + UInt64(offset)
      let word = PhysicalAddress(truncating: target & ~7)
      let shift = (target & 7) * 8
      store((load(word) ?? 0) & ~(0xff << shift) | UInt64(byte) << shift, at: word)
    }
    return PhysicalBytes(start: PhysicalAddress(truncating: address), byteCount: UInt64(bytes.count))
  }

  func place(_ text: String, at address: UInt64) -> PhysicalBytes { place(Array(text.utf8), at: address) }
}

/// The same RAM as the code under test sees it.
struct FakeMemory: WritablePhysicalMemory {
  let ram: RAM

  init(_ ram: RAM) { self.ram = ram }

  /// Memory with `bytes` at `address` and nothing else in it.
  init(_ bytes: [UInt8], at address: UInt64) {
    ram = RAM([address..<(address + max(UInt64(bytes.count), 1))])
    ram.place(bytes, at: address)
  }

  func load(_ address: PhysicalAddress) -> UInt64? { ram.load(address) }

  func read(_ address: PhysicalAddress, into bytes: inout MutableRawSpan) -> Bool {
    for offset in 0..<bytes.byteCount {
      let target = address + UInt64(offset)
      guard let word = ram.load(PhysicalAddress(truncating: target.rawValue & ~7)) else { return false }
      let byte = UInt8(truncatingIfNeeded: word >> ((target.rawValue & 7) * 8))
      bytes.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
    }
    return true
  }

  func store(_ value: UInt64, at address: PhysicalAddress) { ram.store(value, at: address) }
  func zero(_ frame: PhysicalFrame) { ram[frame] = Self.zeroes }
  func copy(_ source: PhysicalFrame, to destination: PhysicalFrame) { ram[destination] = ram[source] }

  private static let zeroes = [UInt64](repeating: 0, count: 512)
}

/// Random numbers that are the same in every run, so that a failure can be repeated.
struct RepeatableGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// SplitMix64.
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}
