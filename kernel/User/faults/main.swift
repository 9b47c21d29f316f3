import RingThree

// Does what Ring 3 may not do, in a child each time, and checks that the kernel kills that child and nothing else.
// Ends with 0 when every answer was right, else with the number of wrong ones.

/// What the kernel reports for a process that an exception ended: 128 and the vector.
let killedBase: Int32 = 128

func run() -> Never {
  var wrong: Int32 = 0
  for number in 0..<Misdeed.count {
    guard let misdeed = Misdeed(rawValue: number) else { continue }
    let child = System.fork()
    if child == 0 {
      misdeed.commit()
      System.exit(1)
    }
    let ended = System.wait(child)
    if ended.status != killedBase + misdeed.vector {
      System.write(
        "faults: case " + decimal(Int64(number)) + " ended with " + decimal(Int64(ended.status)) + "\n")
      wrong += 1
    }
  }
  wrong += checkRefusals() + checkFlags()
  System.write("faults: " + decimal(Int64(wrong)) + " wrong\n")
  System.exit(wrong)
}

/// System calls with arguments that must be refused.
func checkRefusals() -> Int32 {
  let badAddress: Int64 = -14
  var wrong: Int32 = 0
  func expect(_ result: Int64, _ wanted: Int64, _ number: Int64) {
    if result == wanted { return }
    System.write("faults: refusal " + decimal(number) + " was " + decimal(result) + "\n")
    wrong += 1
  }
  let kernel: UInt64 = 0xffff_ffff_8010_0000
  let text: UInt64 = 0x1000_0000
  let unmapped: UInt64 = 0x4000_0000
  expect(rawSystemCall(1, 1, kernel, 8), badAddress, 1)
  expect(rawSystemCall(1, 1, unmapped, 8), badAddress, 2)
  expect(rawSystemCall(1, 1, UInt64.max, 8), badAddress, 3)
  expect(rawSystemCall(1, 1, 0x7fff_ffff_fff8, UInt64.max), badAddress, 4)
  expect(rawSystemCall(1, 1, text, 0), 0, 5)
  expect(rawSystemCall(1, 7, text, 1), -9, 6)
  expect(rawSystemCall(1, UInt64.max, text, 1), -9, 7)
  expect(rawSystemCall(2, 0, text, 8), badAddress, 8)
  expect(rawSystemCall(2, 1, text, 8), -9, 9)
  expect(rawSystemCall(6, UInt64.max, 0, 0), -10, 10)
  expect(rawSystemCall(11, unmapped, 0, 0), badAddress, 11)
  expect(System.exec("/no/such/file"), -2, 12)
  expect(rawSystemCall(999, 0, 0, 0), -38, 13)
  expect(rawSystemCall(UInt64.max, 0, 0, 0), -38, 14)
  // A child that ended, and a place for its status that the program may not write to.
  let child = System.fork()
  if child == 0 { System.exit(0) }
  expect(rawSystemCall(6, UInt64(bitPattern: child), text, 0), badAddress, 15)
  expect(System.wait(child).id, child, 16)
  return wrong
}

/// AC, DF and ID belong to the program and survive; NT is the kernel's to clear.
func checkFlags() -> Int32 {
  let flags = flagsAfterOddCall()
  let kept: UInt64 = 1 << 18 | 1 << 21 | 1 << 10
  let nestedTask: UInt64 = 1 << 14
  return flags & kept == kept && flags & nestedTask == 0 ? 0 : 1
}

run()
