import Foundation

// Prints the documents that are generated from the code, and writes the pages of kdbg's commands into a folder.
// `make reference` brings docs/ up to date with both.

let words = Array(CommandLine.arguments.dropFirst())

if words.count == 2, words[0] == "commands" {
  do {
    try CommandPages.write(into: URL(filePath: words[1]))
  } catch {
    FileHandle.standardError.write(Data("reference: \(error.localizedDescription)\n".utf8))
    exit(1)
  }
} else if words.count == 1, let document = ReferenceDocument(rawValue: words[0]) {
  print(document.text, terminator: "")
} else {
  let names = ReferenceDocument.allCases.map(\.rawValue).joined(separator: "|")
  FileHandle.standardError.write(Data("usage: reference \(names)\n       reference commands FOLDER\n".utf8))
  exit(64)
}
