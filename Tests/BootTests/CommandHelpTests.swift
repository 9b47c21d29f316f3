import Foundation
import Testing

/// The commands of the prompt, asked for at the shell's.
@Suite("kdbg help COMMAND")
struct CommandHelpTests {
  @Test("shows the manual, and so does COMMAND --help", arguments: ["audit", "explain", "bt"])
  func manual(_ name: String) throws {
    let help = try Debugger.run(["help", name])
    #expect(help.status == Debugger.allHeld, "\(help.errors)")
    #expect(help.output.hasPrefix("NAME\n  "), "\(help.output)")
    #expect(help.output.contains("\nUSAGE\n"))
    #expect(help.output.contains("\nEXAMPLE\n"))
    #expect(try Debugger.run([name, "--help"]).output == help.output)
  }

  @Test("leaves the verbs their own")
  func verbs() throws {
    for arguments in [["help", "check"], ["check", "--help"], ["help", "attach"]] {
      let help = try Debugger.run(arguments)
      #expect(help.status == Debugger.allHeld)
      #expect(help.output.contains("USAGE: kdbg \(arguments.first { $0 != "help" && $0 != "--help" } ?? "")"))
    }
    #expect(try Debugger.run(["help"]).output.contains("USAGE: kdbg <subcommand>"))
  }

  @Test("a command is no verb, and kdbg says what is")
  func command() throws {
    let audit = try Debugger.run(["audit"])
    #expect(audit.status == Debugger.wrongUsage)
    #expect(audit.output.isEmpty)
    #expect(
      audit.errors
        == "kdbg: \"audit\" is a command, not a verb: kdbg attach ENDPOINT -e audit; kdbg help audit\n")
  }

  @Test("help for nothing that there is")
  func unknown() throws {
    let help = try Debugger.run(["help", "zzz"])
    #expect(help.status == Debugger.wrongUsage)
    #expect(help.output.isEmpty)
    #expect(help.errors.hasPrefix("kdbg: there is no verb and no command \"zzz\": "))
    #expect(help.errors.split(separator: "\n").count == 1)
  }
}
