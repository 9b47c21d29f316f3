import Commands
import Foundation
import Inspect
import Session
import Symbols
import Testing
import X86

/// Several files of symbols, and how far the kernel was moved.
@Suite struct SymbolFilesTests {
  /// A program whose code is that of the running example's, as its file has it.
  private struct Placed: Program {
    var file: String?
    var range: Range<UInt64>
    /// The file's code, from the range's beginning on.
    var bytes: [UInt8]
    var symbol: String

    func name(of address: VirtualAddress) -> SymbolicName? {
      SymbolicName(name: symbol, offset: address.rawValue - range.lowerBound)
    }
    func addresses(named name: String) -> [VirtualAddress] {
      name == symbol || name == "main" ? [VirtualAddress(range.lowerBound)] : []
    }
    func names(withPrefix prefix: String) -> [String] { [symbol].filter { $0.hasPrefix(prefix) } }
    func sourceLine(at address: VirtualAddress) -> String? {
      "\(symbol).c:\(address.rawValue - range.lowerBound)"
    }
    func returnInstructions() -> [ReturnInstruction] {
      [ReturnInstruction(address: VirtualAddress(range.lowerBound + 0x20), mnemonic: "iretq")]
    }
    func tableLoadInstructions() -> [VirtualAddress] { [VirtualAddress(range.lowerBound + 0x40)] }
    func occurrences(of code: [UInt8]) -> [VirtualAddress] { [VirtualAddress(range.lowerBound)] }
    func function(at address: VirtualAddress) -> Range<UInt64>? { range }
    func holds(_ address: VirtualAddress) -> Bool { range.contains(address.rawValue) }
    var codeRanges: [Range<UInt64>] { [range] }
    func code(at address: VirtualAddress, count: Int) -> [UInt8] {
      Array(bytes.dropFirst(Int(address.rawValue - range.lowerBound)).prefix(count))
    }
    var codeSamples: [CodeSample] { [CodeSample(address: VirtualAddress(range.lowerBound), bytes: bytes)] }
  }

  private static let userCode: [UInt8] = [0xb8, 1, 0, 0, 0, 0x90, 0x90]

  private static func user(_ symbol: String, _ bytes: [UInt8], at address: UInt64 = RunningExample.userText)
    -> Placed
  {
    Placed(file: symbol, range: address..<address + 0x100, bytes: bytes, symbol: symbol)
  }

  private static func debugger(_ machine: FakeMachine, _ programs: ProgramSet) -> Debugger {
    Debugger(
      target: machine, program: programs, output: Output(format: .json, out: { _ in }, error: { _ in }))
  }

  private static let userPlace = VirtualAddress(RunningExample.userText + 2)

  /// Two programs at one address: the one whose code is in memory counts.
  @Test func programsThatLieOverEachOther() {
    let programs = ProgramSet([
      FakeProgram(), Self.user("other", [1, 2, 3, 4]), Self.user("mine", Self.userCode),
    ])
    let debugger = Self.debugger(RunningExample.make(), programs)
    withExtendedLifetime(debugger) {
      #expect(programs.presence(of: programs.members[1]) == .absent)
      #expect(programs.presence(of: programs.members[2]) == .present)
      // FakeProgram holds every address, and is asked first.
      #expect(programs.name(of: VirtualAddress(RunningExample.text))?.name == "start")
      #expect(programs.name(of: Self.userPlace)?.text == "mine+0x2")
      #expect(programs.sourceLine(at: Self.userPlace) == "mine.c:2")
      #expect(programs.addresses(named: "main").map(\.rawValue) == [RunningExample.userText])
      #expect(programs.function(at: Self.userPlace)?.lowerBound == RunningExample.userText)
    }
  }

  /// Memory that cannot be read tells no program from the other: one alone is believed, two are not.
  @Test func codeThatIsNotThere() {
    let gone: UInt64 = 0x5000_0000
    let one = ProgramSet([Self.user("one", Self.userCode, at: gone)])
    let two = ProgramSet([
      Self.user("one", Self.userCode, at: gone), Self.user("two", Self.userCode, at: gone),
    ])
    for programs in [one, two] {
      let debugger = Self.debugger(RunningExample.make(), programs)
      withExtendedLifetime(debugger) {
        #expect(programs.presence(of: programs.members[0]) == .unknown)
        #expect((programs.name(of: VirtualAddress(gone)) != nil) == (programs.members.count == 1))
      }
    }
  }

