//! Handles the endpoints `promise.*` and `source.*`: promises of tokens, and the addresses from
//! which applications make them.

use super::ask::Ask;
use super::entities::escape;
use super::php::{Value, map, parse_date};
use super::response::{ApiResult, json, refused, result};
use super::{Address, Balances, Tokenpass, bitcoin};
use crate::Response;
use crate::digest::sha256_hex;

/// An address from which an application is allowed to make promises.
#[derive(Debug, Clone)]
pub struct Source {
    /// The client id of the application that makes promises from the address.
    pub client_id: String,
    /// The Bitcoin address from which tokens are promised.
    pub address: String,
    /// The assets that the application is allowed to promise. `None` means any asset.
    pub assets: Option<Vec<String>>,
}

/// A promise to send tokens. It counts towards the balance of its destination.
#[derive(Debug, Clone)]
pub struct Promise {
    /// The id of the promise, a number that is unique on the server.
    pub id: u64,
    /// The client id of the application that created the promise. Empty for a loan that was made on
    /// the website.
    pub client_id: String,
    /// The user id of the lender, if the promise is a loan that was made on the website.
    pub lender: Option<String>,
    /// The address from which the tokens are promised.
    pub source: String,
    /// The destination address, or an e-mail address that does not belong to a user.
    pub destination: String,
    /// The name of the asset, such as `TOKENLY`.
    pub asset: String,
    /// The amount, in satoshis.
    pub quantity: i64,
    /// The time of expiry, in Unix seconds. `None` if the promise does not expire.
    pub expiration: Option<u64>,
    /// The id of the Bitcoin transaction that fulfils the promise, if the application passed it.
    pub txid: Option<String>,
    /// The fingerprint of the Bitcoin transaction that fulfils the promise, if the application
    /// passed it.
    pub fingerprint: Option<String>,
    /// The reference that the application passed as `ref`, unchanged.
    pub reference: Option<String>,
    /// The note as the server stores it: special characters are HTML entities, such as `&amp;`.
    pub note: Option<String>,
    /// Whether the destination address was generated, because the user had none.
    pub pseudo: bool,
    /// The time of creation, in UTC: `YYYY-MM-DD HH:MM:SS`.
    pub created_at: String,
    /// The time of the last change, in UTC: `YYYY-MM-DD HH:MM:SS`.
    pub updated_at: String,
}

/// Shortens a reference as the real server does after the creation of a promise. In each
/// comma-separated item, only the first two colon-separated parts remain: `a:b:c,d` becomes
/// `a:b,d`.
fn kept_of(reference: &str) -> String {
    let item = |item: &str| item.split(':').take(2).collect::<Vec<_>>().join(":");
    reference.split(',').map(item).collect::<Vec<_>>().join(",")
}

/// Parses a number of satoshis, which must be a positive integer.
fn quantity(value: &Value) -> Result<i64, Response> {
    let quantity = match value {
        Value::Int(quantity) => Some(*quantity),
        value => value.text().and_then(|text| text.trim().parse().ok()),
    };
    let quantity = quantity.filter(|quantity| *quantity > 0);
    quantity.ok_or_else(|| refused(400, "Invalid quantity, must be > 0"))
}

fn note(ask: &Ask<'_>) -> Option<String> {
    ask.get("note").and_then(Value::text).map(|note| escape(note.trim()))
}

impl Promise {
    /// Returns the promise in the format of responses. If `fresh` is true, the reference is
    /// complete, as in the response to the creation of the promise. Otherwise, it is shortened by
    /// [`kept_of`].
    fn json(&self, fresh: bool) -> Value {
        let reference = match (fresh, &self.reference) {
            (true, reference) => reference.clone().into(),
            (false, reference) => kept_of(reference.as_deref().unwrap_or_default()).into(),
        };
        map([
            ("source", (&self.source).into()),
            ("destination", (&self.destination).into()),
            ("asset", (&self.asset).into()),
            ("quantity", self.quantity.into()),
            ("fingerprint", self.fingerprint.clone().into()),
            ("txid", self.txid.clone().into()),
            ("created_at", (&self.created_at).into()),
            ("updated_at", (&self.updated_at).into()),
            ("expiration", self.expiration.into()),
            ("ref", reference),
            ("pseudo", i64::from(self.pseudo).into()),
            ("note", self.note.clone().into()),
            ("promise_id", self.id.into()),
        ])
    }

