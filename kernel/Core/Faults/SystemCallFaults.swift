extension InjectedFault {
  /// The ways of SYSCALL and SYSRET, and the GS base.
  var systemCallFault: FaultDescription {
    switch self {
    case .entryUnmapped:
      .init(54, "lstar-unmapped", "the process's table does not map the page that LSTAR names", act: .sys)
    case .entryZero: .init(54, "lstar-zero", "LSTAR is 0", act: .sys)
    case .maskZero: .init(56, "sfmask-zero", "SFMASK is 0: SYSCALL masks no flag", act: .tf)
    case .starRing0: .init(57, "star-rpl0", "STAR[63:48] has RPL 0", act: .sys)
    case .systemReturnNonCanonical:
      .init(58, "sysret-noncanon", "RCX is 0x0000800000000000 at the first SYSRET", act: .sys)
    case .systemCallDisabled: .init(59, "sce0", "EFER.SCE=0", act: .sys)
    case .swapMissing:
      .init(60, "swapgs-missing", "the return to Ring 3 leaves out its `swapgs`", act: .sys)
    default: .init(60, "swapgs-double", "the return to Ring 3 executes `swapgs` twice", act: .sys)
    }
  }
}
