import X86

/// Predicts what `event` sets off when it interrupts `context` with the state that the machine is in now: the
/// attempts, the faults during delivery and how they combine, up to a handler or to the shutdown. Nothing is
/// executed and no memory is written. `context`'s CS.RPL is the current privilege.
public func deliver<Machine: MachineView & ~Copyable>(
  _ event: Event, to context: InterruptFrame, on machine: inout Machine, engine: Engine = .architecture
) -> DeliveryChain {
  var delivery = Delivery(registers: machine.registers, engine: engine)
  return delivery.run(event, to: context, memory: &machine)
}

/// The loop over attempts. SDM Vol. 3A, 6.15, "Interrupt 8", table 6-5.
struct Delivery: Sendable {
  private var pipeline: DeliveryPipeline

  init(registers: RegisterFile, engine: Engine) {
    pipeline = DeliveryPipeline(
      auditor: Auditor(registers: registers, options: AuditOptions()), engine: engine)
  }

  /// What waits for the end of the delivery.
  private enum PendingTrap: UInt8 {
    case none
    case debug
  }

  /// How one attempt came out.
  private enum Outcome {
    case arrived(Arrival, InterruptFrame)
    case failed(DeliveryFailure, EntryStackChoice?, UInt64?)
    /// The frame is complete and the privilege has changed; then the handler's first instruction faulted.
    case handlerFaulted(Arrival, InterruptFrame, DeliveryFailure)
    case unknown(Missing)
  }

  mutating func run<Memory: PhysicalMemory & ~Copyable>(
    _ event: Event, to context: InterruptFrame, memory: inout Memory
  ) -> DeliveryChain {
    var chain = DeliveryChain(event: event, engine: pipeline.engine, context: context)
    let registers = pipeline.auditor.registers
    guard registers.isLongMode else {
      chain.end = .unknown(.longMode)
      return chain
    }
    guard !registers.cr4.contains(.flexibleEventDelivery), !registers.cr4.contains(.controlFlowEnforcement)
    else {
      chain.end = .unknown(.eventDelivery)
      return chain
    }
    var interrupted = context
    var faultClass = event.faultClass
    var request: DeliveryPipeline.Request
    var pending = PendingTrap.none
    switch event {
    case .systemCall:
      switch pipeline.enterSystemCall(from: context, &memory) {
      case .unknown(let missing):
        chain.end = .unknown(missing)
        return chain
      case .entered(let entry):
        chain.append(
          DeliveryAttempt(vector: nil, errorCode: nil, stack: .current, stackPointer: entry.rsp, failure: nil)
        )
        chain.end = .systemCall(entry)
        return chain
      case .faulted(let failure, let place):
        chain.append(
          DeliveryAttempt(
            vector: nil, errorCode: nil, stack: .current, stackPointer: place.rsp, failure: failure))
        interrupted = place
        faultClass = failure.exception.faultClass
        request = self.request(failure.exception, errorCode: failure.errorCode, at: place.rip)
      }
    case .softwareInterruptAfterStackSwitch where pipeline.engine.contains(.deferredDebugComesFirst):
      request = self.request(.debug, errorCode: 0, at: context.rip)
    case .softwareInterruptAfterStackSwitch(let vector):
      pending = .debug
      request = DeliveryPipeline.Request(
        vector: vector, errorCode: nil, isSoftware: true, savedRIP: context.rip &+ event.instructionLength,
        savesResumeFlag: false)
    case .softwareInterrupt(let vector), .externalInterrupt(let vector):
      request = DeliveryPipeline.Request(
        vector: vector, errorCode: nil, isSoftware: event.isSoftware,
        savedRIP: context.rip &+ event.instructionLength, savesResumeFlag: false)
    case .breakpointInstruction, .nonMaskableInterrupt:
      let exception: ExceptionVector = event == .nonMaskableInterrupt ? .nonMaskableInterrupt : .breakpoint
      request = DeliveryPipeline.Request(
        vector: exception.rawValue, errorCode: nil, isSoftware: event.isSoftware,
        savedRIP: context.rip &+ event.instructionLength, savesResumeFlag: false)
    case .exception(let exception, let errorCode, _):
      request = self.request(exception, errorCode: errorCode, at: context.rip)
    }
    while chain.count < DeliveryChain.capacity {
      switch attempt(request, from: interrupted, &memory) {
      case .unknown(let missing):
        chain.end = .unknown(missing)
        return chain
      case .arrived(let arrival, let handler) where pending == .debug:
        // The first instruction of the handler does not run: the trap is taken there, in Ring 0.
        pending = .none
        chain.append(
          DeliveryAttempt(
            vector: request.vector, errorCode: request.errorCode, stack: arrival.stack,
            stackPointer: arrival.stackTop, failure: .pendingTrap(.value(.frameRIP, handler.rip))))
        interrupted = handler
        faultClass = .benign
        request = self.request(.debug, errorCode: 0, at: handler.rip)
      case .arrived(let arrival, _):
        chain.append(
          DeliveryAttempt(
            vector: request.vector, errorCode: request.errorCode, stack: arrival.stack,
            stackPointer: arrival.stackTop, failure: nil))
        chain.end = .delivered(arrival)
        return chain
      case .failed(let failure, let stack, let pointer):
        chain.append(
          DeliveryAttempt(
            vector: request.vector, errorCode: request.errorCode, stack: stack, stackPointer: pointer,
            failure: failure))
        switch Self.combine(faultClass, failure.exception.faultClass) {
        case .shutdown:
          chain.end = .shutdown
          return chain
        case .doubleFault:
          faultClass = .doubleFault
          request = self.request(.doubleFault, errorCode: 0, at: interrupted.rip)
        case .serial:
          faultClass = failure.exception.faultClass
          request = self.request(failure.exception, errorCode: failure.errorCode, at: interrupted.rip)
        }
      case .handlerFaulted(let arrival, let handler, let failure):
        chain.append(
          DeliveryAttempt(
            vector: request.vector, errorCode: request.errorCode, stack: arrival.stack,
            stackPointer: arrival.stackTop, failure: failure))
        if failure.exception.rawValue == request.vector {
          chain.end = .recursion(vector: request.vector)
          return chain
        }
        interrupted = handler
        faultClass = failure.exception.faultClass
        request = self.request(failure.exception, errorCode: failure.errorCode, at: handler.rip)
      }
    }
    return chain
  }

