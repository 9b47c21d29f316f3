// swift-tools-version: 6.2
import PackageDescription

// One package, three worlds. BARE_METAL picks the target list, because `swift build` builds every root target
// for its triple and the kernel's assembly cannot be linked into a Linux program:
//
//     unset          the host: kdbg, the shared targets and all tests
//     kernel         the kernel (toolset.json)
//     user           the programs of Ring 3 (toolset-user.json)
let world = Context.environment["BARE_METAL"] ?? "host"

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]
let strictC: [CSetting] = [.treatAllWarnings(as: .error)]

/// STUB_LINE=plain makes the stub as slow as simple ones are: what `make bench` compares it with.
let stubLine: [SwiftSetting] =
  Context.environment["STUB_LINE"] == "plain" ? [.define("PLAIN_LINE")] : []

/// Built for the kernel and for the host: nothing here may allocate, and Embedded Swift must accept all of it.
let shared: [Target] = [
  .target(name: "X86", path: "kernel/X86", swiftSettings: strict),
  .target(
    name: "RingTransition", dependencies: ["X86"], path: "kernel/RingTransition", swiftSettings: strict),
  .target(
    name: "Report", dependencies: ["X86", "RingTransition"], path: "kernel/Report", swiftSettings: strict),
  .target(name: "Core", dependencies: ["X86"], path: "kernel/Core", swiftSettings: strict),
  .target(name: "DebuggerTable", path: "kernel/DebuggerTable", cSettings: strictC),
  .target(name: "Drivers", dependencies: ["X86"], path: "kernel/Drivers", swiftSettings: strict),
  .target(name: "RemoteProtocol", path: "gdbstub/RemoteProtocol", swiftSettings: strict),
  .target(
    name: "Stub", dependencies: ["RemoteProtocol", "X86"], path: "gdbstub/Stub", swiftSettings: strict),
]

let kernel: [Target] = [
  .target(name: "Boot", path: "kernel/Boot", cSettings: strictC),
  .target(
    name: "Machine", dependencies: ["Boot", "Core", "DebuggerTable", "X86"], path: "kernel/Machine",
    swiftSettings: strict),
  .executableTarget(
    name: "Kernel",
    dependencies: [
      "Boot", "Core", "DebuggerTable", "Drivers", "Machine", "RemoteProtocol", "Report", "RingTransition",
      "Stub", "X86",
    ],
    path: "kernel/Kernel", swiftSettings: strict + stubLine),
]

let user: [Target] =
  [
    .target(name: "UserRuntime", path: "kernel/User/Runtime", cSettings: strictC),
    .target(
      name: "RingThree", dependencies: ["UserRuntime"], path: "kernel/User/RingThree", swiftSettings: strict),
    .executableTarget(name: "baseline", path: "kernel/User/baseline", cSettings: strictC),
    .executableTarget(name: "provoke", path: "kernel/User/provoke", cSettings: strictC),
  ]
  + ["init", "hello", "faults", "cycles", "leaf", "echo", "returns", "calls", "getpids", "throughput"].map {
    name in
    .executableTarget(
      name: name, dependencies: ["RingThree"], path: "kernel/User/\(name)", swiftSettings: strict)
  }

let host: [Target] = [
  .systemLibrary(
    // Without pkgConfig: SwiftPM warns about the flags there at every build, and none of them is needed.
    name: "CReadline", path: "tools/kdbg/CReadline",
    providers: [.apt(["libreadline-dev"])]),
  .systemLibrary(
    name: "CElfutils", path: "tools/kdbg/CElfutils", pkgConfig: "libdw", providers: [.apt(["libdw-dev"])]),
  .systemLibrary(
    name: "CCapstone", path: "tools/kdbg/CCapstone", pkgConfig: "capstone",
    providers: [.apt(["libcapstone-dev"])]),
  .target(
    name: "Session", dependencies: ["X86", "RemoteProtocol"], path: "tools/kdbg/Session",
    swiftSettings: strict),
  .target(
    name: "Symbols", dependencies: ["X86", "CElfutils", "CCapstone"], path: "tools/kdbg/Symbols",
    swiftSettings: strict),
  .target(
    name: "Inspect", dependencies: ["X86", "RingTransition", "DebuggerTable", "Session", "Symbols"],
    path: "tools/kdbg/Inspect", swiftSettings: strict),
  .target(
    name: "Render", dependencies: ["X86", "RingTransition", "Report", "Inspect", "Symbols"],
    path: "tools/kdbg/Render", swiftSettings: strict),
  .target(
    name: "Commands", dependencies: ["X86", "RingTransition", "Session", "Symbols", "Inspect", "Render"],
    path: "tools/kdbg/Commands", swiftSettings: strict),
  .target(
    name: "LineEditor", dependencies: ["CReadline"], path: "tools/kdbg/LineEditor", swiftSettings: strict),
  .executableTarget(
    name: "kdbg",
    dependencies: [
      "Commands", "Inspect", "LineEditor", "Render", "Session", "Symbols", "X86",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ],
    path: "tools/kdbg/kdbg", swiftSettings: strict),
  .executableTarget(
    // Prints the documents that are generated from the code.
    name: "reference", dependencies: ["Commands", "Core", "RingTransition"], path: "tools/reference",
    swiftSettings: strict),
]

