import RingThree

// A thousand times: fork, execute another program, wait. The kernel compares its free frames before and after.

func run() -> Never {
  for round in 0..<1000 {
    let child = System.fork()
    if child == 0 {
      _ = System.exec("/leaf")
      System.exit(1)
    }
    let ended = System.wait(child)
    guard child > 0, ended.id == child, ended.status == 9 else {
      System.write("cycles: round " + decimal(Int64(round)) + " failed\n")
      System.exit(1)
    }
  }
  System.write("cycles: 1000 children came and went\n")
  System.exit(0)
}

run()
