import Report
import RingTransition
import TestSupport
import Testing
import X86

@Suite struct DeliveryWordsTests {
  private func chain(
    _ event: Event = .softwareInterrupt(0x80), engine: Engine = .architecture,
    _ change: (inout TestMachine) -> Void
  ) -> String {
    var machine = TestMachine.healthy
    change(&machine)
    let chain = deliver(event, to: TestMachine.program(), on: &machine, engine: engine)
    return TextCollector.text { $0.write(chain) }
  }

  @Test func doubleFault() {
    #expect(
      chain { $0.clear(.pml4, of: Layout.rsp0 - 8) }
        == "int 0x80 -> #PF (error 0x2, CR2 0xffffc90000004ff8) -> #DF (error 0x0) at RIP 0x10000019 on IST1")
  }

  @Test func shutdown() {
    #expect(
      chain {
        $0.clear(.pml4, of: Layout.rsp0 - 8)
        $0.setGate(8)
      } == "int 0x80 -> #PF (error 0x2, CR2 0xffffc90000004ff8) -> #DF (error 0x0) -> shutdown")
  }

  @Test func arrival() {
    #expect(chain { _ in } == "int 0x80 -> handler 0xffffffff80001600, at RIP 0x1000001b on RSP0")
    #expect(
      chain(.nonMaskableInterrupt) { _ in } == "NMI -> handler 0xffffffff80001210, at RIP 0x10000019 on IST2")
    #expect(
      chain(.externalInterrupt(0x20)) { _ in }
        == "interrupt 0x20 -> handler 0xffffffff80001300, at RIP 0x10000019 on RSP0")
    #expect(
      chain(.breakpointInstruction) { _ in }
        == "int3 -> handler 0xffffffff80001218, at RIP 0x1000001a on RSP0")
  }

  @Test func exceptions() {
    #expect(
      chain(.exception(.generalProtection, errorCode: 0, address: 0)) {
        $0.clear(.pml4, of: Layout.rsp0 - 8)
      }
        == "#GP (error 0x0) -> #PF (error 0x2, CR2 0xffffc90000004ff8) -> #DF (error 0x0) at RIP 0x10000019 "
        + "on IST1")
    #expect(
      chain(.exception(.pageFault, errorCode: 6, address: 0x2000_0000)) { _ in }
        == "#PF (error 0x6, CR2 0x20000000) -> handler 0xffffffff80001270, at RIP 0x10000019 on RSP0")
    #expect(
      chain(.exception(.invalidOpcode, errorCode: 0, address: 0)) { $0.removeGate(6) }
        == "#UD -> #NP (error 0x33) at RIP 0x10000019 on RSP0")
  }

  /// `syscall` has no vector, and what waits at a handler's first instruction comes after it.
  @Test func systemCalls() {
    #expect(
      chain(.systemCall) {
        $0.registers.efer.insert(.syscallEnable)
        $0.registers.lstar = Layout.kernelText
      } == "syscall -> handler 0xffffffff80001000 on the stack of Ring 3")
    #expect(
      chain(.systemCall) {
        $0.registers.efer.insert(.syscallEnable)
        $0.registers.lstar = 0
      } == "syscall -> #PF (error 0x10, CR2 0x0) at RIP 0x0 on the current stack")
    #expect(chain(.systemCall) { _ in } == "syscall -> #UD at RIP 0x10000019 on RSP0")
    #expect(
      chain(.softwareInterruptAfterStackSwitch(0x80)) { _ in }
        == "mov ss and int 0x80 -> #DB at RIP 0xffffffff80001600 on IST4")
  }

  @Test func returns() {
    func fault(_ engine: Engine, _ change: (inout InterruptFrame) -> Void) -> String {
      var machine = TestMachine.healthy
      machine.editFrame(change)
      guard case .faults(let fault) = predictReturn(.iretq, on: &machine, engine: engine) else { return "" }
      return TextCollector.text { $0.write(fault, at: .iretq) }
    }
    #expect(fault(.architecture) { $0.ss = 0x28 } == "#GP (error 0x28) in Ring 0, at the iretq")
    #expect(fault(.architecture) { $0.rip = 1 << 47 } == "#GP (error 0x0) in Ring 0, at the iretq")
    #expect(
      fault(.qemuTCG72) { $0.rip = 1 << 47 }
        == "#GP (error 0x0) in Ring 3 at RIP 0x800000000000, right behind the iretq")
  }

  @Test func otherEnds() {
    #expect(
      chain { $0.setGate(0x80, selector: 0x33, privilege: 3) }
        == "int 0x80 -> #PF (error 0x15, CR2 0xffffffff80001600) at RIP 0xffffffff80001600 on RSP0")
    #expect(
      chain {
        $0.setGate(14, offset: 0xffff_ffff_8002_0000, interruptStack: 3)
        $0.clear(.pageTable, of: Layout.rsp0 - 8)
      }
        == "int 0x80 -> #PF (error 0x2, CR2 0xffffc90000004ff8) -> #PF again and again until the stack ends")
    #expect(chain { $0.registers.interruptTable = nil } == "int 0x80 -> not known: IDTR is not known")
  }
}