    fn is_named(&self, name: &str) -> bool {
        self.id.to_string() == name
            || self.txid.as_deref() == Some(name)
            || self.fingerprint.as_deref() == Some(name)
    }
}

impl Tokenpass {
    /// Removes the promises that have expired, according to the clock of the server.
    pub(super) fn expire_promises(&mut self) {
        let now = self.clock.unix();
        self.promises.retain(|promise| promise.expiration.is_none_or(|end| now < end));
    }

    fn sum(&self, counts: impl Fn(&Promise) -> bool) -> Balances {
        let mut sum = Balances::new();
        for promise in self.promises.iter().filter(|promise| counts(promise)) {
            let known = sum.entry(promise.asset.clone()).or_default();
            *known = known.saturating_add(promise.quantity);
        }
        sum
    }

    /// Returns the total of the promises to this address for each asset, in satoshis.
    pub(super) fn promised_to(&self, address: &str) -> Balances {
        self.sum(|promise| promise.destination == address)
    }

    /// Returns the total of the promises from this address for each asset, in satoshis.
    pub(super) fn promised_from(&self, address: &str) -> Balances {
        self.sum(|promise| promise.source == address)
    }

    /// Returns the total of the loans that the user made on the website for each asset, in
    /// satoshis.
    pub(super) fn lent_by(&self, user: &str) -> Balances {
        self.sum(|promise| promise.lender.as_deref() == Some(user))
    }

    /// Lends tokens as users do on the website: from the first active and verified address of the
    /// user `from` to the first such address of the user `to`. The loan ends at `until` (Unix
    /// seconds), or never if `until` is `None`. Does nothing if either user has no such address.
    pub fn lend(&mut self, from: &str, to: &str, asset: &str, satoshis: i64, until: Option<u64>) {
        let first = |name: &str| {
            let user = self.user_named(name)?;
            let mut live = self.addresses.iter().filter(|a| a.active && a.verified);
            let address = live.find(|address| address.user == user.id)?;
            Some((user.id.clone(), address.address.clone()))
        };
        let (Some((lender, source)), Some((_, destination))) = (first(from), first(to)) else {
            return;
        };
        let (id, date) = (self.next_id(), self.date());
        self.promises.push(Promise {
            id,
            client_id: String::new(),
            lender: Some(lender),
            source,
            destination,
            asset: asset.to_owned(),
            quantity: satoshis,
            expiration: until,
            txid: None,
            fingerprint: None,
            reference: None,
            note: None,
            pseudo: false,
            created_at: date.clone(),
            updated_at: date,
        });
    }

    /// Returns the suffix of the messages that prove the ownership of an address to the application
    /// `client_id`.
    fn proof_suffix(client_id: &str) -> String {
        format!("_{}", sha256_hex(client_id))
    }

