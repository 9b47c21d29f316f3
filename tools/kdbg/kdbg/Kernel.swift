import Commands
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
