import Foundation
import Testing

@Suite("kdbg explain")
struct ExplainTests {
  private func explain(_ fault: String, _ commands: [String]) throws -> Finished {
    let arguments =
      ["run", KernelBuild.release.path, "--fault", fault, "--stop", "none"]
      + commands.flatMap { ["-e", $0] }
    return try Debugger.run(arguments)
  }

  @Test(
    "in the double-fault handler",
    arguments: [
      ("rsp0-pml4", "DX-01"), ("rsp0-pdpt", "DX-01"), ("rsp0-pte", "DX-01"), ("rsp0-ro", "DX-02"),
      ("rsp0-zero", "DX-05"), ("rsp0-noncanon", "DX-06"),
    ])
  func handler(_ row: (fault: String, diagnosis: String)) throws {
    let session = try explain(row.fault, ["check off", "b trap_stubs+0x80", "c", "explain", "quit"])
    #expect(session.output.contains("\(row.diagnosis): "), "\(session.output)\(session.errors)")
    #expect(session.output.contains("(proven by replay)"), "\(session.output)")
    #expect(session.output.contains("at RIP 0x10000019 on IST1"))
  }

  @Test("on a triple fault")
  func tripleFault() throws {
    let session = try explain("rsp0-pml4,dfnoist", ["check off", "c", "explain", "quit"])
    #expect(session.output.contains("DX-01: "), "\(session.output)\(session.errors)")
    #expect(session.output.contains("-> shutdown"))
    #expect(session.output.contains("PML4[402]"))
  }
}
