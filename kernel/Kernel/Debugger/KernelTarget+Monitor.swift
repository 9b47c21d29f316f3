import Boot
import Core
import Machine
import RemoteProtocol
import Report
import RingTransition
import Stub
import X86

extension KernelTarget {
  mutating func monitor<Output: ByteSink & ~Copyable>(
    _ command: Span<UInt8>, _ context: MonitorContext, to output: inout Output
  ) throws(Refusal) {
    let thread = context.thread
    var words = WordCursor()
    var text = TextBuffer()
    if words.take("help", in: command) {
      text.write(
        """
        help            this list
        ps              processes and their tables
        walk ADDRESS    translate an address under the selected thread's table
        map             everything that the selected thread's table maps, by rights
        tss             RSP0 and the IST stacks
        audit           every rule that can be decided here, for the selected thread's return to Ring 3
        explain         why an exception stopped the kernel
        idt             the gates, by their interrupt stacks
        stats           what happened on the line
        reset           start the machine again
        phys ADDRESS    a qword of physical memory
        read WIDTH ADDRESS, write WIDTH ADDRESS VALUE
                        one access of 1, 2, 4 or 8 bytes to what is mapped there, a device too
        phys-read WIDTH ADDRESS, phys-write WIDTH ADDRESS VALUE
                        the same at a physical address
        port NUMBER     a byte from an I/O port
        msr NUMBER      a model-specific register

        """)
    } else if words.take("ps", in: command) {
      listProcesses(&text)
    } else if words.take("walk", in: command) {
      try walk(words.number(in: command), thread, &text)
    } else if words.take("tss", in: command) {
      listStacks(&text)
    } else if words.take("audit", in: command) {
      audit(&text)
    } else if words.take("explain", in: command) {
      try explain(&text)
    } else if words.take("idt", in: command) {
      listGates(&text)
    } else if words.take("stats", in: command) {
      list(context.statistics, &text)
    } else if words.take("reset", in: command) {
      Processor.reset()
    } else if words.take("map", in: command) {
      try writeMap(thread, &text, to: &output)
    } else if words.take("read", in: command) {
      try readExactly(&words, command, .linear(thread), &text)
    } else if words.take("write", in: command) {
      try writeExactly(&words, command, .linear(thread))
    } else if words.take("phys-read", in: command) {
      try readExactly(&words, command, .physical, &text)
    } else if words.take("phys-write", in: command) {
      try writeExactly(&words, command, .physical)
    } else if words.take("phys", in: command) {
      try readPhysical(words.number(in: command), &text)
    } else if words.take("port", in: command) {
      try readPort(words.number(in: command), &text)
    } else if words.take("msr", in: command) {
      guard let number = words.number(in: command), let register = UInt32(exactly: number) else {
        throw Refusal(Refusal.invalid, "msr NUMBER")
      }
      text.write(paddedHex: Processor.modelSpecificRegister(register))
      text.newline()
    } else {
      throw Refusal(Refusal.invalid, "no such command; try monitor help")
    }
    text.flush(to: &output)
  }

  private mutating func listProcesses(_ text: inout TextBuffer) {
    var thread = thread(after: nil)
    while let current = thread {
      text.write(current == currentThread ? "* " : "  ")
      if current == Self.bootThread {
        text.write("kernel     ")
      } else {
        text.write("process ")
        text.write(decimal: current.number - 1)
        text.write("  ")
      }
      text.write(" CR3 ")
      text.write(hex: CR3(root: root(of: current)).rawValue)
      text.newline()
      thread = self.thread(after: current)
    }
  }

  private func walk(_ address: UInt64?, _ thread: TargetThread, _ text: inout TextBuffer) throws(Refusal) {
    guard let address else { throw Refusal(Refusal.invalid, "walk ADDRESS") }
    var window = PhysicalWindow()
    text.write(
      window.walk(VirtualAddress(address), root: root(of: thread), mode: Processor.registers.pagingMode))
  }

  private func listStacks(_ text: inout TextBuffer) {
    text.write("RSP0 ")
    text.write(paddedHex: DescriptorTables.rsp0)
    text.newline()
    for slot in 1...DescriptorTables.stackCount {
      text.write("IST")
      text.write(decimal: UInt64(slot))
      text.write(" ")
      text.write(paddedHex: StackRegion.processor.top(of: slot).rawValue)
      text.newline()
    }
  }

