//! An HTTPS server with a certificate of its own CA.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// An HTTPS server; see the module.
#[derive(Debug)]
pub struct Server {
    /// The address of the listener.
    pub address: SocketAddr,
    /// The certificate of the CA in PEM format.
    pub ca_pem: String,
}

impl Server {
    /// Starts a server that responds with `{"uid":"over TLS"}` on every path, with a certificate
    /// for `name`.
    pub fn start(name: &str) -> Self {
        Self::start_valid(name, (2000, 2100))
    }

    /// Starts a server with a certificate that is valid between these two years only.
    pub fn start_valid(name: &str, (from, to): (i32, i32)) -> Self {
        let mut ca = CertificateParams::new(vec![]).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
        leaf.not_before = rcgen::date_time_ymd(from, 1, 1);
        leaf.not_after = rcgen::date_time_ymd(to, 1, 1);
        let leaf = leaf.signed_by(&key, &ca).unwrap();
        Self::serve(&leaf, &key, ca.pem(), greet)
    }

    /// Starts a server that forwards the decrypted data to `server`, with a certificate for `name`.
    pub fn relay(name: &str, server: SocketAddr) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(vec![]).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
        let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &ca).unwrap();
        Self::serve(&leaf, &key, ca.pem(), move |session, stream| pass_on(session, stream, server))
    }

    /// Starts a server with a self-signed certificate.
    pub fn self_signed(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let leaf = leaf.self_signed(&key).unwrap();
        Self::serve(&leaf, &key, leaf.pem(), greet)
    }

    fn serve(
        leaf: &Certificate,
        key: &KeyPair,
        ca_pem: String,
        handle: impl Fn(ServerConnection, TcpStream) + Send + 'static,
    ) -> Self {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                handle(ServerConnection::new(config.clone()).unwrap(), stream.unwrap());
            }
        });
        Self { address, ca_pem }
    }

    /// Returns the base URL of the server under this host name.
    pub fn url(&self, host: &str) -> String {
        format!("https://{host}:{}", self.address.port())
    }
}

fn greet(session: ServerConnection, stream: TcpStream) {
    let mut stream = StreamOwned::new(session, stream);
    let mut request = [0; 4096];
    if matches!(stream.read(&mut request), Ok(read) if read > 0) {
        let body = r#"{"uid":"over TLS"}"#;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n", body.len());
        let _ = write!(stream, "{head}connection: close\r\n\r\n{body}");
        stream.conn.send_close_notify();
        let _ = stream.flush();
    }
}

fn pass_on(session: ServerConnection, stream: TcpStream, server: SocketAddr) {
    let session = Arc::new(Mutex::new(session));
    let server = TcpStream::connect(server).unwrap();
    let (back, mut to_client) = (session.clone(), stream.try_clone().unwrap());
    let mut from_server = server.try_clone().unwrap();
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read) = from_server.read(&mut bytes)
            && read > 0
        {
            let mut session = back.lock().unwrap();
            session.writer().write_all(bytes.get(..read).unwrap()).unwrap();
            while session.wants_write() && session.write_tls(&mut to_client).is_ok() {}
        }
    });
    let (mut from_client, mut to_client, mut server) =
        (stream.try_clone().unwrap(), stream, server);
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read) = from_client.read(&mut bytes)
            && read > 0
        {
            let mut session = session.lock().unwrap();
            let mut records = bytes.get(..read).unwrap();
            let mut plain = Vec::new();
            while !records.is_empty() {
                session.read_tls(&mut records).unwrap();
                if session.process_new_packets().is_err() {
                    return;
                }
                let _ = session.reader().read_to_end(&mut plain);
                while session.wants_write() && session.write_tls(&mut to_client).is_ok() {}
            }
            if server.write_all(&plain).is_err() {
                return;
            }
        }
    });
}
