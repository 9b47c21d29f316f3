import Foundation
import Testing
import X86

@testable import Session

/// kdbg's client and the kernel's stub over a line that loses, changes, doubles and delays bytes.
@Suite("the kernel's stub on a bad line")
struct StubNoiseTests {
  private static let firstSystemCall: UInt64 = 0x1000_0019

  @Test("a thousand operations complete correctly", arguments: [0.01, 0.05])
  func operations(probability: Double) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    let machine = try StubMachine(.release, "gdb=wait")
    let endpoint = Endpoint.unix(path: machine.socket)
    let line = try NoisyLine(to: endpoint, seed: seed)
    defer { line.close() }
    let client = GDBClient(
      line.near, endpoint, limit: .seconds(120), line: .lossy(patience: .milliseconds(4)))
    // At 5 % the longest packets, those that a client begins with, never come through; everything else does.
    if probability <= 0.01 { line.setNoise(probability) }
    let target = try Target(client, emulator: nil)
    let site = VirtualAddress(Self.firstSystemCall)
    try target.insertBreakpoint(.hardware, at: site)
    try target.resume()
    _ = try target.waitForStop(limit: .seconds(120))
    try target.removeBreakpoint(.hardware, at: site)
    #expect(target.coreRegisters.rip == Self.firstSystemCall, "seed \(seed)")

    line.setNoise(0)
    let names = ["rax", "rbx", "rdx", "eflags", "rip"]
    let found = (
      registers: names.map { target.value(ofRegister: $0) ?? 0 },
      page: try target.readVirtual(
        VirtualAddress(NoiseProgram.scratch), byteCount: 0x200)
    )
    try target.writeMemory(VirtualAddress(NoiseProgram.start), bytes: NoiseProgram.code)
    var session = NoisySession(client, step: target.dialect.stepRequest(target.selectedThread), seed: seed)
    try session.begin()

    line.setNoise(probability)
    let before = client.repetitions
    do {
      for _ in 0..<1000 { try session.operate() }
    } catch {
      Issue.record("seed \(seed), after \(session.operations) operations: \(error)")
      throw error
    }
    #expect(session.operations == 1000)
    #expect(client.repetitions - before > (probability < 0.02 ? 100 : 1000))
    #expect(line.hitCount > 1000)
    line.setNoise(0)
    #expect(session.undetected < 100, "seed \(seed)")
    try session.finish()

    // All as it was found: the program goes on from there, and must still pass.
    try target.writeMemory(VirtualAddress(NoiseProgram.scratch), bytes: found.page)
    target.invalidate()
    for (name, value) in zip(names, found.registers) { try target.writeRegister(name, value: value) }
    // At 5 % a damaged write may have passed the checksum, and gone elsewhere.
    guard probability <= 0.01 else { return target.kill() }
    try target.detach()
    #expect(machine.exitStatus() == MachineStatus.success)
  }
}

/// The operations, and what each must come to.
///
/// The protocol's checksum has eight bits: of the packets that are hit more than once, one in 256 passes. So what does not
/// come to what it must is done once more, and counted; what is really wrong stays wrong, and fails.
private struct NoisySession {
  private let client: GDBClient
  private let stepRequest: [UInt8]
  private var generator: SeededGenerator
  private var model = NoiseProgram()
  private(set) var operations = 0
  private var trail: [String] = []
  /// Damage that passed the checksum.
  private(set) var undetected = 0

  private static let patience = Duration.seconds(120)
  /// Long for a few instructions.
  private static let promptness = Duration.seconds(30)
  private static let numbers = [
    NoiseProgram.registers.rax, NoiseProgram.registers.rbx, NoiseProgram.registers.rdx,
    NoiseProgram.registers.rip,
  ]

  private static func reading(_ register: Int) -> [UInt8] { Array("p\(String(register, radix: 16))".utf8) }

  struct Wrong: Error, CustomStringConvertible {
    let description: String
  }

  init(_ client: GDBClient, step: [UInt8], seed: UInt64) {
    self.client = client
    stepRequest = step
    generator = SeededGenerator(seed: seed &+ 77)
  }

  mutating func begin() throws {
    for number in Self.numbers { try write(number, model[number]) }
    for cell in model.cells.indices { try write(cell: cell, 0) }
  }

