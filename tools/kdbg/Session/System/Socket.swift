import Glibc

/// A connected stream socket, or what stands for one.
enum Socket {
  /// Connects to `endpoint`, waiting until `deadline` at most. The result is non-blocking.
  static func connect(_ endpoint: Endpoint, until deadline: Deadline) throws(SessionError) -> Descriptor {
    switch endpoint {
    case .unix(let path): try connect(path: path, endpoint, until: deadline)
    case .tcp(let host, let port): try connect(host: host, port: port, endpoint, until: deadline)
    case .serial(let device, let baud): try SerialDevice.open(device, baud: baud)
    }
  }

  /// The process that listens at the other end of a unix socket. Nil where the system does not say: on TCP, or when it
  /// is in another PID namespace. unix(7), SO_PEERCRED.
  static func peerProcess(of connection: Descriptor) -> Int32? {
    // `struct ucred`: pid, uid and gid.
    var credentials: (process: Int32, user: UInt32, group: UInt32) = (0, 0, 0)
    var size = socklen_t(12)
    // SAFETY: the tuple is three 32-bit numbers, 12 bytes, and no more are written.
    let result = unsafe getsockopt(connection.number, SOL_SOCKET, SO_PEERCRED, &credentials, &size)
    return result == 0 && credentials.process > 0 ? credentials.process : nil
  }

  /// The longest path that a socket's address holds, without its final zero.
  static let longestPath = 107

  private static func connect(
    path: String, _ endpoint: Endpoint, until deadline: Deadline
  ) throws(SessionError) -> Descriptor {
    guard path.utf8.count <= longestPath else {
      throw .systemFailure(operation: "connect to \(endpoint)", errorNumber: ENAMETOOLONG)
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    // SAFETY: the path is shorter than the field, so a final zero remains.
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let socket = try open(AF_UNIX)
    // SAFETY: the length is that of the structure behind the pointer.
    let result = unsafe withUnsafePointer(to: address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe Glibc.connect(socket.number, pointer, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try complete(result, socket, endpoint, until: deadline)
    return socket
  }

  private static func connect(
    host: String, port: UInt16, _ endpoint: Endpoint, until deadline: Deadline
  ) throws(SessionError) -> Descriptor {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    // SAFETY: the strings live through the call; the list is freed below, after its last use.
    guard unsafe getaddrinfo(host, String(port), &hints, &list) == 0 else {
      throw .endpointNotFound(endpoint)
    }
    defer { unsafe freeaddrinfo(list) }
    var failure = SessionError.endpointNotFound(endpoint)
    var next = unsafe list
    while let candidate = unsafe next?.pointee {
      unsafe next = candidate.ai_next
      do {
        let socket = try open(unsafe candidate.ai_family)
        // Small packets both ways: waiting to fill segments would cost 40 ms each.
        var enabled: Int32 = 1
        // SAFETY: the option takes an `int`, and the list's own address and length belong together.
        unsafe setsockopt(
          socket.number, Int32(IPPROTO_TCP), TCP_NODELAY, &enabled, socklen_t(MemoryLayout<Int32>.size))
        let result = unsafe Glibc.connect(socket.number, candidate.ai_addr, candidate.ai_addrlen)
        try complete(result, socket, endpoint, until: deadline)
        return socket
      } catch {
        failure = error
      }
    }
    throw failure
  }

  private static func open(_ family: Int32) throws(SessionError) -> Descriptor {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let number = socket(family, kind, 0)
    guard number >= 0 else { throw .systemFailure(operation: "socket", errorNumber: errno) }
    return Descriptor(owning: number)
  }

  private static func complete(
    _ result: Int32, _ socket: Descriptor, _ endpoint: Endpoint, until deadline: Deadline
  ) throws(SessionError) {
    guard result != 0 else { return }
    var failure = errno
    if failure == EINPROGRESS {
      guard Readiness.wait([(socket.number, .writable)], until: deadline)[0] else {
        throw .endpointSilent(endpoint, limit: deadline.limit)
      }
      var length = socklen_t(MemoryLayout<Int32>.size)
      // SAFETY: the option gives an `int`, whose size `length` is.
      _ = unsafe getsockopt(socket.number, SOL_SOCKET, SO_ERROR, &failure, &length)
    }
    switch failure {
    case 0: return
    case ECONNREFUSED: throw .endpointRefused(endpoint)
    case ENOENT, ENOTDIR, EHOSTUNREACH, ENETUNREACH: throw .endpointNotFound(endpoint)
    // A unix socket whose queue of waiting clients is full.
    case EAGAIN: throw .endpointSilent(endpoint, limit: deadline.limit)
    default: throw .systemFailure(operation: "connect to \(endpoint)", errorNumber: failure)
    }
  }
}
