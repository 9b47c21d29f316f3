import RingThree

// The workload by which the modes of `kdbg check` are measured: two processes that do nothing but ask for their number,
// and never yield, so that the timer alone takes the processor from them. 10,000 returns to Ring 3 that lead there.

let callsOfEach = 5000

/// How many of the calls gave the right answer.
func askOften(_ own: Int64) -> Int64 {
  var right: Int64 = 0
  for _ in 0..<callsOfEach where System.processID == own { right += 1 }
  return right
}

func run() -> Never {
  let parent = System.processID
  let child = System.fork()
  if child == 0 {
    let own = System.processID
    System.exit(own != parent && askOften(own) == callsOfEach ? 9 : 1)
  }
  let right = askOften(parent)
  let ended = System.wait(child)
  let isRight = right == callsOfEach && ended.id == child && ended.status == 9
  System.write(
    "getpids: processes " + decimal(parent) + " and " + decimal(child) + ", "
      + decimal(Int64(callsOfEach)) + " calls each, " + (isRight ? "all right" : "not all right") + "\n")
  System.exit(isRight ? 0 : 1)
}

run()
