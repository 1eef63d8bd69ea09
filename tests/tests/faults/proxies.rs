//! Proxies of the environment, tested with a child process that has the variables and calls servers
//! and proxies on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::ffi::OsString;
use std::process::{Command, Stdio};

use api_auth::{Error, ManualClock};
use api_sandbox::{Sandbox, tpay};
use workspace_tests::{proxy::Proxy, tls};

/// The task of the child process.
const TASK: &str = "PROXIES_TEST_TASK";

/// An address of this machine that is not a loopback address.
const THIS_MACHINE: &str = "0.0.0.0";

const PROXY_VARIABLES: [&str; 9] = [
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "REQUEST_METHOD",
];

/// Runs [`child`] with the task and the variables, and returns what it prints.
fn run(task: &str, variables: &[(&str, OsString)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "proxies::child", "--ignored", "--nocapture"])
        .stderr(Stdio::inherit());
    for name in PROXY_VARIABLES {
        command.env_remove(name);
    }
    command.env(TASK, task).envs(variables.iter().map(|(name, value)| (name, value)));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let printed = String::from_utf8(output.stdout).unwrap();
    let result = printed.lines().find_map(|line| line.split_once("result: "));
    result.unwrap_or_else(|| panic!("{printed}")).1.to_owned()
}

fn shown(error: &Error) -> String {
    let (kind, delivery, attempts) = (error.kind(), error.delivery(), error.attempts());
    format!("{kind:?} {delivery:?} attempts={attempts} argument={:?} {error}", error.argument())
}

#[expect(clippy::disallowed_methods, reason = "what the child process is told")]
fn told(name: &str) -> String {
    std::env::var(name).expect("the other tests of this file start this one")
}

#[ignore = "run by the other tests of this file, in a process of its own"]
#[test]
fn child() {
    let task = told(TASK);
    let words: Vec<&str> = task.split(' ').collect();
    let result = match words[..] {
        ["tinypass", base] => {
            let client = tinypass_client::Client::builder("A", "k")
                .environment(tinypass_client::Environment::Custom(base.to_owned()))
                .allow_plain_http_to("shop.test")
                .allow_plain_http_to(THIS_MACHINE)
                .clock(ManualClock::at_unix(1))
                .build();
            client.and_then(|client| client.get_user("u"))
        }
        ["tls", base] => {
            let client = tinypass_client::Client::builder("A", "k")
                .environment(tinypass_client::Environment::Custom(base.to_owned()))
                .extra_root_certificates(told("TEST_CA"))
                .retries(0)
                .build();
            client.and_then(|client| client.get_user("u"))
        }
        ["tpay", api] => {
            let client = tpay_client::Client::builder(tpay::CLIENT_ID, tpay::CLIENT_SECRET)
                .environment(tpay_client::Environment::Custom {
                    api: api.to_owned(),
                    certificates: "https://secure.tpay.com".to_owned(),
                })
                .retries(0)
                .build();
            client.and_then(|client| {
                client.list_categories()?;
                client.get_root_certificates().map(|_| None)
            })
        }
        _ => panic!("{task}"),
    };
    match result {
        Ok(user) => println!("result: {:?}", user.and_then(|user| user.uid)),
        Err(error) => println!("result: {}", shown(&error)),
    }
}

fn url(address: std::net::SocketAddr) -> OsString {
    format!("http://{address}").into()
}

#[test]
fn loopback_hosts_are_connected_directly_and_other_hosts_of_the_client_by_the_proxy() {
    let sandbox = Sandbox::start().unwrap();
    let proxy = Proxy::rejecting(403);
    let all = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"];
    let variables = all.map(|name| (name, url(proxy.address)));
    let result = run(&format!("tpay {}", sandbox.tpay().base_url()), &variables);
    let text = "the proxy does not allow connections to this host (status 403)";
    let place = format!("(secure.tpay.com:443 via proxy {})", proxy.address);
    let error = format!(
        "Transport NotSent attempts=1 argument=None tpay certificates.root: {text} {place}"
    );
    assert_eq!(result, error);
    assert_eq!(proxy.lines(), ["CONNECT secure.tpay.com:443 HTTP/1.1"]);
    assert_eq!(sandbox.tpay().seen().len(), 2, "a token and the list");
}

#[test]
fn proxy_authentication_error_is_not_retried() {
    for (status, text) in [
        (
            407,
            "the proxy requires authentication (status 407): check the user name and the password of its URL",
        ),
        (403, "the proxy does not allow connections to this host (status 403)"),
    ] {
        let proxy = Proxy::rejecting(status);
        let with_password = format!("http://me:CANARY@{}", proxy.address).into();
        let result = run("tinypass http://shop.test", &[("http_proxy", with_password)]);
        let place = format!("(shop.test:80 via proxy {})", proxy.address);
        let error =
            format!("Transport NotSent attempts=1 argument=None tinypass user.get: {text} {place}");
        assert_eq!(result, error);
        let seen = proxy.seen();
        assert_eq!(seen.len(), 1);
        assert!(seen[0].starts_with("CONNECT shop.test:80 HTTP/1.1\r\n"), "{seen:?}");
        assert!(seen[0].contains("Proxy-Authorization: Basic bWU6Q0FOQVJZ\r\n"), "{seen:?}");
    }
    let proxy = Proxy::rejecting(502);
    let result = run("tinypass http://shop.test", &[("http_proxy", url(proxy.address))]);
    assert!(result.contains("attempts=3") && result.contains("(status 502)"), "{result}");
    assert_eq!(proxy.seen().len(), 3);
}

