//! Handles the endpoints `ca.*`, which list, show, create and delete CAs.

use serde_json::json;

use super::ask::Ask;
use super::pki::{Authority, Subject};
use super::{ApiResult, EMAIL, FOREIGN_CA, Out, Refusal, TinyCert, refuse};
use crate::date::YEAR;

/// A CA of the test account: its subject, its hash algorithm, and the key that signs certificates.
pub(super) struct Ca {
    pub(super) subject: Subject,
    hash: &'static str,
    pub(super) authority: Authority,
}

impl TinyCert {
    pub(super) fn add_ca(
        &mut self,
        mut subject: Subject,
        hash: &'static str,
    ) -> Result<i64, Refusal> {
        subject.cn = format!("{} CA", subject.o);
        subject.ou = "Secure Digital Certificate Signing".to_owned();
        subject.e = EMAIL.to_owned();
        let now = self.clock.unix();
        // Not documented: the certificate is valid for ten years, and SHA-256 is used even if SHA-1
        // was requested, because rcgen does not support SHA-1.
        let authority = Authority::new(&subject, now.saturating_sub(60), now + 10 * YEAR)
            .or_else(|error| refuse("InputFailure", error.to_string()))?;
        self.last_ca += 1;
        self.cas.insert(self.last_ca, Ca { subject, hash, authority });
        Ok(self.last_ca)
    }

    /// Returns the CA to which the parameter `ca_id` refers, and its id. Returns an error if the CA
    /// does not exist or belongs to another account.
    pub(super) fn ca(&self, ask: &Ask) -> Result<(i64, &Ca), Refusal> {
        let id = ask.number("ca_id")?;
        match self.cas.get(&id) {
            _ if id == FOREIGN_CA => {
                refuse("AccessDenied", "ca_id: the CA belongs to another account")
            }
            Some(ca) => Ok((id, ca)),
            None => refuse("NotFound", "ca_id: no such CA"),
        }
    }

    pub(super) fn ca_list(&self, _: &Ask) -> ApiResult {
        let all = self.cas.iter();
        let list = all.map(|(id, ca)| json!({ "id": id, "name": ca.subject.o })).collect();
        Ok(Out::Json(list))
    }

    pub(super) fn ca_details(&self, ask: &Ask) -> ApiResult {
        let (id, Ca { subject, hash, .. }) = self.ca(ask)?;
        Ok(Out::Json(json!({
            "id": id, "C": subject.c, "ST": subject.st, "L": subject.l, "O": subject.o,
            "OU": subject.ou, "CN": subject.cn, "E": subject.e, "hash_alg": hash,
        })))
    }

    pub(super) fn ca_get(&self, ask: &Ask) -> ApiResult {
        let (_, ca) = self.ca(ask)?;
        match ask.need("what")? {
            "cert" => Ok(Out::Json(json!({ "pem": ca.authority.pem }))),
            _ => refuse("InputFailure", "what: must be cert"),
        }
    }

    pub(super) fn ca_delete(&mut self, ask: &Ask) -> ApiResult {
        let (id, _) = self.ca(ask)?;
        self.cas.remove(&id);
        self.certs.retain(|_, cert| cert.ca != id);
        Ok(Out::Success)
    }

    pub(super) fn ca_new(&mut self, ask: &Ask) -> ApiResult {
        let subject = ask.subject()?;
        let hash = match ask.need("hash_method")? {
            "sha1" => "SHA1",
            "sha256" => "SHA256",
            _ => return refuse("InputFailure", "hash_method: must be sha1 or sha256"),
        };
        self.count_creation()?;
        Ok(Out::Json(json!({ "ca_id": self.add_ca(subject, hash)? })))
    }
}
