import Testing
import X86

@Suite struct AddressTests {
  @Test func physicalAddressesAreFiftyTwoBits() {
    #expect(PhysicalAddress(exactly: 1 << 52) == nil)
    #expect(PhysicalAddress(exactly: (1 << 52) - 1)?.rawValue == (1 << 52) - 1)
    #expect(PhysicalAddress(truncating: .max).rawValue == (1 << 52) - 1)
  }

  @Test func pageArithmetic() {
    let address = VirtualAddress(0xffff_ffff_8012_3456)
    #expect(address.pageBase().rawValue == 0xffff_ffff_8012_3000)
    #expect(address.pageBase(.size2MiB).rawValue == 0xffff_ffff_8000_0000)
    #expect(address.offset(in: .size2MiB) == 0x12_3456)
    #expect((VirtualAddress(0) - 8).rawValue == 0xffff_ffff_ffff_fff8)
    #expect(PhysicalFrame(containing: PhysicalAddress(truncating: 0x1fff)).number == 1)
  }

  @Test func rootIsTakenFromCR3Alone() {
    let cr3 = CR3(rawValue: 0x8000_0000_1234_5fff)
    #expect(cr3.root.address.rawValue == 0x1234_5000)
    #expect(cr3.lowBits == 0xfff)
  }

  @Test func longModeNeedsAllItsBits() {
    var registers = RegisterFile()
    #expect(!registers.isLongMode)
    registers.cr0 = .protectionEnable | .paging
    registers.cr4 = .physicalAddressExtension
    registers.efer = .longModeEnable | .longModeActive
    #expect(registers.isLongMode)
    registers.cr0.remove(.paging)
    #expect(!registers.isLongMode)
  }

  @Test func modeFollowsTheControlRegisters() {
    var registers = RegisterFile()
    #expect(
      registers.pagingMode
        == PagingMode(
          depth: .four, physicalAddressBits: 52, noExecuteEnabled: false, writeProtect: false))
    registers.cr0 = .writeProtect
    registers.cr4 = .fiveLevelPaging | .supervisorAccessPrevention | .supervisorExecutionPrevention
    registers.efer = .noExecuteEnable
    registers.physicalAddressBits = 36
    #expect(
      registers.pagingMode
        == PagingMode(
          depth: .five, physicalAddressBits: 36, noExecuteEnabled: true, writeProtect: true,
          preventsSupervisorFetch: true, preventsSupervisorAccess: true))
  }

  @Test func bitSets() {
    var flags = RFlags.carry | .zero
    #expect(flags.contains(.carry) && !flags.contains(.carry | .sign) && flags.contains(.none))
    flags.insert(.sign)
    flags.remove(.carry)
    #expect(flags == .zero | .sign)
    #expect(flags.subtracting(.zero) == .sign)
    #expect(RFlags(rawValue: 3 << 12).ioPrivilegeLevel == 3)
  }
}
