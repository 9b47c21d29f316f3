import Report
import RingTransition
import X86

extension Rule {
  /// What the page is that the rule found refused, as the subject of a sentence; nil where the finding's own
  /// words say it better.
  var refusedThing: String? {
    switch self {
    case .rsp0FramePagesWritable, .handlerHeadroom: "the kernel stack page"
    case .interruptStackUsable: "the interrupt stack page"
    case .taskStateMapped: "the page of the TSS"
    case .interruptTableMapped: "the page of the IDT"
    case .globalTableMapped: "the page of the GDT"
    case .handlerPageExecutable: "the handler's page"
    case .systemCallTarget: "the page at LSTAR"
    case .rootTableSane: "the kernel's code page"
    default: nil
    }
  }
}

extension Finding {
  /// What to do about a violation, without a full stop; empty where there is nothing to advise.
  public var fixWords: String {
    if let cause { return Render.words { $0.writeFix(for: cause) } }
    return rule.fixWords
  }

  /// The row of the diagnosis catalogue that has the same cure.
  private var cause: Cause? {
    switch rule {
    case .frameReadable: return .returnFrameUnreadable
    case .kernelNestedTaskClear, .ripCanonical: return .returnState
    case .codeDescriptorValid, .stackDescriptorValid: return .returnSelector
    case .accessedBitsSettable, .globalTableAccessedBits: return .accessedBitNotWritable
    case .taskRegisterLoaded: return .taskRegisterNotLoaded
    case .taskStateLimit: return .taskStateLimit
    case .taskStateMapped, .globalTableMapped: return .tablesUnmapped
    case .interruptTableMapped: return .interruptTableUnmapped
    case .interruptTableLimit, .gatePresentAndType, .gateOffsetCanonical: return .gateUnusable
    case .kernelCodeDescriptor: return .codeDescriptorUnusable
    case .handlerPageExecutable: return handlerCause
    case .entryDataMapped: return .handlerUnmapped
    case .rsp0Canonical: return .stackPointerNonCanonical
    case .rsp0Initialised: return .stackPointerZero
    case .rsp0NotUserAccessible: return .stackUserAccessible
    case .handlerHeadroom: return .stackPartlyMapped
    case .interruptStackUsable: return .interruptStackUnmapped
    case .noReservedBits: return .stackReservedBits
    case .rsp0FramePagesWritable: return stackCause
    case .systemCallEnabled: return .systemCallDisabled
    case .systemCallTarget: return .systemCallTarget
    case .systemCallSelectors: return .systemCallSelectors
    case .swapgsBalance: return .swapgsImbalance
    case .systemReturnAddress: return .systemReturnAddress
    default: return nil
    }
  }

  private var handlerCause: Cause {
    guard case .access(let walk, _, _) = evidence, walk.physicalAddress != nil else {
      return .handlerUnmapped
    }
    return walk.rights.isExecutable ? .handlerOnUserPage : .handlerNotExecutable
  }

  private var stackCause: Cause {
    guard case .access(let walk, _, _) = evidence, walk.physicalAddress != nil else { return .stackUnmapped }
    return walk.rights.isWritable ? .stackUserAccessible : .stackReadOnly
  }
}
