import X86

/// RT-006, RT-007, RT-008 and RT-013: the descriptors that the frame's selectors name.
extension Auditor {
  /// The two descriptors of the frame, fetched once for four rules.
  struct FrameSegments: Sendable {
    var code = DescriptorFetch.unknown(.descriptor)
    var stack = DescriptorFetch.unknown(.descriptor)
  }

  mutating func fetchSegments<Memory: PhysicalMemory & ~Copyable>(
    _ frame: InterruptFrame, _ memory: inout Memory
  ) -> FrameSegments {
    FrameSegments(
      code: descriptor(frame.codeSelector, &memory), stack: descriptor(frame.stackSelector, &memory))
  }

  /// The ring that the audited return must reach: 0 only where the frame says so and the site allows it.
  func targetRing(_ frame: InterruptFrame) -> UInt8 { isReturnToKernel(frame) ? 0 : 3 }

  /// RT-006.
  func codeDescriptorValid(_ frame: InterruptFrame, _ segments: FrameSegments) -> Verdict {
    let selector = frame.codeSelector
    switch segments.code {
    case .found(let descriptor, _):
      guard let problem = descriptor.problemAsReturnCode(selector, ring: targetRing(frame)) else {
        return .held
      }
      return .violated(.descriptor(selector, descriptor, problem))
    case .problem(let problem): return .violated(.descriptor(selector, nil, problem))
    case .refused(let probe): return probe.verdict
    case .unknown(let missing): return .unknown(missing)
    }
  }

  /// RT-007.
  func stackDescriptorValid(_ frame: InterruptFrame, _ segments: FrameSegments) -> Verdict {
    let selector = frame.stackSelector
    switch segments.stack {
    case .found(let descriptor, _):
      guard let problem = descriptor.problemAsReturnStack(selector, ring: 3) else { return .held }
      return .violated(.descriptor(selector, descriptor, problem))
    case .problem(let problem): return .violated(.descriptor(selector, nil, problem))
    case .refused(let probe): return probe.verdict
    case .unknown(let missing): return .unknown(missing)
    }
  }

  /// RT-008. Loading a descriptor with A=0 writes it, also when the table is mapped read-only.
  mutating func accessedBitsSettable<Memory: PhysicalMemory & ~Copyable>(
    _ frame: InterruptFrame, _ segments: FrameSegments, _ memory: inout Memory
  ) -> Verdict {
    guard case .found(let code, let codeAddress) = segments.code,
      case .found(let stack, let stackAddress) = segments.stack
    else { return .unknown(.descriptor) }
    if !code.attributes.isAccessed,
      let verdict = refusal(frame.codeSelector, code, codeAddress, &memory)
    {
      return verdict
    }
    if !stack.attributes.isAccessed,
      let verdict = refusal(frame.stackSelector, stack, stackAddress, &memory)
    {
      return verdict
    }
    return .held
  }

  private mutating func refusal<Memory: PhysicalMemory & ~Copyable>(
    _ selector: SegmentSelector, _ descriptor: SegmentDescriptor, _ address: UInt64, _ memory: inout Memory
  ) -> Verdict? {
    switch probe(address &+ 5, .supervisorWrite, &memory).result {
    case .allowed: nil
    case .unknown: .unknown(.memory)
    case .pageFault, .nonCanonical:
      .violated(.descriptor(selector, descriptor, .accessedBitNotWritable))
    }
  }

  /// RT-013. A return to compatibility mode truncates what does not fit 32 bits.
  mutating func compatibilityReturn(_ frame: InterruptFrame, _ segments: FrameSegments) -> Verdict {
    guard case .found(let code, _) = segments.code else { return .unknown(.descriptor) }
    guard !code.attributes.isLong else { return .held }
    let fits = frame.rip <= UInt64(code.limit) && frame.rsp <= UInt64(UInt32.max)
    guard fits else {
      return .violated(.descriptor(frame.codeSelector, code, .compatibilityRange))
    }
    guard case .found(let stack, _) = segments.stack else { return .unknown(.descriptor) }
    // A 16-bit stack segment keeps the upper half of the kernel's ESP, which Ring 3 can then read.
    return stack.attributes.isDefault32
      ? .held : .violated(.descriptor(frame.stackSelector, stack, .compatibilityRange))
  }
}
