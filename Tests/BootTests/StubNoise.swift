import Foundation
import Synchronization
import Testing

@testable import Session

/// Numbers that come again with the same seed. SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}

/// A line between a client and a stub that hits one byte in so many: of those a quarter each is lost, changed, doubled,
/// or late, and everything behind it too.
final class NoisyLine: Sendable {
  /// The client's end.
  let near: Descriptor
  private let far: Descriptor
  private let stub: Descriptor
  private let probability = Mutex(0.0)
  private let hits = Atomic(0)

  /// The longest delay in microseconds: longer than the client's patience.
  private static let latest: UInt64 = 6000

  init(to stub: Endpoint, seed: UInt64) throws {
    var ends: [Int32] = [-1, -1]
    // SAFETY: `socketpair` writes exactly two numbers.
    try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    near = Descriptor(owning: ends[0])
    far = Descriptor(owning: ends[1])
    for end in [near, far] {
      _ = fcntl(end.number, F_SETFD, FD_CLOEXEC)
      end.setNonBlocking()
    }
    self.stub = try Socket.connect(stub, until: Deadline(after: .seconds(60)))
    let ways = [(far, self.stub, seed), (self.stub, far, seed &+ 1_000_003)]
    for (source, destination, seed) in ways {
      Thread.detachNewThread { [self] in carry(source, destination, SeededGenerator(seed: seed)) }
    }
  }

  /// From now on, for both directions.
  func setNoise(_ probability: Double) { self.probability.withLock { $0 = probability } }

  /// Bytes that did not pass as they were.
  var hitCount: Int { hits.load(ordering: .relaxed) }

  func close() {
    far.hangUp()
    stub.hangUp()
  }

  private func carry(_ source: Descriptor, _ destination: Descriptor, _ generator: SeededGenerator) {
    var generator = generator
    var input = [UInt8](repeating: 0, count: 4096)
    while true {
      switch source.read(into: &input) {
      case .bytes(let count):
        guard pass(input[..<count], to: destination, &generator) else { return }
      case .wouldBlock: _ = Readiness.wait([(source.number, .readable)], until: .none)
      case .closed:
        destination.hangUp()
        return
      }
    }
  }

  private func pass(
    _ bytes: ArraySlice<UInt8>, to destination: Descriptor, _ generator: inout SeededGenerator
  ) -> Bool {
    let probability = probability.withLock { $0 }
    var run: [UInt8] = []
    for byte in bytes {
      guard Double.random(in: 0..<1, using: &generator) < probability else {
        run.append(byte)
        continue
      }
      hits.add(1, ordering: .relaxed)
      switch generator.next() % 4 {
      case 0: break
      case 1: run.append(byte ^ UInt8.random(in: 1...255, using: &generator))
      case 2: run += [byte, byte]
      default:
        guard write(run, to: destination) else { return false }
        run = [byte]
        usleep(UInt32(generator.next() % Self.latest))
      }
    }
    return write(run, to: destination)
  }

  private func write(_ bytes: [UInt8], to destination: Descriptor) -> Bool {
    var done = 0
    while done < bytes.count {
      switch destination.write(bytes, from: done) {
      case .bytes(let count): done += count
      case .wouldBlock: _ = Readiness.wait([(destination.number, .writable)], until: .none)
      case .closed: return false
      }
    }
    return true
  }
}

/// A loop in Ring 3 whose state after each instruction is known, and memory beside it.
struct NoiseProgram {
  static let start: UInt64 = 0x1000_0f00
  static let scratch: UInt64 = 0x1000_0e00
  static let cellCount: UInt64 = 16

  /// inc rax; inc rbx; nop; inc rdx; jmp to the start
  static let code: [UInt8] = [
    0x48, 0xff, 0xc0, 0x48, 0xff, 0xc3, 0x90, 0x48, 0xff, 0xc2, 0xeb, 0xf4,
  ]
  static let boundaries: [UInt64] = [0, 3, 6, 7, 10]

  /// Numbers of `p` and `P`.
  static let registers = (rax: 0, rbx: 1, rdx: 3, rip: 0x10)

  var rax: UInt64 = 0
  var rbx: UInt64 = 0
  var rdx: UInt64 = 0
  private var position = 0
  var cells = [UInt64](repeating: 0, count: Int(cellCount))

  var rip: UInt64 { Self.start + Self.boundaries[position] }

  mutating func step() {
    switch position {
    case 0: rax &+= 1
    case 1: rbx &+= 1
    case 3: rdx &+= 1
    default: break
    }
    position = (position + 1) % Self.boundaries.count
  }

  /// Until the instruction with this number is next; at least one.
  mutating func run(to boundary: Int) {
    repeat { step() } while position != boundary
  }

  subscript(number: Int) -> UInt64 {
    switch number {
    case Self.registers.rax: rax
    case Self.registers.rbx: rbx
    case Self.registers.rdx: rdx
    default: rip
    }
  }
}
