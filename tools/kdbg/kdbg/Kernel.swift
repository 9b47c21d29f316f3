import Commands
import Foundation
import Inspect
import Session
import Symbols

/// Opens what a verb works on; what goes wrong ends kdbg with the right status.
enum Kernel {
  static func program(at path: String) throws -> ELFProgram {
    do throws(SymbolError) {
      return ELFProgram(try ELFImage(path: path))
    } catch {
      throw Ending(.usage, error.description)
    }
  }

  /// What the file at `path` declares; nothing without one.
  static func configuration(at path: String?, _ program: (any Program)?) throws -> KernelConfiguration {
    guard let path else { return KernelConfiguration() }
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw Ending(.usage, "\(path): cannot be read as text")
    }
    do throws(ConfigurationFile.Failure) {
      return try ConfigurationFile.parse(text, program: program)
    } catch {
      throw Ending(.usage, "\(path):\(error.line): \(error.message)")
    }
  }

  static func launch(_ options: LaunchOptions, memoryBy way: MemoryWay?) throws -> Target {
    do throws(SessionError) {
      let target = try Target.launch(options)
      if let way { try target.require(way) }
      return target
    } catch {
      throw Ending(error)
    }
  }

  /// Nil is QEMU's own default.
  static func attach(_ endpoint: String?, memoryBy way: MemoryWay?) throws -> Target {
    do throws(SessionError) {
      let target = try Target.attach(
        try endpoint.map { text throws(SessionError) in try Endpoint(parsing: text) } ?? .standard)
      if let way { try target.require(way) }
      return target
    } catch {
      throw Ending(error)
    }
  }
}
