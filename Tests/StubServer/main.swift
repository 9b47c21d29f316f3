import Foundation
import Stub
import StubSupport

// A fake machine under a stub on a pseudo-terminal, for real clients to be tried on.
// Usage: StubServer [PROGRAM [LOG]]. Prints the terminal's path; ends when its standard input does.

let arguments = CommandLine.arguments
let machine = FakeMachine()
if arguments.count > 1 {
  machine.write([UInt8](try Data(contentsOf: URL(filePath: arguments[1]))), at: FakeMachine.programStart)
}
let terminal = try Terminal(log: PacketLog(path: arguments.count > 2 ? arguments[2] : nil))
print(terminal.path)
try? FileHandle.standardOutput.synchronize()
fflush(nil)

Thread.detachNewThread {
  while !FileHandle.standardInput.availableData.isEmpty {}
  exit(0)
}

var stub = Stub(channel: TerminalChannel(terminal: terminal), target: FakeTarget(machine))
var stop = StopReason(.signal, thread: machine.current)
while true {
  switch stub.enterStopped(stop) {
  case .resume(let plan):
    stop = machine.run(plan) {
      stub.pollWhileRunning() == .stop
    }
  case .detached:
    // Nothing else would run; the next client finds the machine where it was left.
    while stub.pollWhileRunning() != .stop { usleep(200) }
    stop = StopReason(.signal, signal: .interrupt, thread: machine.current)
  case .killed, .reset:
    machine[.rip] = FakeMachine.programStart
    stop = StopReason(.signal, thread: machine.current)
  }
}
