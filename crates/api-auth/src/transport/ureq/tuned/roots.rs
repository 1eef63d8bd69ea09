//! TLS with additional trusted roots. ureq can only replace its roots, so connections are wrapped
//! by rustls here.

use std::fmt;
use std::io::{Read, Write};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout,
    TcpConnector, Transport, TransportAdapter,
};

use crate::error::input::InputError;

const ARGUMENT: &str = "extra_root_certificates";

/// Returns the connector chain of ureq with another last connector.
pub(super) fn connector(pems: &[Vec<u8>]) -> Result<impl Connector, InputError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for pem in pems {
        let mut count = 0;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate =
                certificate.map_err(|_| InputError::new(ARGUMENT, "is not a PEM text"))?;
            roots
                .add(certificate)
                .map_err(|_| InputError::new(ARGUMENT, "holds what is no certificate"))?;
            count += 1;
        }
        if count == 0 {
            return Err(InputError::new(ARGUMENT, "holds no certificate in PEM form"));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| InputError::new(ARGUMENT, "cannot be used by this build's TLS"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tls = TlsConnector(Arc::new(config));
    let chain = ();
    #[cfg(feature = "socks-proxy")]
    let chain = chain.chain(ureq::unversioned::transport::SocksConnector::default());
    let chain = chain.chain(ConnectProxyConnector::default());
    Ok(chain.chain(TcpConnector::default()).chain(tls))
}

struct TlsConnector(Arc<ClientConfig>);

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let socket = chained.ok_or(ureq::Error::ConnectionFailed)?;
        if !details.needs_tls() || socket.is_tls() {
            return Ok(Some(Either::A(socket)));
        }
        let host = details.uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| ureq::Error::Tls("the host is no name that a certificate can hold"))?;
        let mut session = ClientConnection::new(self.0.clone(), name)?;
        let mut socket = TransportAdapter::new(socket.boxed(), details.current_time.clone());
        socket.set_timeout(details.timeout);
        session.complete_io(&mut socket)?;
        let buffers = LazyBuffers::new(
            details.config.input_buffer_size(),
            details.config.output_buffer_size(),
        );
        Ok(Some(Either::B(TlsTransport { stream: StreamOwned::new(session, socket), buffers })))
    }
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsConnector")
    }
}

struct TlsTransport {
    stream: StreamOwned<ClientConnection, TransportAdapter>,
    buffers: LazyBuffers,
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        self.stream.write_all(output)?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        let read = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(read);
        Ok(read > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsTransport")
    }
}
