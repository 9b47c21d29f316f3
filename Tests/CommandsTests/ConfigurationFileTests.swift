import Commands
import Inspect
import RingTransition
import Testing
import X86

/// kernel.kdbg: what somebody wrote down about a kernel.
@Suite struct ConfigurationFileTests {
  private static func options(_ text: String) throws -> AuditOptions {
    try ConfigurationFile.parse(text, program: FakeProgram()).options
  }

  @Test func nothingDeclaresNothing() throws {
    let options = try Self.options("\n# a remark\n   \n")
    #expect(options.kernelStackSize == nil)
    #expect(options.swapgs == .unknown)
  }

  @Test func stacks() throws {
    let options = try Self.options(
      """
      kernel-stack-size = 0x4000   # guard pages not counted
      ist-stack-size = 8192
      ist-stack-sizes = 4096, 0, 2*4096
      return-frame-end = start + 0x40
      returns-from-ist = no
      nested-nmi-frames = yes
      syscall-stack = [start+8]
      """)
    #expect(options.kernelStackSize == 0x4000)
    #expect(options.interruptStackSize == 8192)
    #expect(options.interruptStackSizes[0] == 4096)
    #expect(options.interruptStackSizes[1] == nil)
    #expect(options.interruptStackSizes[2] == 8192)
    #expect(options.frameEnd == RunningExample.text + 0x40)
    #expect(options.interruptStackReturns == .unused)
    #expect(options.nestedNonMaskableFrames == .used)
    #expect(options.systemCallStack == .variable(RunningExample.text + 8))
    #expect(try Self.options("syscall-stack = rsp0").systemCallStack == .rsp0)
    #expect(try Self.options("syscall-stack = 0x1000").systemCallStack == .top(0x1000))
  }