    pub(super) fn source_register(&mut self, ask: &Ask<'_>) -> ApiResult {
        let address = ask.text("address").ok_or_else(|| refused(400, "Address required"))?;
        let privileged =
            self.clients.iter().any(|client| client.id == ask.client && client.is_privileged);
        match ask.text("proof") {
            None if privileged => {}
            None => return Err(refused(400, "Proof required")),
            Some(proof) => {
                let message = format!("{address}{}", Self::proof_suffix(&ask.client));
                if !bitcoin::verifies(&address, &message, &proof) {
                    return Err(refused(400, "Proof signature invalid"));
                }
            }
        }
        if let Some(name) = ask.text("assign_user").filter(|_| privileged) {
            self.assign(ask, &name, &address)?;
        }
        let assets = match ask.get("assets") {
            None => None,
            Some(Value::Text(text)) => Some(text.split(',').map(str::to_owned).collect()),
            Some(value) => {
                value.items().map(|items| items.iter().filter_map(|v| v.text()).collect())
            }
        };
        let assets = assets.map(|assets: Vec<String>| {
            let named = assets.iter().map(|asset| asset.trim()).filter(|asset| !asset.is_empty());
            named.map(str::to_owned).collect::<Vec<_>>()
        });
        let assets = assets.filter(|assets| !assets.is_empty());
        let client_id = ask.client.clone();
        self.sources.retain(|known| known.client_id != client_id || known.address != address);
        self.sources.push(Source { client_id, address, assets });
        result(true)
    }

    /// Assigns a source address to the user `name`. Returns an error response unless
    /// `assign_user_hash` is the SHA-256 digest of the user's id.
    fn assign(&mut self, ask: &Ask<'_>, name: &str, address: &str) -> Result<(), Response> {
        let user = self.user_named(name).map(|user| user.id.clone());
        let hash = ask.text("assign_user_hash").unwrap_or_default();
        let Some(user) = user.filter(|user| sha256_hex(user) == hash) else {
            // The provider's server also sends `"result":true` with this error.
            let members =
                [("error", "Incorrect assign_user_hash parameter".into()), ("result", true.into())];
            return Err(json(400, &map(members)));
        };
        if !self.addresses.iter().any(|known| known.address == address) {
            self.addresses.push(Address {
                user,
                address: address.to_owned(),
                label: escape(&ask.text("assign_user_label").unwrap_or_default()),
                public: false,
                active: true,
                verified: true,
                pseudo: false,
                verify_code: None,
            });
        }
        Ok(())
    }

    pub(super) fn source_delete(&mut self, ask: &Ask<'_>) -> ApiResult {
        let found = self
            .sources
            .iter()
            .position(|known| known.client_id == ask.client && known.address == ask.value(0));
        let missing = || refused(404, "Provisional source address not found");
        self.sources.remove(found.ok_or_else(missing)?);
        result(true)
    }

    pub(super) fn source_list(&self, ask: &Ask<'_>) -> ApiResult {
        let own = self.sources.iter().filter(|known| known.client_id == ask.client);
        let rows = own.map(|source| {
            let assets = source.assets.as_ref();
            let assets = assets.map(|assets| assets.iter().map(Value::from).collect::<Vec<_>>());
            let row = map([("address", (&source.address).into()), ("assets", assets.into())]);
            (source.address.clone(), row)
        });
        let members = [
            ("proof_suffix", Self::proof_suffix(&ask.client).into()),
            ("whitelist", Value::Map(rows.collect())),
            ("result", true.into()),
        ];
        Ok(json(200, &map(members)))
    }

    /// Returns the address of a destination, and whether the server generated the address. A
    /// destination is an address, `user:` with a user name, or `email:` with an e-mail address. An
    /// e-mail address that belongs to no user is returned unchanged.
    fn destination(&mut self, text: &str) -> Result<(String, bool), Response> {
        let user = match (text.strip_prefix("user:"), text.strip_prefix("email:")) {
            (Some(name), _) => {
                let user = self.user_named(name);
                user.ok_or_else(|| refused(404, "User not found"))?.id.clone()
            }
            (_, Some(email)) => match self.user_with_email(email) {
                Some(user) => user.id.clone(),
                None => return Ok((email.to_owned(), false)),
            },
            _ if bitcoin::is_address(text) => return Ok((text.to_owned(), false)),
            _ => return Err(refused(400, "Please enter a valid bitcoin address")),
        };
        let mut live = self.addresses.iter().filter(|known| known.active && known.verified);
        if let Some(known) = live.find(|known| known.user == user) {
            return Ok((known.address.clone(), known.pseudo));
        }
        let address = bitcoin::made_up_address(&user);
        self.addresses.push(Address {
            user,
            address: address.clone(),
            label: String::new(),
            public: false,
            active: true,
            verified: true,
            pseudo: true,
            verify_code: None,
        });
        Ok((address, true))
    }

