//! Tests of TLS with a server whose certificate is issued by a CA of its own.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;

use super::*;
use crate::settings::Settings;

type Stream = rustls::StreamOwned<rustls::ServerConnection, TcpStream>;

/// Starts a TLS server that accepts any number of connections and responds to each with `{}`.
/// Returns its URL and the PEM of its CA.
fn server() -> (String, String) {
    serve(|mut stream| {
        // A client that does not trust the certificate closes the connection.
        if stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
        }
    })
}

/// Like [`server`], with a function for each connection.
fn serve(handle: impl Fn(Stream) + Send + 'static) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![]).unwrap();
    // OpenSSL rejects a certificate with the subject of its issuer as self-signed.
    params.distinguished_name.push(DnType::CommonName, "CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap().der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let session = rustls::ServerConnection::new(config.clone()).unwrap();
            let socket = socket.unwrap();
            // A response must not wait in the server until the client confirms the handshake.
            socket.set_nodelay(true).unwrap();
            handle(rustls::StreamOwned::new(session, socket));
        }
    });
    (format!("https://localhost:{port}/"), ca)
}

fn send_with(settings: &Settings, url: &str) -> Result<Response, TransportError> {
    let request = http::Request::post(url).body(b"x".to_vec()).unwrap();
    settings.built_in_transport().unwrap().send(request)
}

#[test]
fn a_server_of_an_unknown_ca_is_a_tls_error_of_a_request_that_was_not_sent() {
    let (url, _) = server();
    let mut settings = Settings::default();
    settings.no_proxy();
    let error = send_with(&settings, &url).unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Tls, Sent::No), "{error}");
    assert!(error.to_string().starts_with("TLS: "), "{error}");
}

#[cfg(feature = "extra-roots")]
#[test]
fn a_server_of_an_extra_root_is_trusted_for_its_own_name_only() {
    let (url, ca) = server();
    let mut settings = Settings::default();
    settings.no_proxy();
    settings.extra_roots(ca.into_bytes());
    assert_eq!(send_with(&settings, &url).unwrap().body(), b"{}");
    let error = send_with(&settings, &url.replace("localhost", "127.0.0.1")).unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Tls, Sent::No), "{error}");
}

/// The server does not read the body, and closes the connection after its response.
#[cfg(all(feature = "extra-roots", feature = "dns-cache", unix))]
#[test]
fn response_over_tls_is_read_although_the_request_could_not_be_written() {
    for (status, code) in [("413 Content Too Large", 413), ("401 Unauthorized", 401)] {
        let (url, ca) = serve(move |mut stream| {
            let mut head = Vec::<u8>::new();
            while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                let mut bytes = [0; 512];
                let read = stream.read(&mut bytes).unwrap();
                assert!(read > 0);
                head.extend(&bytes[..read]);
            }
            let response = format!("HTTP/1.1 {status}\r\ncontent-length: 4\r\n\r\nlate");
            stream.write_all(response.as_bytes()).unwrap();
        });
        let mut settings = Settings::default();
        settings.no_proxy();
        settings.extra_roots(ca.into_bytes());
        let request = http::Request::post(&url).body(vec![b'x'; 6 << 20]).unwrap();
        let response = settings.built_in_transport().unwrap().send(request).unwrap();
        assert_eq!((response.status().as_u16(), &**response.body()), (code, &b"late"[..]));
    }
}

#[cfg(not(feature = "rustls"))]
#[test]
fn the_system_roots_of_native_tls_need_no_other_feature() {
    let (url, ca) = server();
    let mut settings = Settings::default();
    settings.no_proxy();
    settings.platform_verifier();
    let error = send_with(&settings, &url).unwrap_err();
    assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Tls, Sent::No), "{error}");
    settings.extra_roots(ca.into_bytes());
    let Err(error) = settings.built_in_transport() else { panic!("accepted") };
    assert_eq!(error.argument(), "platform_verifier");
}
