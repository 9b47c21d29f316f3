import Symbols
import X86

/// The files that name the machine's code: the kernel's first, then modules and the programs of Ring 3, each with the
/// distance by which it was moved from where it was linked.
///
/// Programs of Ring 3 lie over each other: such a file counts where the bytes in memory are its own.
public final class ProgramSet {
  /// One file.
  public struct Member {
    public let program: any Program
    /// True where the code was linked for the upper half.
    public var isUpperHalf: Bool { program.isUpperHalf }
    /// Bytes by which every address of the file is moved; wraps.
    public fileprivate(set) var slide: UInt64
    public fileprivate(set) var slideOrigin: SlideOrigin
  }

  /// Where a slide comes from.
  public enum SlideOrigin: Equatable, Sendable {
    /// The file lies where it was linked, as far as anybody knows.
    case assumed
    case given
    /// So many handlers of the live IDT stand in the file at this distance.
    case handlers(Int)
  }

  public private(set) var members: [Member] = []
  /// Counts the changes, for who keeps what was looked up.
  public private(set) var revision = 0
  /// Up to so many bytes of the machine's memory; fewer, or none, where they cannot be read now.
  public var liveBytes: (VirtualAddress, Int) -> [UInt8] = { _, _ in [] }

  public init(_ programs: [any Program] = []) {
    for program in programs { add(program) }
  }

  public var isEmpty: Bool { members.isEmpty }

  /// The kernel's, which is the first.
  public var kernel: Member? { members.first }

  public func add(_ program: any Program, slide: UInt64? = nil) {
    members.append(
      Member(program: program, slide: slide ?? 0, slideOrigin: slide == nil ? .assumed : .given))
    revision += 1
  }

  /// Puts `program` in the kernel's place.
  public func replaceKernel(with program: any Program, slide: UInt64? = nil) {
    if !members.isEmpty { members.removeFirst() }
    members.insert(
      Member(program: program, slide: slide ?? 0, slideOrigin: slide == nil ? .assumed : .given), at: 0)
    revision += 1
  }

  /// Says where the kernel lies.
  public func moveKernel(by slide: UInt64, _ origin: SlideOrigin) {
    guard !members.isEmpty else { return }
    members[0].slide = slide
    members[0].slideOrigin = origin
    revision += 1
  }
}

// MARK: Who counts where

extension ProgramSet.Member {
  func linked(_ address: VirtualAddress) -> VirtualAddress { address - slide }
  func live(_ address: VirtualAddress) -> VirtualAddress { address + slide }

  fileprivate func holds(_ address: VirtualAddress) -> Bool { program.holds(linked(address)) }
}

extension ProgramSet {
  /// Whether a file's code is what memory holds.
  public enum Presence: Equatable, Sendable {
    /// Memory holds something else there.
    case absent
    /// Nothing of it can be read now.
    case unknown
    case present
  }

  /// Compares samples of the file's code with memory under the loaded CR3.
  public func presence(of member: Member) -> Presence {
    var equal = 0
    var compared = 0
    for sample in member.program.codeSamples {
      let live = liveBytes(member.live(sample.address), sample.bytes.count)
      guard live.count == sample.bytes.count else { continue }
      compared += live.count
      equal += zip(live, sample.bytes).count { $0 == $1 }
    }
    guard compared > 0 else { return .unknown }
    // A kernel patches itself, and what it did at its start may lie there no more.
    let needed = member.isUpperHalf ? compared / 2 : compared
    return equal >= needed ? .present : .absent
  }

  /// The files that count for `address`, the first before the others.
  private func members(at address: VirtualAddress) -> [Member] {
    let candidates = members.filter { $0.holds(address) }
    // The kernel is everywhere the same, and what patches itself differs from its file.
    if address.isUpperHalf || candidates.isEmpty { return candidates }
    let known = candidates.map { (member: $0, presence: presence(of: $0)) }
    let present = known.filter { $0.presence == .present }
    if !present.isEmpty { return present.map(\.member) }
    let possible = known.filter { $0.presence == .unknown }
    return possible.count == 1 ? [possible[0].member] : []
  }

