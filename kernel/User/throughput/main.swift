import RingThree

// The system call that does nothing, again and again, for `make bench`: how many the kernel answers in a second, and
// returns enough for a check of every one of them. Without `-icount` the time-stamp counter runs with the host's clock.

func run() -> Never {
  let calls: UInt64 = 1_000_000
  _ = System.processID
  let start = timestamp()
  for _ in 0..<calls { _ = System.processID }
  let ticks = timestamp() - start
  System.write("throughput: " + decimal(Int64(ticks)) + " ticks for " + decimal(Int64(calls)) + " calls\n")
  System.exit(0)
}

run()
