//! Signs notifications like the provider, and sends them to callback URLs with a loopback address.

use std::fmt;
use std::sync::mpsc::{SendError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use md5::{Digest, Md5};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use super::json::Members;
use crate::callback::Callback;
use crate::digest::hex;
use crate::query::encode_form;

/// The certificate of the signing key, which is trusted only in tests.
pub(super) const SIGNING_PEM: &str = include_str!("keys/signing.pem");
/// The intermediate and root certificates in the chain of [`SIGNING_PEM`].
pub(super) const ANCHORS_PEM: &str = include_str!("keys/anchors.pem");
const KEY_PEM: &str = include_str!("keys/signing-key-test-only.pem");

/// A notification, and the result of its delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The kind of notification: `payment`, `blik_alias`, `tokenization`, `token_update`,
    /// `marketplace` or `recurring`.
    pub kind: &'static str,
    /// The subject of the notification: the title of a payment, the value of an alias or token, or
    /// the id of a tokenization, a marketplace payment or a plan.
    pub subject: String,
    /// The callback URL of the notification.
    pub url: String,
    /// The value of the header `Content-Type`.
    pub content_type: &'static str,
    /// The value of the header `X-JWS-Signature`.
    pub signature: String,
    /// The body of the notification.
    pub body: String,
    /// The number of attempts to deliver the notification. It is 0 if the URL does not begin with
    /// `http://` and a loopback host.
    pub attempts: u32,
    /// The status code of the last response. `None` if there was no response.
    pub status: Option<u16>,
    /// The body of the last response. Empty if there was no response.
    pub response: String,
    /// Whether the last response acknowledged the notification.
    pub accepted: bool,
}

/// The notifications whose delivery has ended. All clones of an outbox share them. Waiting for
/// notifications does not block the server.
#[derive(Debug, Clone, Default)]
pub struct Outbox(Arc<(Mutex<Vec<Delivery>>, Condvar)>);

impl Outbox {
    /// Returns all deliveries that have ended, with or without success, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.list().clone()
    }

    /// Waits until `count` deliveries have ended, but for at most ten seconds. Returns all
    /// deliveries that have ended.
    pub fn wait_for(&self, count: usize) -> Vec<Delivery> {
        let waited = self
            .0
            .1
            .wait_timeout_while(self.list(), Duration::from_secs(10), |list| list.len() < count);
        waited.unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    fn list(&self) -> MutexGuard<'_, Vec<Delivery>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, delivery: Delivery) {
        self.list().push(delivery);
        self.0.1.notify_all();
    }
}

/// The sender of notifications, which also signs them. It sends them one after the other on a
/// separate thread, because a callback can send requests to the server before it responds.
pub(super) struct Post {
    key: Option<RsaKeyPair>,
    queue: Sender<(Delivery, u32)>,
    outbox: Outbox,
}

impl Post {
    pub(super) fn new() -> Self {
        let der: String = KEY_PEM.lines().filter(|line| !line.starts_with('-')).collect();
        let key = STANDARD.decode(der).ok().and_then(|der| RsaKeyPair::from_pkcs8(&der).ok());
        let (queue, waiting) = channel::<(Delivery, u32)>();
        let outbox = Outbox::default();
        let done = outbox.clone();
        // If there is no thread, the queue is closed, and `send` adds the delivery to the outbox.
        let _ = thread::Builder::new().spawn(move || {
            for (mut delivery, most) in waiting {
                if let Some(callback) = Callback::new(&delivery.url) {
                    while delivery.attempts < most && !delivery.accepted {
                        deliver(&mut delivery, &callback);
                    }
                }
                done.add(delivery);
            }
        });
        Self { key, queue, outbox }
    }

    pub(super) fn outbox(&self) -> Outbox {
        self.outbox.clone()
    }

