//! Webhooks: sealed blocks, sent one at a time to a callback on this machine.

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

/// How often a webhook is sent until the status is 200. Chosen: the number, and no pauses.
const ATTEMPTS: u32 = 3;

/// Sends grants and revocations to a callback; see [`Webhooks::subscribe`].
#[derive(Default)]
pub struct Webhooks {
    queue: Option<Sender<String>>,
    responses: Arc<Mutex<Vec<Option<u16>>>>,
}

impl Webhooks {
    /// Sends a webhook for each following grant and revocation, as a GET with the encrypted block
    /// in `data`. Webhooks are sent one at a time, and each at most three times, until the status is
    /// 200. `url` must be `http://` and a loopback address.
    ///
    /// # Errors
    /// Returns an error if `url` is another URL.
    pub fn subscribe(&mut self, url: &str) -> Result<(), String> {
        let callback = Callback::new(url)
            .ok_or_else(|| format!("{url} is not an http:// URL of this machine"))?;
        let (sender, queue) = channel::<String>();
        let responses = self.responses.clone();
        thread::spawn(move || {
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
        self.queue = Some(sender);
        Ok(())
    }

    /// Returns the statuses of the callback's responses, oldest first. `None` is a missing
    /// response.
    pub fn responses(&self) -> Vec<Option<u16>> {
        self.responses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn send(&self, payload: &Value) {
        if let Some(queue) = &self.queue {
            // The thread ends with the queue.
            let _ = queue.send(seal(&payload.to_string()));
        }
    }
}

/// Returns the encrypted block of a string. base64url and `~` need no escaping in a query.
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

/// The status of the response to a webhook.
fn deliver(callback: &Callback, data: &str) -> Option<u16> {
    let Callback { address, target } = callback;
    let request = format!(
        "GET {target}?data={data} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    );
    callback.send(&request).ok().map(|(status, _)| status)
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").field("responses", &self.responses()).finish_non_exhaustive()
    }
}
