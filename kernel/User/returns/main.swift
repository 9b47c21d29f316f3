import RingThree

// How long a system call takes, for `make bench`: under `-icount shift=0` one tick of the time-stamp counter is one
// instruction.

func run() -> Never {
  let calls: UInt64 = 1000
  _ = System.processID
  let start = timestamp()
  for _ in 0..<calls { _ = System.processID }
  let ticks = timestamp() - start
  System.write("returns: " + decimal(Int64(ticks)) + " ticks for " + decimal(Int64(calls)) + " calls\n")
  System.exit(0)
}

run()