/// One folder of Tests/ per target, and the end-to-end suites.
func tests(_ name: String, _ dependencies: [Target.Dependency], golden: [String] = []) -> Target {
  // Golden files are read where they lie, so that one run can rewrite them.
  .testTarget(
    name: name, dependencies: dependencies, path: "Tests/\(name)", exclude: golden, swiftSettings: strict)
}

let suites: [Target] = [
  .target(
    name: "TestSupport", dependencies: ["X86", "RingTransition", "Report"], path: "Tests/Support",
    swiftSettings: strict),
  tests("X86Tests", ["X86", "TestSupport"]),
  tests("RingTransitionTests", ["RingTransition", "X86", "TestSupport"]),
  tests("ReportTests", ["Report", "RingTransition", "X86", "TestSupport"]),
  tests("CoreTests", ["Core", "X86"]),
  tests("RemoteProtocolTests", ["RemoteProtocol"]),
  .target(
    name: "StubSupport", dependencies: ["Stub", "RemoteProtocol", "X86"], path: "Tests/StubSupport",
    swiftSettings: strict),
  tests(
    "StubTests", ["Stub", "StubSupport", "StubServer", "TerminalSupport", "RemoteProtocol", "X86"],
    golden: ["Program"]),
  .executableTarget(
    name: "StubServer", dependencies: ["Stub", "StubSupport", "RemoteProtocol"], path: "Tests/StubServer",
    swiftSettings: strict),
  .testTarget(
    // What libFuzzer builds with another entry (tools/fuzz.sh), and the replay of its corpus.
    name: "FuzzTests", dependencies: ["RemoteProtocol", "Stub", "StubSupport"], path: "Tests/Fuzz",
    exclude: ["AgentExpression.dict", "Corpus", "Entries", "RemoteProtocol.dict", "Stub.dict"],
    swiftSettings: strict),
  tests("SessionTests", ["Session", "RemoteProtocol", "X86"]),
  tests("SymbolsTests", ["Symbols", "X86"]),
  .target(name: "TerminalSupport", path: "Tests/TerminalSupport", swiftSettings: strict),
  tests("LineEditorTests", ["LineEditor", "LineEditorProbe", "TerminalSupport"]),
  .executableTarget(
    name: "LineEditorProbe", dependencies: ["LineEditor"], path: "Tests/LineEditorProbe",
    swiftSettings: strict),
  tests("DriversTests", ["Drivers", "X86"]),
  tests("ReferenceTests", ["reference", "Commands", "Core", "RingTransition"]),
  tests("CodegenTests", []),
  tests("BootTests", ["TestSupport", "Session", "Symbols", "TerminalSupport", "X86"]),
  tests(
    "CommandsTests",
    ["Commands", "Render", "Inspect", "Session", "X86", "RingTransition", "Symbols", "TestSupport"],
    golden: ["Golden"]),
]

/// RINGSIDE_SUITES=X86Tests,CoreTests builds these suites and what they need, which is quicker while one room is worked on.
func chosen(_ targets: [Target]) -> [Target] {
  guard let names = Context.environment["RINGSIDE_SUITES"] else { return targets }
  var needed = Set(names.split(separator: ",").map(String.init))
  var count = 0
  while count != needed.count {
    count = needed.count
    for target in targets where needed.contains(target.name) {
      for case .byNameItem(let name, _) in target.dependencies { needed.insert(name) }
    }
  }
  return targets.filter { needed.contains($0.name) }
}

let package = Package(
  name: "ringside",
  dependencies: world == "host"
    ? [.package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")] : [],
  targets: world == "host" ? chosen(shared + host + suites) : world == "kernel" ? shared + kernel : user
)
