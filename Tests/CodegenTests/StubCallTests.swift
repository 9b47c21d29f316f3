import Foundation
import Testing

/// The calls that the stub's code makes in an executable, inlined functions included.
private struct StubCalls {
  /// A call or a jump into another function: who makes it, and the name behind it; nil for an address from a register.
  struct Call {
    let caller: String
    let callee: String?
  }

  /// What every program of Embedded Swift may call: the compiler makes these of copies.
  static let memoryFunctions: Set<String> = ["memcpy", "memmove", "memset", "memcmp"]
  /// The kernel's witnesses of the two protocols.
  static let witnesses = ["Kernel.KernelTarget.", "Kernel.DebugPort."]

  let calls: [Call]

  /// All calls in `code` of the file at `path` whose source stands in `gdbstub/`. Of a call in a function that was
  /// inlined, the innermost source of ours counts: what the kernel's own witnesses call is the kernel's.
  init(_ code: Disassembly, _ path: String) throws {
    let found = code.instructions.enumerated().compactMap { position, instruction in
      Self.callee(instruction, Array(code.instructions[max(position - 6, 0)..<position])).map {
        (instruction, $0)
      }
    }
    let scopes = try Traps(path).scopes(found.map(\.0.address))
    calls = zip(found, scopes).compactMap { found, place in
      Self.isStub(place.scopes, symbol: found.0.symbol ?? "")
        ? Call(caller: found.0.symbol ?? "?", callee: found.1.isEmpty ? nil : found.1) : nil
    }
  }

  /// The name behind a call or a jump that leaves its function; empty for one that no name tells.
  private static func callee(
    _ instruction: Disassembly.Instruction, _ before: [Disassembly.Instruction]
  ) -> String? {
    let mnemonic = instruction.mnemonic
    guard mnemonic.hasPrefix("call") || mnemonic.hasPrefix("j") else { return nil }
    guard !instruction.text.contains("*") else {
      // A switch: the table's entry was just loaded and made an address.
      let isSwitch =
        mnemonic.hasPrefix("j") && before.contains { $0.mnemonic == "movslq" && $0.text.contains(",4)") }
      return isSwitch ? nil : ""
    }
    guard let start = instruction.text.lastIndex(of: "<") else { return "" }
    let name = instruction.text[instruction.text.index(after: start)...].prefix { $0 != ">" && $0 != "+" }
    return String(name) == instruction.symbol ? nil : String(name)
  }

  private static func isStub(_ scopes: [Traps.Scope], symbol: String) -> Bool {
    for scope in scopes {
      if Traps.isInStub(scope) { return true }
      if scope.place.contains("/kernel/"), !scope.place.contains("/kernel/X86/") { return false }
    }
    return isOwn(symbol)
  }

  /// The stub's two modules, and what is below them: the architecture as values and the standard library.
  private static func isOwn(_ symbol: String) -> Bool {
    ["$e4Stub", "$e14RemoteProtocol", "$e3X86", "$es"].contains { symbol.hasPrefix($0) }
  }

  /// The calls that go elsewhere, with names for the reader.
  func outside(requirements: Set<String>) throws -> [String] {
    let others = Set(calls.map { $0.callee ?? "" }).filter {
      !Self.isOwn($0) && !Self.memoryFunctions.contains($0)
    }
    .sorted()
    guard !others.isEmpty else { return [] }
    let file = FileManager.default.temporaryDirectory.appending(path: "names-\(UUID().uuidString)")
    try others.map { $0 + "\n" }.joined().write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    let names = String(
      decoding: try Tool.run("swift", ["demangle", "-compact"], input: file.path), as: UTF8.self
    ).split(separator: "\n", omittingEmptySubsequences: false)
    return zip(others, names).filter { !Self.isWitness($0.1, of: requirements) }.map { "\($0.0) \($0.1)" }
  }

  private static func isWitness(_ name: Substring, of requirements: Set<String>) -> Bool {
    witnesses.contains { witness in
      guard let range = name.range(of: witness) else { return false }
      return requirements.contains(String(name[range.upperBound...].prefix { $0.isLetter }))
    }
  }
}

