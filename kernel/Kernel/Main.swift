import Boot
import Core
import DebuggerTable
import Drivers
import Machine
import Report
import X86

/// The kernel's first Swift code, called by the PVH entry on the boot stack.
///
/// - Parameter startInfo: physical address of the loader's `hvm_start_info`.
@c(Kernel_main)
public func kernelMain(_ startInfo: UInt32) {
  var console = Console()
  console.start()
  let loader = readStartInfo(at: startInfo)
  let options = readCommandLine(loader.commandLine)
  var frames = takeMemory(loader)
  let processors = Processors.find(loader)
  let (kernelSpace, exitStack) = buildKernelSpace(
    processors: processors.count, timer: options.timerSource, fixture: options.fixture, frames: &frames)
  Processors.prepare(processors, options.processorDefect)
  DescriptorTables.load(options.provocation)
  let protection = Processor.Protection(options.provocation)
  Processor.protect(protection)
  SystemCallEntry.enable()
  Processor.load(CR3(root: kernelSpace.root))
  ExportedTable.protectionsOff = protection.leftOff
  ExportedTable.publish(cr4: Processor.cr4)
  ExportedTable.publish(kernel: CR3(root: kernelSpace.root), exitStack: exitStack)
  ExportedTable.publish(
    systemCallVector: DescriptorTables.systemCallVector, interrupts: InterruptController<Ports>.vectors)
  Processors.start(processors, options.processorDefect, under: kernelSpace)
  let archive = findArchive(loader)
  Cell.initialize(
    KernelState(
      system: System(frames: frames, console: console, kernelSpace: kernelSpace, archive: archive),
      options: options))
  Debugger.start(options)
  startInterrupts(options)
  chooseReturnPath(options)
  Provocation.run(options.provocation)
  runBaseline()
  runInit(options.initPath)
  console.line("Powering off.")
  MachineEnd.exit(RINGSIDE_EXIT_SUCCESS)
}

extension Processor.Protection {
  /// The base of every fault is a processor without SMEP and SMAP, unless a word names them.
  fileprivate init(_ provocation: FaultOption) {
    self = provocation.isProvocation ? .only(provocation.modifiers) : .everything
  }
}

private func readStartInfo(at address: UInt32) -> StartInfo {
  var window = BootWindow()
  guard let loader = StartInfo(at: PhysicalAddress(truncating: UInt64(address)), memory: &window) else {
    fail("the loader passed no PVH start info with a memory map", RINGSIDE_EXIT_BOOT_FAILED)
  }
  ExportedTable.record(ram: loader.ram)
  return loader
}

private func readCommandLine(_ text: PhysicalBytes) -> CommandLine {
  var window = BootWindow()
  do {
    return try CommandLine(parsing: text, memory: &window)
  } catch {
    var console = Console()
    console.write("✗ unknown word on the command line: ")
    for position in 0..<error.word.byteCount {
      console.write(byte: error.word.byte(position, memory: &window) ?? UInt8(ascii: "?"))
    }
    console.newline()
    MachineEnd.exit(RINGSIDE_EXIT_COMMAND_LINE)
  }
}

/// Everything that is RAM and nobody's: not the first MiB, not the image, not what the loader left.
private func takeMemory(_ loader: StartInfo) -> FrameAllocator<PhysicalWindow> {
  var free = loader.ram
  free.remove(MemoryRange(start: 0, end: KernelImage.physical.end))
  free.remove(loader.ownRange)
  if let initrd = loader.initrd {
    free.remove(
      MemoryRange(
        start: initrd.start.rawValue & ~4095, end: (initrd.start.rawValue + initrd.byteCount + 4095) & ~4095))
  }
  guard let frames = FrameAllocator(free: free, memory: PhysicalWindow()) else {
    fail("no memory for the frame allocator", RINGSIDE_EXIT_BOOT_FAILED)
  }
  return frames
}

private func findArchive(_ loader: StartInfo) -> CpioArchive {
  guard let initrd = loader.initrd else {
    fail("no initrd: start QEMU with -initrd", RINGSIDE_EXIT_BOOT_FAILED)
  }
  return CpioArchive(initrd)
}

/// One line on the console, and the end of the machine.
func fail(_ text: StaticString, _ code: ringside_exit_code) -> Never {
  var console = Console()
  console.write("✗ ")
  console.line(text)
  if code == RINGSIDE_EXIT_PANIC { Debugger.stop(.panic) }
  MachineEnd.exit(code)
}
