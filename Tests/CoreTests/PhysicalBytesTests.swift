import Testing
import X86

@testable import Core

@Suite struct PhysicalBytesTests {
  /// Eight bytes at an odd address, the last ones of RAM.
  private static func bytes() -> (PhysicalBytes, FakeMemory) {
    let memory = FakeMemory([UInt8](repeating: 0, count: 4096), at: 0x1000)
    return (memory.ram.place([1, 2, 3, 4, 5, 6, 7, 0x88], at: 0x1ff8 - 3), memory)
  }

  @Test func readsInsideAndNowhereElse() {
    var (bytes, memory) = Self.bytes()
    #expect((0..<8).map { bytes.byte($0, memory: &memory) } == [1, 2, 3, 4, 5, 6, 7, 0x88])
    #expect(bytes.byte(8, memory: &memory) == nil)
    #expect(bytes.byte(.max, memory: &memory) == nil)
  }

  @Test func readsIntegersOfEveryWidth() {
    var (bytes, memory) = Self.bytes()
    #expect(bytes.integer(UInt8.self, at: 7, memory: &memory) == 0x88)
    #expect(bytes.integer(UInt16.self, at: 1, memory: &memory) == 0x0302)
    #expect(bytes.integer(UInt32.self, at: 4, memory: &memory) == 0x8807_0605)
    #expect(bytes.integer(UInt64.self, at: 0, memory: &memory) == 0x8807_0605_0403_0201)
    #expect(bytes.integer(UInt64.self, at: 1, memory: &memory) == nil)
    #expect(bytes.integer(UInt32.self, at: 5, memory: &memory) == nil)
    #expect(bytes.integer(UInt32.self, at: .max, memory: &memory) == nil)
    #expect(bytes.integer(UInt32.self, at: .max - 1, memory: &memory) == nil)
  }

  @Test func slicesInside() {
    let (bytes, _) = Self.bytes()
    #expect(bytes.slice(offset: 0, count: 8) == bytes)
    #expect(bytes.slice(offset: 8, count: 0)?.byteCount == 0)
    #expect(bytes.slice(offset: 2, count: 3)?.start == bytes.start + 2)
    for (offset, count) in [(0, 9), (8, 1), (9, 0), (1, .max), (.max, 1), (.max, .max)] as [(UInt64, UInt64)]
    {
      #expect(bytes.slice(offset: offset, count: count) == nil)
    }
  }

  @Test func bytesOutsideOfMemoryAreNotThere() {
    var memory = FakeMemory([1, 2, 3], at: 0x1000)
    let beyond = PhysicalBytes(start: PhysicalAddress(truncating: 0x1fff), byteCount: 2)
    #expect(beyond.byte(0, memory: &memory) != nil)
    #expect(beyond.byte(1, memory: &memory) == nil)
    #expect(beyond.integer(UInt16.self, at: 0, memory: &memory) == nil)
  }

  @Test func comparesText() {
    var memory = FakeMemory(Array("key=value".utf8), at: 0x1001)
    let text = PhysicalBytes(start: PhysicalAddress(truncating: 0x1001), byteCount: 9)
    #expect(text.matches("key=", memory: &memory))
    #expect(text.matches("value", at: 4, memory: &memory))
    #expect(!text.matches("Key", memory: &memory))
    #expect(!text.matches("key=value2", memory: &memory))
    #expect(text.matches("", memory: &memory))
    #expect(text.isText("key=value", memory: &memory))
    #expect(!text.isText("key=", memory: &memory))
    #expect(text.value(of: "key=", memory: &memory)?.isText("value", memory: &memory) == true)
    #expect(text.value(of: "key=value", memory: &memory)?.byteCount == 0)
    #expect(text.value(of: "value", memory: &memory) == nil)
  }

  @Test func oneByteIsReplacedAmongItsNeighbours() {
    var memory = FakeMemory([1, 2, 3, 4, 5, 6, 7, 8, 9], at: 0x1000)
    for offset in 0..<9 as Range<UInt64> {
      memory.storeByte(UInt8(0xf0 + offset), at: PhysicalAddress(truncating: 0x1000 + offset))
    }
    let bytes = PhysicalBytes(start: PhysicalAddress(truncating: 0x1000), byteCount: 9)
    #expect(
      (0..<9).map { bytes.byte($0, memory: &memory) } == [
        0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8,
      ])
    memory.storeByte(1, at: PhysicalAddress(truncating: 0x9000))
    #expect(memory.ram.strayStores == 0)
  }
}
