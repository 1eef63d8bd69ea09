//! Ports on which no server listens.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

/// A port of 127.0.0.1 on which no server listens. As long as this value exists, the system gives
/// the port to no other test. Otherwise, the requests of one test could arrive at the server of
/// another one.
#[derive(Debug)]
pub struct ClosedPort {
    number: u16,
    /// Is bound to the port, but does not listen.
    socket: Option<Socket>,
}

impl ClosedPort {
    /// Reserves any free port.
    ///
    /// # Panics
    /// Panics if no port is free.
    pub fn reserve() -> Self {
        Self::at(0).unwrap()
    }

    /// Reserves any free port for a program that will listen on it. Only on Linux can it do so while
    /// the port is reserved, so other systems may give the port to another program.
    ///
    /// # Panics
    /// Panics if no port is free.
    pub fn for_a_program() -> Self {
        let mut port = Self::reserve();
        if !cfg!(target_os = "linux") {
            port.socket = None;
        }
        port
    }

    /// Reserves this port, whose server has stopped. If the port is 0, any free port is reserved.
    ///
    /// # Errors
    /// Returns an error if a server listens on the port.
    pub fn at(port: u16) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        // Connections of the previous server may still be closing.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
        let address = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::Unsupported)?;
        Ok(Self { number: address.port(), socket: Some(socket) })
    }

    /// Reserves the port again after its program has stopped, on systems on which the program could
    /// not use a reserved port.
    ///
    /// # Errors
    /// Returns an error if another program listens on the port.
    pub fn after_the_program(self) -> io::Result<Self> {
        match self.socket {
            Some(_) => Ok(self),
            None => Self::at(self.number),
        }
    }

    /// Returns the number of the port.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Returns `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.number)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn connections_to_a_closed_port_are_refused() {
        let closed = ClosedPort::reserve();
        let error = TcpStream::connect((Ipv4Addr::LOCALHOST, closed.number())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn port_of_a_stopped_server_can_be_reserved_with_its_connections() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = server.local_addr().unwrap();
        let _client = TcpStream::connect(address).unwrap();
        let accepted = server.accept().unwrap();
        assert!(ClosedPort::at(address.port()).is_err(), "the server still listens");
        drop((accepted, server));
        let closed = ClosedPort::at(address.port()).unwrap();
        assert_eq!(closed.number(), address.port());
        assert!(TcpStream::connect(address).is_err());
    }

    #[test]
    fn a_program_can_listen_on_a_port_that_is_reserved_for_it() {
        let closed = ClosedPort::for_a_program();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, closed.number())).unwrap();
        assert!(TcpStream::connect(listener.local_addr().unwrap()).is_ok());
    }
}
