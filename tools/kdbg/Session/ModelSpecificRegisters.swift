import X86

/// The registers that decide how SYSCALL enters and how memory is typed, as one processor has them. Nil: not known.
struct ModelSpecificRegisters: Equatable {
  var star: UInt64?
  var lstar: UInt64?
  var cstar: UInt64?
  var syscallMask: UInt64?
  var sysenterCS: UInt64?
  var sysenterESP: UInt64?
  var sysenterEIP: UInt64?
  var pageAttributeTable: UInt64?
  var apicBase: UInt64?
  var features = ProcessorFeatures()
  var vendor = ProcessorVendor.unknown

  /// SDM Vol. 4, table 2-2.
  static var numbers: [(UInt32, WritableKeyPath<ModelSpecificRegisters, UInt64?>)] {
    [
      (0xc000_0081, \.star), (0xc000_0082, \.lstar), (0xc000_0083, \.cstar), (0xc000_0084, \.syscallMask),
      (0x174, \.sysenterCS), (0x175, \.sysenterESP), (0x176, \.sysenterEIP), (0x277, \.pageAttributeTable),
      (0x1b, \.apicBase),
    ]
  }

  /// Fills in what is known, and keeps what the stub gave.
  func apply(to file: inout RegisterFile) {
    file.star = star ?? file.star
    file.lstar = lstar ?? file.lstar
    file.cstar = cstar ?? file.cstar
    file.syscallMask = syscallMask ?? file.syscallMask
    file.sysenterCS = sysenterCS ?? file.sysenterCS
    file.sysenterESP = sysenterESP ?? file.sysenterESP
    file.sysenterEIP = sysenterEIP ?? file.sysenterEIP
    file.pageAttributeTable = pageAttributeTable ?? file.pageAttributeTable
    file.apicBase = apicBase ?? file.apicBase
    file.features = features
    file.vendor = vendor
  }
}
