import Foundation
import Symbols
import Testing
import X86

@testable import Commands

/// list, and FILE:LINE where an address is wanted.
@Suite struct ListTests {
  /// The running example with a source of 30 lines, whose path stands as DIR in what comes out.
  private func transcript(_ commands: [String], lines: Int = 30) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appending(path: "list-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appending(path: "trap.c").path
    // The third line is in Latin-1, and the last one has no end.
    var bytes = Array("one\n\n\tgr".utf8) + [0xfc] + Array("n\r\n".utf8)
    bytes += Array((4...lines).map { "line \($0)" }.joined(separator: "\n").utf8)
    #expect(FileManager.default.createFile(atPath: file, contents: Data(bytes)))
    var program = FakeProgram()
    func line(_ number: Int, of file: String) -> SourceLine { SourceLine(file: file, line: number) }
    program.places = [
      RunningExample.iretq: line(12, of: file), RunningExample.doubleFaultHandler: line(2, of: file),
      RunningExample.text: line(7, of: folder.path + "/gone.c"), RunningExample.sysretq: line(0, of: file),
    ]
    program.code = [
      (RunningExample.doubleFaultHandler, 2), (RunningExample.iretq, 12), (RunningExample.text + 0x20, 20),
      (RunningExample.text + 0x40, 20),
    ].map { SourceAddress(address: VirtualAddress($0.0), line: line($0.1, of: file)) }
    return Transcript.both(commands, program: program, RunningExample.make)
      .replacing(folder.path, with: "DIR")
  }

  @Test func aroundTheMachine() throws {
    expectGolden(
      try transcript(["list", "list", "l", "list -", "list", "list", "list -", "list -", "list -", "list -"]),
      "list")
  }

  @Test func places() throws {
    expectGolden(
      try transcript([
        "list double_fault", "list *return_to_ring3 + 0x20", "list trap.c:3,4", "list 29", "list 5,6",
        "list trap.c:25", "list 31", "list 40", "list 2,1", "list 0", "list ,", "list 1,", "list start",
        "list return_to_ring3+0x30", "list nobody", "list other.c:1", "list 0x1", "list double_fault,3",
      ]), "list-places")
  }

  @Test func aLineIsAnAddress() throws {
    expectGolden(
      try transcript([
        "print 1", "break trap.c:12", "x/1gx trap.c:3", "break trap.c:20", "until trap.c:21",
        "break other.c:1", "break trap.c:0", "break trap.c:", "break *trap.c:2", "info line trap.c:1",
      ]), "list-addresses")
  }

  @Test func withoutAFile() {
    expectGolden(
      Transcript.both(["list", "list trap.c:1"], program: nil, RunningExample.make), "list-without-symbols")
  }

  @Test func anEmptyLineGoesOn() throws {
    let machine = RunningExample.make()
    var program = FakeProgram()
    program.places = [RunningExample.iretq: SourceLine(file: #filePath, line: 20)]
    let interpreter = Interpreter(
      Debugger(
        target: machine, program: program, output: Output(format: .json, out: { _ in }, error: { _ in })))
    #expect(
      interpreter.runInteractively("list \(#fileID.split(separator: "/").last ?? ""):1") == .failed(.usage))
    #expect(interpreter.runInteractively("list") == .done)
    #expect(interpreter.debugger.listing?.lines == 15...24)
    #expect(interpreter.runInteractively("") == .done)
    #expect(interpreter.debugger.listing?.lines == 25...34)
  }

  @Test(arguments: ["trap.c:12", "a/b:12", "./a.d/b:12", "c:/x.c:12", "a-b.S:12"])
  func aPlace(_ text: String) {
    #expect(FileLine(text)?.line == 12)
    #expect(FileLine(text)?.file == String(text.dropLast(3)))
  }

  @Test(arguments: [
    "/a b/c.c:1", "std::map:3", "*0x10.c:1", "x.c:-1", "x.c:0", "core::fmt.rs::1", "$a.b:1", "trap.c", ":1",
    "", "trap.c:99999999999999999999", "{u8}a.c:1",
  ])
  func noPlace(_ text: String) { #expect(FileLine(text) == nil) }
}
