//! Verifying a notification of Tpay: the typed reader compared with hand-written code with ring,
//! rustls-webpki and md5.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use md5::{Digest, Md5};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use serde::Deserialize;
use tpay_client::notifications::testing;
use tpay_client::{Client, Notification, Notifications, grosze};
use webpki::ring::{
    ECDSA_P256_SHA256, ECDSA_P384_SHA384, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512,
};
use webpki::{EndEntityCert, KeyUsage};

use crate::report::{Limit, Row, Section, contenders};
use crate::rounds::{Contender, race};

const ALONE: &str = "ring, webpki and md5 by hand";
const OURS: &str = "Notifications::read";

const CODE: &str = "the security code";
/// How many notifications turn by turn.
const NUMBER: u64 = 16;

/// The allowed signature algorithms of the certificates in a chain.
const ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512,
    ECDSA_P256_SHA256,
    ECDSA_P384_SHA384,
];

/// A received notification.
struct Delivery {
    signature: String,
    body: String,
}

fn deliveries(client: &Client) -> Vec<Delivery> {
    let one = |number: u64| {
        let title = format!("TR-BRA-{number:06}X");
        let amount = grosze(1234 + number as i64);
        let body = testing::payment(&title, amount, &format!("order-{number}"), CODE);
        Delivery { signature: testing::sign(client, body.as_bytes()).unwrap(), body }
    };
    (0..NUMBER).map(one).collect()
}

fn reader(client: &Client) -> Notifications {
    let reader = client.notifications().unwrap().merchant_id("1010").security_code(CODE);
    reader.anchors(testing::ANCHORS).unwrap().certificate(testing::CERTIFICATE)
}

/// The verified content.
type Paid = (String, String, String);

fn read(reader: &Notifications, delivery: &Delivery) -> Option<Paid> {
    match reader.read(&delivery.signature, delivery.body.as_bytes()) {
        Ok(Notification::Payment(payment)) => {
            Some((payment.title, payment.crc.to_string(), payment.paid.to_string()))
        }
        _ => None,
    }
}

#[derive(Deserialize)]
struct Header<'a> {
    alg: &'a str,
    x5u: &'a str,
    crit: Option<serde::de::IgnoredAny>,
}

/// The certificates, parsed once.
struct ByHand {
    leaf: CertificateDer<'static>,
    intermediates: Vec<CertificateDer<'static>>,
    roots: Vec<TrustAnchor<'static>>,
    folder: &'static str,
}

impl ByHand {
    fn new() -> Self {
        let leaf = CertificateDer::from_pem_slice(testing::CERTIFICATE.as_bytes()).unwrap();
        let (mut roots, mut intermediates) = (Vec::new(), Vec::new());
        for certificate in CertificateDer::pem_slice_iter(testing::ANCHORS.as_bytes()) {
            let certificate = certificate.unwrap();
            let parsed = EndEntityCert::try_from(&certificate).unwrap();
            if parsed.issuer() == parsed.subject() {
                roots.push(webpki::anchor_from_trusted_cert(&certificate).unwrap().to_owned());
            } else {
                intermediates.push(certificate);
            }
        }
        Self { leaf, intermediates, roots, folder: "https://secure.tpay.com/x509/" }
    }

    /// Verifies format and URL of the signature, chain, signature and md5sum.
    fn read(&self, delivery: &Delivery) -> Option<Paid> {
        let (header, signature) = delivery.signature.split_once("..")?;
        let header_json = URL_SAFE_NO_PAD.decode(header).ok()?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let parsed: Header<'_> = serde_json::from_slice(&header_json).ok()?;
        let name = parsed.x5u.strip_prefix(self.folder)?;
        if parsed.alg != "RS256" || parsed.crit.is_some() || name.contains('/') {
            return None;
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
        self.verify(header, &delivery.body, &signature, now)?;
        let mut paid = None;
        let (mut id, mut title, mut amount, mut crc, mut sum) = Default::default();
        for (name, value) in form_urlencoded::parse(delivery.body.as_bytes()) {
            match &*name {
                "id" => id = value,
                "tr_id" => title = value,
                "tr_amount" => amount = value,
                "tr_paid" => paid = Some(value),
                "tr_crc" => crc = value,
                "md5sum" => sum = value,
                _ => {}
            }
        }
        let mut hash = Md5::new();
        for part in [&*id, &*title, &*amount, &*crc, CODE] {
            hash.update(part);
        }
        let digest: [u8; 16] = hash.finalize().into();
        let expected = u128::from_str_radix(&sum, 16).ok()?;
        let holds = u128::from_be_bytes(digest) == expected;
        holds.then(|| Some((title.into_owned(), crc.into_owned(), paid?.into_owned())))?
    }

    fn verify(&self, header: &str, body: &str, signature: &[u8], now: Duration) -> Option<()> {
        let leaf = EndEntityCert::try_from(&self.leaf).ok()?;
        let now = UnixTime::since_unix_epoch(now);
        let usage = KeyUsage::server_auth();
        let (roots, intermediates) = (&self.roots, &self.intermediates);
        leaf.verify_for_usage(ALGORITHMS, roots, intermediates, now, usage, None, None).ok()?;
        let mut input = String::with_capacity(header.len() + 1 + body.len() * 4 / 3 + 4);
        input.push_str(header);
        input.push('.');
        URL_SAFE_NO_PAD.encode_string(body, &mut input);
        leaf.verify_signature(RSA_PKCS1_2048_8192_SHA256, input.as_bytes(), signature).ok()
    }
}

/// Panics unless both accept the genuine notifications and reject the others.
fn same_verdicts(reader: &Notifications, by_hand: &ByHand, deliveries: &[Delivery]) {
    for (number, delivery) in deliveries.iter().enumerate() {
        let paid = read(reader, delivery).unwrap();
        assert_eq!(paid.1, format!("order-{number}"));
        assert_eq!(by_hand.read(delivery), Some(paid));
        let signature = delivery.signature.clone();
        let body = delivery.body.replace("order-", "order.");
        let forged = Delivery { signature, body };
        assert_eq!((read(reader, &forged), by_hand.read(&forged)), (None, None));
    }
}

pub fn section() -> Section {
    let client = Client::builder("id", "secret").build().unwrap();
    let (reader, by_hand, deliveries) = (reader(&client), ByHand::new(), deliveries(&client));
    same_verdicts(&reader, &by_hand, &deliveries);
    let at = |number: u64| &deliveries[(number % NUMBER) as usize];
    let mut ways = [
        Contender::new(ALONE, |number| by_hand.read(at(number)).unwrap()),
        Contender::new(OURS, |number| read(&reader, at(number)).unwrap()),
    ];
    let race = race(&mut ways, 201, 10);
    let figure = "notification: chain, RS256 and md5: time";
    let rows = vec![Row::ratio(figure, &race, OURS, ALONE, Limit::at(1.1))];
    let table = Some(contenders(&race, ALONE));
    Section {
        title: "Verifying a notification",
        name: "notifications",
        rows,
        table,
        ..Section::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_readers_accept_genuine_notifications_only() {
        let client = Client::builder("id", "secret").build().unwrap();
        same_verdicts(&reader(&client), &ByHand::new(), &deliveries(&client));
    }
}
