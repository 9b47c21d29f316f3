import Session
import Testing

/// The log of QEMU 7.2, with the registers' lines cut down to one.
@Suite("QEMU's interrupt log")
struct RecordedEventTests {
  static let tripleFault = """
    000000000000 DR3=0000000000000000
    Servicing hardware INT=0x20
         7: v=20 e=0000 i=0 cpl=3 IP=0033:0000000010000017 pc=0000000010000017 SP=002b:00007fffeffffff0 env->regs[R_EAX]=0000000000000001
    RIP=0000000010000017 RFL=00000246 [---Z-P-] CPL=3 II=0 A20=1 SMM=0 HLT=0
         8: v=80 e=0000 i=1 cpl=3 IP=0033:0000000010000019 pc=0000000010000019 SP=002b:00007fffeffffff0 env->regs[R_EAX]=0000000000000001
    CR0=80010035 CR2=0000000000000000 CR3=0000000000267000 CR4=00000860
    check_exception old: 0xffffffff new 0xe
         9: v=0e e=0002 i=0 cpl=3 IP=0033:0000000010000019 pc=0000000010000019 SP=002b:00007fffeffffff0 CR2=ffffc90000004ff8
    CR0=80010035 CR2=ffffc90000004ff8 CR3=0000000000267000 CR4=00000860
    check_exception old: 0xe new 0xe
        10: v=08 e=0000 i=0 cpl=3 IP=0033:0000000010000019 pc=0000000010000019 SP=002b:00007fffeffffff0 env->regs[R_EAX]=0000000000000001
    EFER=0000000000000d00
    check_exception old: 0x8 new 0xe
    Triple fault
    """

  private func delivery(
    _ vector: UInt8, _ errorCode: UInt64, _ origin: RecordedDelivery.Origin, rip: UInt64 = 0x1000_0019,
    cr2: UInt64? = nil
  ) -> RecordedEvent {
    .delivery(
      RecordedDelivery(
        vector: vector, errorCode: errorCode, origin: origin, privilege: 3, rip: rip,
        rsp: 0x7fff_efff_fff0, faultAddress: cr2))
  }

  @Test("an interrupt, int 0x80, #PF, #DF, the shutdown")
  func all() {
    #expect(
      RecordedEvent.events(in: Self.tripleFault) == [
        delivery(0x20, 0, .external, rip: 0x1000_0017),
        delivery(0x80, 0, .software),
        delivery(14, 2, .exception(during: nil), cr2: 0xffff_c900_0000_4ff8),
        delivery(8, 0, .exception(during: 14)),
        .shutdown,
      ])
  }

  @Test(
    "lines that are none, or cut short",
    arguments: [
      "", "v=0e e=0002", "1: v=", "1: v=0e e=0002 i=0 cpl=3", "x: v=0e e=0002 i=0 cpl=3 IP=0033:0 SP=002b:0",
      "1: v=100 e=0000 i=0 cpl=3 IP=0033:0 SP=002b:0", "check_exception", "Servicing hardware INT=0x20",
      "1: v=0e e=0002 i=0 cpl=3 IP= SP=", "RIP=0000000010000017 RFL=00000246 [---Z-P-] CPL=3",
    ])
  func others(_ line: String) {
    #expect(RecordedEvent.events(in: line).isEmpty)
  }
}