  mutating func operate() throws {
    let kind = generator.next() % 20
    trail = trail.suffix(5) + ["\(kind) at \(String(model.rip, radix: 16))"]
    switch kind {
    case 0..<6: try check(cell: Int(generator.next() % NoiseProgram.cellCount))
    case 6..<11:
      let cell = Int(generator.next() % NoiseProgram.cellCount)
      let value = generator.next()
      try write(cell: cell, value)
    case 11..<14: try check(register: Self.numbers[Int(generator.next() % 4)])
    case 14..<16:
      model.rax = generator.next()
      try write(NoiseProgram.registers.rax, model.rax)
    case 16..<18:
      try run(stepRequest) { $0.step() }
    default:
      let boundary = Int(generator.next() % UInt64(NoiseProgram.boundaries.count))
      let place = Breakpoint(
        kind: .software, address: NoiseProgram.start + NoiseProgram.boundaries[boundary])
      try run(Array("vCont;c".utf8), place) { $0.run(to: boundary) }
    }
    operations += 1
  }

  mutating func finish() throws {
    for cell in model.cells.indices { try check(cell: cell) }
    for number in Self.numbers { try check(register: number) }
  }

  /// Lets the program run, and looks whether it came where it must; a run that did not is made once more from where it
  /// began.
  private mutating func run(
    _ request: [UInt8], _ breakpoint: Breakpoint? = nil, _ advance: (inout NoiseProgram) -> Void
  ) throws {
    let start = model
    for _ in 0..<5 {
      if let breakpoint { try command(breakpoint.insertion) }
      try resume(request)
      if let breakpoint { try command(breakpoint.removal) }
      model = start
      advance(&model)
      if try Self.numbers.allSatisfy({ try reads(model[$0], Self.reading($0)) }) { return }
      model = start
      try recover()
    }
    throw Wrong(description: "\(String(decoding: request, as: UTF8.self)) goes elsewhere; last: \(trail)")
  }

  private func resume(_ request: [UInt8]) throws {
    try client.send(request, "resume")
    if case .reply = try client.stop(until: Deadline(after: Self.promptness), interrupt: nil) { return }
    // The breakpoint went elsewhere.
    try client.sendInterrupt()
    if case .reply = try client.stop(until: Deadline(after: Self.patience), interrupt: nil) { return }
    throw Wrong(description: "the program cannot be stopped; last: \(trail)")
  }

  /// Takes out all breakpoints, and puts the program where the model is.
  private mutating func recover() throws {
    try client.send([UInt8(ascii: "?")], "ask for the state")
    guard case .reply = try client.stop(until: Deadline(after: Self.patience), interrupt: nil) else {
      throw Wrong(description: "no state; last: \(trail)")
    }
    for number in Self.numbers { try write(number, model[number]) }
  }

  private mutating func command(_ request: [UInt8]) throws {
    for _ in 0..<5 {
      if try client.request(request, "command").isOK { return }
      undetected += 1
    }
    throw Wrong(description: "\(String(decoding: request, as: UTF8.self)) is refused")
  }

  private mutating func expect(_ expected: UInt64, _ request: [UInt8]) throws {
    guard try !reads(expected, request), try !reads(expected, request) else { return }
    let got = try client.request(request, "read").text
    throw Wrong(
      description: "\(String(decoding: request, as: UTF8.self)) is \(got) and not \(expected); last: \(trail)"
    )
  }

  private mutating func reads(_ expected: UInt64, _ request: [UInt8]) throws -> Bool {
    // Once is enough: what must come is known.
    try client.send(request, "read")
    if try client.reply("read").text == WireNumber.littleEndian(expected) { return true }
    undetected += 1
    return false
  }

  private mutating func check(cell: Int) throws {
    try expect(model.cells[cell], Request.read(NoiseProgram.scratch + UInt64(cell) * 8, 8))
  }

  private mutating func check(register: Int) throws {
    try expect(model[register], Self.reading(register))
  }

  private mutating func write(cell: Int, _ value: UInt64) throws {
    model.cells[cell] = value
    let place = NoiseProgram.scratch + UInt64(cell) * 8
    try write(
      Array("M\(String(place, radix: 16)),8:\(WireNumber.littleEndian(value))".utf8), Request.read(place, 8),
      value)
  }

  private mutating func write(_ register: Int, _ value: UInt64) throws {
    let number = String(register, radix: 16)
    try write(Array("P\(number)=\(WireNumber.littleEndian(value))".utf8), Self.reading(register), value)
  }

  /// Writes until what was written is there: a request too can be damaged and pass.
  private mutating func write(_ request: [UInt8], _ reading: [UInt8], _ value: UInt64) throws {
    for _ in 0..<5 {
      try command(request)
      if try reads(value, reading) { return }
    }
    throw Wrong(description: "\(String(decoding: request, as: UTF8.self)) does not stay")
  }
}

private enum WireNumber {
  /// Eight bytes as packets spell them.
  static func littleEndian(_ value: UInt64) -> String {
    (0..<8).map { index in
      let byte = UInt8(truncatingIfNeeded: value >> UInt64(index * 8))
      return String(byte >> 4, radix: 16) + String(byte & 0xf, radix: 16)
    }.joined()
  }
}
