import RingThree

// The first program after the baseline: it starts another by fork and exec, waits for it, and says what it saw.

func run() -> Never {
  System.write("init: process " + decimal(System.processID) + " starts\n")
  let child = System.fork()
  if child < 0 {
    System.write("init: fork failed with " + decimal(child) + "\n")
    System.exit(1)
  }
  if child == 0 {
    let error = System.exec("/hello")
    System.write("init: exec failed with " + decimal(error) + "\n")
    System.exit(2)
  }
  let ended = System.wait(child)
  System.write(
    "init: child " + decimal(ended.id) + " ended with status " + decimal(Int64(ended.status)) + "\n")
  System.exit(ended.id == child && ended.status == 7 ? 0 : 3)
}

run()
