import Symbols
import Testing
import X86

/// What is refused, with which words, and what is known of a program that is taken.
@Suite struct OpeningTests {
  private static let source = """
      .text
      .globl start
      .type start, @function
    start:
      ret
      .size start, . - start
    """

  private func refusal(_ path: String) -> SymbolError? {
    do {
      _ = try ELFImage(path: path)
      return nil
    } catch { return error }
  }

  @Test func aProgramGivesItsHeader() throws {
    let image = try Fixture(Self.source).image()
    #expect(image.entry == VirtualAddress(0xffff_ffff_8000_0000))
    #expect(image.buildID == "0123456789abcdef")
    #expect(image.executableSections.map(\.name) == [".text"])
    #expect(image.executableSections.first?.address == VirtualAddress(0xffff_ffff_8000_0000))
    #expect(image.bytes(of: image.executableSections[0]) == [0xc3])
  }

  @Test func aMissingFileIsNamed() {
    let error = refusal("/nonexistent/kernel.elf")
    #expect(error?.description == "/nonexistent/kernel.elf: cannot be opened: No such file or directory")
  }

  @Test func aDirectoryAndADeviceAreNoFiles() {
    #expect(refusal("/tmp") == .notRegularFile(path: "/tmp"))
    #expect(refusal("/dev/zero")?.description == "/dev/zero: not a regular file")
  }

  @Test func textAndEmptinessAreNoELF() throws {
    let fixture = try Fixture(Self.source)
    let text = try fixture.write("notes.txt", Array("not a program\n".utf8))
    let empty = try fixture.write("empty", [])
    #expect(refusal(text)?.description == "\(text): not an ELF file")
    #expect(refusal(empty) == .notELF(path: empty))
  }

  @Test func a32BitProgramIsRefused() throws {
    let fixture = try Fixture(
      Self.source, arguments: ["-m32", "-nostdlib", "-static", "-no-pie", "-Wl,-e,start"])
    #expect(
      refusal(fixture.program)?.description
        == "\(fixture.program): a 32-bit ELF file, and an x86_64 one is needed")
  }

  /// e_machine stands at offset 18; ELF gABI, figure 4-3.
  @Test func anotherMachineIsNamed() throws {
    let fixture = try Fixture(Self.source)
    var bytes = try fixture.programBytes()
    bytes[18] = 183
    let arm = try fixture.write("aarch64", bytes)
    #expect(
      refusal(arm)?.description == "\(arm): an ELF file for AArch64, and an x86_64 one is needed")
    bytes[18] = 0xe7
    bytes[19] = 0x03
    let unknown = try fixture.write("unknown", bytes)
    #expect(refusal(unknown) == .otherMachine(path: unknown, machine: 999))
  }

  @Test func anObjectFileIsRefused() throws {
    let fixture = try Fixture(Self.source, arguments: ["-c"])
    #expect(
      refusal(fixture.program)?.description
        == "\(fixture.program): an unlinked object file, and a linked program is needed")
  }

  /// Every cut of a program is refused or opened, and whatever is asked of it then is answered.
  @Test func aTruncatedFileNeverTraps() throws {
    let fixture = try Fixture(Self.source)
    let bytes = try fixture.programBytes()
    for count in stride(from: 0, to: bytes.count, by: 37) {
      try useEverything(try fixture.write("cut", Array(bytes[..<count])))
    }
  }

  /// The same for a program with one byte after another spoilt in its header and section headers.
  @Test func aSpoiltFileNeverTraps() throws {
    let fixture = try Fixture(Self.source)
    let bytes = try fixture.programBytes()
    let headers = Array(0..<64) + Array(max(0, bytes.count - 64 * 24)..<bytes.count)
    for place in headers {
      var spoilt = bytes
      spoilt[place] ^= 0xff
      try useEverything(try fixture.write("spoilt", spoilt))
    }
  }

  private func useEverything(_ path: String) throws {
    guard refusal(path) == nil else { return }
    let image = try ELFImage(path: path)
    for section in image.sections { _ = image.bytes(of: section) }
    for address in [0, 0xffff_ffff_8000_0000, UInt64.max] {
      _ = image.symbol(at: VirtualAddress(address))
      _ = image.line(at: VirtualAddress(address))
      _ = image.bytes(at: VirtualAddress(address), count: 16)
    }
    _ = image.match("start")
    _ = image.names(withPrefix: "")
    _ = image.buildID
    _ = try image.returnSites()
  }
}
