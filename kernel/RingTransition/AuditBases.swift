import X86

/// RT-151 and RT-160...RT-163: what the thread takes along.
extension Auditor {
  /// RT-151.
  mutating func noLockHeld() -> Verdict {
    guard let depth = options.lockDepth else { return .unknown(.lockDepth) }
    return depth == 0 ? .held : .violated(.value(.lockDepth, depth))
  }

  /// RT-160. With WRGSBASE Ring 3 may choose any canonical base.
  mutating func userBasesCanonical() -> Verdict {
    guard let fsBase = registers.fsBase, let gsBase = registers.gsBase else { return .unknown(.segmentBases) }
    let mayBeUpper = registers.cr4.contains(.fsgsbase)
    for position in 0..<2 {
      let base = VirtualAddress(position == 0 ? fsBase : gsBase)
      // A kernel without SWAPGS may leave its own base in GS.
      let isOwn = position == 1 && options.swapgs == .unused
      guard base.isCanonical(mode.depth), mayBeUpper || isOwn || !base.isUpperHalf else {
        return .violated(.value(position == 0 ? .fsBase : .gsBase, base.rawValue))
      }
    }
    return .held
  }

  /// RT-162. Another thread's base is another thread's secrets.
  mutating func basesBelongToThread() -> Verdict {
    guard options.expectedFSBase != nil || options.expectedGSBase != nil else {
      return .skipped(.notDeclared)
    }
    if let expected = options.expectedFSBase {
      guard let base = registers.fsBase else { return .unknown(.segmentBases) }
      guard base == expected else {
        return .violated(.mismatch(.fsBase, actual: base, expected: expected))
      }
    }
    if let expected = options.expectedGSBase {
      guard let base = registers.gsBase else { return .unknown(.segmentBases) }
      guard base == expected else {
        return .violated(.mismatch(.gsBase, actual: base, expected: expected))
      }
    }
    return .held
  }

  /// RT-163. With FSGSBASE Ring 3 can make its base look like the kernel's.
  mutating func paranoidEntry() -> Verdict {
    guard options.swapgs != .unused else { return .skipped(.swapgs) }
    guard registers.cr4.contains(.fsgsbase) else { return .skipped(.featureOff) }
    switch options.paranoidEntry {
    case .unknown: return .skipped(.notDeclared)
    case .independent: return .held
    case .signOfBase: return .violated(.value(.entryMethod, registers.gsBase ?? 0))
    }
  }
}
