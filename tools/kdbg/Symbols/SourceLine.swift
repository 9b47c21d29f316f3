import X86

/// A place in the program's source.
public struct SourceLine: Equatable, Sendable {
  /// The path as the compiler recorded it.
  public let file: String
  /// Counted from 1; 0 for code that the compiler made up.
  public let line: Int

  public init(file: String, line: Int) {
    self.file = file
    self.line = line
  }

  /// The path's last component.
  public var fileName: Substring { file.split(separator: "/").last ?? Substring(file) }
}

extension SourceLine: CustomStringConvertible {
  /// `file.swift:12`, without the directories.
  public var description: String { "\(fileName):\(line)" }
}

/// Where the code of a line begins.
public struct SourceAddress: Equatable, Sendable {
  public let address: VirtualAddress
  public let line: SourceLine

  public init(address: VirtualAddress, line: SourceLine) {
    self.address = address
    self.line = line
  }
}
