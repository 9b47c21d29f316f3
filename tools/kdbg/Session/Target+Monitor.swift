extension Target {
  /// Runs a command of QEMU's human monitor on behalf of the selected processor and returns its text.
  public func monitor(_ command: String) throws(SessionError) -> String {
    try requireStopped(resumable: false)
    return try attempt { () throws(SessionError) in
      let text =
        if let emulator {
          try emulator.monitor.humanMonitor(command, cpu: try selectedCPU())
        } else {
          try client.monitor(command)
        }
      // It may have changed anything.
      invalidate()
      return text
    }
  }

  /// How QEMU runs the guest; nil where it is not known.
  public var accelerator: Accelerator? {
    if let knownAccelerator { return knownAccelerator }
    guard dialect.isQEMU, state != .ended, state != .running else { return nil }
    let text = try? client.monitor("info kvm")
    let accelerator: Accelerator? = text.map { $0.contains("enabled") ? .kvm : .tcg }
    knownAccelerator = .some(accelerator)
    return accelerator
  }
}
