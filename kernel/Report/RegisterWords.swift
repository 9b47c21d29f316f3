import X86

extension TextSink {
  /// The set flags of RFLAGS by their names, lowest bit first, with IOPL when it is not 0.
  public mutating func write(_ rflags: RFlags) {
    var words = WordList()
    for flag in 0..<16 {
      let (bit, name): (RFlags, StaticString) =
        switch flag {
        case 0: (.carry, "CF")
        case 1: (.parity, "PF")
        case 2: (.adjust, "AF")
        case 3: (.zero, "ZF")
        case 4: (.sign, "SF")
        case 5: (.trap, "TF")
        case 6: (.interruptEnable, "IF")
        case 7: (.direction, "DF")
        case 8: (.overflow, "OF")
        case 9: (.nestedTask, "NT")
        case 10: (.resume, "RF")
        case 11: (.virtual8086, "VM")
        case 12: (.alignmentCheck, "AC")
        case 13: (.virtualInterrupt, "VIF")
        case 14: (.virtualInterruptPending, "VIP")
        default: (.identification, "ID")
        }
      if rflags.contains(bit) { words.write(name, to: &self) }
    }
    if rflags.ioPrivilegeLevel != 0 {
      words.write("IOPL=", to: &self)
      write(decimal: UInt64(rflags.ioPrivilegeLevel))
    }
    words.end(in: &self)
  }

  public mutating func write(_ cr0: CR0) {
    var words = WordList()
    for flag in 0..<11 {
      let (bit, name): (CR0, StaticString) =
        switch flag {
        case 0: (.protectionEnable, "PE")
        case 1: (.monitorCoprocessor, "MP")
        case 2: (.emulation, "EM")
        case 3: (.taskSwitched, "TS")
        case 4: (.extensionType, "ET")
        case 5: (.numericError, "NE")
        case 6: (.writeProtect, "WP")
        case 7: (.alignmentMask, "AM")
        case 8: (.notWriteThrough, "NW")
        case 9: (.cacheDisable, "CD")
        default: (.paging, "PG")
        }
      if cr0.contains(bit) { words.write(name, to: &self) }
    }
    words.end(in: &self)
  }

  public mutating func write(_ cr4: CR4) {
    var words = WordList()
    for flag in 0..<23 {
      let (bit, name): (CR4, StaticString) =
        switch flag {
        case 0: (.virtual8086Extensions, "VME")
        case 1: (.protectedVirtualInterrupts, "PVI")
        case 2: (.timeStampDisable, "TSD")
        case 3: (.debuggingExtensions, "DE")
        case 4: (.pageSizeExtensions, "PSE")
        case 5: (.physicalAddressExtension, "PAE")
        case 6: (.machineCheckEnable, "MCE")
        case 7: (.pageGlobalEnable, "PGE")
        case 8: (.performanceCounterEnable, "PCE")
        case 9: (.osFXSR, "OSFXSR")
        case 10: (.osXMMExceptions, "OSXMMEXCPT")
        case 11: (.userModeInstructionPrevention, "UMIP")
        case 12: (.fiveLevelPaging, "LA57")
        case 13: (.fsgsbase, "FSGSBASE")
        case 14: (.processContextIdentifiers, "PCIDE")
        case 15: (.osXSAVE, "OSXSAVE")
        case 16: (.supervisorExecutionPrevention, "SMEP")
        case 17: (.supervisorAccessPrevention, "SMAP")
        case 18: (.protectionKeys, "PKE")
        case 19: (.controlFlowEnforcement, "CET")
        case 20: (.supervisorProtectionKeys, "PKS")
        case 21: (.addressSpaceSeparation, "LASS")
        default: (.flexibleEventDelivery, "FRED")
        }
      if cr4.contains(bit) { words.write(name, to: &self) }
    }
    words.end(in: &self)
  }

  public mutating func write(_ efer: EFER) {
    var words = WordList()
    for flag in 0..<4 {
      let (bit, name): (EFER, StaticString) =
        switch flag {
        case 0: (.syscallEnable, "SCE")
        case 1: (.longModeEnable, "LME")
        case 2: (.longModeActive, "LMA")
        default: (.noExecuteEnable, "NXE")
        }
      if efer.contains(bit) { words.write(name, to: &self) }
    }
    words.end(in: &self)
  }
}