  @Test func waysIn() throws {
    let options = try Self.options(
      """
      syscall-vectors = 0x80
      irq-vectors = 32..47, 0xff
      interrupt-controller-base = 0x20
      syscall = yes
      swapgs = no
      page-table-isolation = no
      paranoid-entry = independent
      kernel-text = start..trap_stubs+0x1000
      entry-data = 0x1000..0x2000, 0x3000..0x4000
      """)
    #expect((0...255).filter { options.systemCallVectors?.contains($0) ?? false } == [0x80])
    #expect((0...255).filter { options.interruptVectors?.contains($0) ?? false } == Array(32...47) + [255])
    #expect(options.interruptControllerBase == 0x20)
    #expect(options.systemCallInstruction == .used)
    #expect(options.swapgs == .unused)
    #expect(options.pageTableIsolation == .unused)
    #expect(options.paranoidEntry == .independent)
    #expect(
      options.kernelText == AddressInterval(low: RunningExample.text, high: RunningExample.text + 0x1400))
    #expect(options.entryData[1] == AddressInterval(low: 0x3000, high: 0x4000))
    #expect(options.entryData[2] == nil)
  }

  @Test func tablePairs() throws {
    let configuration = try ConfigurationFile.parse(
      "page-table-pairs = 0x1000000:0x1001000, 0x2000000 : 0x3000000", program: nil)
    let options = configuration.options
    #expect(options.pageTableIsolation == .used)
    let pair = TablePair(kernel: CR3(rawValue: 0x200_0000).root, user: CR3(rawValue: 0x300_0000).root)
    #expect(options.tablePair(with: pair.kernel) == pair)
    #expect(options.tablePair(with: pair.user) == pair)
    #expect(options.tablePair(with: CR3(rawValue: 0x400_0000).root) == nil)
    #expect(options.tablePair(with: CR3(rawValue: 0x100_0000).root)?.user == CR3(rawValue: 0x100_1000).root)
    // The kernel's half is what the user's is shown beside, before any other table.
    var references = ReferenceTables()
    (references.pairs, references.declared) = (configuration.tablePairs, CR3(rawValue: 0x9000))
    let expected = [0x200_0000, 0x9000].map {
      ReferenceTable(cr3: CR3(rawValue: $0), source: .configuration)
    }
    #expect(references.candidates(for: CR3(root: pair.user), kernel: nil) == expected)
    #expect(references.candidates(for: CR3(root: pair.kernel), kernel: nil) == Array(expected.dropFirst()))
  }

  @Test func tablesAndProcessors() throws {
    let configuration = try ConfigurationFile.parse(
      """
      port-permissions = yes
      local-tables = no
      user-memory = resident
      ram = 0..0x9f000, 0x100000..0x1000000
      generated-code = yes
      expected-cr4 = 0x20, 0xff
      protections-off = smap, umip
      processors = 2
      per-processor-block = 0xffff_8000_0000_1000
      self-pointer-offset = 16
      reference-cr3 = 0x102000
      per-process-slots = 402, 0..1
      kept-contexts = 0x103005, 0x104006
      kernel-constants = 0xffff_8000_0000_2000..0xffff_8000_0000_4000
      """, program: nil)
    let options = configuration.options
    var memory = options.memory
    let frames = [0x9e000, 0x9f000, 0x10_0000].map {
      PhysicalFrame(containing: PhysicalAddress(truncating: $0))
    }
    #expect(frames.map { memory.contains($0) } == [true, false, true])
    #expect(options.generatedCode == .used)
    #expect(options.portPermissions == .used)
    #expect(options.localTables == .unused)
    #expect(options.residency == .resident)
    #expect(options.expectedCR4 == ExpectedBits(mask: 0xff, value: 0x20))
    #expect(
      options.protectionsLeftOff == .supervisorAccessPrevention | .userModeInstructionPrevention)
    #expect(options.processorCount == 2)
    #expect(options.perProcessorBlock == 0xffff_8000_0000_1000)
    #expect(options.selfPointerOffset == 16)
    #expect(options.referenceRoot == CR3(rawValue: 0x102000).root)
    #expect(configuration.referenceRoot == CR3(rawValue: 0x102000))
    #expect(options.perProcessSlots[6] == 1 << 18)
    #expect(options.perProcessSlots[0] == 3)
    #expect((0..<4).map { options.keptContexts[$0]?.rawValue } == [0x103005, 0x104006, nil, nil])
    #expect(
      options.kernelConstants
        == AddressInterval(low: 0xffff_8000_0000_2000, high: 0xffff_8000_0000_4000))
  }

  /// What changes while the kernel runs is a number, or the word that holds it.
  @Test func theThreadThatRuns() throws {
    let machine = RunningExample.make()
    let word = RunningExample.data + 0x80
    machine.store(0x1234, linear: word, root: RunningExample.processCR3)
    let configuration = try ConfigurationFile.parse(
      """
      current-stack-top = [\(word)]
      current-cr3 = 0x5003
      current-thread = 7, 0, [\(word)]
      lock-depth = [\(word)]
      fs-base = 0x11
      gs-base = [\(word)]
      retired-roots = [\(word)], 0, 0x6000
      pending-shootdowns = [\(word)]
      """, program: nil)
    func options() -> AuditOptions {
      KernelDeclarations(table: nil, configuration: configuration.current(in: machine))
        .options(for: machine.registers)
    }
    let first = options()
    #expect(first.currentStackTop == 0x1234)
    #expect(first.currentRoot == CR3(rawValue: 0x5003).root)
    #expect(first.lockDepth == 0x1234)
    #expect(first.expectedFSBase == 0x11)
    #expect(first.expectedGSBase == 0x1234)
    #expect(first.retiredRoots[0] == CR3(rawValue: 0x1234).root)
    #expect(first.retiredRoots[1] == nil)
    #expect(first.retiredRoots[2] == CR3(rawValue: 0x6000).root)
    #expect(first.rootRetirement == .listed)
    #expect(first.pendingShootdowns == 0x1234)
    #expect(configuration.current(in: machine).threads == [7, 0, 0x1234])
    // The next audit reads it again.
    machine.store(0x2000, linear: word, root: RunningExample.processCR3)
    #expect(options().currentStackTop == 0x2000)
    // What cannot be read is not declared.
    let lost = try ConfigurationFile.parse("lock-depth = [0x8000_0000_0000_0000]", program: nil)
    #expect(lost.current(in: machine).options.lockDepth == nil)
  }

  @Test(arguments: [
    ("swapgs", 1, "expected \"key = value\""),
    ("\nswap = yes", 2, "unknown key \"swap\""),
    ("swapgs = maybe", 1, "\"maybe\" is none of no, yes"),
    ("swapgs = yes\n\nswapgs = no", 3, "\"swapgs\" is given twice"),
    ("page-table-pairs = 0x1000", 1, "not a value for this key: \"0x1000\""),
    ("page-table-pairs = 0x1000:0x1000", 1, "not a value for this key: \"0x1000:0x1000\""),
    (
      "page-table-pairs = 0x1000:0x2000, 0x3000:0x2000", 1,
      "not a value for this key: \"0x1000:0x2000, 0x3000:0x2000\""
    ),
    (
      "page-table-pairs = " + (0..<9).map { "\($0 * 8192):\($0 * 8192 + 4096)" }.joined(separator: ","), 1,
      "more than 8 pairs"
    ),
    ("protections-off = smap, nx", 1, "\"nx\" is none of smap, smep, umip"),
    ("kernel-stack-size = 4K", 1, "not a number: \"4K\""),
    ("kernel-stack-size =", 1, "not an expression: \"\""),
    ("kernel-text = nobody..start", 1, "no symbol \"nobody\""),
    (
      "kernel-text = twice..start", 1,
      "\"twice\" is ambiguous: it stands at 0xffffffff80000010, 0xffffffff80000020"
    ),
    ("irq-vectors = 47..32", 1, "not a value for this key: \"47..32\""),
    ("syscall-vectors = 256", 1, "not a value for this key: \"256\""),
    ("per-process-slots = 512", 1, "not a value for this key: \"512\""),
    ("ist-stack-sizes = 1,2,3,4,5,6,7,8", 1, "more than seven stacks"),
    ("retired-roots = 1,2,3,4,5", 1, "more than four root tables"),
    ("lock-depth = [nobody]", 1, "no symbol \"nobody\""),
    ("return-frame-end = $rsp", 1, "no register \"$rsp\""),
  ])
  func aBadLineIsNamed(text: String, line: Int, message: String) {
    #expect(throws: ConfigurationFile.Failure(line: line, message: message)) {
      try ConfigurationFile.parse(text, program: FakeProgram())
    }
  }

  /// What was written down counts for more than what the kernel says.
  @Test func theFileOverrulesTheKernel() throws {
    var machine = RunningExample.make()
    let table = try #require(KernelTable(at: VirtualAddress(RunningExample.table), in: &machine))
    let configuration = try ConfigurationFile.parse("kernel-stack-size = 0x2000", program: nil)
    let declared = KernelDeclarations(table: table, configuration: configuration)
    #expect(declared.options(for: machine.registers).kernelStackSize == 0x2000)
  }

  @Test func aDeclaredReferenceTableComesFirst() {
    let machine = RunningExample.makeWithoutStack()
    let debugger = Debugger(target: machine, program: nil, output: KnowledgeTests.silent)
    #expect(debugger.control.references.reference(for: machine.registerFile.cr3, kernel: nil) == nil)
    debugger.control.configuration.declare(referenceRoot: CR3(rawValue: RunningExample.kernelCR3))
    let reference = debugger.control.references.reference(for: machine.registerFile.cr3, kernel: nil)
    #expect(
      reference == ReferenceTable(cr3: CR3(rawValue: RunningExample.kernelCR3), source: .configuration))
  }

  @Test func listsOfProcesses() throws {
    let links = try ConfigurationFile.parse(
      """
      process-first = start
      process-next = *($process + 8)
      process-cr3 = *$process, *$process + 0x1000
      process-count = 64
      """, program: FakeProgram()
    ).processLinks
    #expect(links.isComplete)
    #expect(links.tables.count == 2)
    #expect(links.limit == 64)
    func failure(_ text: String) -> ConfigurationFile.Failure? {
      do throws(ConfigurationFile.Failure) {
        _ = try ConfigurationFile.parse(text, program: FakeProgram())
        return nil
      } catch {
        return error
      }
    }
    let parts = "a list of processes needs process-first, process-next and process-cr3"
    #expect(failure("swapgs = no\n\nprocess-first = 1\nprocess-next = 2\n") == .init(line: 3, message: parts))
    #expect(failure("process-number = 1") == .init(line: 1, message: parts))
    #expect(failure("process-count = 0")?.line == 1)
    #expect(failure("process-count = 65536")?.line == 1)
    #expect(failure("process-first = $task")?.message == "no register \"$task\"")
    #expect(failure("process-first = no_such")?.message.contains("no_such") == true)
    #expect(failure("process-next = *(")?.line == 1)
  }
}
