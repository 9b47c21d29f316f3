import Foundation
import Glibc
import RemoteProtocol
import Synchronization

@testable import Session

/// A stub that lives in the test: it listens on a unix socket, takes one client, and answers as it is told.
final class FakeStub: Sendable {
  /// What it does with one request.
  enum Answer: Sendable {
    case reply(String)
    case replies([String])
    /// Bytes as they stand, frame and all.
    case raw(String)
    case silence
    case close
    /// A reply that takes its time. What arrives meanwhile comes too early.
    case late(String)
  }

  let endpoint: Endpoint
  private let directory: PrivateDirectory
  private let received = Mutex<[String]>([])
  private let acknowledgements = Mutex(0)
  private let wasHurried = Mutex(false)

  /// `answer` is asked for each request, in order, with how often the same request came before.
  /// `greeting` is sent before anything is asked.
  init(
    greeting: String = "", _ answer: @escaping @Sendable (_ request: String, _ before: Int) -> Answer
  ) throws {
    directory = try PrivateDirectory()
    let path = "\(directory.path)/stub"
    endpoint = .unix(path: path)
    let listener = Descriptor(owning: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // SAFETY: a private directory's path leaves room for this name and a final zero.
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    // SAFETY: the length is that of the structure behind the pointer.
    let result = unsafe withUnsafePointer(to: address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe bind(listener.number, pointer, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    precondition(result == 0 && listen(listener.number, 1) == 0, "the fake stub cannot listen")
    Thread.detachNewThread { [self] in
      let connection = Descriptor(owning: accept(listener.number, nil, nil))
      serve(connection, greeting, answer)
    }
  }

  /// The same at the far end of a line that is open already, which `endpoint` names.
  init(
    on line: Descriptor, _ endpoint: Endpoint,
    _ answer: @escaping @Sendable (_ request: String, _ before: Int) -> Answer
  ) throws {
    directory = try PrivateDirectory()
    self.endpoint = endpoint
    Thread.detachNewThread { [self] in serve(line, "", answer) }
  }

  /// Every request so far.
  var requests: [String] { received.withLock { $0 } }
  /// True when `request` comes soon, and nothing after it.
  func awaits(_ request: String) -> Bool {
    let deadline = Deadline(after: .seconds(120))
    while requests.last != request, !deadline.hasPassed { usleep(1000) }
    return requests.last == request
  }
  /// True once something arrived while a `.late` reply was due.
  var isHurried: Bool { wasHurried.withLock { $0 } }
  var acknowledgementCount: Int { acknowledgements.withLock { $0 } }

  private func serve(
    _ connection: Descriptor, _ greeting: String, _ answer: (String, Int) -> Answer
  ) {
    var decoder = PacketDecoder(.requests)
    var payload = [UInt8](repeating: 0, count: 1 << 14)
    var input = [UInt8](repeating: 0, count: 4096)
    if !greeting.isEmpty { send(greeting, connection) }
    while case .bytes(let count) = connection.read(into: &input) {
      for (position, byte) in input[..<count].enumerated() {
        let hasMore = position + 1 < count
        var span = payload.mutableSpan
        switch decoder.feed(byte, into: &span) {
        case .packet(let byteCount):
          let request = String(decoding: payload[..<byteCount], as: UTF8.self)
          let before = received.withLock { requests in
            defer { requests.append(request) }
            return requests.count { $0 == request }
          }
          guard perform(answer(request, before), connection, hasMore) else { return }
        case .acknowledged: acknowledgements.withLock { $0 += 1 }
        case .notAcknowledged: guard perform(answer("-", 0), connection, hasMore) else { return }
        case .interrupt: guard perform(answer("\u{3}", 0), connection, hasMore) else { return }
        default: break
        }
      }
    }
  }

  /// `hasMore`: more has arrived together with the request.
  private func perform(_ answer: Answer, _ connection: Descriptor, _ hasMore: Bool) -> Bool {
    switch answer {
    case .reply(let text): send(text, connection)
    case .replies(let texts): for text in texts { send(text, connection) }
    case .raw(let text): _ = connection.write(Array(text.utf8))
    case .silence: break
    case .close: return false
    case .late(let text):
      let isEarly = Readiness.wait(
        [(connection.number, .readable)], until: Deadline(after: .milliseconds(300)))[0]
      if hasMore || isEarly { wasHurried.withLock { $0 = true } }
      send(text, connection)
    }
    return true
  }

  private func send(_ text: String, _ connection: Descriptor) {
    _ = connection.write([UInt8(ascii: "+")] + PacketQueue.framed(Array(text.utf8)))
  }
}

/// A small machine behind a fake stub: a target description in an order of its own, and just enough of the rest.
enum FakeMachine {
  /// The numbers of the description run against any usual order, and a wide register stands in between.
  static let description = """
    <?xml version="1.0"?>
    <!DOCTYPE target SYSTEM "gdb-target.dtd">
    <target version="1.0"><architecture>i386:x86-64</architecture>
    <feature name="a.kernel"> <!-- <reg name="decoy" bitsize="64"/> -->
    <reg name="cr0" bitsize="64" regnum="40"/><reg name="cr2" bitsize="64"/><reg name="cr3" bitsize="64"/>
    <reg name="cr4" bitsize="64"/><reg name="efer" bitsize="64"/>
    <reg name="rip" bitsize="64" type="code_ptr" regnum="0"/>
    <reg name="xmm0" bitsize="128"/>
    <reg name="eflags" bitsize="32"/>
    \(["cs", "ss", "ds", "es", "fs", "gs"].map { "<reg name='\($0)' bitsize='16'/>" }.joined())
    \(["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"]
      .map { "<reg name=\"\($0)\" bitsize=\"64\"/>" }.joined())
    <reg name="tr" bitsize="16" regnum="50"/><reg name="tr_base" bitsize="64"/><reg name="tr_limit" bitsize="32"/>
    </feature></target>
    """

  static func littleEndian(_ value: UInt64, _ byteCount: Int = 8) -> String {
    (0..<byteCount).map { index in
      let byte = UInt8(truncatingIfNeeded: value >> UInt64(index * 8))
      return String(byte >> 4, radix: 16) + String(byte & 0xf, radix: 16)
    }.joined()
  }

  /// `g` in the order of the numbers: rip, xmm0, eflags, six selectors, sixteen general registers, five control
  /// registers, the task register.
  static let registers =
    littleEndian(0xffff_ffff_8000_1000) + String(repeating: "ab", count: 16) + littleEndian(0x202, 4)
    + [0x08, 0x10, 0x2b, 0x2b, 0, 0].map { littleEndian($0, 2) }.joined()
    + (0..<16).map { littleEndian(0x1000 + UInt64($0)) }.joined()
    + [0x8001_0033, 0xdead_b000, 0x10_8000, 0x20, 0xd00].map { littleEndian($0) }.joined()
    + littleEndian(0x18, 2) + littleEndian(0xffff_c980_0000_0000) + littleEndian(0x67, 4)

  static func answer(_ request: String) -> FakeStub.Answer {
    if request.hasPrefix("qSupported") { return .reply("PacketSize=2000;qXfer:features:read+") }
    if let annex = request.remainder(after: "qXfer:features:read:target.xml:") {
      return .reply(piece(of: description, annex))
    }
    switch request {
    case "?": return .reply("S05")
    case "g": return .reply(registers)
    case "D": return .reply("OK")
    default: return .reply("")
    }
  }

  /// What `qXfer` gives for `OFFSET,LENGTH`, in small pieces so that there are several.
  static func piece(of text: String, _ range: String) -> String {
    let numbers = range.split(separator: ",").compactMap { Int($0, radix: 16) }
    let rest = text.utf8.dropFirst(numbers[0])
    let part = rest.prefix(min(numbers[1], 300))
    return (part.count == rest.count ? "l" : "m") + String(decoding: part, as: UTF8.self)
  }
}

/// QEMU's switch for the addresses of `m` and `M`.
final class ModeSwitch: Sendable {
  private let state = Mutex(false)

  var isPhysical: Bool { state.withLock { $0 } }

  /// Nil for other requests.
  func answer(_ request: String) -> String? {
    switch request {
    case "qqemu.PhyMemMode": return isPhysical ? "1" : "0"
    case "Qqemu.PhyMemMode:0", "Qqemu.PhyMemMode:1":
      state.withLock { $0 = request.hasSuffix("1") }
      return "OK"
    default: return nil
    }
  }
}
