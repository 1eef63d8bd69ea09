//! Webhooks: encrypted messages, which are sent one after the other to a callback URL on this
//! machine.

use std::fmt;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ecb::cipher::block_padding::Pkcs7;
use ecb::cipher::{BlockModeEncrypt, KeyInit as _};
use serde_json::Value;

use super::PRIVATE_KEY;
use crate::callback::Callback;
use crate::digest::hmac_sha256;

/// The maximum number of attempts to deliver a webhook. There are no pauses between the attempts.
/// The provider's number and pauses are not documented.
const ATTEMPTS: u32 = 3;

/// The webhooks for grants and revocations of access; see [`Webhooks::subscribe`].
#[derive(Default)]
pub struct Webhooks {
    queue: Option<Sender<String>>,
    responses: Arc<Mutex<Vec<Option<u16>>>>,
}

impl Webhooks {
    /// Sends a webhook to `url` for each grant and revocation from now on: a GET request with the
    /// encrypted message in the parameter `data`. Webhooks are sent one after the other. Unless the
    /// response has status 200, the webhook is sent again, but at most three times in total. `url`
    /// must begin with `http://` and have a loopback address. It replaces the previous URL.
    ///
    /// # Errors
    /// Returns an error if `url` has a different scheme or host, or if no thread can be started.
    pub fn subscribe(&mut self, url: &str) -> Result<(), String> {
        let callback = Callback::new(url)
            .ok_or_else(|| format!("{url} is not an http:// URL of this machine"))?;
        let (sender, queue) = channel::<String>();
        let responses = self.responses.clone();
        let sending = thread::Builder::new().spawn(move || {
            for data in queue {
                for _ in 0..ATTEMPTS {
                    let status = deliver(&callback, &data);
                    responses.lock().unwrap_or_else(PoisonError::into_inner).push(status);
                    if status == Some(200) {
                        break;
                    }
                }
            }
        });
        sending.map_err(|error| format!("cannot send webhooks: {error}"))?;
        self.queue = Some(sender);
        Ok(())
    }

    /// Returns the status code of the response to each attempt to deliver a webhook, oldest first.
    /// `None` means that there was no response.
    pub fn responses(&self) -> Vec<Option<u16>> {
        self.responses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn send(&self, payload: &Value) {
        if let Some(queue) = &self.queue {
            // The thread ends when the queue is dropped.
            let _ = queue.send(seal(&payload.to_string()));
        }
    }
}

/// Encrypts and signs a string. The result needs no escaping in a query, because it consists only
/// of base64url and `~`.
fn seal(text: &str) -> String {
    let mut key = [b'X'; 32];
    for (to, from) in key.iter_mut().zip(PRIVATE_KEY.bytes()) {
        *to = from;
    }
    let encryptor = ecb::Encryptor::<Aes256>::new(&key.into());
    let cipher = URL_SAFE_NO_PAD.encode(encryptor.encrypt_padded_vec::<Pkcs7>(text.as_bytes()));
    let signature = URL_SAFE_NO_PAD.encode(hmac_sha256(PRIVATE_KEY, cipher.as_bytes()));
    format!("{cipher}~~~{signature}")
}

/// Sends a webhook once. Returns the status code of the response, or `None` if there was none.
fn deliver(callback: &Callback, data: &str) -> Option<u16> {
    let Callback { address, target } = callback;
    let separator = if target.contains('?') { '&' } else { '?' };
    let request = format!(
        "GET {target}{separator}data={data} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    );
    callback.send(&request).ok().map(|(status, _)| status)
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").field("responses", &self.responses()).finish_non_exhaustive()
    }
}
