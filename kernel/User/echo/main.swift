import RingThree

// Reads the console until a line ends, says what it read, and ends with the number of bytes before the line's end.

func run() -> Never {
  System.write("echo: ready\n")
  var line = ""
  var count: Int32 = 0
  while let byte = System.readByte(), byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") {
    line += String(decoding: [byte], as: UTF8.self)
    count += 1
  }
  System.write("echo: " + line + "\n")
  System.exit(count == 5 ? 0 : count)
}

run()
