import Testing
import X86

@Suite struct DescriptorTests {
  @Test func codeOfRingThree() {
    let descriptor = SegmentDescriptor(rawValue: 0x00af_fb00_0000_ffff)
    let attributes = descriptor.attributes
    #expect(attributes.isCode && attributes.isLong && attributes.isPresent && attributes.isAccessed)
    #expect(!attributes.isData && !attributes.isDefault32 && !attributes.isConforming)
    #expect(attributes.privilege == 3)
    #expect(descriptor.limit == 0xffff_ffff, "granularity counts pages")
    #expect(descriptor.systemType == nil)
    #expect(!descriptor.isSixteenBytes)
  }

  @Test func dataOfTheKernel() {
    let attributes = SegmentDescriptor(rawValue: 0x00cf_9200_0000_ffff).attributes
    #expect(attributes.isWritableData && attributes.isDefault32 && attributes.isPageGranular)
    #expect(!attributes.isAccessed && !attributes.isCode && attributes.privilege == 0)
    #expect(!SegmentDescriptor(rawValue: 0x00cf_9000_0000_ffff).attributes.isWritableData)
  }

  @Test func conformingCode() {
    #expect(SegmentDescriptor(rawValue: 0x00af_9e00_0000_ffff).attributes.isConforming)
    #expect(!SegmentDescriptor(rawValue: 0x00cf_9600_0000_ffff).attributes.isConforming, "data expands down")
  }

  @Test func taskStateDescriptor() {
    let descriptor = SegmentDescriptor(rawValue: 0x8000_8b01_2000_0067)
    #expect(descriptor.systemType == .busyTSS)
    #expect(descriptor.isSixteenBytes)
    #expect(descriptor.base == 0x8001_2000)
    #expect(descriptor.limit == 0x67)
    #expect(!descriptor.attributes.isCodeOrData && !descriptor.attributes.isAccessed)
  }

  @Test func bitsOfBaseAndLimitAreKeptApart() {
    let descriptor = SegmentDescriptor(rawValue: 0xabcf_93ef_1234_5678)
    #expect(descriptor.base == 0xabef_1234)
    #expect(descriptor.limit == 0xf567_8fff)
    #expect(descriptor.attributes.rawValue == 0xc093, "the limit's bits are not attributes")
    #expect(SegmentDescriptor(rawValue: 0xab4f_93ef_1234_5678).limit == 0xf_5678)
  }

  @Test func undefinedSystemType() {
    let descriptor = SegmentDescriptor(rawValue: 0x0000_8100_0000_0000)
    #expect(descriptor.systemType == nil)
    #expect(!descriptor.isSixteenBytes)
  }

  @Test(arguments: [0, 0xffff_ffff_8000_1234, 0x1234_5678_9abc_def0, .max] as [UInt64])
  func gateRoundTrip(offset: UInt64) {
    let gate = GateDescriptor(
      offset: VirtualAddress(offset), selector: SegmentSelector(rawValue: 0xfff8), type: .trapGate,
      privilege: 3, interruptStack: 7)
    #expect(gate.offset.rawValue == offset)
    #expect(gate.selector.rawValue == 0xfff8)
    #expect(gate.type == .trapGate)
    #expect(gate.privilege == 3 && gate.interruptStack == 7 && gate.isPresent)
    #expect(gate.high >> 32 == 0)
  }

  @Test func gateWithEveryFieldSmall() {
    let gate = GateDescriptor(
      offset: VirtualAddress(0x1000), selector: SegmentSelector(rawValue: 8), type: .interruptGate,
      privilege: 0, interruptStack: 0)
    #expect(gate.low == 0x0000_8e00_0008_1000)
    #expect(gate.high == 0)
    #expect(gate.interruptStack == 0)
  }

  @Test func gateOfAnotherType() {
    let call = GateDescriptor(
      offset: VirtualAddress(0), selector: SegmentSelector(rawValue: 8), type: .callGate, privilege: 0,
      interruptStack: 0)
    #expect(call.type == nil)
    #expect(call.typeField == 0xc)
    let segment = GateDescriptor(low: 0x8e00_0008_1000 | 1 << 44, high: 0)
    #expect(segment.type == nil, "S=1 is no gate")
  }

  @Test func selectors() {
    let user = SegmentSelector(rawValue: 0x33)
    #expect(user.index == 6 && user.requestedPrivilege == 3 && !user.isLocal && !user.isNull)
    #expect(user.tableOffset == 0x30)
    #expect(SegmentSelector(rawValue: 3).isNull)
    #expect(!SegmentSelector(rawValue: 4).isNull, "index 0 of the LDT is not null")
    #expect(SegmentSelector(rawValue: 0x0c).isLocal)
  }

  @Test func tableLimits() {
    let table = TableRegister(base: VirtualAddress(0), limit: 0x80f)
    #expect(table.holds(offset: 0x800, count: 16))
    #expect(!table.holds(offset: 0x801, count: 16))
    #expect(!TableRegister(base: VirtualAddress(0), limit: 0x80e).holds(offset: 0x800, count: 16))
    #expect(!table.holds(offset: .max, count: 16), "arithmetic does not wrap into the table")
  }

  @Test func errorCodes() {
    let gate = SelectorErrorCode.gate(0x80, external: false)
    #expect(gate.rawValue == 0x402 && gate.isGate && gate.index == 0x80 && !gate.isExternal)
    #expect(SelectorErrorCode.gate(0x20, external: true).rawValue == 0x103)
    let selector = SelectorErrorCode.selector(SegmentSelector(rawValue: 0x33), external: false)
    #expect(selector.rawValue == 0x30 && !selector.isGate && !selector.isLocal && selector.index == 6)
    #expect(SelectorErrorCode.selector(SegmentSelector(rawValue: 0x0f), external: false).isLocal)
  }

  @Test func vectorsWithAnErrorCode() {
    let pushing = (UInt8(0)...31).filter { ExceptionVector(rawValue: $0)?.pushesErrorCode == true }
    #expect(pushing == [8, 10, 11, 12, 13, 14, 17, 21, 29, 30])
  }

  @Test func faultClasses() {
    func vectors(_ faultClass: FaultClass) -> [UInt8] {
      (UInt8(0)...31).filter { ExceptionVector(rawValue: $0)?.faultClass == faultClass }
    }
    #expect(vectors(.contributory) == [0, 10, 11, 12, 13, 21])
    #expect(vectors(.pageFault) == [14, 20])
    #expect(vectors(.doubleFault) == [8])
  }
}
