import Foundation
import Session
import Symbols
import Testing
import X86

/// Where an address ends in the tables, as far as the coverage of the test is concerned.
private enum Ending: Hashable {
  case leaf(PageSize)
  case absent(PagingLevel)
  case nonCanonical
}

@Suite("kdbg's walk against QEMU's own")
struct DifferentialWalkTests {
  private static let addressCount = 10_000

  /// Enough memory for gigabyte leaves in the physical window, none of which is touched.
  private func launch() throws -> Target {
    let options = LaunchOptions(
      kernel: KernelBuild.release.path, initrd: Repository.initrd, commandLine: "init=/echo", memory: "3G")
    return try Target.launch(options)
  }

  /// Linear addresses at both sides of the beginning and the end of every run of mapped pages, and inside.
  private func mappedAddresses(_ target: inout Target, _ root: PhysicalFrame, _ mode: PagingMode) -> [UInt64]
  {
    var addresses: [UInt64] = []
    func visit(_ table: PhysicalFrame, _ level: PagingLevel, _ base: UInt64) {
      for index in 0..<512 {
        guard let raw = target.load(table.address + UInt64(index) * 8) else { continue }
        let entry = PageTableEntry(rawValue: raw)
        guard entry.isPresent else { continue }
        let shift = 3 + 9 * UInt64(level.rawValue)
        var start = base | UInt64(index) << shift
        if level == .pml4, index >= 256 { start |= 0xffff << 48 }
        if entry.isLeaf(at: level) || level.next == nil {
          let end = start &+ 1 << shift
          addresses += [start &- 1, start, start | 0xabc, end &- 8, end &- 1, end]
        } else if let next = level.next {
          visit(entry.frame, next, start)
        }
      }
    }
    visit(root, mode.depth.root, 0)
    return addresses
  }

  /// Addresses that end at each level of absence: one bit pattern away from something that is mapped.
  private func nearMisses(_ mapped: [UInt64], using generator: inout SystemRandomNumberGenerator) -> [UInt64]
  {
    (0..<4000).compactMap { _ in
      guard let near = mapped.randomElement(using: &generator) else { return nil }
      return near
        ^ (UInt64.random(in: 1..<512, using: &generator) << [12, 21, 30, 39].randomElement(using: &generator)!)
    }
  }

  private func compare(_ target: inout Target) throws -> [Ending: Int] {
    let registers = target.registers
    let root = registers.cr3.root
    let mode = registers.pagingMode
    var generator = SystemRandomNumberGenerator()
    let interesting = mappedAddresses(&target, root, mode)
    var sample = Set(interesting.shuffled(using: &generator).prefix(Self.addressCount * 2 / 3))
    sample.formUnion(nearMisses(interesting, using: &generator))
    while sample.count < Self.addressCount {
      sample.insert(UInt64.random(in: 0...UInt64.max, using: &generator))
    }
    var endings: [Ending: Int] = [:]
    for address in sample {
      let walk = target.walk(VirtualAddress(address), root: root, mode: mode)
      let theirs = try target.monitor("gva2gpa 0x" + String(address, radix: 16))
      let ours = walk.physicalAddress.map { "gpa: 0x" + String($0.rawValue, radix: 16) } ?? "Unmapped"
      // QEMU prints 0 without a prefix.
      let expected = ours == "gpa: 0x0" ? "gpa: 0" : ours
      #expect(
        theirs.trimmingCharacters(in: .whitespacesAndNewlines) == expected, "\(String(address, radix: 16))")
      switch walk.outcome {
      case .mapped(_, let size): endings[.leaf(size), default: 0] += 1
      case .notPresent(let level): endings[.absent(level), default: 0] += 1
      case .nonCanonical: endings[.nonCanonical, default: 0] += 1
      case .reservedBits, .unreadable: Issue.record("a healthy kernel has no such entry")
      }
    }
    return endings
  }

  @Test("10,000 addresses in a process's table and in the kernel's")
  func walks() throws {
    var target = try launch()
    defer { target.kill() }
    let image = try ELFImage(path: KernelBuild.release.path)
    let site = try #require(image.address(of: "user_return"))
    try target.insertBreakpoint(.software, at: site)
    try target.resume()
    _ = try target.waitForStop(limit: .seconds(240))
    var endings = try compare(&target)
    try target.removeBreakpoint(.software, at: site)

    // The echo program waits for the console, and the kernel idles on its own table.
    func idles() throws -> Bool {
      try target.resume()
      Thread.sleep(forTimeInterval: 0.2)
      try target.interrupt()
      _ = try target.waitForStop(limit: .seconds(240))
      return try target.monitor("info registers").contains("HLT=1")
    }
    #expect(try waits(while: { true }, for: idles))
    endings.merge(try compare(&target)) { $0 + $1 }

    let total = endings.values.reduce(0, +)
    let mapped = endings.filter { if case .leaf = $0.key { true } else { false } }.values.reduce(0, +)
    #expect(total >= 2 * Self.addressCount)
    #expect(mapped * 3 >= total, "\(mapped) of \(total) are mapped")
    for size in [PageSize.size4KiB, .size2MiB, .size1GiB] {
      #expect(endings[.leaf(size), default: 0] > 0, "no \(size) leaf among them")
    }
    for level in [PagingLevel.pageTable, .pageDirectory, .pageDirectoryPointer, .pml4] {
      #expect(endings[.absent(level), default: 0] > 0, "no absence at \(level) among them")
    }
    #expect(endings[.nonCanonical, default: 0] > 0)
  }
}
