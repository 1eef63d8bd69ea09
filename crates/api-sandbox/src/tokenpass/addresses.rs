//! Handles the endpoints `address.*`, which list, register, verify, change and delete the Bitcoin
//! addresses of users.

use std::collections::BTreeSet;

use super::ask::Ask;
use super::entities::escape;
use super::php::{Value, map};
use super::response::{ApiResult, json, refused, result};
use super::{
    INACTIVE_ADDRESS, OTHER_ADDRESS, OTHER_USER_ID, PRIVATE_ADDRESS, PUBLIC_ADDRESS, Tokenpass,
    UNVERIFIED_ADDRESS, USER_ID, bitcoin,
};
use crate::Response;
use crate::digest::sha256_hex;

/// The lifetime of a verification code, in seconds: ten hours.
const CODE_LIFE: u64 = 600 * 60;

const WORDS: [&str; 8] = ["velvet", "north", "zebra", "quick", "ocean", "amber", "tulip", "copper"];

/// A Bitcoin address that a user has registered.
#[derive(Debug, Clone)]
pub struct Address {
    /// The id of the user to whom the address belongs.
    pub user: String,
    /// The Bitcoin address, such as `1AAAA1111xxxxxxxxxxxxxxxxxxy43CZ9j`.
    pub address: String,
    /// The label as the server stores it: special characters are HTML entities, such as `&amp;`.
    pub label: String,
    /// Whether other users can see the address.
    pub public: bool,
    /// Whether the address is active. The balances of inactive addresses are not counted.
    pub active: bool,
    /// Whether the user has proved the ownership of the address.
    pub verified: bool,
    /// Whether the server generated the address because the user had none.
    pub pseudo: bool,
    /// The verification code that the user must sign, and its time of expiry in Unix seconds.
    /// `None` if there is no code to sign.
    pub verify_code: Option<(String, u64)>,
}

pub(super) fn first_addresses() -> Vec<Address> {
    let address = |user: &str, address: &str, label: &str, public, active, verified| Address {
        user: user.to_owned(),
        address: address.to_owned(),
        label: escape(label),
        public,
        active,
        verified,
        pseudo: false,
        verify_code: None,
    };
    vec![
        address(USER_ID, PUBLIC_ADDRESS, "Main & public", true, true, true),
        address(USER_ID, PRIVATE_ADDRESS, "Private", false, true, true),
        address(USER_ID, INACTIVE_ADDRESS, "Inactive", true, false, true),
        address(USER_ID, UNVERIFIED_ADDRESS, "Unverified", true, true, false),
        address(OTHER_USER_ID, OTHER_ADDRESS, "", true, true, true),
    ]
}

impl Address {
    pub(super) fn is_live(&self) -> bool {
        self.active && self.verified
    }

    pub(super) fn is_shown(&self) -> bool {
        self.public && self.is_live()
    }
}

/// Extracts the signature from a PGP-style block. Returns any other string without surrounding
/// whitespace.
fn signature_of(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let end = lines.iter().position(|line| *line == "-----END BITCOIN SIGNATURE-----");
    let line = end.and_then(|end| lines.get(end.checked_sub(1)?));
    (*line.unwrap_or(&text.trim())).to_owned()
}

impl Tokenpass {
    /// Returns the balances of an address, including promises, in the format of responses. Returns
    /// `false` if the address is inactive or not verified. Amounts are objects if
    /// `quantity_objects` is true. Otherwise, amounts that include promises are strings, and all
    /// others are integers.
    fn balances_shown(&self, address: &Address) -> Value {
        if !address.is_live() {
            return false.into();
        }
        let held = self.chain.get(&address.address).cloned().unwrap_or_default();
        let promised = self.promised_to(&address.address);
        let assets = held.keys().chain(promised.keys()).cloned();
        let assets: BTreeSet<String> = assets.collect();
        let shown = assets.into_iter().map(|asset| {
            let promise = promised.get(&asset).copied().unwrap_or(0);
            let sum = held.get(&asset).copied().unwrap_or(0).saturating_add(promise);
            let value = match (self.quantity_objects, promised.contains_key(&asset)) {
                (true, _) => map([("value", sum.into()), ("precision", Value::Int(8))]),
                (false, true) => sum.to_string().into(),
                (false, false) => sum.into(),
            };
            (asset, value)
        });
        Value::Map(shown.collect())
    }

    /// Creates a verification code, such as `TOKENPASS north zebra 17`, which replaces the previous
    /// code of the address.
    fn new_code(&mut self, address: &str) -> String {
        let number = self.next_id();
        let word = |by: u64| {
            let index = usize::try_from(number / by % 8).unwrap_or(0);
            WORDS.get(index).copied().unwrap_or_default()
        };
        let code = format!("TOKENPASS {} {} {number}", word(1), word(8));
        let until = self.clock.unix() + CODE_LIFE;
        if let Some(known) = self.addresses.iter_mut().find(|known| known.address == address) {
            known.verify_code = Some((code.clone(), until));
        }
        code
    }

