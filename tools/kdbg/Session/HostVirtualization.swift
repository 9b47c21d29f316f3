import Foundation

/// What stands behind `/dev/kvm` on this host.
public enum HostVirtualization: Equatable, Sendable {
  /// VMX or SVM.
  case processor
  /// A KVM that runs the guest's kernel without them, such as `kvm_pvm`: it delivers events in software, not every `int n`
  /// of Ring 3 among them, and a step over `iretq` runs away.
  case software
  /// No KVM, or a host that does not say.
  case unknown

  /// Looks at the modules of the host's kernel.
  public init(modules: String = "/sys/module") {
    func isLoaded(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(modules)/\(name)") }
    if isLoaded("kvm_intel") || isLoaded("kvm_amd") {
      self = .processor
    } else {
      self = isLoaded("kvm") ? .software : .unknown
    }
  }
}

extension Target {
  /// What executes a guest under KVM; nil under another accelerator, and for a machine that may be on another host.
  public var virtualization: HostVirtualization? {
    let isHere = if case .unix = endpoint { true } else { emulator != nil }
    return isHere && accelerator == .kvm ? HostVirtualization() : nil
  }
}
