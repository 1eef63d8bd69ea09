//! Every option of a builder has its documented effect.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api_auth::{Delivery, ErrorKind, ManualClock, Sent};
use api_auth::{Request, Response, Transport, TransportError, TransportErrorKind, ureq};
use api_sandbox::{Misbehaviour, Sandbox, tinypass};
use tinypass_client::{Client, ClientBuilder, Environment};
use workspace_tests::tinypass;
use workspace_tests::{proxy, tls};

const FOR_EVER: Duration = Duration::from_secs(600);

fn call(client: &Client) -> tinypass_client::Result<()> {
    client.get_user(tinypass::UID).map(|user| assert!(user.is_some()))
}

#[test]
fn timeout_limits_an_exchange() {
    let sandbox = Sandbox::start().unwrap();
    sandbox.tinypass().misbehave(Misbehaviour::Delay(FOR_EVER), 1);
    let client = tinypass(&sandbox).timeout(Duration::from_millis(200)).retries(0).build().unwrap();
    let error = call(&client).unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

#[test]
fn connect_timeout_limits_connecting() {
    // A listener whose queue is full takes no more connections.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) =
        std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200))
    {
        queued.push(stream);
        assert!(queued.len() < 10_000, "the queue never fills");
    }
    let client = Client::builder("A", "k")
        .environment(Environment::Custom(format!("http://{address}")))
        .connect_timeout(Duration::from_millis(200))
        .timeout(FOR_EVER)
        .retries(0)
        .build()
        .unwrap();
    let error = call(&client).unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(error.delivery(), Delivery::NotSent);
}

#[test]
fn zero_timeout_is_rejected() {
    let zero = Duration::ZERO;
    for (name, builder) in [
        ("timeout", Client::builder("A", "k").timeout(zero)),
        ("connect_timeout", Client::builder("A", "k").connect_timeout(zero)),
    ] {
        assert_eq!(builder.build().unwrap_err().argument(), Some(name));
    }
}

/// Every option, alone, with values at and beyond its limits: a call succeeds or fails with an error,
/// and an invalid value is named by `build`. Nothing panics.
#[test]
fn extreme_value_of_any_option_works_or_is_an_error_that_names_it() {
    let sandbox = Sandbox::start().unwrap();
    let (min, max) = (Duration::from_nanos(1), Duration::MAX);
    let long = "x".repeat(1 << 20);
    let texts = [
        "", " ", "\0", "\n", "\r\n", "\t", "\u{feff}", "ą", "%", "%0a", "@", ":", "[", "::1", "*",
        &long,
    ];
    let mut options: Vec<(&str, String, ClientBuilder)> = Vec::new();
    let builder = || tinypass(&sandbox).clock(ManualClock::at_unix(1_760_000_000));
    for time in [Duration::ZERO, min, Duration::from_secs(1), Duration::from_secs(u64::MAX), max] {
        options.push(("timeout", format!("{time:?}"), builder().timeout(time)));
        options.push(("connect_timeout", format!("{time:?}"), builder().connect_timeout(time)));
    }
    for retries in [0, 1, u32::MAX] {
        options.push(("retries", retries.to_string(), builder().retries(retries)));
    }
    for limit in [0, 1, usize::MAX / 2, usize::MAX] {
        options.push(("response_limit", limit.to_string(), builder().response_limit(limit)));
    }
    for seconds in [0, 1, u64::from(u32::MAX), 253_402_300_800] {
        let clock = ManualClock::at_unix(seconds);
        options.push(("clock", seconds.to_string(), builder().clock(clock)));
    }
    for text in texts {
        let shown = format!("{text:.20?}");
        options.push(("application", shown.clone(), builder().application(text)));
        options.push(("proxy", shown.clone(), builder().proxy(text)));
        options.push((
            "extra_root_certificates",
            shown.clone(),
            builder().extra_root_certificates(text),
        ));
        options.push(("allow_plain_http_to", shown.clone(), builder().allow_plain_http_to(text)));
        let environment = Environment::Custom(text.to_owned());
        options.push(("base_url", shown, builder().environment(environment)));
    }
    options.push(("platform_verifier", String::new(), builder().platform_verifier()));
    let (mut built, mut named) = (0, 0);
    for (option, value, builder) in options {
        match builder.build() {
            Err(error) => {
                assert_eq!(error.argument(), Some(option), "{option} {value}: {error}");
                assert!(
                    !error.to_string().contains("xxxxxxxx"),
                    "{option}: the value is not shown"
                );
                named += 1;
            }
            Ok(client) => {
                sandbox.tinypass().misbehave(Misbehaviour::BadGateway, 1);
                if let Err(error) = call(&client) {
                    assert!(!error.to_string().is_empty(), "{option} {value}");
                }
                built += 1;
            }
        }
    }
    assert!(built > 20 && named > 40, "{built} built, {named} rejected");
}

#[test]
fn retries_are_counted() {
    for retries in [0u32, 1, 4] {
        let sandbox = Sandbox::start().unwrap();
        sandbox.tinypass().misbehave(Misbehaviour::BadGateway, 9);
        let clock = ManualClock::at_unix(1);
        let client = tinypass(&sandbox).retries(retries).clock(clock.clone()).build().unwrap();
        assert_eq!(call(&client).unwrap_err().attempts(), retries + 1);
        let tries = retries as usize + 1;
        assert_eq!(sandbox.tinypass().seen().len(), tries);
        assert_eq!(clock.slept().len() + 1, tries);
    }
}

#[test]
fn response_limit_applies_to_custom_transports() {
    let big =
        |_: Request| -> Result<Response, TransportError> { Ok(Response::new(vec![b'x'; 11])) };
    let client = Client::builder("A", "k").transport(big).response_limit(10).build().unwrap();
    let error = client.get_user("u").unwrap_err();
    assert_eq!((error.kind(), error.body().len()), (ErrorKind::Transport, 10));
}

