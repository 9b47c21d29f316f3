import Foundation
import Testing

/// `backtrace` on the kernel: through exception frames into the program that called, in step with stock gdb.
@Suite("backtrace") struct BacktraceTests {
  private static let hello = Repository.product("programs/hello")
  private static let provoke = Repository.product("programs/provoke")

  /// A frame as `--json` has it.
  private struct Frame {
    let address: UInt64
    let ring: Int
    let functions: [String]
    let files: [String?]
    let origin: String

    init(_ json: [String: Any]) throws {
      let text = try #require(json["address"] as? String)
      address = try #require(UInt64(text.dropFirst(2), radix: 16))
      ring = try #require(json["ring"] as? Int)
      let all = try #require(json["functions"] as? [[String: Any]])
      functions = all.compactMap { $0["name"] as? String }
      files = all.map { ($0["file"] as? String).map { String($0.split(separator: "/").last ?? "") } }
      origin = try #require(json["origin"] as? String)
    }
  }

  /// The frames of the last `backtrace` of a script, and why they end.
  private static func frames(
    _ kernel: KernelBuild, _ arguments: [String], _ commands: [String]
  ) throws -> (frames: [Frame], end: String) {
    let run = try Debugger.run(
      ["run", kernel.path, "--initrd", Repository.initrd, "--no-check", "--json"] + arguments
        + (commands + ["backtrace"]).flatMap { ["-e", $0] })
    // The first return is looked at even without the check, and a provoked fault may be seen there.
    let possible =
      arguments.contains("--fault") ? [Debugger.allHeld, Debugger.violation] : [Debugger.allHeld]
    #expect(possible.contains(run.status), "\(run.errors.suffix(500))")
    let line = try #require(run.lines.last { $0.contains("\"command\":\"backtrace\"") })
    let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    let frames = try #require(object?["frames"] as? [[String: Any]])
    return (try frames.map(Frame.init), try #require(object?["end"] as? String))
  }

  /// A program of Ring 3 in Swift calls, and the kernel is deep in the call.
  @Test("from a system call to the program's first instruction", arguments: KernelBuild.allCases)
  func systemCall(_ kernel: KernelBuild) throws {
    let (frames, end) = try Self.frames(kernel, Self.callingArguments, Self.inSystemCall)
    let functions = frames.flatMap(\.functions)
    #expect(functions.first == "Kernel.handleSystemCall(_:)")
    #expect(functions.last == "_start")
    #expect(functions.contains("hello.run()"))
    #expect(functions.contains("hello_main"))
    #expect(end == "outermost")
    let boundary = try #require(frames.firstIndex { $0.ring == 3 })
    #expect(frames[boundary].origin == "exceptionFrame")
    #expect(frames[..<boundary].allSatisfy { $0.ring == 0 && $0.address >> 63 == 1 })
    #expect(frames[boundary...].allSatisfy { $0.ring == 3 && $0.address < 1 << 47 })
    #expect(frames[boundary - 1].files == ["trap_stubs.S"])
    let run = try #require(frames.first { $0.functions.last == "hello.run()" })
    #expect(run.files.last == "main.swift")
  }

  /// hello is the first program after the baseline's, and alone.
  private static let callingArguments = ["--append", "init=/hello", "--symbols", hello]
  private static let inSystemCall = [
    "tbreak hello.run", "continue", "tbreak handleSystemCall --cr3 current", "continue",
  ]

  /// The kernel jumps to nowhere in a system call: its fault, and all that led there.
  @Test("from the handler of a fault in a system call to the program's first instruction")
  func faultInSystemCall() throws {
    let (frames, end) = try Self.frames(
      .release, Self.callingArguments,
      Self.inSystemCall + ["catch vector 14", "set $rip = 0x10", "continue"])
    let functions = frames.flatMap(\.functions)
    #expect(functions.first == "trap_stubs")
    #expect(frames[1].address == 0x10)
    #expect(frames[1].ring == 0)
    #expect(frames[1].origin == "exceptionFrame")
    #expect(frames[2].origin == "returnAddress", "the call to nowhere left its return address")
    #expect(frames[2].functions.last == "Kernel.dispatch(_:at:)")
    #expect(frames[3].functions == ["trap_common"])
    #expect(frames[4].ring == 3 && frames[4].origin == "exceptionFrame")
    #expect(functions.contains("hello.run()"))
    #expect(functions.last == "_start")
    #expect(end == "outermost")
  }

  /// The handler of a fault of Ring 3 faults itself.
  private static let nestedFault = ["catch vector 14", "continue", "continue"]

  @Test("from a handler through the fault of a handler to the program")
  func nestedFault() throws {
    let (frames, _) = try Self.frames(
      .release, ["--fault", "pf-recurse", "--symbols", Self.provoke], Self.nestedFault)
    let functions = frames.flatMap(\.functions)
    #expect(functions.first == "trap_stubs")
    #expect(functions.contains("fault_touch"))
    #expect(functions.contains { $0.hasPrefix("Kernel.Provocation.observe") })
    #expect(frames.map(\.origin).filter { $0 == "exceptionFrame" }.count == 2)
    let touch = try #require(frames.first { $0.functions == ["fault_touch"] })
    #expect(touch.origin == "exceptionFrame" && touch.ring == 0)
    let user = try #require(frames.first { $0.ring == 3 })
    #expect(user.origin == "exceptionFrame")
    #expect(user.files == ["provoke.S"])
    #expect(user.address == frames.last?.address)
  }

  /// The same machine under gdb: the same frames, as far as kdbg goes.
  @Test("gdb unwinds to the same frames")
  func likeGDB() throws {
    let (frames, _) = try Self.frames(
      .release, ["--fault", "pf-recurse", "--symbols", Self.provoke], Self.nestedFault)
    let machine = try StubMachine(.release, "fault=pf-recurse", gdbserver: true)
    let gdb = try machine.gdb(
      [
        "hbreak *((char *)&trap_stubs + 16 * 14)", "continue", "continue",
        "bt -frame-info location-and-address",
        "python f = gdb.newest_frame()",
        "python while f is not None: print('PC', hex(f.pc()), f.type() == gdb.INLINE_FRAME); f = f.older()",
      ], on: machine.serverSocket)
    let found = gdb.lines.compactMap { line -> UInt64? in
      let words = line.split(separator: " ")
      guard words.count == 3, words[0] == "PC", words[2] == "False" else { return nil }
      return UInt64(words[1].dropFirst(2), radix: 16)
    }
    #expect(frames.count >= 5)
    #expect(
      Array(found.prefix(frames.count)) == frames.map(\.address),
      "\(gdb.output.suffix(2000)) \(gdb.errors.suffix(500))")
  }

