//! An HTTP proxy on loopback that records the head of every request.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// An HTTP proxy; see the module.
#[derive(Debug)]
pub struct Proxy {
    /// The address of the listener.
    pub address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts a proxy that opens tunnels to the requested hosts.
    pub fn start() -> Self {
        Self::serve(|head, client| {
            let target = head.split(' ').nth(1).unwrap().to_owned();
            tunnel(client, TcpStream::connect(target).unwrap());
        })
    }

    /// Starts a proxy that opens all tunnels to `server`, whatever the requested host is.
    pub fn start_to(server: SocketAddr) -> Self {
        Self::serve(move |_, client| tunnel(client, TcpStream::connect(server).unwrap()))
    }

    /// Starts a proxy that responds to every request with this status.
    pub fn rejecting(status: u16) -> Self {
        Self::serve(move |_, mut client| {
            let _ = write!(client, "HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n");
        })
    }

    fn serve(handle: impl Fn(&str, TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let (seen, handle) = (heads.clone(), Arc::new(handle));
        thread::spawn(move || {
            for client in listener.incoming() {
                let (seen, handle) = (seen.clone(), handle.clone());
                thread::spawn(move || {
                    let mut client = client.unwrap();
                    let Some(head) = head(&mut client) else { return };
                    seen.lock().unwrap().push(head.clone());
                    handle(&head, client);
                });
            }
        });
        Self { address, heads }
    }

    /// Returns the heads of the requests so far.
    pub fn seen(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// Returns the first lines of the requests so far.
    pub fn lines(&self) -> Vec<String> {
        self.seen().iter().map(|head| head.lines().next().unwrap().to_owned()).collect()
    }
}

fn head(client: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    String::from_utf8(head).ok()
}

fn tunnel(mut client: TcpStream, server: TcpStream) {
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let (client_too, server_too) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || pump(client_too, server));
    thread::spawn(move || pump(server_too, client));
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Write);
}
