import Boot
import Core
import DebuggerTable
import Machine
import Report
import X86

/// One line for a process that Ring 3 itself has ended.
func reportProcessFault(_ frame: trap_frame, _ vector: UInt8) {
  var console = Console()
  console.write("✗ Process ")
  console.write(decimal: ExportedTable.currentProcess)
  console.write(" killed: ")
  var shown = frame
  shown.vector = UInt64(vector)
  writeException(shown, &console)
  console.newline()
}

/// One line for an NMI that no debugger took. It may come at any instruction, so nothing here touches the kernel's state.
func reportNonMaskableInterrupt(_ frame: trap_frame) {
  var console = Console()
  console.write("! NMI at RIP ")
  console.write(hex: frame.rip)
  console.write(", CS ")
  console.write(hex: frame.cs)
  console.line(": nobody asked for it, going on")
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
    } else if exception == .machineCheck {
      writeMachineCheck(&console)
    } else if exception?.pushesErrorCode == true {
      console.write("Error Code: ")
      console.write(SelectorErrorCode(rawValue: frame.error_code))
      console.newline()
    }
  }
  MachineEnd.exit(isDoubleFault ? RINGSIDE_EXIT_DOUBLE_FAULT : RINGSIDE_EXIT_KERNEL_FAULT)
}

/// One line for the processor's state, and one for every bank that has seen something.
private func writeMachineCheck(_ console: inout Console) {
  console.write("MCG_STATUS: ")
  console.write(hex: MachineCheck.status)
  console.newline()
  for number in 0..<MachineCheck.bankCount {
    guard let bank = MachineCheck.bank(number) else { continue }
    console.write("bank ")
    console.write(decimal: UInt64(truncatingIfNeeded: number))
    console.write(": status ")
    console.write(hex: bank.status)
    if let address = bank.address {
      console.write(", address ")
      console.write(hex: address)
    }
    console.newline()
  }
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
