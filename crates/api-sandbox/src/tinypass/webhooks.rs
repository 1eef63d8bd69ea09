//! Webhooks: sealed blocks, sent one at a time to a callback on this machine.

use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ecb::cipher::block_padding::Pkcs7;
use ecb::cipher::{BlockModeEncrypt, KeyInit as _};
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::PRIVATE_KEY;

const PATIENCE: Duration = Duration::from_secs(10);

/// Tells a callback of grants and revocations; see [`Webhooks::subscribe`].
#[derive(Default)]
pub struct Webhooks {
    queue: Option<Sender<String>>,
    answers: Arc<Mutex<Vec<Option<u16>>>>,
}

impl Webhooks {
    /// Sends a webhook for each grant and revocation from now on, as a GET with the sealed block
    /// in `data`. `url` is `http://` and an address of this machine with a port.
    ///
    /// # Errors
    /// When it is not.
    pub fn subscribe(&mut self, url: &str) -> Result<(), String> {
        let (host, path) = url
            .strip_prefix("http://")
            .map(|rest| rest.split_once('/').unwrap_or((rest, "")))
            .ok_or("webhooks go to http:// only")?;
        let address: SocketAddr =
            host.parse().map_err(|_| format!("{host} is no address with a port"))?;
        if !address.ip().is_loopback() {
            return Err(format!("{host} is not this machine"));
        }
        let (sender, queue) = channel::<String>();
        let (path, answers) = (format!("/{path}"), self.answers.clone());
        thread::spawn(move || {
            for data in queue {
                let status = deliver(address, &format!("{path}?data={data}"));
                answers.lock().unwrap_or_else(PoisonError::into_inner).push(status);
            }
        });
        self.queue = Some(sender);
        Ok(())
    }

    /// What the callback answered so far, oldest first; `None` for no answer.
    pub fn answers(&self) -> Vec<Option<u16>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn send(&self, payload: &Value) {
        if let (Some(queue), Some(data)) = (&self.queue, seal(&payload.to_string())) {
            let _ = queue.send(data);
        }
    }
}

/// The block of a text under the server's private key. base64url and `~` need no escaping in a
/// query.
fn seal(text: &str) -> Option<String> {
    let mut key = [b'X'; 32];
    for (to, from) in key.iter_mut().zip(PRIVATE_KEY.bytes()) {
        *to = from;
    }
    let encryptor = ecb::Encryptor::<Aes256>::new(&key.into());
    let cipher = URL_SAFE_NO_PAD.encode(encryptor.encrypt_padded_vec::<Pkcs7>(text.as_bytes()));
    let mut mac = Hmac::<Sha256>::new_from_slice(PRIVATE_KEY.as_bytes()).ok()?;
    mac.update(cipher.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    Some(format!("{cipher}~~~{signature}"))
}

/// The status of the answer.
fn deliver(address: SocketAddr, target: &str) -> Option<u16> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    write!(stream, "GET {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").field("answers", &self.answers()).finish_non_exhaustive()
    }
}
