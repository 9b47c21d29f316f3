import RingThree

// What init executes: a program with classes, arrays and strings on Swift's own heap, in Ring 3.

final class Greeter {
  private var words: [String] = []
  func add(_ word: String) { words.append(word) }
  var sentence: String {
    var text = ""
    for (position, word) in words.enumerated() { text += (position == 0 ? "" : " ") + word }
    return text
  }
}

func run() -> Never {
  let greeter = Greeter()
  for word in ["hello:", "a Swift program with a heap of its own, process"] { greeter.add(word) }
  greeter.add(decimal(System.processID))
  System.write(greeter.sentence + "\n")
  System.exit(7)
}

run()
