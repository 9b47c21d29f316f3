import Glibc
import Synchronization
import Testing
import X86

@testable import Session

/// Both ends of a pseudo-terminal: the near one is a serial line for kdbg.
final class SerialLine: Sendable {
  let device: String
  let far: Descriptor
  private let near: Descriptor

  init() throws {
    var ends: (CInt, CInt) = (-1, -1)
    var name = [CChar](repeating: 0, count: 128)
    // SAFETY: all three live across the call, and 128 bytes hold "/dev/pts/" and a number.
    try #require(unsafe openpty(&ends.0, &ends.1, &name, nil, nil) == 0)
    far = Descriptor(owning: ends.0)
    // Held, so that what is written before kdbg comes is not lost, and the settings can be looked at.
    near = Descriptor(owning: ends.1)
    for end in [ends.0, ends.1] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    device = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  var endpoint: Endpoint { .serial(device: device) }

  /// What the line is set to.
  var settings: Settings {
    var found = termios()
    // SAFETY: one structure that lives across the calls.
    unsafe tcgetattr(near.number, &found)
    let speed = unsafe cfgetospeed(&found)
    return Settings(
      input: found.c_iflag, output: found.c_oflag, control: found.c_cflag, local: found.c_lflag, speed: speed)
  }

  struct Settings: Equatable {
    var input: tcflag_t
    var output: tcflag_t
    var control: tcflag_t
    var local: tcflag_t
    var speed: speed_t

    var isRaw: Bool {
      input & tcflag_t(ICRNL | IXON | ISTRIP | INLCR | IGNCR) == 0 && output & tcflag_t(OPOST) == 0
        && local & tcflag_t(ECHO | ICANON | ISIG | IEXTEN) == 0
        && control & tcflag_t(CSIZE | PARENB | CSTOPB) == tcflag_t(CS8)
    }
  }
}

/// `serial:DEVICE`, with a pseudo-terminal for the device.
@Suite struct SerialTests {
  private func refusal(_ text: String) -> String {
    do throws(SessionError) {
      _ = try Target.attach(Endpoint(parsing: text), replyLimit: .seconds(2))
      return "attached"
    } catch {
      return "\(error.exitStatus): \(error)"
    }
  }

  @Test func theLineIsRawWhileItIsUsedAndThenAsItWas() throws {
    let line = try SerialLine()
    let before = line.settings
    #expect(!before.isRaw)
    let stub = try FakeStub(on: line.far, line.endpoint) { request, _ in FakeMachine.answer(request) }
    let target = try Target.attach(.serial(device: line.device, baud: .baud9600), replyLimit: .seconds(120))
    #expect(line.settings.isRaw)
    #expect(line.settings.speed == speed_t(B9600))
    #expect(target.coreRegisters.rip == 0xffff_ffff_8000_1000)
    try target.detach()
    #expect(stub.requests.last == "D")
    #expect(line.settings == before)
  }

  @Test func everyByteComesThrough() throws {
    let line = try SerialLine()
    let stub = try FakeStub(on: line.far, line.endpoint) { request, _ in
      // Control characters that a line which is not raw would act on, in the stub's own words.
      request == "qThreadExtraInfo,1"
        ? .reply("\u{4}\u{11}\u{13}\r\n\u{1a}\u{7f}\u{1c}") : FakeMachine.answer(request)
    }
    let client = GDBClient(
      try Socket.connect(stub.endpoint, until: Deadline(after: .seconds(120))), stub.endpoint,
      limit: .seconds(120))
    #expect(
      try client.request("qThreadExtraInfo,1", "ask").text == "\u{4}\u{11}\u{13}\r\n\u{1a}\u{7f}\u{1c}")
  }

