//! `--bind` and `--tls`: listeners that forward all bytes to the servers, which listen on
//! 127.0.0.1. The servers have no console on these connections.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The maximum time for which an encrypted connection waits for data from one side before it reads
/// from the other side.
const TURN: Duration = Duration::from_millis(2);

/// The TLS configuration for `--tls`: a certificate for all servers, and the root certificate of
/// the new CA that issued it.
pub(crate) struct Tls {
    /// The root certificate of the CA, in PEM format.
    pub(crate) ca_pem: String,
    config: Arc<ServerConfig>,
}

impl Tls {
    /// Creates a CA that issues a certificate for `localhost`, 127.0.0.1 and `address`.
    pub(crate) fn new(address: IpAddr) -> Result<Self, String> {
        let failed = |error: rcgen::Error| format!("--tls: {error}");
        let mut ca = CertificateParams::new(Vec::new()).map_err(failed)?;
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // The names must differ: otherwise, OpenSSL considers the certificate self-signed.
        ca.distinguished_name.push(DnType::CommonName, "api-sandbox CA");
        let ca_key = KeyPair::generate().map_err(failed)?;
        let ca = CertifiedIssuer::self_signed(ca, ca_key).map_err(failed)?;
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned(), address.to_string()];
        let mut leaf = CertificateParams::new(names.to_vec()).map_err(failed)?;
        leaf.distinguished_name.push(DnType::CommonName, "api-sandbox");
        let key = KeyPair::generate().map_err(failed)?;
        let leaf = leaf.signed_by(&key, &ca).map_err(failed)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder.with_no_client_auth().with_single_cert(vec![leaf.der().clone()], key)
            })
            .map_err(|error| format!("--tls: {error}"))?;
        Ok(Self { ca_pem: ca.pem(), config: Arc::new(config) })
    }
}

/// Listens on `address` and forwards each connection to `server`. Returns the base URL of the
/// listener.
pub(crate) fn start(
    address: SocketAddr,
    server: SocketAddr,
    tls: Option<&Tls>,
) -> io::Result<String> {
    let listener = TcpListener::bind(address)?;
    let mut shown = listener.local_addr()?;
    if shown.ip().is_unspecified() {
        shown.set_ip(server.ip());
    }
    let scheme = if tls.is_some() { "https" } else { "http" };
    let config = tls.map(|tls| tls.config.clone());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = config.clone();
            // Errors of a connection are ignored: the client notices them.
            thread::spawn(move || drop(pass_on(stream, server, config)));
        }
    });
    Ok(format!("{scheme}://{shown}"))
}

fn pass_on(
    client: TcpStream,
    server: SocketAddr,
    config: Option<Arc<ServerConfig>>,
) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    if let Some(config) = config {
        let session = ServerConnection::new(config).map_err(io::Error::other)?;
        return encrypted(StreamOwned::new(session, client), server);
    }
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let requests = thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let (mut server, mut client) = (server, client);
    if let Err(error) = io::copy(&mut server, &mut client)
        && error.kind() == io::ErrorKind::ConnectionReset
    {
        // The server reset the connection because of `--misbehave`.
        let _ = socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO));
        // The other thread ends, so that dropping the socket closes it.
        let _ = client.shutdown(Shutdown::Read);
    } else {
        let _ = client.shutdown(Shutdown::Write);
    }
    let _ = requests.join();
    drop(client);
    Ok(())
}

/// Forwards bytes alternately from the client and from the server, because both directions share
/// one TLS session.
fn encrypted(
    mut client: StreamOwned<ServerConnection, TcpStream>,
    mut server: TcpStream,
) -> io::Result<()> {
    while client.conn.is_handshaking() {
        client.conn.complete_io(&mut client.sock)?;
    }
    client.sock.set_read_timeout(Some(TURN))?;
    server.set_read_timeout(Some(TURN))?;
    let mut buffer = [0; 16 * 1024];
    loop {
        match client.read(&mut buffer) {
            Ok(0) => return server.shutdown(Shutdown::Write),
            Ok(count) => server.write_all(buffer.get(..count).unwrap_or_default())?,
            Err(error) if is_idle(&error) => {}
            Err(error) => return Err(error),
        }
        match server.read(&mut buffer) {
            Ok(0) => {
                client.conn.send_close_notify();
                return client.flush();
            }
            Ok(count) => {
                client.write_all(buffer.get(..count).unwrap_or_default())?;
                client.flush()?;
            }
            Err(error) if is_idle(&error) => {}
            Err(error) => {
                let _ = socket2::SockRef::from(&client.sock).set_linger(Some(Duration::ZERO));
                return Err(error);
            }
        }
    }
}

/// Returns whether a read failed only because no data arrived within the read timeout.
fn is_idle(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
