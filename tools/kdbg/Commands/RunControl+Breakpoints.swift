import Inspect
import Session
import X86

extension RunControl {
  /// Puts a breakpoint or watchpoint in; `change` says what is special about it.
  func addBreakpoint(
    _ kind: BreakpointKind = .software, at address: VirtualAddress,
    _ change: (inout UserBreakpoint) -> Void = { _ in }
  ) throws(CommandFailure) -> UserBreakpoint {
    let number = breakpoints.add(kind, at: address).number
    let index = breakpoints.all.count - 1
    change(&breakpoints.all[index])
    if breakpoints.all[index].isWatchpoint {
      breakpoints.all[index].value = value(of: breakpoints.all[index])
    }
    do throws(SessionError) {
      try settle()
    } catch {
      breakpoints.remove(number: number)
      throw refusal(error, kind, address)
    }
    return breakpoints.all[index]
  }

  /// Changes the breakpoints of these numbers.
  func changeBreakpoints(
    _ numbers: [Int], _ change: (inout UserBreakpoint) -> Void
  ) throws(CommandFailure) {
    let before = breakpoints
    for number in numbers {
      guard let index = breakpoints.index(of: number) else {
        breakpoints = before
        throw .noSuchBreakpoint(UInt64(bitPattern: Int64(number)))
      }
      change(&breakpoints.all[index])
    }
    do throws(SessionError) {
      try settle()
    } catch {
      breakpoints = before
      throw .session(error)
    }
  }

  /// False when there is no such breakpoint.
  func removeBreakpoint(number: Int) throws(SessionError) -> Bool {
    guard breakpoints.remove(number: number) != nil else { return false }
    try settle()
    return true
  }

  func removeAllBreakpoints() throws(SessionError) {
    breakpoints.removeAll()
    try settle()
  }

  /// What the target's refusal most likely means.
  private func refusal(
    _ error: SessionError, _ kind: BreakpointKind, _ address: VirtualAddress
  ) -> CommandFailure {
    guard error.category == .refused else { return .session(error) }
    let isMapped = target.bytes(at: address, count: 1).count == 1
    return .breakpointRefused(kind, address.rawValue, isMapped ? .mapped : .unmapped, error)
  }
}

// MARK: At a stop

extension RunControl {
  /// The first breakpoint of the user's that this stop is for. All that it is for are counted, and those that were to
  /// stop the machine once are gone.
  func breakpointHit(rip: UInt64, watch: Watchpoint?) throws(SessionError) -> BreakpointHit? {
    var first: BreakpointHit?
    var done: [Int] = []
    // One write may be seen by several.
    defer { if watch != nil { lookAtWatchedPlaces() } }
    for index in breakpoints.all.indices
    where breakpoints.all[index].isConcerned(rip: rip, watch: watch) {
      guard let hit = try judge(breakpoint: index) else { continue }
      if hit.breakpoint.lifetime == .oneStop { done.append(hit.breakpoint.number) }
      if first == nil { first = hit }
    }
    for number in done { breakpoints.remove(number: number) }
    if !done.isEmpty { try settle() }
    return first
  }

  private func judge(breakpoint index: Int) throws(SessionError) -> BreakpointHit? {
    let breakpoint = breakpoints.all[index]
    var oldValue: UInt64?
    if breakpoint.isWatchpoint {
      oldValue = breakpoint.value
      let value = value(of: breakpoint)
      breakpoints.all[index].value = value
      // As in gdb: a write that changes nothing does not count.
      if case .watchWrite = breakpoint.kind, value == oldValue { return nil }
    }
    if let root = breakpoint.root, root.root != target.coreRegisters.cr3.root { return nil }
    var complaint: CommandFailure?
    if let condition = breakpoint.condition {
      do throws(CommandFailure) {
        guard try condition.expression.value(in: scope) != 0 else { return nil }
      } catch {
        if case .session(let error) = error, error.category == .lost { throw error }
        complaint = error
      }
    }
    breakpoints.all[index].hits += 1
    if complaint == nil, breakpoint.ignored > 0 {
      breakpoints.all[index].ignored -= 1
      return nil
    }
    return BreakpointHit(breakpoint: breakpoints.all[index], oldValue: oldValue, complaint: complaint)
  }

  private func lookAtWatchedPlaces() {
    for index in breakpoints.all.indices where breakpoints.all[index].isWatchpoint {
      breakpoints.all[index].value = value(of: breakpoints.all[index])
    }
  }

  /// What the watched bytes hold, nil where they cannot be read.
  private func value(of breakpoint: UserBreakpoint) -> UInt64? {
    try? scope.memory(breakpoint.unit, at: breakpoint.address.rawValue)
  }
}