  /// The first answer that a file has for `address`.
  private func ask<Value>(
    _ address: VirtualAddress, _ question: (any Program, VirtualAddress) -> Value?
  ) -> Value? {
    for member in members(at: address) {
      if let answer = question(member.program, member.linked(address)) { return answer }
    }
    return nil
  }
}

// MARK: As one program

extension ProgramSet: Program {
  public func name(of address: VirtualAddress) -> SymbolicName? { ask(address) { $0.name(of: $1) } }

  /// Files whose code is in memory now come before those whose code is not.
  public func addresses(named name: String) -> [VirtualAddress] {
    let found = members.compactMap { member -> (Member, [VirtualAddress])? in
      let addresses = member.program.addresses(named: name).map(member.live)
      return addresses.isEmpty ? nil : (member, addresses)
    }
    guard found.count > 1 else { return found.first?.1 ?? [] }
    let present = found.filter { $0.1[0].isUpperHalf || presence(of: $0.0) == .present }
    let all = (present.isEmpty ? found : present).flatMap(\.1)
    return Set(all.map(\.rawValue)).sorted().map { VirtualAddress($0) }
  }

  public func names(withPrefix prefix: String) -> [String] {
    guard members.count > 1 else { return kernel?.program.names(withPrefix: prefix) ?? [] }
    return Set(members.flatMap { $0.program.names(withPrefix: prefix) }).sorted()
  }

  public func sourceLine(at address: VirtualAddress) -> String? { ask(address) { $0.sourceLine(at: $1) } }

  public func sourcePlace(at address: VirtualAddress) -> SourceLine? {
    ask(address) { $0.sourcePlace(at: $1) }
  }

  /// Of files for the lower half, those that are in memory now count.
  public func places(file: String, line: Int) -> [SourceAddress] {
    let found = members.filter { $0.isUpperHalf || presence(of: $0) != .absent }.flatMap { member in
      member.program.places(file: file, line: line).map {
        SourceAddress(address: member.live($0.address), line: $0.line)
      }
    }
    guard let best = found.map(\.line.line).min() else { return [] }
    return found.filter { $0.line.line == best }
  }

  public func scopes(at address: VirtualAddress) -> CodeScopes? { ask(address) { $0.scopes(at: $1) } }

  public func caller(
    at address: VirtualAddress, _ registers: FrameRegisters, read: (VirtualAddress) -> UInt64?
  ) throws(UnwindFailure) -> UnwoundFrame {
    var failure = UnwindFailure.noInformation
    for member in members(at: address) {
      do {
        return try member.program.caller(at: member.linked(address), registers, read: read)
      } catch {
        if error != .noInformation { failure = error }
      }
    }
    throw failure
  }

  public func function(at address: VirtualAddress) -> Range<UInt64>? {
    for member in members(at: address) {
      guard let range = member.program.function(at: member.linked(address)) else { continue }
      let start = range.lowerBound &+ member.slide
      return start..<max(start, range.upperBound &+ member.slide)
    }
    return nil
  }

  public func holds(_ address: VirtualAddress) -> Bool { members.contains { $0.holds(address) } }

  public func returnInstructions() throws(SymbolError) -> [ReturnInstruction] {
    guard let kernel else { return [] }
    return try kernel.program.returnInstructions().map {
      ReturnInstruction(address: kernel.live($0.address), mnemonic: $0.mnemonic)
    }
  }

  public func tableLoadInstructions() throws(SymbolError) -> [VirtualAddress] {
    guard let kernel else { return [] }
    return try kernel.program.tableLoadInstructions().map(kernel.live)
  }

  public func rootTableLoadInstructions() throws(SymbolError) -> [VirtualAddress] {
    guard let kernel else { return [] }
    return try kernel.program.rootTableLoadInstructions().map(kernel.live)
  }

  public func controlLoadInstructions() throws(SymbolError) -> [VirtualAddress] {
    guard let kernel else { return [] }
    return try kernel.program.controlLoadInstructions().map(kernel.live)
  }

  public func occurrences(of code: [UInt8]) -> [VirtualAddress] {
    guard let kernel else { return [] }
    return kernel.program.occurrences(of: code).map(kernel.live)
  }
}