  /// The rules about the stack that the next entry from Ring 3 would use, under the loaded table.
  private func audit(_ text: inout TextBuffer) {
    var machine = LiveMachine()
    let stack = auditStack(
      rsp0: DescriptorTables.rsp0, root: table.root, mode: machine.registers.pagingMode, memory: &machine)
    if let finding = stack.violation {
      text.write(finding)
      text.newline()
    } else {
      text.write("the stack under RSP0 can take an entry from Ring 3\n")
    }
  }

  /// The decision procedure over the exception that stopped the kernel, replayed on the machine as it stands.
  private func explain(_ text: inout TextBuffer) throws(Refusal) {
    guard case .kernelFault(let vector, let frame) = explanation else {
      throw Refusal(Refusal.invalid, "no exception of the kernel's stopped it")
    }
    var machine = LiveMachine()
    machine.registers.cr3 = table
    // As it was at the handler's first instruction.
    machine.registers.rsp = frame + UInt64(TRAP_ERROR)
    var stop = StopState(.handler)
    stop.vector = vector
    stop.frameAddress = frame + UInt64(TRAP_RIP)
    stop.kernelStackSize = StackRegion.processes.stackBytes
    stop.interruptStackSize = StackRegion.processor.stackBytes
    let diagnosis = diagnose(&machine, stop: stop)
    if let identifier = diagnosis.cause.identifier {
      text.write(identifier)
      text.write(": ")
    }
    text.write(diagnosis.cause)
    text.write(diagnosis.confidence == .proven ? " (proven by replay)\n" : " (by its signature)\n")
    if let chain = diagnosis.chain {
      text.write("what happened: ")
      text.write(chain)
      text.newline()
    }
    if let rule = diagnosis.rule, let evidence = diagnosis.evidence {
      text.write(Finding(rule, .violated(evidence)))
      text.newline()
    }
    text.write("how to fix it: ")
    text.writeFix(for: diagnosis.cause)
    text.newline()
  }

  /// The gates that leave the kernel stack, and how many do not.
  private func listGates(_ text: inout TextBuffer) {
    var machine = LiveMachine()
    let registers = machine.registers
    guard let idt = registers.interruptTable else { return }
    var plain: UInt64 = 0
    for vector in UInt64(0)..<256 {
      let address = idt.base + vector * GateDescriptor.byteCount
      guard let low = machine.loadVirtual(address, root: table.root, mode: registers.pagingMode),
        let high = machine.loadVirtual(address + 8, root: table.root, mode: registers.pagingMode)
      else { continue }
      let gate = GateDescriptor(low: low, high: high)
      guard gate.interruptStack != 0 || gate.privilege != 0 else {
        plain += 1
        continue
      }
      text.write(hex: vector)
      text.write("  ")
      text.write(gate)
      text.newline()
    }
    text.write(decimal: plain)
    text.write(" gates of Ring 0 without an interrupt stack\n")
  }

  private func list(_ statistics: LinkStatistics, _ text: inout TextBuffer) {
    func line(_ name: StaticString, _ value: UInt64) {
      text.write(name)
      text.write(decimal: value)
      text.newline()
    }
    line("packets received  ", statistics.packetsReceived)
    line("replies sent      ", statistics.repliesSent)
    line("bytes received    ", statistics.bytesReceived)
    line("bytes sent        ", statistics.bytesSent)
    line("bad checksums     ", statistics.rejected)
    line("sent again        ", statistics.repeated)
    line("clients           ", statistics.sessions)
  }

  private func readPhysical(_ address: UInt64?, _ text: inout TextBuffer) throws(Refusal) {
    var window = PhysicalWindow()
    guard let address, let place = PhysicalAddress(exactly: address & ~7) else {
      throw Refusal(Refusal.invalid, "phys ADDRESS")
    }
    guard let value = window.load(place) else {
      throw Refusal(Refusal.badAddress, "outside of memory:", at: address)
    }
    text.write(paddedHex: value)
    text.newline()
  }

  private func readPort(_ number: UInt64?, _ text: inout TextBuffer) throws(Refusal) {
    guard let number, let port = UInt16(exactly: number) else {
      throw Refusal(Refusal.invalid, "port NUMBER")
    }
    var ports = Ports()
    text.write(hex: UInt64(ports.read8(port)))
    text.newline()
  }
}
