import RingTransition
import TestSupport
import Testing
import X86

@Suite struct DeliveryTests {
  private func chain(_ provocation: Provocation, _ engine: Engine) -> DeliveryChain {
    var machine = TestMachine.healthy
    provocation.apply(&machine)
    machine.registers.cr2 = 0
    return deliver(
      provocation.event, to: TestMachine.program(at: provocation.rip), on: &machine, engine: engine)
  }

  @Test(arguments: Provocation.all) func onAProcessor(_ provocation: Provocation) {
    #expect(chain(provocation, .architecture).summary == provocation.architecture)
  }

  @Test(arguments: Provocation.all) func onTCG(_ provocation: Provocation) {
    #expect(chain(provocation, .qemuTCG72).summary == provocation.tcg)
  }
}
