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

  static func launch(_ options: LaunchOptions) throws -> Target {
    do throws(SessionError) {
      return try Target.launch(options)
    } catch {
      throw Ending(error)
    }
  }

  /// Nil is QEMU's own default.
  static func attach(_ endpoint: String?) throws -> Target {
    do throws(SessionError) {
      guard let endpoint else { return try Target.attach(.standard) }
      return try Target.attach(try Endpoint(parsing: endpoint))
    } catch {
      throw Ending(error)
    }
  }
}