  /// A kernel that has patched a third of its code is there; one of which nothing is left is not.
  @Test func aPatchedKernelIsThere() {
    var kernel = Self.user("kernel", [UInt8](0..<96), at: RunningExample.text)
    let machine = RunningExample.make()
    machine.store(bytes: kernel.bytes, at: 0x200000)
    for (changed, presence) in [(32, ProgramSet.Presence.present), (96, .absent)] {
      for index in 0..<changed { kernel.bytes[index] = UInt8(index) ^ 0xff }
      let programs = ProgramSet([kernel])
      let debugger = Self.debugger(machine, programs)
      withExtendedLifetime(debugger) { #expect(programs.presence(of: programs.members[0]) == presence) }
    }
  }

  @Test func aMovedKernel() throws {
    let programs = ProgramSet([Self.user("kernel", Self.userCode, at: 0xffff_ffff_8100_0000)])
    let before = programs.revision
    programs.moveKernel(by: 0x1c00_0000, .given)
    #expect(programs.revision > before)
    let place = VirtualAddress(0xffff_ffff_9d00_0000)
    #expect(programs.name(of: place + 4)?.text == "kernel+0x4")
    #expect(programs.addresses(named: "kernel") == [place])
    #expect(try programs.returnInstructions().map(\.address) == [place + 0x20])
    #expect(try programs.tableLoadInstructions() == [place + 0x40])
    #expect(programs.occurrences(of: [1]) == [place])
    #expect(programs.name(of: VirtualAddress(0xffff_ffff_8100_0000)) == nil)
  }

  // MARK: The slide

  /// The running example's code as a file that was linked elsewhere. Every stub is different, as real ones are.
  private static func kernel(linkedAt distance: UInt64, _ machine: FakeMachine) -> Placed {
    var machineCode: [UInt8] = []
    var state: UInt32 = 1
    for _ in 0..<0x4000 {
      state = state &* 1_664_525 &+ 1_013_904_223
      machineCode.append(UInt8(truncatingIfNeeded: state >> 24))
    }
    machine.store(bytes: machineCode, at: 0x200000)
    return Placed(
      file: "vmlinux", range: RunningExample.text &- distance..<RunningExample.text &- distance &+ 0x4000,
      bytes: machineCode, symbol: "kernel")
  }

  @Test(arguments: [0, 0x20_0000, 0x1c00_0000, 0xffff_ffff_ffe0_0000, 0x5000] as [UInt64])
  func theHandlersSayHowFar(_ distance: UInt64) throws {
    var machine = RunningExample.make()
    let kernel = Self.kernel(linkedAt: distance, machine)
    guard case .found(let slide, let handlers) = KernelSlide.find(kernel, in: &machine) else {
      Issue.record("nothing was found")
      return
    }
    #expect(slide == distance)
    #expect(handlers > 10)
  }

  /// A kernel that has patched some of its code, and another kernel.
  @Test func patchedCodeAndForeignCode() {
    var machine = RunningExample.make()
    var kernel = Self.kernel(linkedAt: 0x20_0000, machine)
    for place in stride(from: 0x400, to: 0x640, by: 16) { kernel.bytes[place + 3] ^= 0xff }
    guard case .found(0x20_0000, _) = KernelSlide.find(kernel, in: &machine) else {
      Issue.record("patched code was not found")
      return
    }
    kernel.bytes = kernel.bytes.map { ~$0 }
    #expect(KernelSlide.find(kernel, in: &machine) == .otherKernel)
    machine.registerFile.interruptTable = nil
    #expect(KernelSlide.find(kernel, in: &machine) == .unknown)
  }

  // MARK: The commands

  @Test func commands() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "symbols-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let text = directory.appending(path: "text").path
    try "no program\n".write(toFile: text, atomically: true, encoding: .utf8)
    let transcript = Transcript(RunningExample.make()).run([
      "symbols", "symbols add \(text)", "symbols add", "symbols slide 0x1000", "print start", "symbols list",
      "symbols slide 0x1000 2", "symbols slide", "symbols other", "add-symbol-file",
      "add-symbol-file a b -o 3",
      "symbol-file \(directory.path)", "symbol-file a -o", "check on", "symbols slide 0",
    ])
    expectGolden(transcript.replacing(directory.path, with: "DIRECTORY"), "symbols")
  }

  /// A file made by the system's compiler, under the gdb words.
  @Test func aRealFile() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "symbols-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let program = directory.appending(path: "module").path
    let compiler = Process()
    compiler.executableURL = URL(filePath: "/usr/bin/env")
    compiler.arguments = [
      "gcc", "-nostdlib", "-static", "-no-pie", "-Wl,-Ttext=0x400000", "-Wl,-e,twice", "-Wl,--build-id=none",
      "-x", "assembler", "-o", program, "-",
    ]
    let source = Pipe()
    compiler.standardInput = source
    try compiler.run()
    try source.fileHandleForWriting.write(
      contentsOf: Data(
        ".globl module_start\n.type module_start,@function\nmodule_start: nop\nret\n.size module_start, 2\n.globl twice\ntwice: ret\n"
          .utf8))
    try source.fileHandleForWriting.close()
    compiler.waitUntilExit()
    #expect(compiler.terminationStatus == 0)
    let transcript = Transcript(RunningExample.make()).run([
      "add-symbol-file \(program) 0xffffffffc0000000", "print module_start", "info symbol 0xffffffffc0000001",
      "symbols add \(program) 0x100000", "print module_start", "symbol-file \(program) -o 0xffffffff81000000",
      "info symbol 0xffffffff81400001",
    ])
    expectGolden(transcript.replacing(directory.path, with: "DIRECTORY"), "symbols-real-file")
  }

  // MARK: Disassembly

  @Test func disassemble() {
    expectGolden(
      Transcript.both([
        "disassemble", "disas/r 0x10000000,+8", "disassemble/s 0x10000019,0x1000001d", "disassemble/q",
        "disassemble 5,4", "disassemble 0x2000000", "disassemble 0x10000000,",
      ]) { RunningExample.make() }, "disassemble")
  }

  /// A breakpoint is not part of the kernel's code, even where the target lets it show.
  @Test func ownBreakpointsAreNotShown() throws {
    let machine = RunningExample.make()
    machine.showsBreakpoints = true
    let before = Transcript(machine).run(["disassemble/r \(RunningExample.userText),+16", "x/2xb 0x10000000"])
    let inside = Transcript(machine).run([
      "break *0x10000000", "break *0x10000006", "disassemble/r \(RunningExample.userText),+16",
      "x/2xb 0x10000000",
    ])
    func body(_ text: String) -> [Substring] { text.split(separator: "\n").filter { $0.contains(":\t") } }
    #expect(body(before) == body(inside))
    #expect(machine.bytes(at: VirtualAddress(0x1000_0000), count: 1) == [0xcc], "the fake does write it")
  }
}
