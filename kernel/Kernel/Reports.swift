import Boot
import Core
import DebuggerTable
import Machine
import Report
import X86

/// One line for a process that Ring 3 itself has ended.
func reportProcessFault(_ frame: trap_frame) {
  var console = Console()
  console.write("✗ Process ")
  console.write(decimal: ExportedTable.currentProcess)
  console.write(" killed: ")
  writeException(frame, &console)
  console.newline()
}

/// The report of an exception that the kernel does not survive, and the machine's end.
func reportKernelFault(_ frame: trap_frame) -> Never {
  var console = Console()
  let exception = ExceptionVector(rawValue: UInt8(truncatingIfNeeded: frame.vector))
  let isDoubleFault = exception == .doubleFault
  console.newline()
  var machine = LiveMachine()
  let registers = machine.registers
  let walk = machine.walk(
    VirtualAddress(registers.cr2), root: registers.cr3.root, mode: registers.pagingMode)
  if isDoubleFault {
    console.write(
      DoubleFaultReport(
        frame: frame.interruptFrame, errorCode: frame.error_code, cr2: registers.cr2, cr3: registers.cr3,
        rsp0: DescriptorTables.rsp0, walk: walk))
  } else {
    console.write("✗ KERNEL FAULT: ")
    writeException(frame, &console)
    console.newline()
    if frame.vector == UInt64(ExceptionVector.pageFault.rawValue) {
      console.write("Error Code: ")
      console.write(PageFaultErrorCode(rawValue: frame.error_code))
      console.newline()
      console.write(walk)
    } else if exception?.pushesErrorCode == true {
      console.write("Error Code: ")
      console.write(SelectorErrorCode(rawValue: frame.error_code))
      console.newline()
    }
  }
  MachineEnd.exit(isDoubleFault ? RINGSIDE_EXIT_DOUBLE_FAULT : RINGSIDE_EXIT_KERNEL_FAULT)
}

/// `#PF (vector 14), error 0x7, RIP 0x10000040, CS 0x33, CR2 0x0`
private func writeException(_ frame: trap_frame, _ console: inout Console) {
  if let exception = ExceptionVector(rawValue: UInt8(truncatingIfNeeded: frame.vector)) {
    console.write(exception.mnemonic)
    console.write(" ")
  }
  console.write("(vector ")
  console.write(decimal: frame.vector)
  console.write("), error ")
  console.write(hex: frame.error_code)
  console.write(", RIP ")
  console.write(hex: frame.rip)
  console.write(", CS ")
  console.write(hex: frame.cs)
  console.write(", CR2 ")
  console.write(hex: Processor.cr2)
}