  @Test func acknowledgementsStayOn() throws {
    let line = try SerialLine()
    let stub = try FakeStub(on: line.far, line.endpoint) { request, _ in
      request.hasPrefix("qSupported")
        ? .reply("PacketSize=2000;qXfer:features:read+;QStartNoAckMode+") : FakeMachine.answer(request)
    }
    let target = try Target.attach(stub.endpoint, replyLimit: .seconds(120))
    try target.detach()
    #expect(!stub.requests.contains("QStartNoAckMode"))
    #expect(stub.acknowledgementCount >= stub.requests.count - 1)
    #expect(stub.requests.contains("qXfer:features:read:target.xml:0,f8"), "pieces are short")
  }

  @Test func aTargetThatIsDroppedGivesTheLineBack() throws {
    let line = try SerialLine()
    let before = line.settings
    let stub = try FakeStub(on: line.far, line.endpoint) { request, _ in
      request.hasPrefix("Z") ? .reply("OK") : FakeMachine.answer(request)
    }
    do {
      let target = try Target.attach(stub.endpoint, replyLimit: .seconds(120))
      try target.insertBreakpoint(.hardware, at: VirtualAddress(0x1000))
      #expect(line.settings.isRaw)
    }
    #expect(stub.awaits("D"))
    #expect(stub.requests.suffix(2) == ["z1,1000,1", "D"])
    #expect(line.settings == before)
  }

  /// kdbg is told to end, or killed: then nothing can put the settings back, but nobody is kept out either.
  @Test(arguments: [SIGTERM, SIGHUP, SIGKILL]) func anEndFromOutsideLeavesTheLineFree(signal: Int32) throws {
    let line = try SerialLine()
    let before = line.settings
    let stub = try FakeStub(on: line.far, line.endpoint) { request, _ in
      request.hasPrefix("Z") ? .reply("OK") : FakeMachine.answer(request)
    }
    let held = try HeldSession(["\(HeldSession.endpoint)=\(stub.endpoint)"])
    #expect(try held.report() == "attached")
    #expect(line.settings.isRaw)
    #expect(refusal("serial:\(line.device)") == "3: serial:\(line.device): another program holds it")
    held.process.signal(signal)
    let expected: ProcessStatus = signal == SIGKILL ? .signalled(signal) : .exited(128 + signal)
    #expect(held.process.wait(limit: .seconds(120)) == expected)
    if signal != SIGKILL {
      #expect(stub.awaits("D"))
      #expect(line.settings == before)
    }
    #expect(
      try Target.attach(stub.endpoint, replyLimit: .seconds(120)).coreRegisters.rip == 0xffff_ffff_8000_1000)
  }

  @Test func aSilentLineIsToldInOneLine() throws {
    let line = try SerialLine()
    let before = line.settings
    let text = "serial:\(line.device)"
    #expect(refusal(text) == "3: \(text): no answer within 2 s; another debugger may be attached")
    #expect(line.settings == before)
  }

  @Test func aLineWhoseFarEndGoesAwayIsLost() throws {
    let line = try SerialLine()
    let stub = try FakeStub(on: line.far, line.endpoint) { request, _ in FakeMachine.answer(request) }
    let target = try Target.attach(stub.endpoint, replyLimit: .seconds(120))
    // A program that takes the line for itself reads nothing of kdbg's.
    #expect(throws: SessionError.endpointBusy(stub.endpoint)) {
      try Target.attach(stub.endpoint, replyLimit: .seconds(120))
    }
    #expect(target.coreRegisters.rip == 0xffff_ffff_8000_1000)
    try target.detach()
  }

  @Test func whatIsNoLineIsRefused() {
    #expect(refusal("serial:/nonexistent") == "3: serial:/nonexistent: no such endpoint")
    #expect(refusal("serial:/etc/passwd") == "3: serial:/etc/passwd: not a serial line")
    #expect(refusal("serial:/dev/null") == "3: serial:/dev/null: not a serial line")
    #expect(refusal("serial:/tmp") == "3: serial:/tmp: not a serial line")
    #expect(
      refusal("serial:/dev/ttyS0,9601").hasPrefix("2: \"9601\" is no baud rate; give one of 1200 2400 "))
  }
}
