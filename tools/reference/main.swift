import Foundation

// Prints the documents that are generated from the kernel's own lists. `make reference` writes them to docs/.

guard let name = CommandLine.arguments.dropFirst().first, CommandLine.arguments.count == 2,
  let document = ReferenceDocument(rawValue: name)
else {
  let names = ReferenceDocument.allCases.map(\.rawValue).joined(separator: "|")
  FileHandle.standardError.write(Data("usage: reference \(names)\n".utf8))
  exit(64)
}
print(document.text, terminator: "")
