import Core
import Testing
import X86

/// ACPI's tables as firmware lays them out: RSDP, RSDT, another table, MADT.
private struct FirmwareImage {
  var pointerSignature = "RSD PTR "
  var madtSignature = "APIC"
  /// Type, length, and the rest.
  var entries: [[UInt8]] = [
    [0, 8, 0, 4, 1, 0, 0, 0], [0, 8, 1, 9, 1, 0, 0, 0], [0, 8, 2, 7, 0, 0, 0, 0],
    [1, 12, 2, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0], [0, 8, 3, 200, 1, 0, 0, 0],
  ]
  /// Which table's checksum is wrong.
  var damaged: Damage?
  var madtLength: UInt32?

  enum Damage: CaseIterable { case pointer, list, madt }

  static let address = PhysicalAddress(truncating: 0x1014)

  private static func table(_ signature: String, _ body: [UInt8], length: UInt32? = nil) -> [UInt8] {
    var table = Array(signature.utf8)
    table.append(little: length ?? UInt32(36 + body.count))
    table += [1, 0] + [UInt8](repeating: 0x20, count: 26) + body
    table[9] = 0 &- table.reduce(0, &+)
    return table
  }

  var memory: FakeMemory {
    let ram = RAM([0x1000..<0x4000])
    var pointer = Array(pointerSignature.utf8) + [0] + Array("FIRMWR".utf8) + [0]
    pointer.append(little: UInt32(0x2004))
    pointer[8] = 0 &- pointer.reduce(0, &+)
    if damaged == .pointer { pointer[8] &+= 1 }
    ram.place(pointer, at: Self.address.rawValue)
    var places: [UInt8] = []
    places.append(little: UInt32(0x3000))
    places.append(little: UInt32(0x3104))
    var list = Self.table("RSDT", places)
    if damaged == .list { list[9] &+= 1 }
    ram.place(list, at: 0x2004)
    ram.place(Self.table("HPET", [1, 2, 3]), at: 0x3000)
    var body: [UInt8] = [0, 0, 0xe0, 0xfe, 1, 0, 0, 0]
    for entry in entries { body += entry }
    var madt = Self.table(madtSignature, body, length: madtLength)
    if damaged == .madt { madt[9] &+= 1 }
    ram.place(madt, at: 0x3104)
    return FakeMemory(ram)
  }

  func read() -> [UInt8]? {
    var memory = memory
    guard let table = ProcessorTable(rootPointer: Self.address, memory: &memory) else { return nil }
    return (0..<table.count).map { table[$0] }
  }
}

@Suite struct ProcessorTableTests {
  private func read(_ change: (inout FirmwareImage) -> Void = { _ in }) -> [UInt8]? {
    var image = FirmwareImage()
    change(&image)
    return image.read()
  }

  /// In the table's order, without those that the firmware has turned off.
  @Test func listsTheProcessorsThatCanRun() { #expect(read() == [4, 9, 200]) }

  @Test func keepsToItsRoom() {
    let identifiers = [UInt8](0..<20)
    #expect(
      read { $0.entries = identifiers.map { [0, 8, $0, $0, 1, 0, 0, 0] } }
        == Array(identifiers.prefix(ProcessorTable.capacity)))
  }

  @Test(arguments: FirmwareImage.Damage.allCases)
  fileprivate func believesNoTableWithAWrongChecksum(damage: FirmwareImage.Damage) {
    #expect(read { $0.damaged = damage } == nil)
  }

  @Test func needsBothSignatures() {
    #expect(read { $0.pointerSignature = "RSD PTX " } == nil)
    #expect(read { $0.madtSignature = "APIX" } == nil)
  }

  /// Lengths are the firmware's word: none of them leads past a table's end or stands still.
  @Test func survivesWrongLengths() {
    #expect(read { $0.entries = [] } == nil)
    #expect(read { $0.madtLength = 8 } == nil)
    #expect(read { $0.madtLength = .max } == nil)
    // An entry that claims no length ends the list.
    for length: UInt8 in [0, 1] {
      #expect(read { $0.entries = [[0, 8, 0, 4, 1, 0, 0, 0], [0, length, 1, 9, 1, 0, 0, 0]] } == [4])
    }
    #expect(read { $0.entries = [[0, 8, 0, 4, 1, 0, 0, 0], [0, 255]] } == [4])
  }

  @Test func aMachineWithoutTheTableHasOneProcessor() {
    let table = ProcessorTable(only: 3)
    #expect(table.count == 1)
    #expect(table[0] == 3)
  }
}