/// The base URL of the TinyPass server of `sandbox`, at [`THIS_MACHINE`].
#[cfg(unix)]
fn not_loopback(sandbox: &Sandbox) -> (String, String) {
    let (_, port) = sandbox.tinypass().base_url().rsplit_once(':').unwrap();
    (format!("tinypass http://{THIS_MACHINE}:{port}"), port.to_owned())
}

#[cfg(unix)]
#[test]
fn a_host_of_no_proxy_is_connected_directly() {
    let sandbox = Sandbox::start().unwrap();
    let (task, port) = not_loopback(&sandbox);
    let with_port = format!("a.test, {THIS_MACHINE}:{port}");
    for (list, direct) in
        [("0.0.0.0", true), (" a.test, 0.0.0.0/8", true), (&with_port, true), ("0.0.0.0:1", false)]
    {
        let proxy = Proxy::rejecting(403);
        let variables = [("http_proxy", url(proxy.address)), ("NO_PROXY", list.into())];
        let result = run(&task, &variables);
        // The server knows no such application; it was reached.
        assert_eq!(result.starts_with("Auth Refused attempts=1"), direct, "{list}: {result}");
        assert_eq!(proxy.seen().is_empty(), direct, "{list}: {result}");
    }
}

#[test]
fn tls_goes_through_http_proxies_and_through_proxies_with_tls() {
    let server = tls::Server::start("shop.test");
    let proxy = Proxy::start_to(server.address);
    let over_tls = tls::Server::relay("localhost", proxy.address);
    let ca: OsString = [&*server.ca_pem, &*over_tls.ca_pem].concat().into();
    let secure = format!("https://localhost:{}", over_tls.address.port()).into();
    for address in [url(proxy.address), secure] {
        let variables =
            [("HTTPS_PROXY", address), ("HTTP_PROXY", "::".into()), ("TEST_CA", ca.clone())];
        let result = run("tls https://shop.test", &variables);
        assert!(result.contains("argument=Some(\"HTTP_PROXY\")"), "set and unreadable: {result}");
        let variables = [&variables[..], &[("http_proxy", "http://p.test:1".into())]].concat();
        let result = run("tls https://shop.test:8443", &variables);
        assert_eq!(result, "Some(\"over TLS\")");
    }
    let line = "CONNECT shop.test:8443 HTTP/1.1";
    assert_eq!(proxy.lines(), [line, line]);
}

#[test]
fn an_unreadable_variable_is_an_error_of_build_by_its_name() {
    let base = "tinypass https://shop.test";
    for (name, bad) in [
        ("HTTPS_PROXY", "CORP\\CANARY:CANARY@host"),
        ("https_proxy", "\"http://CANARY:1\""),
        ("ALL_PROXY", "quic://CANARY"),
        ("all_proxy", "http://CANARY:99999"),
        ("HTTP_PROXY", "http://u:CANARY@:1"),
    ] {
        let result = run(base, &[(name, bad.into())]);
        let begin = format!("Input NotSent attempts=0 argument=Some(\"{name}\") {name}: ");
        assert!(result.starts_with(&begin) && !result.contains("CANARY"), "{result}");
    }
    let variables = [("ALL_PROXY", "http://p:1".into()), ("NO_PROXY", "10.0.0.0/33".into())];
    let result = run(base, &variables);
    assert!(
        result.contains("NO_PROXY: entry 1 must be `*`, a host name, an IP address or a network"),
        "{result}"
    );
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_an_error_of_build_by_its_name() {
    use std::os::unix::ffi::OsStringExt;

    let bad = OsString::from_vec(b"http://p\xff:1".to_vec());
    let result = run("tinypass https://shop.test", &[("ALL_PROXY", bad)]);
    assert!(result.ends_with("ALL_PROXY: is not UTF-8"), "{result}");
}

#[test]
fn a_client_of_loopback_hosts_works_with_unreadable_variables() {
    let sandbox = Sandbox::start().unwrap();
    let variables = [("ALL_PROXY", "::".into()), ("HTTP_PROXY", "socks9://p".into())];
    let result = run(&format!("tinypass {}", sandbox.tinypass().base_url()), &variables);
    // The server knows no such application; it was reached.
    assert!(result.starts_with("Auth Refused attempts=1"), "{result}");
}

#[cfg(unix)]
#[test]
fn the_proxy_of_a_cgi_request_header_is_ignored() {
    let sandbox = Sandbox::start().unwrap();
    let (task, _) = not_loopback(&sandbox);
    let proxy = Proxy::rejecting(403);
    let variables = [("HTTP_PROXY", url(proxy.address)), ("REQUEST_METHOD", "GET".into())];
    let result = run(&task, &variables);
    assert!(result.starts_with("Auth Refused attempts=1"), "{result}");
    assert!(proxy.seen().is_empty());
    let result = run(&task, &variables[..1]);
    assert!(result.contains("(status 403)"), "{result}");
}
