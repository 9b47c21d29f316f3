import Inspect
import Session
import Symbols
import X86

/// Why the machine's memory is looked through for return instructions.
enum SiteLook {
  case startOfCheck
  /// At a stop that came anyway.
  case stop
}

extension RunControl {
  /// How much code is read at one look, by the way that memory is read.
  private var mostBytes: UInt64 {
    switch target.memoryWay {
    case .ram: 256 << 20
    case .packets: 48 << 20
    case .monitor, nil: 1 << 20
    }
  }

  /// Takes the sites from the kernel's file, or those that were named.
  func findSites() throws(CommandFailure) {
    if program == nil, !target.knowsControlRegisters || target.memoryWay == nil {
      throw .noSymbols("check")
    }
    var checker = ReturnChecker(asking: selection)
    do {
      tableLoads = Set(try program?.tableLoadInstructions().map(\.rawValue) ?? [])
      siteWatch.fromFile = try program?.returnInstructions().filter(\.isAudited) ?? []
    } catch { throw .symbols(error) }
    if case .places(let words) = siteWatch.wish {
      for instruction in try namedSites(words) { checker.watch(instruction, .on) }
    } else {
      for instruction in siteWatch.fromFile { checker.watch(instruction, .on) }
    }
    if !checker.sites.isEmpty { siteWatch.trustSites() }
    self.checker = checker
  }

  /// Looks for sites where something has changed and enough time has passed; puts breakpoints there.
  func lookForSitesAtStop() throws(SessionError) {
    guard isChecking, siteWatch.isGlanceDue else { return }
    if lookForSites(.stop) { try settle() }
  }

  /// True where other sites are watched than before.
  @discardableResult
  func lookForSites(_ cause: SiteLook) -> Bool {
    guard case .auto = siteWatch.wish, var checker, target.knowsControlRegisters, target.memoryWay != nil
    else { return false }
    let clock = ContinuousClock()
    let start = clock.now
    let before = checker.watchedSites.map(\.address)
    let loadsBefore = tableLoads.count
    let registers = target.coreRegisters
    guard registers.isLongMode else {
      siteWatch.note(
        glance: clock.now - start, look: nil, isWorking: false, hasSites: !checker.watchedSites.isEmpty)
      return false
    }
    let ranges = ExecutableRanges(in: target, around: [registers.rip])
    let glance = clock.now - start
    var look: (duration: Duration, ranges: ExecutableRanges)?
    if siteWatch.isLookDue(ranges) {
      verifyFile(&checker)
      search(ranges, &checker)
      look = (clock.now - start, ranges)
      siteWatch.looks += 1
    }
    self.checker = checker
    siteWatch.note(
      glance: glance, look: look, isWorking: checker.count > 0, hasSites: !checker.watchedSites.isEmpty)
    return before != checker.watchedSites.map(\.address) || loadsBefore != tableLoads.count
  }

  /// The kernel patches itself: what memory has at a site of the file counts, where it can be read.
  private func verifyFile(_ checker: inout ReturnChecker) {
    for instruction in siteWatch.fromFile {
      let live = liveBytes(instruction.address, 3)
      guard live.count == 3 else { continue }
      // What the kernel declares to be its return is one, whatever stands there.
      let isThere =
        PrivilegedCode.isReturn(live[...]) || declarations.leadsToRingThree(instruction.address.rawValue)
      checker.watch(instruction, isThere ? watch(instruction.address) : .gone)
    }
  }

  /// An IRETQ of the file that only leads behind itself is not watched.
  private func watch(_ address: VirtualAddress) -> ReturnChecker.Watch {
    let runUp = 24
    let bytes = liveBytes(address - UInt64(runUp), runUp + 2)
    guard bytes.count == runUp + 2, bytes[runUp] == 0x48, bytes[runUp + 1] == 0xcf else { return .on }
    return SelfReturn.stands(at: runUp, in: bytes[...], address: address) ? .leadsBack : .on
  }

  private func search(_ ranges: ExecutableRanges, _ checker: inout ReturnChecker) {
    var judged = siteWatch.judged
    guard
      let found = try? ReturnSiteSearch(in: target, ranges, mostBytes: mostBytes, judged: &judged)
    else { return }
    siteWatch.judged = judged
    siteWatch.isComplete = found.isComplete
    // A table that maps the kernel in part shows fewer.
    checker.compatibilityReturns = max(checker.compatibilityReturns, found.compatibilityReturns.count)
    let kvm = runsUnderKVM
    var slots = 4 - breakpoints.insertions.count { $0.kind != .software }
    let known = Set(siteWatch.fromFile.map(\.address.rawValue))
    for site in found.returns where !known.contains(site.address.rawValue) && !isFilesOwn(site.address, 3) {
      let instruction = ReturnInstruction(address: site.address, mnemonic: site.mnemonic)
      var watch = site.leadsBack ? ReturnChecker.Watch.leadsBack : .on
      if kvm, watch == .on {
        // A breakpoint in memory would spoil what is no instruction.
        watch = site.certainty == .sure && slots > 0 ? .onInHardware : .noPlace
        if watch == .onInHardware { slots -= 1 }
      }
      checker.watch(instruction, watch)
    }
    noteLostSites(found, &checker)
    if siteWatch.isWhole(ranges) {
      checker.forgetUnused { !known.contains($0.address.rawValue) && !ranges.holds($0.address) }
    }
    if program == nil, !kvm { tableLoads = found.tableLoads }
  }

