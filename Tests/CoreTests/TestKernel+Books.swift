import Testing
import X86

@testable import Core

/// What the tables below an entry consist of.
struct Holdings: Equatable {
  var tables: [UInt64] = []
  /// Frames that 4 KiB leaves map.
  var leaves: [UInt64] = []
}

extension TestKernel {
  /// Everything that hangs below top-level entries `indexes` of `root`.
  func holdings(_ root: PhysicalFrame, _ indexes: some Sequence<Int>) -> Holdings {
    var holdings = Holdings()
    for index in indexes {
      let entry = PageTableEntry(rawValue: ram[root][index])
      if entry.isPresent { collect(entry.frame, .pageDirectoryPointer, &holdings) }
    }
    return holdings
  }

  private func collect(_ table: PhysicalFrame, _ level: PagingLevel, _ holdings: inout Holdings) {
    holdings.tables.append(table.number)
    for raw in ram[table] where raw & 1 != 0 {
      let entry = PageTableEntry(rawValue: raw)
      if !entry.isLeaf(at: level), let next = level.next {
        collect(entry.frame, next, &holdings)
      } else if level == .pageTable {
        holdings.leaves.append(entry.frame.number)
      }
    }
  }

  /// Every frame is free or has exactly one owner who can still be found: the kernel's tables, a process's tables,
  /// its pages, its stack.
  func expectBalancedBooks(sourceLocation: SourceLocation = #_sourceLocation) {
    var owned: [UInt64] = [kernelRoot.number] + holdings(kernelRoot, 256..<512).tables
    for index in 0..<ProcessTable.capacity {
      guard let process = system.processes[index] else { continue }
      if let space = process.space {
        let root = space.tables.root
        let user = holdings(root, 0..<256)
        owned.append(root.number)
        owned += user.tables + user.leaves + holdings(root, [StackRegion.processes.rootIndex]).tables
      }
      if let stack = process.stack {
        for page in 0..<4 as Range<UInt64> {
          owned.append(
            PhysicalFrame(containing: stack.physicalAddress(of: stack.bottom + page * 4096)!).number)
        }
      }
    }
    #expect(Set(owned).count == owned.count, "a frame has two owners", sourceLocation: sourceLocation)
    #expect(
      owned.count + freeCount == managedCount, "frames were lost or are owned while free",
      sourceLocation: sourceLocation)
    #expect(ram.strayStores == 0, sourceLocation: sourceLocation)
  }

  /// Takes frames until `count` are left; ``giveBack(_:)`` returns them.
  func hold(leaving count: Int) throws -> [PhysicalFrame] {
    var held: [PhysicalFrame] = []
    while freeCount > count { held.append(try system.frames.allocate()) }
    return held
  }

  func giveBack(_ held: [PhysicalFrame]) throws {
    for frame in held { try system.frames.free(frame) }
  }
}
