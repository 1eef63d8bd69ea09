//! Nothing is sent to a server with an invalid certificate.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use api_auth::{Delivery, ErrorKind, TransportErrorKind};
use tinypass_client::{Client, Environment, Error, GrantAccess};
use workspace_tests::tls::Server;

fn write(server: &Server, trusted: bool) -> Result<(), Error> {
    let mut builder = Client::builder("A", "k")
        .environment(Environment::Custom(server.url("localhost")))
        .no_proxy();
    if trusted {
        builder = builder.extra_root_certificates(server.ca_pem.as_bytes());
    }
    builder.build()?.grant_access(&GrantAccess::new("r", "e@example.org")).map(drop)
}

#[test]
fn invalid_certificate_is_rejected_before_anything_is_sent() {
    let ever = (2000, 2100);
    for (what, server, trusted) in [
        ("of an unknown issuer", Server::start("localhost"), false),
        ("that it signed itself", Server::self_signed("localhost"), false),
        ("of another name", Server::start_valid("other.example", ever), true),
        ("that begins alike", Server::start_valid("localhost.evil.example", ever), true),
        ("that has expired", Server::start_valid("localhost", (2000, 2001)), true),
        ("that is not valid yet", Server::start_valid("localhost", (2099, 2100)), true),
    ] {
        let error = write(&server, trusted).expect_err(what);
        assert_eq!(error.kind(), ErrorKind::Transport, "{what}: {error}");
        let source = error.transport_error().unwrap();
        assert_eq!(source.kind(), TransportErrorKind::Tls, "{what}: {error}");
        assert_eq!((error.delivery(), error.attempts()), (Delivery::NotSent, 1), "{what}: {error}");
    }
}

#[test]
fn valid_certificate_is_accepted() {
    let server = Server::start("localhost");
    // The response is not an access, but the request was sent.
    let result = write(&server, true);
    assert!(result.is_ok() || result.unwrap_err().status().is_some());
}
