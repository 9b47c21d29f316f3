import X86

/// CR0, CR2, CR3, CR4 and EFER: what says how linear addresses become physical ones. Many stubs do not give them.
struct ControlRegisters: Equatable {
  var cr0: UInt64
  var cr2: UInt64
  var cr3: UInt64
  var cr4: UInt64
  var efer: UInt64

  static let names = ["cr0", "cr2", "cr3", "cr4", "efer"]

  /// Nil unless `value` has all of them.
  init?(_ value: (String) -> UInt64?) {
    let values = Self.names.compactMap(value)
    guard values.count == Self.names.count else { return nil }
    (cr0, cr2, cr3, cr4, efer) = (values[0], values[1], values[2], values[3], values[4])
  }

  init(cr0: UInt64, cr2: UInt64, cr3: UInt64, cr4: UInt64, efer: UInt64) {
    (self.cr0, self.cr2, self.cr3, self.cr4, self.efer) = (cr0, cr2, cr3, cr4, efer)
  }

  /// Reads the text of QEMU's `info registers`, of processor `cpu` where it shows several.
  ///
  ///     CR0=80010033 CR2=0000000000000000 CR3=0000000000108000 CR4=00000020
  ///     EFER=0000000000000d00
  init?(parsing text: String, cpu: Int) {
    var values: [String: UInt64] = [:]
    var isWanted = !text.contains("CPU#")
    for line in text.split(whereSeparator: \.isNewline) {
      if line.hasPrefix("CPU#") { isWanted = Int(line.dropFirst(4).prefix(while: \.isNumber)) == cpu }
      guard isWanted, line.hasPrefix("CR") || line.hasPrefix("EFER") else { continue }
      for word in line.split(separator: " ") {
        let parts = word.split(separator: "=")
        if parts.count == 2 { values[parts[0].lowercased()] = UInt64(parts[1], radix: 16) }
      }
    }
    self.init { values[$0] }
  }

  func apply(to file: inout RegisterFile) {
    file.cr0 = CR0(rawValue: cr0)
    file.cr2 = cr2
    file.cr3 = CR3(rawValue: cr3)
    file.cr4 = CR4(rawValue: cr4)
    file.efer = EFER(rawValue: efer)
  }
}
