//! TLS for the connections of [`Server::listen`](crate::Server::listen).

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::server::{Socket, Stream};

/// A new CA and the certificate that it has issued for servers; see
/// [`Server::listen`](crate::Server::listen).
#[derive(Clone)]
pub struct Tls {
    ca_pem: String,
    config: Arc<ServerConfig>,
}

impl Tls {
    /// Creates a CA that issues a certificate for `localhost`, 127.0.0.1, `::1` and `address`.
    ///
    /// # Errors
    /// Returns an error if the keys or certificates cannot be created.
    pub fn new(address: IpAddr) -> io::Result<Self> {
        let mut ca = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // The names must differ: otherwise, OpenSSL considers the certificate self-signed.
        ca.distinguished_name.push(DnType::CommonName, "api-sandbox CA");
        let ca_key = KeyPair::generate().map_err(io::Error::other)?;
        let ca = CertifiedIssuer::self_signed(ca, ca_key).map_err(io::Error::other)?;
        let names = ["localhost", "127.0.0.1", "::1", &address.to_string()].map(str::to_owned);
        let mut leaf = CertificateParams::new(names.to_vec()).map_err(io::Error::other)?;
        leaf.distinguished_name.push(DnType::CommonName, "api-sandbox");
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let leaf = leaf.signed_by(&key, &ca).map_err(io::Error::other)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder.with_no_client_auth().with_single_cert(vec![leaf.der().clone()], key)
            })
            .map_err(io::Error::other)?;
        Ok(Self { ca_pem: ca.pem(), config: Arc::new(config) })
    }

    /// Returns the root certificate of the CA, in PEM format.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Starts the session of a connection. The handshake takes place when the first bytes are read.
    pub(crate) fn session(&self, socket: Socket) -> io::Result<impl Stream + use<>> {
        let session = ServerConnection::new(self.config.clone()).map_err(io::Error::other)?;
        Ok(StreamOwned::new(session, socket))
    }
}

impl Stream for StreamOwned<ServerConnection, Socket> {
    fn end(&mut self) -> io::Result<()> {
        self.conn.send_close_notify();
        while self.conn.wants_write() {
            self.conn.write_tls(&mut self.sock)?;
        }
        self.sock.end()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}
