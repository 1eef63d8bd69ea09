//! The smallest useful script without a client: ureq, and a signature by hand.

use std::error::Error;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;
use ureq::tls::{RootCerts, TlsConfig};

#[derive(Deserialize)]
struct Access {
    id: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: program URL [CA]")?;
    #[cfg(feature = "own-ca")]
    let roots = own_ca(&arguments.next().ok_or("usage: program URL CA")?)?;
    #[cfg(not(feature = "own-ca"))]
    let roots = RootCerts::WebPki;
    let agent = ureq::Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_per_read(Some(Duration::from_secs(30)))
        .timeout_per_write(Some(Duration::from_secs(30)))
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .build()
        .new_agent();
    let target = "/r2/access?rid=premium-content&user_ref=user_42";
    let mut mac = Hmac::<Sha256>::new_from_slice(b"jNq3vT0aB7xKc5mYpR8wZ2dLhE6uFsG1iOoQyX4t")?;
    mac.update(format!("GET {target}").as_bytes());
    let signature = base64url(&mac.finalize().into_bytes());
    let mut response = agent
        .get(format!("{url}{target}"))
        .header("accept", "application/json")
        .header("authorization", format!("AIDAIDAID0:{signature}"))
        .call()?;
    let access: Access = serde_json::from_slice(&response.body_mut().read_to_vec()?)?;
    println!("{:?}", access.id);
    Ok(())
}

/// Returns Mozilla's roots and the certificate in this file.
#[cfg(feature = "own-ca")]
fn own_ca(file: &str) -> Result<RootCerts, Box<dyn Error>> {
    use ureq::tls::Certificate;

    let own = Certificate::from_pem(&std::fs::read(file)?)?;
    let known = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
    let known = known.iter().map(|root| Certificate::from_der(root));
    Ok(RootCerts::from(known.chain([own]).collect::<Vec<_>>()))
}

fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let at = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..=three.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]));
        }
    }
    text
}