/// What the stub needs of a kernel is what its two protocols say, so another kernel can adopt it.
@Suite struct StubCallTests {
  private static let directories = ["gdbstub/RemoteProtocol", "gdbstub/Stub"]

  private func sources(_ directory: String) throws -> [(name: String, text: String)] {
    let path = try Artifact.path(directory)
    return try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".swift") }.map {
      ($0, try String(contentsOfFile: path + "/" + $0, encoding: .utf8))
    }
  }

  /// The names that `ByteChannel` and the parts of `DebugTarget` require.
  private func requirements() throws -> Set<String> {
    let protocols = try sources("gdbstub/Stub").filter {
      $0.name == "ByteChannel.swift" || $0.name == "DebugTarget.swift" || $0.name.hasPrefix("Target")
    }
    return Set(
      protocols.flatMap { source in
        source.text.matches(of: /\n  (?:static |mutating )*(?:func|var) ([A-Za-z]+)/).map { String($0.1) }
      })
  }

  @Test func itsSourcesImportNothingOfTheKernel() throws {
    var imports: Set<String> = []
    for directory in Self.directories {
      for source in try sources(directory) {
        for line in source.text.matches(of: /(?:^|\n)[a-z@ ]*import ([A-Za-z0-9.]+)/) {
          imports.insert(String(line.1))
        }
      }
    }
    #expect(imports == ["RemoteProtocol", "Synchronization", "X86"])
  }

  /// In the linked kernel, where the stub's generic code is compiled for this kernel and much of both is inlined.
  @Test func itsCodeCallsTheKernelThroughItsProtocolsOnly() throws {
    let requirements = try requirements()
    #expect(requirements.isSuperset(of: ["receive", "send", "read", "monitor", "removeAllBreakpoints"]))
    let stub = try StubCalls(
      KernelBuild.release.disassembly(), Artifact.path(KernelBuild.release.rawValue))
    #expect(stub.calls.count >= 300)
    let outside = try stub.outside(requirements: requirements)
    #expect(outside == [])
    // The check sees the calls that are allowed: without the witnesses' names they would be found.
    #expect(try stub.outside(requirements: []).count >= 8)
  }

  /// A call of the kernel's own function, one through a pointer, and one that only looks like a witness.
  @Test func aPlantedCallIsFound() throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "planted-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    let sources = [
      "gdbstub/Stub/Planted.c": """
      int kernel(int); int secret(int); int receive(int); extern int (*pointer)(int);
      int planted(int value) { return kernel(value) + secret(value) + receive(value) + pointer(value) + 1; }

      """,
      "kernel/Kernel/Kernel.c": """
      int planted(int); int (*pointer)(int);
      int kernel(int value) { return value ? planted(value - 1) : 0; }
      int secret(int value) { return value; }
      int receive(int value) { return kernel(value); }

      """,
    ]
    for (name, text) in sources {
      let file = root.appending(path: name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    let program = root.appending(path: "program").path
    _ = try Tool.run(
      "gcc",
      ["-g", "-O1", "-fno-inline", "-nostdlib", "-static", "-Wl,--entry=kernel", "-o", program]
        + sources.keys.sorted().map { root.appending(path: $0).path })
    // The assembler would take these names for numbers.
    _ = try Tool.run(
      "objcopy",
      [
        "--redefine-sym", "secret=$e6Kernel0A6TargetV6secretyyF", "--redefine-sym",
        "receive=$e6Kernel9DebugPortV7receives5UInt8VSgyF", program,
      ])
    let stub = try StubCalls(Disassembly(program), program)
    #expect(stub.calls.count == 4)
    let outside = try stub.outside(requirements: ["receive"])
    #expect(outside.count == 3, "\(outside)")
    #expect(outside.contains { $0.hasPrefix("kernel ") })
    #expect(outside.contains { $0.contains("secret") })
    #expect(outside.contains { $0.hasPrefix(" ") }, "the one through a pointer")
  }
}
