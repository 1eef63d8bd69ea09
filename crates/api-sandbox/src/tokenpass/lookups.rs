//! Handles the endpoints `lookup.*`, which look up users by name, address or e-mail address.

use super::ask::Ask;
use super::php::{Value, map};
use super::response::{ApiResult, json, refused, result};
use super::{Address, Tokenpass, User};
use crate::digest::sha256_hex;

impl Tokenpass {
    fn first_shown(&self, user: &User) -> Option<&Address> {
        self.addresses.iter().find(|known| known.user == user.id && known.is_shown())
    }

    fn owner(&self, address: &str) -> Option<&User> {
        let known = self.addresses.iter().find(|known| known.address == address);
        known.filter(|known| known.is_shown()).and_then(|known| self.user(&known.user))
    }

    fn looked_up(user: &User, address: &str) -> Value {
        map([
            ("username", (&user.username).into()),
            ("address", address.into()),
            ("email", (&user.email).into()),
        ])
    }

    pub(super) fn lookup_user_by_address(&self, ask: &Ask<'_>) -> ApiResult {
        let user = self.owner(ask.value(0)).ok_or_else(|| refused(404, "User not found"))?;
        result(Self::looked_up(user, ask.value(0)))
    }

    pub(super) fn lookup_users_by_addresses(&self, ask: &Ask<'_>) -> ApiResult {
        let Some(Value::List(list)) = ask.get("address_list") else { return result(false) };
        let mut users = Vec::new();
        for address in list.iter().filter_map(Value::text) {
            if let Some(user) = self.owner(&address) {
                users.push((address.clone(), Self::looked_up(user, &address)));
            }
        }
        let found = !users.is_empty();
        Ok(json(200, &map([("result", found.into()), ("users", Value::Map(users))])))
    }

    pub(super) fn lookup_address_by_user(&self, ask: &Ask<'_>) -> ApiResult {
        let missing = || refused(404, "User or addresses not found");
        let user = self.user_named(ask.value(0)).ok_or_else(missing)?;
        let address = self.first_shown(user).ok_or_else(missing)?;
        result(Self::looked_up(user, &address.address))
    }

    pub(super) fn lookup_user_by_email(&self, ask: &Ask<'_>) -> ApiResult {
        let id = ask.text("client_id").unwrap_or_default();
        let client = self.clients.iter().find(|client| client.id == id);
        let client = client.ok_or_else(|| refused(400, &format!("Invalid API client ID{id}")))?;
        if !client.is_privileged {
            return Err(refused(400, "Client does not have permission to use this API method"));
        }
        let user = self.user_with_email(ask.value(0));
        let user = user.ok_or_else(|| refused(404, "User not found"))?;
        let mut members = vec![("username".to_owned(), Value::from(&user.username))];
        if let Some(address) = self.first_shown(user) {
            members.push(("address".to_owned(), (&address.address).into()));
        }
        members.push(("email".to_owned(), (&user.email).into()));
        result(Value::Map(members))
    }

    pub(super) fn lookup_user_exists(&self, ask: &Ask<'_>) -> ApiResult {
        let wanted = ask.value(0);
        let strict = ask.get("strict").is_some_and(Value::is_truthy);
        let hash = ask.text("id_hash");
        let found = self.users.iter().any(|user| {
            let named = user.username.eq_ignore_ascii_case(wanted)
                || (!strict
                    && (user.slug.eq_ignore_ascii_case(wanted)
                        || user.email.eq_ignore_ascii_case(wanted)));
            named && hash.as_ref().is_none_or(|hash| *hash == sha256_hex(&user.id))
        });
        result(found)
    }
}