  /// Without any symbols the frame on the TSS's stack still leads to Ring 3.
  @Test("of a kernel without its file")
  func withoutSymbols() throws {
    let stripped = FileManager.default.temporaryDirectory.appending(path: "stripped-\(UUID().uuidString)")
      .path
    defer { try? FileManager.default.removeItem(atPath: stripped) }
    #expect(try run("objcopy", ["--strip-all", KernelBuild.release.path, stripped]).status == 0)
    let handler = try KernelBuild.release.address(of: "trap_common")
    let run = try Debugger.run([
      "run", stripped, "--initrd", Repository.initrd, "--no-check", "--json", "-e",
      "break *0x\(String(handler, radix: 16))", "-e", "continue", "-e", "stepi 30", "-e", "backtrace",
    ])
    let line = try #require(run.lines.last { $0.contains("\"command\":\"backtrace\"") })
    let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    let frames = try #require(object?["frames"] as? [[String: Any]])
    let user = try #require(frames.first { $0["ring"] as? Int == 3 })
    let exception = try #require(user["exceptionFrame"] as? [String: Any])
    #expect(exception["evidence"] as? String == "stackTop")
    #expect((user["address"] as? String)?.hasPrefix("0x100000") == true)
  }

  @Test("a file that is none of this machine's is one line")
  func foreignFiles() throws {
    let text = FileManager.default.temporaryDirectory.appending(path: "text-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: text) }
    try "text".write(toFile: text, atomically: true, encoding: .utf8)
    for arguments in [["--symbols", text], ["--symbols", "/no/such/file@0x1000"], ["--slide", "far"]] {
      let run = try Debugger.run(["run", KernelBuild.release.path, "-e", "bt"] + arguments)
      #expect(run.status == Debugger.wrongUsage)
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
  }
}

extension BacktraceTests {
  /// A kernel whose file says another address: the handlers say how far it is.
  @Test("a moved kernel is found by its handlers, and its stack by its moved file")
  func movedKernel() throws {
    let moved = FileManager.default.temporaryDirectory.appending(path: "moved-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: moved) }
    // The symbols as they are, the whole file 32 MiB below.
    let change = try run(
      "objcopy", ["--change-addresses=-0x2000000", "--strip-debug", KernelBuild.release.path, moved])
    #expect(change.status == 0, "\(change.errors)")
    let machine = try StubMachine(.release, "init=/echo", gdbserver: true)
    let script = ["break *\(try KernelBuild.release.address(of: "kernel_trap"))", "continue"]
    let run = try Debugger.run(
      ["attach", "unix:" + machine.serverSocket]
        + (script + ["symbols add \(moved)", "symbols slide", "backtrace 1"])
        .flatMap { ["-e", $0] })
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.output.contains("0x2000000, by"), "\(run.output)")
    #expect(run.output.contains(" in kernel_trap"), "\(run.output)")
    // The machine runs on: the same from the start of a session.
    #expect(machine.waitForConsole("BASELINE PASSED"))
    let second = try Debugger.run(
      ["attach", "unix:" + machine.serverSocket, "--symbols", moved, "-e", "symbols", "-e", "detach"])
    #expect(second.errors.contains("are moved by 0x2000000"), "\(second.errors)")
  }
}
