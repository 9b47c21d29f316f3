import Foundation
import Testing

/// The programs of Ring 3 as they stand in the initrd, unpacked into a directory that goes with this object.
final class Programs {
  private let directory: URL
  private(set) var names: [String] = []

  init() throws {
    let archive = try Artifact.path("build/initrd")
    directory = FileManager.default.temporaryDirectory.appending(path: "ringside-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let options = ["--quiet", "--extract", "--make-directories", "--no-absolute-filenames"]
    _ = try Tool.run("cpio", options, input: archive, in: directory.path)
    names = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  func path(_ name: String) -> String { directory.appending(path: name).path }
}

@Suite struct ProgramCodeTests {
  @Test func theInitrdHoldsThePrograms() throws {
    let programs = try Programs()
    #expect(Set(programs.names).isSuperset(of: ["baseline", "init", "hello", "faults"]))
  }

  /// Neither SSE's nor x87's state is saved across a switch, and CR0.EM makes both fault: one program tries each
  /// of them, once.
  @Test func programsUseGeneralRegistersOnly() throws {
    let programs = try Programs()
    for name in programs.names {
      let code = try Disassembly(programs.path(name))
      #expect(code.instructions.count >= 20, "\(name)")
      let found = code.instructions.filter(\.usesExtendedState).map(\.text)
      #expect(found.sorted() == (name == "faults" ? ["fninit", "xorps  %xmm0,%xmm0"] : []), "\(name)")
    }
  }

  /// The place is part of the running example: the double fault of a missing kernel stack names it.
  @Test func theFirstSystemCallStandsAt10000019() throws {
    let programs = try Programs()
    let code = try Disassembly(programs.path("baseline"))
    let calls = code.instructions.filter { $0.mnemonic == "int" }
    #expect(calls.first?.address == 0x1000_0019)
    #expect(calls.first?.text.hasSuffix("$0x80") == true)
    #expect(code.instructions.first?.address == 0x1000_0000)
    #expect(calls.count > 5)
  }

  @Test func programsHaveOneSegmentForEachSetOfRights() throws {
    let programs = try Programs()
    for name in programs.names {
      let segments = try Segment.all(programs.path(name))
      #expect(!segments.isEmpty, "\(name)")
      #expect(segments.first?.rights == "RE", "\(name)")
      for segment in segments {
        #expect(["RE", "R", "RW"].contains(segment.rights), "\(name): \(segment)")
        #expect(segment.address >= 0x1000_0000 && segment.end < 0x8000_0000_0000, "\(name): \(segment)")
        #expect(segment.address % 4096 == 0, "\(name): \(segment)")
      }
    }
  }
}
