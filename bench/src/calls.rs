//! A warm call, `GET /r2/access` with another user each time, by the client and by hand.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use api_auth::http;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tinypass_client::Client;
use ureq::Agent;
use ureq::config::Config;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use crate::samples::USER_AGENT;
use crate::schemes::tinypass::{self, Signer, decode};
use crate::schemes::{Call, put};
use crate::server::{Server, connect};

pub const RAW: &str = "raw socket";
pub const BEST: &str = "bare ureq, best settings";
pub const SAME: &str = "bare ureq, our settings";
pub const REQWEST: &str = "reqwest::blocking";
pub const OURS: &str = "tinypass-client";

pub const ALL: [&str; 5] = [RAW, BEST, SAME, REQWEST, OURS];

/// The server and its CA.
#[derive(Clone)]
pub struct Target {
    pub url: String,
    pub port: u16,
    /// The settings of TLS.
    pub ca_pem: Option<String>,
}

impl Target {
    pub fn of(server: &Server, secure: bool) -> Self {
        Self {
            url: server.url(secure),
            port: if secure { server.secure } else { server.plain },
            ca_pem: secure.then(|| server.ca_pem.clone()),
        }
    }
}

/// Returns the contender with this name.
pub fn caller(name: &str, target: &Target) -> Call {
    match name {
        RAW => raw(target),
        BEST => bare(Arc::new(best_agent(target)), target),
        SAME => bare(Arc::new(same_agent(target)), target),
        REQWEST => reqwest(target),
        OURS => ours(Arc::new(client(target)), "premium-content"),
        other => panic!("no contender {other:?}"),
    }
}

/// The client with the default settings and the base URL of the server.
pub fn client(target: &Target) -> Client {
    tinypass::client(&target.url, target.ca_pem.as_deref(), None)
}

pub fn ours(client: Arc<Client>, rid: &'static str) -> Call {
    let mut user = String::new();
    Box::new(move |number| {
        name_user(&mut user, number);
        client.get_access(rid, &user).unwrap().unwrap().id.unwrap()
    })
}

fn name_user(user: &mut String, number: u64) {
    user.clear();
    let _ = write!(user, "user_{number}");
}

/// Writes a request into a reused buffer, and reads the response into another.
fn raw(target: &Target) -> Call {
    match &target.ca_pem {
        None => raw_over(connect(target.port), target),
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
            let name = ServerName::try_from("localhost").unwrap();
            let session = ClientConnection::new(Arc::new(config), name).unwrap();
            raw_over(StreamOwned::new(session, connect(target.port)), target)
        }
    }
}

fn raw_over(stream: impl Read + Write + Send + 'static, target: &Target) -> Call {
    let signer = Signer::new();
    let host = target.url.split_once("://").unwrap().1.to_owned();
    let mut path = String::new();
    let write = move |number, request: &mut Vec<u8>| {
        path.clear();
        write!(path, "/r2/access?rid=premium-content&user_ref=user_{number}").unwrap();
        let header = signer.header(&[b"GET ", path.as_bytes()]);
        put(
            request,
            &[
                b"GET ",
                path.as_bytes(),
                b" HTTP/1.1\r\nhost: ",
                host.as_bytes(),
                b"\r\naccept: application/json\r\nuser-agent: ",
                USER_AGENT.as_bytes(),
                b"\r\nauthorization: ",
                &header,
                b"\r\n\r\n",
            ],
        );
    };
    converse(stream, write, decode)
}

/// Calls over a socket: each request written into a buffer, each response read into another.
pub fn converse(
    mut stream: impl Read + Write + Send + 'static,
    mut write: impl FnMut(u64, &mut Vec<u8>) + Send + 'static,
    decode: fn(&[u8]) -> String,
) -> Call {
    let mut request = Vec::with_capacity(4096);
    let mut response = vec![0; 16 * 1024];
    Box::new(move |number| {
        request.clear();
        write(number, &mut request);
        stream.write_all(&request).unwrap();
        stream.flush().unwrap();
        let mut filled = 0;
        loop {
            filled += stream.read(&mut response[filled..]).unwrap();
            let bytes = &response[..filled];
            let Some(head) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
                continue;
            };
            let length = bytes[..head]
                .split(|byte| *byte == b'\n')
                .find_map(|line| line.strip_prefix(b"content-length: "))
                .map(|digits| str::from_utf8(digits).unwrap().trim().parse::<usize>().unwrap());
            let (body, end) = (head + 4, head + 4 + length.unwrap());
            if filled >= end {
                return decode(&response[body..end]);
            }
        }
    })
}