  private func request(
    _ exception: ExceptionVector, errorCode: UInt64, at rip: UInt64
  ) -> DeliveryPipeline.Request {
    DeliveryPipeline.Request(
      vector: exception.rawValue, errorCode: exception.pushesErrorCode ? errorCode : nil, isSoftware: false,
      savedRIP: rip,
      savesResumeFlag: exception.isFault && !pipeline.engine.contains(.resumeFlagNotSaved))
  }

  /// What a second fault during delivery makes of the first.
  enum Combination: UInt8 {
    /// The second replaces the first.
    case serial
    case doubleFault
    case shutdown
  }

  /// SDM Vol. 3A, table 6-5.
  static func combine(_ first: FaultClass, _ second: FaultClass) -> Combination {
    switch (first, second) {
    case (.doubleFault, .contributory), (.doubleFault, .pageFault): .shutdown
    case (.contributory, .contributory), (.pageFault, .contributory), (.pageFault, .pageFault): .doubleFault
    default: .serial
    }
  }

  private mutating func attempt<Memory: PhysicalMemory & ~Copyable>(
    _ request: DeliveryPipeline.Request, from context: InterruptFrame, _ memory: inout Memory
  ) -> Outcome {
    var chosen: EntryStackChoice?
    var found: UInt64?
    do throws(DeliveryStop) {
      let gate = try pipeline.gate(request, from: context, &memory)
      let (descriptor, address) = try pipeline.codeSegment(gate, request, from: context, &memory)
      let current = context.codeSelector.requestedPrivilege
      let privilege = descriptor.attributes.isConforming ? current : descriptor.attributes.privilege
      let choice: EntryStackChoice =
        if gate.interruptStack != 0 {
          .interruptStack(gate.interruptStack)
        } else if privilege < current {
          .ring(privilege)
        } else {
          .current
        }
      chosen = choice
      let pointer = try pipeline.stackPointer(choice, request, from: context, &memory)
      found = pointer
      let isCanonical = gate.offset.isCanonical(pipeline.auditor.mode.depth)
      if !pipeline.engine.contains(.gateOffsetNotChecked), !isCanonical {
        return .failed(pipeline.handlerFault(request.vector, gate), choice, pointer)
      }
      let top = try pipeline.push(
        request, on: choice, pointer: pointer, privilege: privilege, from: context, &memory)
      try pipeline.setAccessedBit(descriptor, at: address, &memory)
      let arrival = Arrival(
        vector: request.vector, handler: gate.offset, errorCode: request.errorCode,
        savedRIP: request.savedRIP,
        savedRFlags: request.savesResumeFlag ? context.rflags | .resume : context.rflags, stackTop: top,
        stack: choice, privilege: privilege)
      let handler = Self.handlerContext(gate, arrival, from: context)
      guard isCanonical else {
        return .handlerFaulted(arrival, handler, pipeline.handlerFault(request.vector, gate))
      }
      do throws(DeliveryStop) {
        try pipeline.fetchHandler(gate.offset, privilege: privilege, &memory)
      } catch {
        switch error {
        case .fault(let failure): return .handlerFaulted(arrival, handler, failure)
        case .unknown(let missing): return .unknown(missing)
        }
      }
      return .arrived(arrival, handler)
    } catch {
      switch error {
      case .fault(let failure): return .failed(failure, chosen, found)
      case .unknown(let missing): return .unknown(missing)
      }
    }
  }

  /// The registers at the handler's first instruction. SDM Vol. 3A, 6.14.2: SS becomes a null selector when
  /// the privilege changes.
  private static func handlerContext(
    _ gate: GateDescriptor, _ arrival: Arrival, from context: InterruptFrame
  ) -> InterruptFrame {
    let changes = arrival.privilege != context.codeSelector.requestedPrivilege
    var cleared = RFlags.trap | .nestedTask | .resume | .virtual8086
    if gate.type == .interruptGate { cleared.insert(.interruptEnable) }
    return InterruptFrame(
      rip: gate.offset.rawValue, cs: UInt64(gate.selector.rawValue & 0xfffc) | UInt64(arrival.privilege),
      rflags: context.rflags.subtracting(cleared), rsp: arrival.handlerStackPointer,
      ss: changes ? UInt64(arrival.privilege) : context.ss)
  }
}
