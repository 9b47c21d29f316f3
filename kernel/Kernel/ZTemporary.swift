import RingTransition
import Report
import X86
extension TextSink {
  mutating func write(_ walk: PageWalk) { write("walk"); newline() }
  mutating func write(_ finding: Finding) { write("RT-"); write(decimal: UInt64(finding.rule.number)) }
  mutating func writeDoubleFaultReport<M: MachineView>(frame: InterruptFrame, errorCode: UInt64, machine: inout M) {
    write("DOUBLE FAULT - Error Code: "); write(hex: errorCode); newline()
    write("Instruction Pointer: "); write(hex: frame.rip); newline()
    write("CR2: "); write(hex: machine.registers.cr2); newline()
  }
}
