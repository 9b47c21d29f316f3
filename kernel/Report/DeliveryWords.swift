import RingTransition
import X86

extension TextSink {
  /// `int 0x80`, `#GP (error 0x0)`, `interrupt 0x20`, `NMI`, `syscall`.
  public mutating func write(_ event: Event) {
    switch event {
    case .softwareInterrupt(let vector):
      write("int ")
      write(hex: UInt64(vector))
    case .breakpointInstruction: write("int3")
    case .exception(let exception, let code, let address):
      writeException(
        exception.rawValue, exception.pushesErrorCode ? code : nil,
        exception == .pageFault ? address : nil)
    case .externalInterrupt(let vector):
      write("interrupt ")
      write(hex: UInt64(vector))
    case .nonMaskableInterrupt: write("NMI")
    case .softwareInterruptAfterStackSwitch(let vector):
      write("mov ss and int ")
      write(hex: UInt64(vector))
    case .systemCall: write("syscall")
    }
  }

  /// A chain on one line, without the line's end:
  /// `int 0x80 -> #PF (error 0x2, CR2 0x...) -> #DF (error 0x0) at RIP 0x10000019 on IST1`.
  public mutating func write(_ chain: DeliveryChain) {
    write(chain.event)
    var previous: DeliveryFailure?
    for position in 0..<chain.count {
      guard let attempt = chain[position] else { continue }
      if position > 0, let vector = attempt.vector {
        write(" -> ")
        let isPageFault = vector == ExceptionVector.pageFault.rawValue
        writeException(vector, attempt.errorCode, isPageFault ? previous?.faultAddress : nil)
      }
      previous = attempt.failure
    }
    write(chain.end, isDirect: chain.count == 1)
  }

  private mutating func write(_ end: DeliveryEnd, isDirect: Bool) {
    switch end {
    case .delivered(let arrival):
      if isDirect {
        write(" -> handler ")
        write(hex: arrival.handler.rawValue)
        write(",")
      }
      write(" at RIP ")
      write(hex: arrival.savedRIP)
      write(" on ")
      write(arrival.stack)
      if arrival.privilege != 0 { write(", still in Ring 3") }
    case .systemCall(let entry):
      write(" -> handler ")
      write(hex: entry.rip)
      write(" on the stack of Ring 3")
    case .shutdown: write(" -> shutdown")
    case .recursion(let vector):
      write(" -> ")
      writeVector(vector)
      write(" again and again until the stack ends")
    case .unknown(let missing):
      write(" -> not known: ")
      write(missing)
    }
  }

  /// What a return raises, and where: `#GP (error 0x0) at the iretq, in Ring 0`.
  public mutating func write(_ fault: ReturnFault, at kind: ReturnKind) {
    writeException(
      fault.exception.rawValue, fault.exception.pushesErrorCode ? fault.errorCode : nil, fault.faultAddress)
    if fault.context.isUser {
      write(" in Ring 3 at RIP ")
      write(hex: fault.context.rip)
      write(", right behind the ")
    } else {
      write(" in Ring 0, at the ")
    }
    write(kind == .iretq ? "iretq" : "sysretq")
  }

  /// `IST1`, `RSP0`, `the current stack`.
  public mutating func write(_ stack: EntryStackChoice) {
    switch stack {
    case .current: write("the current stack")
    case .ring(let ring):
      write("RSP")
      write(decimal: UInt64(ring))
    case .interruptStack(let slot):
      write("IST")
      write(decimal: UInt64(slot))
    }
  }

  private mutating func writeException(_ vector: UInt8, _ errorCode: UInt64?, _ address: UInt64?) {
    writeVector(vector)
    guard errorCode != nil || address != nil else { return }
    write(" (")
    if let errorCode {
      write("error ")
      write(hex: errorCode)
    }
    if let address {
      if errorCode != nil { write(", ") }
      write("CR2 ")
      write(hex: address)
    }
    write(")")
  }

  /// What the processor was doing when a delivery failed: `pushing the frame`.
  public mutating func write(_ step: DeliveryStep) {
    switch step {
    case .gateLimit: write("looking for the gate inside the IDT's limit")
    case .gateRead: write("reading the gate")
    case .gateType: write("checking the gate's type")
    case .gatePrivilege: write("checking the gate's DPL")
    case .gatePresent: write("checking that the gate is present")
    case .selector: write("looking up the gate's selector")
    case .descriptorRead: write("reading the code descriptor")
    case .descriptorKind: write("checking the code descriptor")
    case .descriptorPresent: write("checking that the code descriptor is present")
    case .descriptorMode: write("checking that the code segment is 64-bit")
    case .stackSlotLimit: write("looking for the stack pointer inside the TSS's limit")
    case .stackSlotRead: write("reading the stack pointer from the TSS")
    case .stackPointerCanonical: write("checking that the stack pointer is canonical")
    case .handlerCanonical: write("checking that the handler's address is canonical")
    case .push: write("pushing the frame")
    case .accessedBit: write("setting the code descriptor's accessed bit")
    case .handlerFetch: write("fetching the handler's first instruction")
    case .systemCallEnabled: write("checking that EFER.SCE is set")
    case .pendingTrap: write("taking the trap that waits at the handler's first instruction")
    }
  }
}
