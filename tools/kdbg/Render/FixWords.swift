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
    default: nil
    }
  }
}

extension Finding {
  /// What to do about a violation, without a full stop; empty where there is nothing to advise.
  var fixWords: String {
    if let cause { return Render.words { $0.writeFix(for: cause) } }
    switch rule {
    case .returnsToUser: return "let this path return to selectors with RPL 3 only"
    case .rflagsImageFixedBits: return "check what the kernel put into the frame: it may be shifted by a slot"
    case .ripInUserHalf, .rspImageUser: return "refuse the address when the frame is made"
    case .rflagsImagePolicy: return "make the RFLAGS image from 0x202 and the user's own flags"
    case .compatibilityReturn: return "return to 64-bit code, or keep RIP and RSP below 4 GiB"
    case .userInstructionPage, .userStackPage: return "map the page for Ring 3 before the first return"
    case .noKernelPointers: return "clear the registers that Ring 3 did not bring in"
    case .frameAtExpectedSlot: return "look for an unbalanced push or pop on the way out"
    case .taskStateDescriptorAgrees: return "leave the TSS descriptor alone after LTR"
    case .rsp0Aligned: return "store RSP0 as a multiple of 16"
    case .rsp0BelongsToCurrent: return "write TSS.RSP0 in every context switch, before the return"
    case .rsp0Exclusive: return "give every stack pages of its own"
    case .rsp0FramesSane: return "take the stack's frames from the frame allocator, and map each one once"
    case .guardBelowStack: return "leave the page below the stack unmapped"
    case .doubleFaultHasInterruptStack: return "give the gate of #DF an IST slot of its own"
    default: return ""
    }
  }

  /// The row of the diagnosis catalogue that has the same cure.
  private var cause: Cause? {
    switch rule {
    case .frameReadable: return .returnFrameUnreadable
    case .kernelNestedTaskClear, .ripCanonical: return .returnState
    case .codeDescriptorValid, .stackDescriptorValid: return .returnSelector
    case .accessedBitsSettable: return .accessedBitNotWritable
    case .taskRegisterLoaded: return .taskRegisterNotLoaded
    case .taskStateLimit: return .taskStateLimit
    case .taskStateMapped: return .tablesUnmapped
    case .rsp0Canonical: return .stackPointerNonCanonical
    case .rsp0Initialised: return .stackPointerZero
    case .rsp0NotUserAccessible: return .stackUserAccessible
    case .handlerHeadroom: return .stackPartlyMapped
    case .interruptStackUsable: return .interruptStackUnmapped
    case .noReservedBits: return .stackReservedBits
    case .rsp0FramePagesWritable: return stackCause
    default: return nil
    }
  }

  private var stackCause: Cause {
    guard case .access(let walk, _, _) = evidence, walk.physicalAddress != nil else { return .stackUnmapped }
    return walk.rights.isWritable ? .stackUserAccessible : .stackReadOnly
  }
}