    /// Returns the detached JWS of a body. `x5u` is the certificate URL in its header.
    pub(super) fn sign(&self, x5u: &str, body: &[u8]) -> String {
        let header = super::text::php_json(&json!({ "alg": "RS256", "x5u": x5u }));
        let header = URL_SAFE_NO_PAD.encode(header);
        let input = format!("{header}.{}", URL_SAFE_NO_PAD.encode(body));
        let mut signature = Vec::new();
        if let Some(key) = &self.key {
            signature.resize(key.public().modulus_len(), 0);
            let random = SystemRandom::new();
            if key.sign(&RSA_PKCS1_SHA256, &random, input.as_bytes(), &mut signature).is_err() {
                signature.clear();
            }
        }
        format!("{header}..{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Signs a message and sends it to `url`. If it is not acknowledged, it is sent again, at most
    /// `most` times in total.
    pub(super) fn send(&self, message: Message, url: &str, x5u: &str, most: u32) {
        let delivery = Delivery {
            kind: message.kind,
            subject: message.subject,
            url: url.to_owned(),
            content_type: message.content_type,
            signature: self.sign(x5u, message.body.as_bytes()),
            body: message.body,
            attempts: 0,
            status: None,
            response: String::new(),
            accepted: false,
        };
        if let Err(SendError((delivery, _))) = self.queue.send((delivery, most)) {
            self.outbox.add(delivery);
        }
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post").finish_non_exhaustive()
    }
}

/// A notification before it is signed.
pub(super) struct Message {
    kind: &'static str,
    subject: String,
    content_type: &'static str,
    body: String,
}

impl Message {
    pub(super) fn form(kind: &'static str, subject: &str, fields: &[(&str, String)]) -> Self {
        let content_type = "application/x-www-form-urlencoded";
        Self { kind, subject: subject.to_owned(), content_type, body: encode_form(fields) }
    }

    pub(super) fn json(kind: &'static str, subject: &str, body: &Value) -> Self {
        let body = super::text::php_json(body);
        Self { kind, subject: subject.to_owned(), content_type: "application/json", body }
    }
}

/// Returns the `md5sum` of a notification: the MD5 digest of the concatenated parts, in hex.
pub(super) fn md5sum(parts: &[&str]) -> String {
    hex(&Md5::digest(parts.concat()))
}

fn deliver(delivery: &mut Delivery, callback: &Callback) {
    delivery.attempts += 1;
    let Callback { address, target } = callback;
    let request = format!(
        "POST {target} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\
         X-JWS-Signature: {}\r\nConnection: close\r\n\r\n{}",
        delivery.content_type,
        delivery.body.len(),
        delivery.signature,
        delivery.body
    );
    match callback.send(&request) {
        Ok((status, response)) => {
            let is_text = response == "TRUE";
            let is_json = serde_json::from_str(&response)
                .is_ok_and(|response: Value| response.at("result") == true);
            delivery.accepted = status == 200
                && match delivery.kind {
                    "payment" | "blik_alias" => is_text,
                    // The provider's sources disagree about the response.
                    "recurring" => is_text || is_json,
                    _ => is_json,
                };
            delivery.status = Some(status);
            delivery.response = response;
        }
        Err(_) => {
            delivery.status = None;
            delivery.response.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn md5sum_is_over_the_concatenated_values() {
        let sum = md5sum(&["1010", "TR-BRA-KGZK0X", "12.34", "order-123", "demo"]);
        assert_eq!(sum, "f045cc3b93d68eca9f86ccc16679e4c3");
    }

    #[test]
    fn notification_is_accepted_with_the_response_of_its_kind() {
        let (text, result, other) = ("TRUE", r#"{"result":true}"#, r#"{"result":false}"#);
        for (kind, status, response, accepted) in [
            ("payment", 200, text, true),
            ("payment", 200, result, false),
            ("payment", 500, text, false),
            ("blik_alias", 200, text, true),
            ("blik_alias", 200, result, false),
            ("recurring", 200, text, true),
            ("recurring", 200, result, true),
            ("recurring", 200, other, false),
            ("recurring", 400, text, false),
            ("tokenization", 200, result, true),
            ("tokenization", 200, text, false),
            ("marketplace", 200, result, true),
            ("marketplace", 200, other, false),
        ] {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}/", listener.local_addr().unwrap());
            let bytes = format!("HTTP/1.1 {status} X\r\n\r\n{response}");
            let server = thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 1024]);
                let _ = stream.write_all(bytes.as_bytes());
            });
            let post = Post::new();
            post.send(Message::json(kind, "a", &json!({})), &url, "b", 1);
            let sent = post.outbox().wait_for(1);
            server.join().unwrap();
            let [sent] = sent.as_slice() else { panic!("{kind}: {sent:?}") };
            assert_eq!((sent.status, sent.attempts), (Some(status), 1), "{kind} {response}");
            assert_eq!(sent.accepted, accepted, "{kind} {status} {response}");
        }
    }
}
