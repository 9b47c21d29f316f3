import RingTransition
import X86

extension TextSink {
  /// Evidence that sets two things side by side.
  mutating func writeComparison(_ evidence: Evidence) {
    switch evidence {
    case .rootEntry(let slot, let entry, let expected):
      write("PML4[")
      write(decimal: UInt64(slot))
      write("] is ")
      write(hex: entry.rawValue)
      write(", in the reference table ")
      write(hex: expected.rawValue)
    case .shared(let first, let second, let subject, let value):
      writeProcessors(first, second)
      write(" share ")
      write(subject)
      write(", ")
      write(hex: value)
    case .differs(let first, let subject, let value, let second, let other):
      write(subject)
      write(" is ")
      write(hex: value)
      write(" on processor ")
      write(decimal: UInt64(first))
      write(" and ")
      write(hex: other)
      write(" on processor ")
      write(decimal: UInt64(second))
    case .processorStacks(let first, let subject, let stack, let second, let otherSubject, let other):
      writeStack(of: first, subject, stack)
      write(" and ")
      writeStack(of: second, otherSubject, other)
      write(" share memory")
    case .sharedContext(let loaded, let other):
      write("CR3 ")
      write(hex: loaded.rawValue)
      write(" has the PCID of another live table, ")
      write(hex: other.rawValue)
    case .narrowed(let address, let entry, let before):
      write("the entry at ")
      write(hex: address.rawValue)
      write(" was ")
      write(hex: before.rawValue)
      write(" and is ")
      write(hex: entry.rawValue)
      write("; a cached translation may hide that it allows less")
    default: break
    }
  }

  private mutating func writeProcessors(_ first: UInt8, _ second: UInt8) {
    write("processors ")
    write(decimal: UInt64(first))
    write(" and ")
    write(decimal: UInt64(second))
  }

  private mutating func writeStack(of processor: UInt8, _ subject: Subject, _ stack: StackInterval) {
    write("processor ")
    write(decimal: UInt64(processor))
    write("'s ")
    write(subject)
    write(", ")
    write(stack)
  }

  /// What is wrong with a page that a rule about address spaces names, after its address.
  mutating func writeRightsOfTables(_ walk: PageWalk, _ rule: Rule) {
    switch rule.number {
    case 101: write(", in the kernel half, is accessible to Ring 3")
    case 104: write(" is writable and executable")
    case 105: write(", kernel code, is writable")
    case 106: write(", above a kernel stack, is mapped")
    case 107: write(walk.address.isUpperHalf ? " is global and differs" : " is Ring 3's, and global")
    case 110:
      write(walk.address.rawValue == 0 ? ", page 0, is mapped" : " is mapped to itself, as at boot")
    case 111: write(", the last page below the hole, is executable by Ring 3")
    case 113: write(", which an entry needs, is not write-back memory")
    default: break
    }
  }
}