#[test]
fn proxy_gets_its_password() {
    let sandbox = Sandbox::start().unwrap();
    let proxy = proxy::Proxy::start();
    let client =
        tinypass(&sandbox).proxy(format!("http://me:pass@{}", proxy.address)).build().unwrap();
    call(&client).unwrap();
    let seen = proxy.seen().join("");
    let host = sandbox.tinypass().base_url().trim_start_matches("http://").to_owned();
    assert!(seen.starts_with(&format!("CONNECT {host} HTTP/1.1")), "{seen}");
    assert!(seen.to_lowercase().contains("proxy-authorization: basic bwu6cgfzcw=="), "{seen}");
    assert!(!seen.contains("SANDBOXAID"), "nothing of the request itself: {seen}");
}

#[test]
fn invalid_proxy_is_rejected_without_its_value() {
    let error = Client::builder("A", "k").proxy("::CANARY::").build().unwrap_err();
    assert_eq!(error.argument(), Some("proxy"));
    assert!(!format!("{error} {error:?}").contains("CANARY"));
}

#[test]
fn private_ca_must_be_trusted_explicitly() {
    let server = tls::Server::start("localhost");
    let builder = || {
        Client::builder("A", "k")
            .environment(Environment::Custom(server.url("localhost")))
            .no_proxy()
    };
    let error = builder().build().unwrap().get_user("u").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!((error.attempts(), error.delivery()), (1, Delivery::NotSent), "{error}");
    assert!(error.to_string().contains("TLS"), "{error}");

    let client = builder().extra_root_certificates(server.ca_pem.as_bytes()).build().unwrap();
    let user = client.get_user("u").unwrap().unwrap();
    assert_eq!(user.uid.as_deref(), Some("over TLS"));

    let other_name = builder()
        .environment(Environment::Custom(server.url("127.0.0.1")))
        .extra_root_certificates(server.ca_pem.as_bytes())
        .build()
        .unwrap();
    let error = other_name.get_user("u").unwrap_err();
    assert!(error.to_string().contains("TLS"), "{error}");
}

#[test]
fn invalid_extra_roots_are_rejected() {
    for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let error =
            Client::builder("A", "k").no_proxy().extra_root_certificates(pem).build().unwrap_err();
        assert_eq!(error.argument(), Some("extra_root_certificates"), "{pem}");
    }
}

#[test]
fn the_platform_verifier_needs_its_feature() {
    // Another feature of the build may have enabled it for all crates.
    let verified = || Client::builder("A", "k").no_proxy().platform_verifier();
    let (error, why) = match verified().build() {
        Err(error) => (error, "needs the feature `platform-verifier`"),
        Ok(_) => {
            let pem = tls::Server::start("localhost").ca_pem;
            let error = verified().extra_root_certificates(pem).build().unwrap_err();
            (error, "cannot be combined with extra root certificates")
        }
    };
    assert_eq!(error.argument(), Some("platform_verifier"));
    assert!(error.to_string().contains(why), "{error}");
}

#[test]
fn plain_http_needs_the_host_to_be_named() {
    let builder = || {
        Client::builder("A", "k")
            .environment(Environment::Custom("http://intra.example".to_owned()))
            .transport(|_: Request| -> Result<Response, TransportError> {
                Ok(Response::new(br#"{"uid":"u"}"#.to_vec()))
            })
    };
    assert_eq!(builder().build().unwrap_err().argument(), Some("base_url"));
    builder().allow_plain_http_to("intra.example").build().unwrap().get_user("u").unwrap();
}

#[test]
fn custom_agent_satisfies_the_contract() {
    let sandbox = Sandbox::start().unwrap();
    // Its defaults make errors of statuses and follow redirects.
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let client = tinypass(&sandbox).transport(agent).build().unwrap();
    call(&client).unwrap();
    assert_eq!(client.get_user("nobody").unwrap(), None);
}

#[test]
fn custom_transport_can_wrap_the_built_in_one() {
    let sandbox = Sandbox::start().unwrap();
    let mut settings = api_auth::Settings::default();
    settings.no_proxy();
    let inner = settings.built_in_transport().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let wrapped = move |request: Request| -> Result<Response, TransportError> {
        counted.fetch_add(1, Ordering::SeqCst);
        inner.send(request)
    };
    call(&tinypass(&sandbox).transport(wrapped).build().unwrap()).unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn a_hundred_calls_take_one_connection() {
    let sandbox = Sandbox::start().unwrap();
    let client = tinypass(&sandbox).build().unwrap();
    (0..100).for_each(|_| call(&client).unwrap());
    assert_eq!(sandbox.tinypass().connections(), 1);
}

#[test]
fn one_client_serves_many_threads_over_few_connections() {
    let sandbox = Sandbox::start().unwrap();
    let client = tinypass(&sandbox).build().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..25).for_each(|_| call(&client).unwrap()));
        }
    });
    assert_eq!(sandbox.tinypass().seen().len(), 200);
    assert!(sandbox.tinypass().connections() <= 8, "{}", sandbox.tinypass().connections());
}

#[test]
fn custom_transport_error_is_returned() {
    let broken = |_: Request| -> Result<Response, TransportError> {
        Err(TransportError::new(TransportErrorKind::Interrupted, Sent::Maybe, "pulled out"))
    };
    let clock = ManualClock::at_unix(1);
    let client = Client::builder("A", "k").transport(broken).clock(clock).build().unwrap();
    let error = client.get_user("u").unwrap_err();
    assert_eq!(error.to_string(), "tinypass user.get: pulled out (after 3 attempts)");
    assert_eq!(error.attempts(), 3);
}