    fn pay_to_verify(address: &str) -> String {
        bitcoin::made_up_address(&format!("verify {address}"))
    }

    /// Returns the details of an address in the format of responses. If `owner` is true (the owner
    /// sent the request) and the address is not verified, they include a new verification code.
    fn detail(&mut self, address: &Address, owner: bool) -> Value {
        let mut members = vec![
            ("type".to_owned(), "btc".into()),
            ("address".to_owned(), (&address.address).into()),
            ("label".to_owned(), (&address.label).into()),
            ("public".to_owned(), address.public.into()),
            ("active".to_owned(), address.active.into()),
            ("verified".to_owned(), address.verified.into()),
            ("balances".to_owned(), self.balances_shown(address)),
        ];
        if owner && !address.verified {
            let code = self.new_code(&address.address);
            members.push(("verify_code".to_owned(), code.into()));
            let pay_to = Self::pay_to_verify(&address.address);
            members.push(("verify_address".to_owned(), pay_to.into()));
        }
        Value::Map(members)
    }

    /// Returns an address as an entry of a list. If `with_state` is true, the entry also contains
    /// whether the address is active and verified. If it is not verified, the entry then contains
    /// `verify_address`, to which a payment can be sent as a proof of ownership.
    fn row(&self, address: &Address, with_state: bool) -> Value {
        let mut members = vec![
            ("address".to_owned(), (&address.address).into()),
            ("balances".to_owned(), self.balances_shown(address)),
            ("public".to_owned(), address.public.into()),
            ("label".to_owned(), (&address.label).into()),
        ];
        if with_state {
            if !address.verified {
                let pay_to = Self::pay_to_verify(&address.address);
                members.push(("verify_address".to_owned(), pay_to.into()));
            }
            members.push(("active".to_owned(), address.active.into()));
            members.push(("verified".to_owned(), address.verified.into()));
        }
        Value::Map(members)
    }

    /// Returns the address in the path if it belongs to the user of the token. Otherwise, returns
    /// an error response with the message `missing`.
    fn own(&self, ask: &Ask<'_>, missing: &str) -> Result<Address, Response> {
        let mut own = self.addresses.iter().filter(|known| known.user == ask.user);
        let found = own.find(|known| known.address == ask.value(0)).cloned();
        found.ok_or_else(|| refused(404, missing))
    }

    fn address_mut(&mut self, address: &str) -> Option<&mut Address> {
        self.addresses.iter_mut().find(|known| known.address == address)
    }

    pub(super) fn address_list_mine(&self, ask: &Ask<'_>) -> ApiResult {
        let manages = ask.has_scope("manage-address");
        let sees_private = manages || ask.has_scope("private-address");
        let rows = self
            .addresses
            .iter()
            .filter(|known| known.user == ask.user)
            .filter(|known| manages || (known.is_live() && (known.public || sees_private)))
            .map(|known| self.row(known, manages));
        result(rows.collect::<Vec<_>>())
    }

    pub(super) fn address_list_public(&self, ask: &Ask<'_>) -> ApiResult {
        let user = self.user_named(ask.value(0));
        let user = user.ok_or_else(|| refused(404, "Username not found"))?;
        let shown = self.addresses.iter().filter(|known| known.user == user.id && known.is_shown());
        result(shown.map(|known| self.row(known, false)).collect::<Vec<_>>())
    }

    pub(super) fn address_get_public(&mut self, ask: &Ask<'_>) -> ApiResult {
        let user = self.user_named(ask.value(0)).map(|user| user.id.clone());
        let user = user.ok_or_else(|| refused(404, "Username not found"))?;
        let mut own = self.addresses.iter().filter(|known| known.user == user && known.is_shown());
        let found = own.find(|known| known.address == ask.value(1)).cloned();
        let found = found.ok_or_else(|| refused(404, "Address details not found"))?;
        result(self.detail(&found, false))
    }