    /// Returns an error response unless the balance of the source on the blockchain covers this
    /// promise in addition to its other promises.
    fn covers(&self, promise: &Promise) -> Result<(), Response> {
        let (source, asset) = (&promise.source, &promise.asset);
        if self.chain_is_down {
            let text = format!("Error checking source address {source} balances");
            return Err(refused(500, &text));
        }
        let held = self.chain.get(source).and_then(|held| held.get(asset)).copied().unwrap_or(0);
        let other = self.sum(|known| known.source == *source && known.id != promise.id);
        let free = held.saturating_sub(other.get(asset).copied().unwrap_or(0));
        if promise.quantity <= free {
            return Ok(());
        }
        let text = format!(
            "Source address has insufficient asset balance to promise this transaction \
             ({free} {asset} available)"
        );
        Err(refused(400, &text))
    }

    fn expiration(&self, value: &Value) -> Option<u64> {
        let end = match value {
            Value::Int(end) => u64::try_from(*end).ok(),
            Value::Text(text) => parse_date(text),
            _ => None,
        };
        end.filter(|end| *end > self.clock.unix())
    }

    pub(super) fn promise_create(&mut self, ask: &Ask<'_>) -> ApiResult {
        let no = |text: &str| refused(400, text);
        // Not documented: the message contains the name of the parameter unchanged.
        let need = |name: &str| ask.text(name).ok_or_else(|| no(&format!("{name} required")));
        let (source, destination) = (need("source")?, need("destination")?);
        let asset = need("asset")?;
        need("quantity")?;
        let (destination, pseudo) = self.destination(&destination)?;
        if destination == source {
            return Err(no("Cannot make promise to source address"));
        }
        let mut own = self.sources.iter().filter(|known| known.client_id == ask.client);
        let known = own.find(|known| known.address == source);
        let known = known.ok_or_else(|| no("Source address not on provisional whitelist"))?;
        if let Some(assets) = known.assets.as_ref().filter(|assets| !assets.contains(&asset)) {
            let allowed = assets.join(", ");
            let text = format!(
                "Asset not allowed for this provisional source address. Allowed: {allowed}"
            );
            return Err(no(&text));
        }
        let (txid, fingerprint) = (ask.text("txid"), ask.text("fingerprint"));
        // If the request has a txid and a fingerprint, both must be those of the same promise.
        let same =
            |wanted: &Option<String>, own: &Option<String>| wanted.is_none() || wanted == own;
        let taken = (txid.is_some() || fingerprint.is_some())
            && self
                .promises
                .iter()
                .any(|known| same(&txid, &known.txid) && same(&fingerprint, &known.fingerprint));
        if taken {
            return Err(no(
                "Provisional transaction with matching txid or fingerprint already exists",
            ));
        }
        let quantity = quantity(ask.get("quantity").unwrap_or(&Value::Null))?;
        let expiration = match ask.get("expiration") {
            None => None,
            Some(value) => Some(
                self.expiration(value)
                    .ok_or_else(|| no("Invalid expiration, must be set to the future"))?,
            ),
        };
        let date = self.date();
        let promise = Promise {
            id: self.next_id(),
            client_id: ask.client.clone(),
            lender: None,
            source,
            destination,
            asset,
            quantity,
            expiration,
            txid,
            fingerprint,
            reference: ask.get("ref").and_then(Value::text),
            note: note(ask),
            pseudo,
            created_at: date.clone(),
            updated_at: date,
        };
        self.covers(&promise)?;
        let tx = promise.json(true);
        self.promises.push(promise);
        Ok(json(200, &map([("result", true.into()), ("tx", tx)])))
    }

