import X86

/// What each system call does. Every pointer goes through ``UserMemory``.
extension KernelSystem where Memory: ~Copyable {
  private static var largestTransfer: UInt64 { 1 << 20 }

  /// Performs `request` of process `index`. A request that must wait is looked at again, unchanged, when the
  /// process runs next.
  public mutating func perform(_ request: SystemCallRequest, by index: Int) -> SystemCallOutcome {
    guard let process = processes[index], let space = process.space else { return .exited }
    guard let call = SystemCall(rawValue: request.number) else {
      return .complete(SystemError.noSuchCall.result)
    }
    do throws(SystemError) {
      switch call {
      case .exit:
        end(index, status: Int32(truncatingIfNeeded: request.first))
        return .exited
      case .write: return .complete(try write(request, space: space, process: process))
      case .read: return try read(request, space: space, index: index)
      case .yield: return .yield(0)
      case .getTime: return .complete(milliseconds)
      case .fork:
        return .forked(child: try forkChild(of: index))
      case .wait: return try wait(request, space: space, index: index)
      case .exec: return try exec(request, space: space, index: index)
      case .archPRCtl: return try archPRCtl(request, space: space, index: index)
      case .getPID, .getTID: return .complete(process.id)
      }
    } catch {
      return .complete(error.result)
    }
  }

  private mutating func write(
    _ request: SystemCallRequest, space: ProcessSpace, process: Process
  ) throws(SystemError) -> UInt64 {
    guard request.first == 1 || request.first == 2 else { throw .badDescriptor }
    let range = UserRange(start: request.second, byteCount: min(request.third, Self.largestTransfer))
    let user = UserMemory(space)
    do {
      // The whole range first: a write that fails has written nothing.
      try user.check(range, for: .userRead, memory: &frames.memory)
      for offset in 0..<range.byteCount {
        let byte = try user.readByte(range.start + offset, memory: &frames.memory)
        console.write(byte)
        witness.wrote(byte, by: process.id)
      }
    } catch {
      throw .badAddress
    }
    return range.byteCount
  }

  private mutating func read(
    _ request: SystemCallRequest, space: ProcessSpace, index: Int
  ) throws(SystemError) -> SystemCallOutcome {
    guard request.first == 0 else { throw .badDescriptor }
    let range = UserRange(start: request.second, byteCount: min(request.third, Self.largestTransfer))
    let user = UserMemory(space)
    do {
      try user.check(range, for: .userWrite, memory: &frames.memory)
      guard range.byteCount > 0 else { return .complete(0) }
      var count: UInt64 = 0
      while count < range.byteCount, let byte = console.read() {
        try user.writeByte(byte, at: range.start + count, memory: &frames.memory)
        count += 1
      }
      if count > 0 { return .complete(count) }
    } catch {
      throw .badAddress
    }
    processes[index]?.state = .waitingForInput
    return .block
  }

  private mutating func wait(
    _ request: SystemCallRequest, space: ProcessSpace, index: Int
  ) throws(SystemError) -> SystemCallOutcome {
    guard let own = processes[index]?.id else { throw .noSuchProcess }
    let wantsAny = request.first == UInt64.max
    var hasChild = false
    for other in 0..<ProcessTable.capacity {
      guard let child = processes[other], child.parent == own, wantsAny || child.id == request.first else {
        continue
      }
      hasChild = true
      guard case .ended(let status) = child.state else { continue }
      try store(status, at: request.second, space: space)
      // Its memory may not be back yet; whoever is without a parent is forgotten by reap().
      processes[other]?.parent = 0
      return .complete(child.id)
    }
    guard hasChild else { throw .noChild }
    processes[index]?.state = .waitingForChild
    return .block
  }

  private mutating func store(_ status: Int32, at address: UInt64, space: ProcessSpace) throws(SystemError) {
    guard address != 0 else { return }
    try store(UInt64(UInt32(bitPattern: status)), byteCount: 4, at: address, space: space)
  }

  /// The low `byteCount` bytes of `value`, all of them or none.
  private mutating func store(
    _ value: UInt64, byteCount: UInt64, at address: UInt64, space: ProcessSpace
  ) throws(SystemError) {
    let user = UserMemory(space)
    let range = UserRange(start: address, byteCount: byteCount)
    do {
      try user.check(range, for: .userWrite, memory: &frames.memory)
      for offset in 0..<byteCount {
        let byte = UInt8(truncatingIfNeeded: value >> (offset * 8))
        try user.writeByte(byte, at: address + offset, memory: &frames.memory)
      }
    } catch {
      throw .badAddress
    }
  }

  /// A base outside the user half is refused. So the sign of GS's base says whose it is, which the entries that may come
  /// at any instruction rely on.
  private mutating func archPRCtl(
    _ request: SystemCallRequest, space: ProcessSpace, index: Int
  ) throws(SystemError) -> SystemCallOutcome {
    guard let operation = BaseOperation(rawValue: request.first), var bases = processes[index]?.bases else {
      throw .invalidArgument
    }
    switch operation {
    case .getFS, .getGS:
      let base = operation == .getFS ? bases.fs : bases.gs
      try store(base, byteCount: 8, at: request.second, space: space)
      return .complete(0)
    case .setFS, .setGS:
      guard request.second < UserRange.limit else { throw .notPermitted }
      if operation == .setFS { bases.fs = request.second } else { bases.gs = request.second }
      processes[index]?.bases = bases
      return .rebased(bases)
    }
  }

  private mutating func exec(
    _ request: SystemCallRequest, space: ProcessSpace, index: Int
  ) throws(SystemError) -> SystemCallOutcome {
    let user = UserMemory(space)
    var path = FileName()
    var address = request.first
    while true {
      let byte: UInt8
      do { byte = try user.readByte(address, memory: &frames.memory) } catch { throw .badAddress }
      if byte == 0 { break }
      guard path.append(byte) else { throw .nameTooLong }
      address &+= 1
    }
    guard let program = archive.file(named: path, memory: &frames.memory) else { throw .noSuchFile }
    do {
      let start = try execute(index, program: program)
      return .started(entry: start.entry, stackPointer: start.stackPointer)
    } catch {
      throw Self.systemError(error)
    }
  }

  private mutating func forkChild(of index: Int) throws(SystemError) -> Int {
    do { return try fork(index) } catch { throw Self.systemError(error) }
  }

  private static func systemError(_ error: CreationError) -> SystemError {
    switch error {
    case .tooManyProcesses: .tryAgain
    case .outOfMemory, .program(.outOfMemory): .outOfMemory
    case .program: .executableFormat
    }
  }
}
