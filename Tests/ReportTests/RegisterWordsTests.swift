import Report
import RingTransition
import TestSupport
import Testing
import X86

@Suite struct RegisterWordsTests {
  private func text(_ write: (inout TextCollector) -> Void) -> String { TextCollector.text(write) }

  @Test func numbers() {
    #expect(text { $0.write(hex: 0) } == "0x0")
    #expect(text { $0.write(hex: 0x10) } == "0x10")
    #expect(text { $0.write(hex: .max) } == "0xffffffffffffffff")
    #expect(text { $0.write(paddedHex: 0xc9) } == "0x00000000000000c9")
    #expect(text { $0.write(decimal: 0) } == "0")
    #expect(text { $0.write(decimal: 1090) } == "1090")
    #expect(text { $0.write(decimal: .max) } == "18446744073709551615")
    #expect(text { $0.write("✓ done") } == "✓ done")
  }

  @Test func flags() {
    #expect(text { $0.write(RFlags(rawValue: 0x202)) } == "IF")
    #expect(text { $0.write(RFlags(rawValue: 0x3fffd7)) }.hasPrefix("CF PF AF ZF SF TF IF DF OF NT RF VM AC"))
    #expect(text { $0.write(RFlags(rawValue: 0x3002)) } == "IOPL=3")
    #expect(text { $0.write(RFlags.fixedOne) } == "-")
    #expect(text { $0.write(CR0(rawValue: 0x8005_0033)) } == "PE MP ET NE WP AM PG")
    #expect(text { $0.write(CR4(rawValue: 0x30_08a0)) } == "PAE PGE UMIP SMEP SMAP")
    #expect(text { $0.write(EFER(rawValue: 0xd01)) } == "SCE LME LMA NXE")
  }

  @Test func errorCodes() {
    #expect(text { $0.write(PageFaultErrorCode(rawValue: 2)) } == "not present, write, supervisor")
    #expect(text { $0.write(PageFaultErrorCode(rawValue: 0x15)) } == "protection violation, fetch, user")
    #expect(
      text { $0.write(PageFaultErrorCode(rawValue: 0xb)) }
        == "protection violation, write, supervisor, reserved bit")
    #expect(text { $0.write(SelectorErrorCode(rawValue: 0)) } == "no selector")
    #expect(text { $0.write(SelectorErrorCode(rawValue: 0x30)) } == "GDT selector 0x30")
    #expect(text { $0.write(SelectorErrorCode(rawValue: 0xd)) } == "LDT selector 0xc, external")
    #expect(
      text { $0.write(SelectorErrorCode(rawValue: 0x802)) } == "IDT gate 0x100 (0x80 on QEMU TCG)")
    #expect(
      text { $0.write(SelectorErrorCode(rawValue: 0x73)) } == "IDT gate 0xe (0x7 on QEMU TCG), external")
  }

  @Test func descriptors() {
    #expect(
      text { $0.write(SegmentSelector(rawValue: 0x33)) } == "SegmentSelector { index: 6, rpl: Ring3 }")
    #expect(
      text { $0.write(SegmentSelector(rawValue: 0x0c)) }
        == "SegmentSelector { index: 1, table: LDT, rpl: Ring0 }")
    #expect(
      text { $0.write(SegmentDescriptor(rawValue: 0x00af_9e00_0000_ffff)) }
        == "64-bit conforming code, DPL 0, present, not accessed")
    #expect(
      text { $0.write(SegmentDescriptor(rawValue: 0x0000_8900_0000_0067)) }
        == "64-bit TSS (available), DPL 0, present")
    #expect(
      text { $0.write(GateDescriptor(low: 0x1234_ee03_0008_5678, high: 0xffff_ffff)) }
        == "interrupt gate to 0xffffffff12345678, selector 0x8, IST3, DPL 3, present")
    #expect(
      text { $0.write(GateDescriptor(low: 0, high: 0)) }
        == "type 0x0 to 0x0, selector 0x0, no IST, DPL 0, not present")
  }
}
