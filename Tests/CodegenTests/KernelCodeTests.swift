import Testing

/// Both builds of the kernel: what holds in one must hold in the other.
enum KernelBuild: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case release = "build/kernel.elf"
  case debug = "build/debug/kernel.elf"

  var testDescription: String { self == .release ? "release" : "debug" }
  /// A disassembly with fewer functions has missed something.
  var fewestFunctions: Int { self == .release ? 200 : 600 }
  var fewestInstructions: Int { self == .release ? 20_000 : 50_000 }

  /// `.boot` is left out: 32-bit code of the entry by PVH, with its tables and descriptors in between.
  private static let disassemblies = Dictionary(
    uniqueKeysWithValues: allCases.map { build in
      (build, Result { try Disassembly(Artifact.path(build.rawValue), skipping: [".boot"]) })
    })

  func disassembly() throws -> Disassembly { try Self.disassemblies[self]!.get() }
}

@Suite struct KernelCodeTests {
  @Test(arguments: KernelBuild.allCases)
  func theDisassemblyIsWhole(build: KernelBuild) throws {
    let code = try build.disassembly()
    #expect(code.symbolCount >= build.fewestFunctions)
    #expect(code.instructions.count >= build.fewestInstructions)
    // There is no third section where code could hide.
    #expect(code.sections == [".boot", ".text"])
    let undecoded = code.instructions.filter { $0.text.contains("(bad)") }
    #expect(undecoded.isEmpty)
    #expect(code.instructions.allSatisfy { $0.address >= 0xffff_ffff_8000_0000 })
  }

  /// The kernel saves no x87, MMX, SSE or AVX state when it is entered, so it must not touch any.
  @Test(arguments: KernelBuild.allCases)
  func onlyGeneralRegistersAreUsed(build: KernelBuild) throws {
    let found = try build.disassembly().instructions.filter(\.usesExtendedState)
    #expect(found.map { "\($0.symbol ?? "?"): \($0.text)" } == [])
  }

  @Test func theCheckKnowsWhatItLooksFor() {
    func uses(_ text: String) -> Bool {
      Disassembly.Instruction(address: 0, text: text, symbol: nil, symbolAddress: nil).usesExtendedState
    }
    let guilty = [
      "movaps %xmm0,-0x20(%rbp)", "vmovdqu (%rax),%ymm15", "vpxord %zmm31,%zmm0,%zmm1", "movq %mm3,(%rax)",
      "fldt   0x10(%rsp)", "fstp   %st(1)", "fwait", "fninit", "fxsave (%rdi)", "fsubs  (%rax)", "emms",
      "ldmxcsr (%rsp)", "vzeroupper", "xsaveopt (%rdi)", "kmovw  %k1,%eax", "cs fld1",
    ]
    for text in guilty { #expect(uses(text), "\(text)") }
    let innocent = [
      "mov    %rax,%rbx", "mov    %fs:0x0,%rax", "rep movsq %ds:(%rsi),%es:(%rdi)", "verw   %ax", "mfence",
      "cs nopw 0x0(%rax,%rax,1)", "call   ffffffff80112340 <fmm_st>", "pause", "int    $0x80",
      "mov    %cr4,%rax",
    ]
    for text in innocent { #expect(!uses(text), "\(text)") }
  }

  /// The audit stands before the two of them that lead to Ring 3; another one would get past it.
  @Test(arguments: KernelBuild.allCases)
  func thereAreThreeWaysOut(build: KernelBuild) throws {
    let ways = try build.disassembly().instructions.filter {
      $0.mnemonic.hasPrefix("iret") || $0.mnemonic.hasPrefix("sysret") || $0.mnemonic.hasPrefix("sysexit")
    }
    #expect(Set(ways.compactMap(\.symbol)) == ["user_return", "user_return_sysret", "kernel_return"])
    #expect(ways.count == 3)
    // The symbol names the instruction itself: a debugger sets its breakpoint there.
    for way in ways {
      // Without the prefix of 64 bits both would lead to compatibility mode.
      #expect(way.mnemonic == (way.symbol == "user_return_sysret" ? "sysretq" : "iretq"))
      #expect(way.address == way.symbolAddress)
    }
  }

  /// Stock Swift's heap does not work in the upper half; the compiler promises that nothing of it is linked.
  @Test(arguments: KernelBuild.allCases)
  func nothingAllocates(build: KernelBuild) throws {
    let allocators: Set<String> = [
      "swift_allocObject", "swift_allocBox", "swift_allocEmptyBox", "swift_slowAlloc", "swift_slowAllocTyped",
      "swift_coroFrameAlloc", "swift_deallocObject", "swift_slowDealloc", "swift_retain", "swift_release",
      "swift_initStackObject", "malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "free",
    ]
    let symbols = try Tool.lines("nm", [Artifact.path(build.rawValue)]).compactMap {
      $0.split(separator: " ").last.map(String.init)
    }
    #expect(symbols.count >= build.fewestFunctions)
    #expect(symbols.filter { allocators.contains($0) } == [])
    let calls = try build.disassembly().instructions.filter { instruction in
      guard instruction.mnemonic.hasPrefix("call") || instruction.mnemonic.hasPrefix("j"),
        let start = instruction.text.firstIndex(of: "<")
      else { return false }
      return allocators.contains(
        String(instruction.text[start...].dropFirst().prefix { $0 != ">" && $0 != "+" }))
    }
    #expect(calls.map(\.text) == [])
    // Nothing is left to a loader either.
    #expect(try Tool.lines("nm", ["--undefined-only", Artifact.path(build.rawValue)]) == [])
  }

  /// Text r-x, constants and descriptor tables r--, data rw-: each on pages of its own.
  @Test(arguments: KernelBuild.allCases)
  func noPageIsWritableAndExecutable(build: KernelBuild) throws {
    let segments = try Segment.all(Artifact.path(build.rawValue))
    let upper = segments.filter { $0.address >= 0xffff_ffff_8000_0000 }
    #expect(upper.map(\.rights) == ["RE", "R", "R", "RW"])
    for (segment, next) in zip(upper, upper.dropFirst()) {
      #expect(segment.end <= next.address)
      #expect(next.address % 4096 == 0)
    }
    for segment in upper { #expect(segment.address &- segment.physicalAddress == 0xffff_ffff_8000_0000) }
    // The code before paging is on stands below the image, and is in no mapping of the kernel's own.
    let boot = segments.filter { $0.address < 0xffff_ffff_8000_0000 }
    #expect(boot.map(\.rights) == ["RWE"])
    #expect(boot.allSatisfy { $0.end <= upper[0].physicalAddress })
  }
}
