import Session
import X86

extension Debuggee {
  /// An RDMSR of the kernel's own, as the live tables have it: in `program`, else on a page with a handler of the IDT.
  /// Nil when there is none.
  public func borrowedInstruction(in program: (any Program)?) -> VirtualAddress? {
    if let known = program?.occurrences(of: Target.readInstruction).first(where: isBorrowable) {
      return known
    }
    var machine = self
    let gates = (try? InterruptTableView(of: &machine))?.gates ?? []
    let pages = Set(gates.filter(\.descriptor.isPresent).map { $0.descriptor.offset.pageBase().rawValue })
    for page in pages.sorted().map(VirtualAddress.init) {
      let code = bytes(at: page, count: Int(PageSize.size4KiB.bytes))
      let found = code.indices.lazy
        .filter { code[$0...].starts(with: Target.readInstruction) }
        .map { page + UInt64($0) }
      if let first = found.first(where: isBorrowable) { return first }
    }
    return nil
  }

  /// True when Ring 0 can execute an RDMSR at `address` now.
  public func isBorrowable(_ address: VirtualAddress) -> Bool {
    var machine = self
    let registers = coreRegisters
    let mode = registers.pagingMode
    let last = address + UInt64(Target.readInstruction.count - 1)
    return [address, last].allSatisfy {
      machine.walk($0, root: registers.cr3.root, mode: mode).result(of: .supervisorFetch, in: mode)
        == .allowed
    } && bytes(at: address, count: Target.readInstruction.count) == Target.readInstruction
  }

  /// The first vector of the machine's 8259A, where QEMU's monitor shows one.
  ///
  ///     pic0: irr=00 imr=ff isr=00 hprio=0 irq_base=20 rr_sel=0 elcr=00 fnm=0
  public var interruptControllerBase: UInt8? {
    guard let text = try? monitor("info pic") else { return nil }
    let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("pic0:") }
    let field = line?.split(separator: " ").first { $0.hasPrefix("irq_base=") }
    return field.flatMap { UInt8($0.dropFirst("irq_base=".count), radix: 16) }
  }
}
