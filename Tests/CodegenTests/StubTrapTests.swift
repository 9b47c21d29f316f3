import Foundation
import Testing

/// Where the traps of an executable come from, functions that were inlined included.
struct Traps {
  /// One function that an address belongs to, the innermost first.
  struct Scope {
    let function: Substring
    /// The source file and the line, as the debug information has them.
    let place: Substring
  }

  private let path: String

  init(_ path: String) { self.path = path }

  /// The scopes of each address, as addr2line prints them: the address, then two lines for each function.
  func scopes(_ addresses: [UInt64]) throws -> [(address: UInt64, scopes: [Scope])] {
    let file = FileManager.default.temporaryDirectory.appending(path: "addresses-\(UUID().uuidString)")
    try addresses.map { String($0, radix: 16) + "\n" }.joined().write(
      to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    let output = String(
      decoding: try Tool.run("addr2line", ["-a", "-i", "-f", "-e", path], input: file.path), as: UTF8.self)
    var found: [(address: UInt64, scopes: [Scope])] = []
    var function: Substring?
    for line in output.split(separator: "\n") {
      if let name = function {
        found[found.count - 1].scopes.append(Scope(function: name, place: line))
        function = nil
      } else if line.hasPrefix("0x"), let address = UInt64(line.dropFirst(2), radix: 16) {
        found.append((address, []))
      } else {
        function = line
      }
    }
    return found
  }

  /// Every trap that belongs to the stub, with its scopes.
  func inStub(_ code: Disassembly) throws -> [String] {
    let traps = code.instructions.filter { $0.mnemonic.hasPrefix("ud") }
    return try scopes(traps.map(\.address)).filter { Self.isInStub($0.scopes) }.map { trap in
      let chain = trap.scopes.map { "\($0.place.split(separator: "/").last ?? "") \($0.function.prefix(40))" }
      return String(trap.address, radix: 16) + ": " + chain.joined(separator: " < ")
    }
  }

  /// By the source file, or by the module in the mangled name where the compiler made the code. The innermost name is
  /// not asked when it is only the compiler's word for a failure: addr2line then prints a symbol near by.
  private static func isInStub(_ scopes: [Scope]) -> Bool {
    if scopes.contains(where: isInStub) { return true }
    let named = scopes.count > 1 ? scopes.dropFirst() : scopes[...]
    return named.contains { scope in
      ["$e4Stub", "$e14RemoteProtocol"].contains { scope.function.hasPrefix($0) }
    }
  }

  static func isInStub(_ scope: Scope) -> Bool {
    ["/gdbstub/RemoteProtocol/", "/gdbstub/Stub/"].contains { scope.place.contains($0) }
  }
}

@Suite struct StubTrapTests {
  /// The kernel that is looked at has debug information for the stub: a stripped one would have no traps in it either.
  @Test func theStubIsFoundInTheKernel() throws {
    let code = try KernelBuild.release.disassembly()
    // Calls stand in every function that matters, and in what was inlined into it.
    let addresses = code.instructions.filter { $0.mnemonic.hasPrefix("call") || $0.mnemonic.hasPrefix("j") }
      .map(\.address)
    let scopes = try Traps(Artifact.path(KernelBuild.release.rawValue)).scopes(addresses)
    #expect(scopes.count == addresses.count)
    let ours = scopes.flatMap(\.scopes).filter { Traps.isInStub($0) }
    for directory in ["RemoteProtocol", "Stub"] {
      let functions = ours.filter { $0.place.contains("/gdbstub/\(directory)/") }.map(\.function)
      #expect(Set(functions).count >= (directory == "Stub" ? 150 : 20), "\(directory)")
    }
  }

  /// The stub is asked when nothing else works any more, about values that come from outside: it has no operation that
  /// stops the program, and neither has what it takes in from the kernel.
  @Test func nothingInTheStubTraps() throws {
    let traps = Traps(try Artifact.path(KernelBuild.release.rawValue))
    #expect(try traps.inStub(KernelBuild.release.disassembly()) == [])
  }

  /// Three traps: one in a source of the stub, one inlined from there into the kernel, and one of the kernel's own.
  @Test func aPlantedTrapIsFound() throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "planted-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    let sources = [
      "gdbstub/Stub/Planted.c": "int planted(int value) { if (value) __builtin_trap(); return 1; }\n",
      "gdbstub/RemoteProtocol/Inlined.h":
        "static inline __attribute__((always_inline)) void inlined(int value) { if (value) __builtin_trap(); }\n",
      "kernel/Kernel/Kernel.c": """
      #include "gdbstub/RemoteProtocol/Inlined.h"
      int kernel(int value) { inlined(value); return 2; }
      int innocent(int value) { if (value) __builtin_trap(); return 3; }

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
      ["-g", "-O1", "-I", root.path, "-nostdlib", "-static", "-Wl,--entry=kernel", "-o", program]
        + sources.keys.filter { $0.hasSuffix(".c") }.sorted().map { root.appending(path: $0).path })
    let code = try Disassembly(program)
    #expect(code.instructions.filter { $0.mnemonic == "ud2" }.count == 3)
    let found = try Traps(program).inStub(code)
    #expect(found.count == 2)
    #expect(found.filter { $0.contains("Planted.c:1 ") && $0.hasSuffix(" planted") }.count == 1, "\(found)")
    #expect(found.filter { $0.contains("Inlined.h:1 inlined < Kernel.c:2 ") }.count == 1, "\(found)")
  }
}