/// A resolver with the cached address of the host.
#[derive(Debug)]
struct OneHost(OnceLock<SocketAddr>);

impl Resolver for OneHost {
    fn resolve(
        &self,
        uri: &http::Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let known = match self.0.get() {
            Some(address) => *address,
            None => {
                let found = DefaultResolver::default().resolve(uri, config, timeout)?;
                let four = found.iter().find(|address| address.is_ipv4());
                *self.0.get_or_init(|| *four.unwrap_or(&found[0]))
            }
        };
        let mut addresses = self.empty();
        addresses.push(known);
        Ok(addresses)
    }
}

fn tls(target: &Target) -> TlsConfig {
    let roots = match &target.ca_pem {
        Some(pem) => RootCerts::new_with_certs(&[Certificate::from_pem(pem.as_bytes()).unwrap()]),
        None => RootCerts::WebPki,
    };
    TlsConfig::builder().root_certs(roots).build()
}

/// The best settings of ureq: small buffers, cached DNS results, timeouts without system calls.
pub fn best_agent(target: &Target) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_per_read(Some(Duration::from_secs(30)))
        .timeout_per_write(Some(Duration::from_secs(30)))
        .input_buffer_size(16 * 1024)
        .output_buffer_size(16 * 1024)
        .max_idle_connections(16)
        .max_idle_connections_per_host(16)
        .tls_config(tls(target))
        .build();
    Agent::with_parts(config, DefaultConnector::new(), OneHost(OnceLock::new()))
}

/// The settings of the client, without its additions to ureq.
fn same_agent(target: &Target) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_per_call(Some(Duration::from_secs(30)))
        .input_buffer_size(16 * 1024)
        .output_buffer_size(16 * 1024)
        .max_idle_connections(16)
        .max_idle_connections_per_host(16)
        .tls_config(tls(target))
        .build()
        .new_agent()
}

/// Sends an `http::Request` by the agent, and reads the body into a reused buffer.
pub fn bare(agent: Arc<Agent>, target: &Target) -> Call {
    let signer = Signer::new();
    let base = target.url.clone();
    let build = move |number| {
        let url = format!("{base}/r2/access?rid=premium-content&user_ref=user_{number}");
        let header = signer.header(&[b"GET ", &url.as_bytes()[base.len()..]]);
        http::Request::get(url)
            .header(http::header::ACCEPT, http::HeaderValue::from_static("application/json"))
            .header(http::header::USER_AGENT, http::HeaderValue::from_static(USER_AGENT))
            .header(http::header::AUTHORIZATION, http::HeaderValue::from_bytes(&header).unwrap())
            .body(())
            .unwrap()
    };
    run(agent, build, decode)
}

/// Calls by an agent. Each response body is read into a reused buffer.
pub fn run<B: ureq::AsSendBody>(
    agent: Arc<Agent>,
    mut build: impl FnMut(u64) -> http::Request<B> + Send + 'static,
    decode: fn(&[u8]) -> String,
) -> Call {
    let mut body = Vec::new();
    Box::new(move |number| {
        let mut response = agent.run(build(number)).unwrap();
        assert_eq!(response.status(), 200);
        body.clear();
        response.body_mut().as_reader().read_to_end(&mut body).unwrap();
        decode(&body)
    })
}

fn reqwest(target: &Target) -> Call {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::blocking::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(30))
        .user_agent(USER_AGENT);
    if let Some(pem) = &target.ca_pem {
        let root = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
        builder = builder.tls_certs_only([root]);
    }
    let client = builder.build().unwrap();
    let signer = Signer::new();
    let base = target.url.clone();
    Box::new(move |number| {
        let url = format!("{base}/r2/access?rid=premium-content&user_ref=user_{number}");
        let header = signer.header(&[b"GET ", &url.as_bytes()[base.len()..]]);
        let response = client
            .get(url)
            .header("accept", "application/json")
            .header("authorization", &header[..])
            .send()
            .unwrap();
        assert_eq!(response.status(), 200);
        decode(&response.bytes().unwrap())
    })
}
