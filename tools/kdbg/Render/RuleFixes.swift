import RingTransition

/// What to do about a violated rule where no row of the diagnosis catalogue has the same cure. By number, since the
/// catalogue is a list of numbers.
extension Rule {
  /// One sentence without its end; empty for a number that the catalogue does not have.
  var fixWords: String {
    switch number {
    case ..<20: frameFix
    case ..<60: stackFix
    case ..<90: tableFix
    case ..<120: addressSpaceFix
    case ..<140: systemCallFix
    case ..<170: stateFix
    default: processorFix
    }
  }

  private var frameFix: String {
    switch number {
    case 2: "assemble iretq, with REX.W"
    case 4: "let this path return to selectors with RPL 3 only"
    case 9: "check what the kernel put into the frame: it may be shifted by a slot"
    case 10, 11: "refuse the address when the frame is made"
    case 12: "make the RFLAGS image from 0x202 and the user's own flags"
    case 13: "return to 64-bit code, or keep RIP and RSP below 4 GiB"
    case 14, 15: "map the page for Ring 3 before the first return"
    case 16: "clear the registers that Ring 3 did not bring in"
    case 17: "look for an unbalanced push or pop on the way out"
    default: ""
    }
  }

  private var stackFix: String {
    switch number {
    case 23: "leave the TSS descriptor alone after LTR"
    case 29: "store RSP0 as a multiple of 16"
    case 30: "write TSS.RSP0 in every context switch, before the return"
    case 31: "give every stack pages of its own"
    case 32: "take the stack's frames from the frame allocator, and map each one once"
    case 33: "leave the page below the stack unmapped"
    case 34:
      "point the I/O map base beyond the TSS limit, or set every bit of the bitmap and the byte behind it"
    case 35: "clear U/S on the path of the TSS, and map its frame nowhere else"
    case 36: "zero the reserved fields, and check that the TSS has the 64-bit layout"
    case 37: "align the TSS so that it does not cross a page"
    case 40: "give the gate of #DF an IST slot of its own"
    case 41: "give the gates of NMI and #MC IST slots of their own"
    case 44: "give every vector that can nest an IST slot and a stack of its own"
    case 45: "leave the page below each IST stack unmapped"
    case 46: "use IST 0 for vectors whose handlers can be interrupted by themselves"
    case 47: "give every processor IST stacks of its own"
    case 48: "copy the frame to the thread's stack before the return"
    case 49: "execute no iretq while an NMI handler is active but its own"
    case 50: "refuse breakpoints on kernel addresses, and give #DB an IST stack"
    case 51: "set CR4.MCE and install the gate of #MC"
    default: ""
    }
  }

  private var tableFix: String {
    switch number {
    case 66: "zero the reserved bits when the gate is built"
    case 67: "give DPL 3 to the gates that Ring 3 may call with int n, and to no other"
    case 68: "use interrupt gates where the entry code executes swapgs or changes CR3"
    case 71: "map the handlers supervisor and read-only"
    case 72: "put the address of the kernel's own entry code into the gate"
    case 74: "remap the controller to vectors from 0x20 on, or mask it"
    case 75: "point the gates of unused vectors at a handler that is mapped, or clear P"
    case 80: "load LDTR with the null selector, or map its table supervisor"
    case 81: "copy the descriptors of Ring 3 out of its LDT before they are used, and lock the LDT meanwhile"
    case 82: "clear U/S on the paths of GDT, IDT, TSS and LDT"
    case 83: "map GDT and IDT read-only, with accessed bits set before"
    case 84: "remove call gates and system descriptors with DPL 3"
    case 85: "lay out the GDT as STAR implies: kernel code and data; user data, then user code"
    default: ""
    }
  }

  private var addressSpaceFix: String {
    switch number {
    case 91: "load CR3 with the frame of the process's root table and nothing else"
    case 92: "take page tables from the frame allocator, which hands out RAM only"
    case 93: "map the page to RAM"
    case 94: "load the current process's table, and free a table only when no processor has it"
    case 100: "share the entries of the kernel half with every table, from the root level on"
    case 101: "clear U/S in the kernel half"
    case 102: "do not map the kernel's frames for Ring 3"
    case 103: "clear U/S on every mapping of a page table"
    case 104: "map no page writable and executable at once"
    case 105: "map the kernel's code read-only, and its constants no-execute"
    case 106: "leave the pages beside each stack unmapped"
    case 107: "set G only on kernel pages that are the same in every table"
    case 108: "give each address space a PCID of its own, or flush when one is used again"
    case 109: "invalidate the TLB of every processor whenever an entry loses rights"
    case 110: "remove the identity mapping of the boot, and leave page 0 unmapped"
    case 111: "leave the last page below the canonical hole unmapped"
    case 112: "align large pages to their size, and use only the sizes that the processor has"
    case 113: "map stacks and tables write-back"
    case 114: "keep page tables in RAM that the processor can write"
    case 115: "map each of the kernel's frames once"
    default: ""
    }
  }

  private var systemCallFix: String {
    switch number {
    case 122: "point CSTAR at a stub that refuses, and set SYSENTER_CS to 0 or give SYSENTER a stack"
    case 124: "set SFMASK to 0x47700"
    case 127: "make R11 from 0x202 and the user's own flags"
    case 128: "leave the last page below the canonical hole unmapped"
    case 129: "assemble sysretq, with REX.W"
    case 130: "clear IF before RSP and GS are Ring 3's"
    case 131: "load SS with a valid selector before sysretq"
    case 132: "map the stack that the SYSCALL entry loads in every table"
    default: ""
    }
  }

  private var stateFix: String {
    switch number {
    case 140: "enter long mode with PAE, LME and PG before Ring 3 is entered"
    case 141: "set CR0.WP"
    case 142: "set EFER.NXE on every processor before a table with no-execute pages is loaded"
    case 143: "set SMEP, SMAP and UMIP in CR4 where the processor has them"
    case 144: "clear IF, NT, AC and TF on the way out"
    case 145: "write 0 to CR8 before the return"
    case 146: "set CR4 alike on every processor, once, at boot"
    case 147: "give the keys of stacks and tables write access in IA32_PKRS"
    case 148: "put everything that an entry touches into the upper half"
    case 149: "clear CR4.PCE, and set CR0.NE, MP and TS as the FPU code expects"
    case 151: "release every lock before the return"
    case 160: "refuse bases that are not canonical or not Ring 3's"
    case 161: "load null or Ring 3's selectors into DS, ES, FS and GS before the return"
    case 162: "write FS_BASE and GS_BASE in every context switch"
    case 163: "find the kernel's GS base without trusting the present one's sign"
    default: ""
    }
  }

  private var processorFix: String {
    switch number {
    case 170: "give every processor a TSS of its own"
    case 171: "give every processor stacks of its own"
    case 172: "let one processor at a time run a thread"
    case 173: "use a TSS descriptor per processor, and leave it alone after LTR"
    case 174: "write KERNEL_GS_BASE with each processor's own block"
    case 175: "bring up every processor with the same control registers, MSRs and IDT"
    case 176: "map every processor's own area in every table, also in those that are older"
    case 177: "switch every processor away from a table before it is freed"
    case 178: "wait for every processor's answer before a frame is used again"
    default: ""
    }
  }
}
