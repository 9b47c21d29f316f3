import Session
import Testing

@Suite struct EndpointTests {
  @Test(arguments: [
    ("tcp:127.0.0.1:1234", Endpoint.tcp(host: "127.0.0.1", port: 1234)),
    ("localhost:99", .tcp(host: "localhost", port: 99)),
    (":1234", .tcp(host: "127.0.0.1", port: 1234)),
    ("tcp::65535", .tcp(host: "127.0.0.1", port: 65535)),
    ("[::1]:1234", .tcp(host: "::1", port: 1234)),
    ("tcp:[fe80::1]:7", .tcp(host: "fe80::1", port: 7)),
    ("unix:/run/a:b", .unix(path: "/run/a:b")),
    ("unix:relative", .unix(path: "relative")),
    ("serial:/dev/ttyS0", .serial(device: "/dev/ttyS0")),
    ("serial:/dev/ttyUSB1,9600", .serial(device: "/dev/ttyUSB1", baud: .baud9600)),
    ("serial:a,b,115200", .serial(device: "a,b", baud: .baud115200)),
  ])
  func reads(_ text: String, _ endpoint: Endpoint) throws {
    #expect(try Endpoint(parsing: text) == endpoint)
    // What is printed can be typed.
    #expect(try Endpoint(parsing: endpoint.description) == endpoint)
  }

  @Test(arguments: [
    "", ":", "host", "host:", "host:0", "host:65536", "host:-1", "host:12a", "tcp:", "unix:", "serial:",
    "serial:,9600", "::1:1234", "/run/socket", "/run/socket:1", "udp:host:1",
  ])
  func refuses(_ text: String) {
    #expect(throws: SessionError.invalidEndpoint(text)) { try Endpoint(parsing: text) }
  }

  @Test func theStandardOneIsQEMUs() {
    #expect(Endpoint.standard.description == "tcp:127.0.0.1:1234")
  }

  @Test func whatCannotBeReachedIsToldInOneLine() {
    func line(_ text: String) -> String {
      do throws(SessionError) {
        _ = try Target.attach(Endpoint(parsing: text), replyLimit: .seconds(2))
        return "attached"
      } catch {
        return "\(error.exitStatus): \(error)"
      }
    }
    #expect(
      line("nowhere")
        == "2: \"nowhere\" is no endpoint; give tcp:HOST:PORT, unix:PATH or serial:DEVICE[,BAUD]")
    // Port 1 is nobody's.
    #expect(line(":1") == "3: tcp:127.0.0.1:1: connection refused; nothing listens there")
    #expect(line("unix:/nonexistent/socket") == "3: unix:/nonexistent/socket: no such endpoint")
    #expect(line("unix:/etc/passwd") == "3: unix:/etc/passwd: connection refused; nothing listens there")
    #expect(line("host.invalid:1") == "3: tcp:host.invalid:1: no such endpoint")
  }
}