    pub(super) fn address_register(&mut self, ask: &Ask<'_>) -> ApiResult {
        let address = ask.text("address").unwrap_or_default();
        let valid = address.is_empty() || bitcoin::is_address(&address);
        ask.validate()
            .required("address")
            .unless(valid, "The address must be a valid address.")
            .at_most("label", 255)
            .boolean("public")
            .boolean("active")
            .one_of("type", &["btc", "bitcoin"])
            .done()?;
        if self.addresses.iter().any(|known| known.address == address) {
            return Err(refused(400, "Address already registered"));
        }
        let public = ask.get("public").is_some_and(Value::is_truthy);
        let active = ask.get("active").is_none_or(Value::is_truthy);
        let label = escape(ask.text("label").unwrap_or_default().trim());
        self.addresses.push(Address {
            user: ask.user.clone(),
            address: address.clone(),
            label: label.clone(),
            public,
            active,
            verified: false,
            pseudo: false,
            verify_code: None,
        });
        let code = self.new_code(&address);
        let pay_to = Self::pay_to_verify(&address);
        result(map([
            ("type", "btc".into()),
            ("address", address.into()),
            ("label", label.into()),
            ("public", i64::from(public).into()),
            ("active", i64::from(active).into()),
            ("verify_code", code.into()),
            ("verify_address", pay_to.into()),
        ]))
    }

    pub(super) fn address_get_mine(&mut self, ask: &Ask<'_>) -> ApiResult {
        const MISSING: &str = "Address details not found";
        let found = self.own(ask, MISSING)?;
        let manages = ask.has_scope("manage-address");
        let seen = found.is_live() && (found.public || ask.has_scope("private-address"));
        if !manages && !seen {
            return Err(refused(404, MISSING));
        }
        result(self.detail(&found, true))
    }

    pub(super) fn address_verify(&mut self, ask: &Ask<'_>) -> ApiResult {
        ask.validate().required("signature").at_most("signature", 1024).done()?;
        let found = self.own(ask, "Address not found")?;
        if found.verified {
            let members = [("error", "Address already verified".into()), ("result", true.into())];
            return Err(json(400, &map(members)));
        }
        let now = self.clock.unix();
        let signature = signature_of(&ask.text("signature").unwrap_or_default());
        let holds = found.verify_code.is_some_and(|(code, until)| {
            now < until && bitcoin::verifies(&found.address, &code, &signature)
        });
        if !holds {
            return Err(refused(400, "Invalid verification signature!"));
        }
        if let Some(known) = self.address_mut(&found.address) {
            known.verified = true;
            known.verify_code = None;
        }
        result(true)
    }

    pub(super) fn address_update(&mut self, ask: &Ask<'_>) -> ApiResult {
        ask.validate().at_most("label", 255).boolean("public").boolean("active").done()?;
        let mut found = self.own(ask, "Address not found")?;
        if found.pseudo {
            return Err(refused(400, "Unable to edit pseudo address"));
        }
        if let Some(label) = ask.get("label").and_then(Value::text) {
            found.label = escape(label.trim());
        }
        found.public = ask.get("public").map_or(found.public, Value::is_truthy);
        found.active = ask.get("active").map_or(found.active, Value::is_truthy);
        if let Some(known) = self.address_mut(&found.address) {
            *known = found.clone();
        }
        result(self.detail(&found, true))
    }

    pub(super) fn address_delete(&mut self, ask: &Ask<'_>) -> ApiResult {
        let found = self.own(ask, "Address not found")?;
        self.addresses.retain(|known| known.address != found.address);
        result(true)
    }

    pub(super) fn address_instant_verify(&mut self, ask: &Ask<'_>) -> ApiResult {
        let user = self.user_named(ask.value(0)).cloned();
        let user = user.ok_or_else(|| refused(404, "User not found"))?;
        let address = ask.text("address").ok_or_else(|| refused(400, "Address required"))?;
        let signature = ask.text("signature").or_else(|| ask.text("sig"));
        let signature = signature.ok_or_else(|| refused(400, "sig required"))?;
        let message = ask.text("msg").filter(|text| Some(text) == user.instant_message.as_ref());
        let message = message.ok_or_else(|| refused(400, "msg invalid"))?;
        if self.addresses.iter().any(|known| known.address == address) {
            return Err(refused(400, "Address already exists"));
        }
        if !bitcoin::verifies(&address, &message, &signature_of(&signature)) {
            return Err(refused(400, "signature invalid"));
        }
        if let Some(user) = self.users.iter_mut().find(|known| known.id == user.id) {
            user.instant_message = None;
        }
        // Not documented: such an address is private, like one that is registered without options.
        self.addresses.push(Address {
            user: user.id,
            address,
            label: String::new(),
            public: false,
            active: true,
            verified: true,
            pseudo: false,
            verify_code: None,
        });
        result(true)
    }

    /// Creates the message that the user must sign for `address.instant_verify`, as the dashboard
    /// of the real website does. It replaces the previous message. Returns `None` if there is no
    /// such user.
    pub fn new_instant_message(&mut self, username: &str) -> Option<String> {
        let message = sha256_hex(format!("{username} {}", self.next_id()));
        let id = self.user_named(username)?.id.clone();
        let user = self.users.iter_mut().find(|user| user.id == id)?;
        user.instant_message = Some(message.clone());
        Some(message)
    }
}
