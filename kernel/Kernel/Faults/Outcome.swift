import Boot
import Core
import Drivers
import Machine
import Report
import X86

/// What the processor pushed, in one line for programs to read, from the frame as it lies on the stack.
///
///     OUTCOME vector=0x8 error=0x0 rip=0x10000019 cs=0x33 rflags=0x202 rsp=0x7ffff0000000 ss=0x2b cr2=... handler-rsp=...
struct Outcome {
  private let frame: trap_frame
  /// The stub of the vector expects an error code that the processor has not pushed: every field shows the word
  /// above its own. Delivery aligns the frame's end to 16 (SDM Vol. 3A, 6.14.2), which tells.
  let isShifted: Bool
  private let cr2 = Processor.cr2
  /// RSP at the handler's first instruction.
  private let handlerStack: UInt64

  /// - Parameter address: where `frame` lies.
  init(_ frame: inout trap_frame, at address: UInt) {
    let end = UInt64(address) + UInt64(TRAP_BYTES)
    isShifted = end % 16 != 0
    // Word by word: the last one of a shifted frame lies beyond the stack.
    self.frame = trap_frame(
      r15: 0, r14: 0, r13: 0, r12: 0, r11: 0, r10: 0, r9: 0, r8: 0, rbp: 0, rdi: 0, rsi: 0, rdx: 0, rcx: 0,
      rbx: 0, rax: 0, vector: frame.vector, error_code: frame.error_code, rip: frame.rip, cs: frame.cs,
      rflags: frame.rflags, rsp: frame.rsp, ss: isShifted ? 0 : frame.ss)
    let pushed: UInt64 = isShifted || !Self.hasErrorCode(frame.vector) ? 40 : 48
    handlerStack = isShifted ? end + 8 - 48 : end - pushed
  }

  private static func hasErrorCode(_ vector: UInt64) -> Bool {
    ExceptionVector(rawValue: UInt8(truncatingIfNeeded: vector))?.pushesErrorCode == true && vector < 32
  }

  func write() {
    var console = Console()
    console.write("OUTCOME vector=")
    if frame.isSystemCallInstruction { console.write("syscall") } else { console.write(hex: frame.vector) }
    console.write(" error=")
    if Self.hasErrorCode(frame.vector) { console.write(hex: frame.error_code) } else { console.write("none") }
    Self.write(" rip=", frame.rip, &console)
    Self.write(" cs=", frame.cs, &console)
    Self.write(" rflags=", frame.rflags, &console)
    Self.write(" rsp=", frame.rsp, &console)
    if isShifted { console.write(" ss=none") } else { Self.write(" ss=", frame.ss, &console) }
    Self.write(" cr2=", cr2, &console)
    Self.write(" handler-rsp=", frame.isSystemCallInstruction ? frame.rsp : handlerStack, &console)
    var controller = InterruptController(ports: Ports())
    Self.write(" isr=", UInt64(controller.inService), &console)
    Self.write(" irr=", UInt64(controller.requested), &console)
    console.newline()
  }

  private static func write(_ name: StaticString, _ value: UInt64, _ console: inout Console) {
    console.write(name)
    console.write(hex: value)
  }
}