    fn listed(&self, counts: impl Fn(&Promise) -> bool) -> ApiResult {
        let found = self.promises.iter().filter(|promise| counts(promise));
        let list = found.map(|promise| promise.json(false)).collect::<Vec<_>>();
        Ok(json(200, &map([("result", true.into()), ("list", list.into())])))
    }

    pub(super) fn promise_list(&self, ask: &Ask<'_>) -> ApiResult {
        let destination = ask.text("destination");
        self.listed(|promise| {
            promise.client_id == ask.client
                && destination.as_ref().is_none_or(|wanted| promise.destination == *wanted)
        })
    }

    pub(super) fn promise_list_by_email(&self, ask: &Ask<'_>) -> ApiResult {
        let email = ask.value(0);
        self.listed(|promise| {
            promise.client_id == ask.client && promise.destination.eq_ignore_ascii_case(email)
        })
    }

    /// Returns the index of the promise whose id, txid or fingerprint is in the path. Returns an
    /// error response if there is none, or if another application created it. `verb`, such as
    /// `update`, is part of the error message.
    fn find_promise(&self, ask: &Ask<'_>, verb: &str) -> Result<usize, Response> {
        let found = self.promises.iter().position(|known| known.is_named(ask.value(0)));
        let found = found.ok_or_else(|| refused(404, "Provisional tx not found"))?;
        let own = self.promises.get(found).is_some_and(|known| known.client_id == ask.client);
        if own {
            return Ok(found);
        }
        let text = format!("Cannot {verb} provisional tx that does not belong to you");
        Err(refused(400, &text))
    }

    pub(super) fn promise_get(&self, ask: &Ask<'_>) -> ApiResult {
        let found = self.find_promise(ask, "look at")?;
        let tx = self.promises.get(found).map(|promise| promise.json(false));
        Ok(json(200, &map([("tx", tx.into()), ("result", true.into())])))
    }

    pub(super) fn promise_update(&mut self, ask: &Ask<'_>) -> ApiResult {
        let found = self.find_promise(ask, "update")?;
        let known = self.promises.get(found).cloned();
        let mut promise = known.ok_or_else(|| refused(404, "Provisional tx not found"))?;
        const MEMBERS: [&str; 7] =
            ["quantity", "expiration", "txid", "fingerprint", "ref", "note", "destination"];
        if !MEMBERS.iter().any(|name| ask.get(name).is_some()) {
            return Err(refused(400, "Nothing to update"));
        }
        if let Some(value) = ask.get("expiration") {
            let end = self.expiration(value);
            let end =
                end.ok_or_else(|| refused(400, "New expiration must be sometime in the future"))?;
            promise.expiration = Some(end);
        }
        if let Some(value) = ask.get("quantity") {
            promise.quantity = quantity(value)?;
            self.covers(&promise)?;
        }
        promise.txid = ask.text("txid").or(promise.txid);
        promise.fingerprint = ask.text("fingerprint").or(promise.fingerprint);
        promise.reference = ask.get("ref").and_then(Value::text).or(promise.reference);
        promise.note = note(ask).or(promise.note);
        if let Some(address) = ask.text("destination").filter(|text| bitcoin::is_address(text)) {
            promise.destination = address;
            promise.pseudo = false;
        }
        promise.updated_at = self.date();
        let tx = promise.json(false);
        if let Some(known) = self.promises.get_mut(found) {
            *known = promise;
        }
        Ok(json(200, &map([("tx", tx), ("result", true.into())])))
    }

    pub(super) fn promise_cancel(&mut self, ask: &Ask<'_>) -> ApiResult {
        let found = self.find_promise(ask, "delete")?;
        self.promises.remove(found);
        result(true)
    }
}