  /// What was found by an earlier search and stands there no more, while something else can be read there.
  private func noteLostSites(_ found: ReturnSiteSearch, _ checker: inout ReturnChecker) {
    let there = Set((found.returns.map(\.address) + siteWatch.fromFile.map(\.address)).map(\.rawValue))
    for site in checker.sites where site.watch != .gone && !there.contains(site.address.rawValue) {
      let live = liveBytes(site.address, 3)
      guard live.count == 3, !PrivilegedCode.isReturn(live[...]) else { continue }
      checker.watch(ReturnInstruction(address: site.address, mnemonic: site.instruction), .gone)
    }
  }

  /// True where the kernel's file decides whether an instruction begins at `address`: memory has what the file has.
  private func isFilesOwn(_ address: VirtualAddress, _ count: Int) -> Bool {
    guard let kernel = programs.kernel, kernel.program.holds(address - kernel.slide) else { return false }
    let file = kernel.program.code(at: address - kernel.slide, count: count)
    return file.isEmpty || file == liveBytes(address, file.count)
  }

  private func liveBytes(_ address: VirtualAddress, _ count: Int) -> [UInt8] {
    inserted.hidden(from: target.bytes(at: address, count: count), at: address.rawValue)
  }
}

// MARK: Named places

extension RunControl {
  /// The return instructions in the functions and at the addresses of `--sites`.
  private func namedSites(_ words: [String]) throws(CommandFailure) -> [ReturnInstruction] {
    var sites: [ReturnInstruction] = []
    for word in words {
      if let address = Expression.number(word) {
        sites.append(try namedSite(VirtualAddress(address), word))
        continue
      }
      let addresses = program?.addresses(named: word) ?? []
      guard let start = addresses.first else { throw .noSuchSymbol(word) }
      guard addresses.count == 1 else { throw .ambiguousSymbol(word, addresses.map(\.rawValue)) }
      let function = program?.function(at: start) ?? start.rawValue..<start.rawValue &+ 1
      let inside = siteWatch.fromFile.filter { function.contains($0.address.rawValue) }
      guard !inside.isEmpty else { throw .noReturnInstruction(word) }
      sites += inside
    }
    return sites
  }

  /// Memory decides, where it can be read; then the file; else the user is believed.
  private func namedSite(_ address: VirtualAddress, _ word: String) throws(CommandFailure)
    -> ReturnInstruction
  {
    let known = siteWatch.fromFile.first { $0.address == address }
    let live = target.coreRegisters.isLongMode ? liveBytes(address, 3) : []
    if live.count == 3, PrivilegedCode.isReturn(live[...]) {
      let isInterrupt = live[1] == 0xcf
      return ReturnInstruction(
        address: address,
        mnemonic: isInterrupt ? ReturnInstruction.interruptReturn : ReturnInstruction.systemReturn)
    }
    if let known { return known }
    guard live.isEmpty, program == nil else { throw .noReturnInstruction(word) }
    return ReturnInstruction(address: address, mnemonic: ReturnInstruction.interruptReturn)
  }
}

// MARK: While the machine runs

extension RunControl {
  /// Waits for the next stop that is more than a moment for a look.
  ///
  /// Before the first checked return nobody knows whether the sites are the right ones, or whether there is a kernel at all:
  /// the machine is stopped now and then, and looked at.
  func waitForEvent() throws(SessionError) -> StopEvent {
    let clock = ContinuousClock()
    let end = patience.map { clock.now + $0 }
    while looksWhileRunning {
      let left = end.map { $0 - clock.now }
      if let left, left <= .zero { break }
      do {
        return try target.waitForStop(limit: min(siteWatch.pace, left ?? siteWatch.pace), interrupt: .shared)
      } catch {
        guard case .timedOut = error else { throw error }
      }
      try target.interrupt()
      let event = try target.waitForStop(limit: Self.promptLimit, interrupt: nil)
      guard case .signal(StopEvent.interruptSignal, _, watch: nil) = event else { return event }
      try lookForSitesAtStop()
      // Not stepped: where a breakpoint stands by now the machine stops at once.
      try target.resume()
    }
    let left = end.map { max($0 - clock.now, .milliseconds(1)) }
    do {
      return try target.waitForStop(limit: left, interrupt: .shared)
    } catch {
      guard case .timedOut(let operation, _) = error, let patience else { throw error }
      throw .timedOut(operation: operation, limit: patience)
    }
  }

  private static var promptLimit: Duration { .seconds(10) }

  private var looksWhileRunning: Bool {
    isChecking && siteWatch.wish == .auto && checker?.count == 0 && target.knowsControlRegisters
      && target.memoryWay != nil
  }
}
