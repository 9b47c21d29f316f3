import Inspect
import Session
import X86

/// The check by `--mode changes`: at which returns the machine need not stop, and what it stops at instead.
///
/// A site rests once a return there was audited and held. It rests as long as nothing is written to what that audit
/// stood on and no instruction is met that loads a register which belongs to it; the order in which a kernel does these
/// things does not matter, because each of them alone wakes every site.
struct ChangeWatch {
  /// What woke the sites.
  enum Cause: CaseIterable {
    /// A load of CR3.
    case rootTable
    /// A load of TR, LDTR, GDTR, IDTR, a debug register, CR0, CR4, XCR0, PKRU or a model-specific register.
    case register
    /// A write to the TSS, to a descriptor or to a page-table entry.
    case write
  }

  /// The stops of the machine that were no returns.
  struct Counts {
    var rootTable = 0
    var register = 0
    var write = 0
    /// Writes that changed nothing, or were to what a process stands on that does not run, and model-specific registers
    /// of one thread.
    var idle = 0

    mutating func add(_ cause: Cause) {
      switch cause {
      case .rootTable: rootTable += 1
      case .register: register += 1
      case .write: write += 1
      }
    }
  }

  /// More are not kept: processes that ran last.
  private static let mostSets = 16

  /// Addresses of instructions.
  let rootTableLoads: Set<UInt64>
  let registerLoads: Set<UInt64>
  let capacity: WatchCapacity

  private(set) var counts = Counts()
  /// The sites at which the machine does not stop now.
  private(set) var resting: Set<UInt64> = []
  /// What the audits of the resting sites stood on, and before it that of processes that ran earlier. The latest last.
  private(set) var sets: [WatchedSet] = []
  private var current = 0
  /// Where the machine has stopped for nothing, because no site was at rest.
  private var metAwake: Set<Insertion> = []
  var aliases: KernelAliases?

  /// Returns that held and left nothing to watch: their sites do not rest.
  var restlessReturns = 0

  init(rootTableLoads: Set<UInt64>, registerLoads: Set<UInt64>, capacity: WatchCapacity) {
    self.rootTableLoads = rootTableLoads
    self.registerLoads = registerLoads
    self.capacity = capacity
  }

  /// The sets of the resting sites.
  private var currentSets: ArraySlice<WatchedSet> { sets.suffix(current) }

  /// Nothing before the first site rests. While none does, every return stops, and what was met then before is left out:
  /// a switch between processes meets the same few places each time.
  var insertions: Set<Insertion> {
    guard !sets.isEmpty else { return [] }
    return resting.isEmpty ? allInsertions.subtracting(metAwake) : allInsertions
  }

  private var allInsertions: Set<Insertion> {
    var all = Set(rootTableLoads.union(registerLoads).map { Insertion(.software, at: $0) })
    for set in capacity == .unlimited ? sets[...] : currentSets {
      for place in set.places {
        all.insert(Insertion(.watchWrite(byteCount: place.byteCount), at: place.address))
      }
    }
    return all
  }

  /// What the latest set leaves without watch.
  var coverage: (watched: Int, unwatched: Int)? { sets.last.map { ($0.watched, $0.unwatched) } }

  /// The site at `address` rests: what the audit there stood on is watched from now on.
  mutating func rest(_ address: UInt64, on set: WatchedSet) {
    resting.insert(address)
    let wasCurrent = currentSets.contains { $0.isSame(as: set) }
    sets.removeAll { $0.isSame(as: set) }
    sets.append(set)
    if !wasCurrent { current += 1 }
    if sets.count > max(Self.mostSets, current) { sets.removeFirst() }
  }

  /// Every return is stopped at again.
  mutating func wake() {
    resting = []
    current = 0
  }

  /// What a stop at `rip`, or for a write to `address`, is about. Behind a write may stand a load, which nothing else
  /// stops at before it is executed.
  func causes(rip: UInt64, written address: UInt64?) -> [Cause] {
    var causes: [Cause] = []
    if let address, sets.contains(where: { $0.holds(address) }) { causes.append(.write) }
    if rootTableLoads.contains(rip) { causes.append(.rootTable) }
    if registerLoads.contains(rip) { causes.append(.register) }
    return causes
  }

  /// Takes note of a stop. True where it may have changed what the resting sites stand on.
  ///
  /// - Parameter code: what stands at RIP.
  mutating func note(
    _ cause: Cause, written address: UInt64?, code: [UInt8], in machine: some Debuggee
  ) -> Bool {
    if resting.isEmpty { noteMetAwake(machine.coreRegisters.rip, written: address) }
    if isIdle(cause, written: address, code, machine) {
      counts.idle += 1
      return false
    }
    counts.add(cause)
    return true
  }

  private mutating func noteMetAwake(_ rip: UInt64, written address: UInt64?) {
    for insertion in allInsertions {
      let isMet = insertion.stopsExecution ? insertion.address == rip : address.map(insertion.holds) ?? false
      if isMet { metAwake.insert(insertion) }
    }
  }

  private mutating func isIdle(
    _ cause: Cause, written address: UInt64?, _ code: [UInt8], _ machine: some Debuggee
  ) -> Bool {
    switch cause {
    case .rootTable: return false
    case .register:
      let number = machine.coreRegisters.general[RegisterFile.rcxNumber]
      return PrivilegedCode.isModelSpecificWrite(code[...])
        && ThreadRegister.numbers.contains(UInt32(truncatingIfNeeded: number))
    case .write:
      guard let address, !resting.isEmpty else { return false }
      guard currentSets.contains(where: { $0.holds(address) }) else {
        // A process that does not run is audited before it rests again.
        sets.removeAll { $0.holds(address) }
        return true
      }
      var memory = machine
      return currentSets.allSatisfy { $0.stillHolds(in: &memory) }
    }
  }
}

extension Insertion {
  fileprivate func holds(_ address: UInt64) -> Bool { address &- self.address < UInt64(kind.byteCount) }
}

extension WatchedSet {
  fileprivate func holds(_ address: UInt64) -> Bool { places.contains { $0.holds(address) } }
}

/// Model-specific registers that a kernel writes as a matter of course, and on which no answer hangs that is kept: those of
/// one thread, of timers, of the interrupt controller. SDM Vol. 4.
private enum ThreadRegister {
  static let numbers: Set<UInt32> = [
    // FS base, GS base, KERNEL_GS_BASE, TSC_AUX.
    0xc000_0100, 0xc000_0101, 0xc000_0102, 0xc000_0103,
    // TSC, SPEC_CTRL, PRED_CMD, TSC_DEADLINE.
    0x10, 0x48, 0x49, 0x6e0,
    // The local APIC in x2APIC mode: EOI, ICR, initial count.
    0x80b, 0x830, 0x838,
  ]
}
