import Foundation
import Glibc
import Testing

@testable import Session

/// A QEMU that somebody else started: the guest runs, and a gdbserver listens.
final class Emulator {
  let endpoint: Endpoint
  private let process: ChildProcess
  private let directory: PrivateDirectory

  /// On a unix socket, or on some TCP port.
  init(tcp: Bool = false, _ arguments: [String] = []) throws {
    directory = try PrivateDirectory()
    let server: String
    if tcp {
      let port = try Self.freePort()
      endpoint = .tcp(host: "127.0.0.1", port: port)
      server = "tcp:127.0.0.1:\(port)"
    } else {
      endpoint = .unix(path: "\(directory.path)/gdb")
      server = "unix:\(directory.path)/gdb,server=on,wait=off"
    }
    let program = try #require(QEMUArguments.program("qemu-system-x86_64"))
    let setpriv = try #require(QEMUArguments.program("setpriv"))
    let errors = try Descriptor.temporaryFile(in: directory.path)
    process = try ChildProcess(
      [
        setpriv, "--pdeathsig", "KILL", "--", program, "-no-user-config", "-nodefaults", "-display", "none",
        "-cpu", "max", "-m", "64M", "-kernel", Guest.image, "-no-reboot", "-gdb", server,
        "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-qmp",
        "unix:\(directory.path)/qmp,server=on,wait=off",
      ] + arguments, .init(output: .discard, error: errors, third: errors))
  }

  deinit { process.terminate() }

  /// A port of this host that nobody has: the system does not give the same one again soon.
  private static func freePort() throws -> UInt16 {
    let listener = Descriptor(owning: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    // SAFETY: both calls are given the structure and its size, and write no more.
    let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        let bound = unsafe bind(listener.number, pointer, size)
        return unsafe bound == 0 ? getsockname(listener.number, pointer, &size) : bound
      }
    }
    try #require(result == 0)
    return UInt16(bigEndian: address.sin_port)
  }

  /// Whether the machine runs, seen from the side: to attach would stop it, and to detach would let it go.
  func isRunning() throws -> Bool {
    let side = Endpoint.unix(path: "\(directory.path)/qmp")
    let monitor = try QMPClient(Socket.connect(side, until: Deadline(after: .seconds(120))))
    let status: Status = try monitor.execute("query-status")
    return status.running
  }

  private struct Status: Decodable {
    let running: Bool
  }

  /// What QEMU holds open.
  func openFiles() throws -> [String] {
    let directory = "/proc/\(process.identifier)/fd"
    return try FileManager.default.contentsOfDirectory(atPath: directory).compactMap {
      try? FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/\($0)")
    }
  }

  func waitForExit() -> ProcessStatus? { process.wait(limit: .seconds(120)) }

  /// Attaches as kdbg does.
  func attach() throws -> Target { try patiently { () throws(SessionError) in try Target.attach(endpoint) } }

  /// A connection of the plainest kind, to look at the stub without kdbg's own manners.
  func look<Value>(_ body: (GDBClient) throws -> Value) throws -> Value {
    let connection = try patiently { () throws(SessionError) in
      try Socket.connect(endpoint, until: Deadline(after: .seconds(120)))
    }
    let client = GDBClient(connection, endpoint, limit: .seconds(120))
    _ = try client.negotiate()
    return try body(client)
  }

  /// QEMU listens only some time after it was started.
  private func patiently<Value>(_ body: () throws(SessionError) -> Value) throws -> Value {
    let deadline = Deadline(after: .seconds(120))
    while true {
      do throws(SessionError) {
        return try body()
      } catch {
        let isEarly = error == .endpointRefused(endpoint) || error == .endpointNotFound(endpoint)
        guard isEarly, process.poll() == nil, !deadline.hasPassed else { throw error }
        usleep(2000)
      }
    }
  }

  /// How the stub takes addresses now.
  func mode() throws -> String {
    try look { try $0.request(PhysicalMode.query, "mode").text }
  }
}
