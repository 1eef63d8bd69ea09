//! Handles the endpoints for token chats (`chat.*` and `messenger.*`) and for tokens (`perk.get`
//! and `asset.info`).

use super::ask::Ask;
use super::php::{Value, map};
use super::response::{ApiResult, crashed, json, message, result};
use super::tca::satoshis;
use super::{Tokenpass, bitcoin};
use crate::Response;

/// A chat that users can join if they hold certain tokens.
#[derive(Debug, Clone)]
pub struct Chat {
    /// The UUID of the chat.
    pub id: String,
    /// The name of the chat.
    pub name: String,
    /// Whether the chat is active. `perk.get` counts only active chats.
    pub active: bool,
    /// Whether every user can join, regardless of balances.
    pub global: bool,
    /// Minimum balances, as pairs of an asset and a number of satoshis. A user needs at least one
    /// of them to join.
    pub rules: Vec<(String, i64)>,
    /// The id of the user to whom the chat belongs.
    pub owner: String,
    /// The user ids of the members.
    pub roster: Vec<String>,
}

impl Chat {
    fn json(&self) -> Value {
        let tokens = self.rules.iter().map(|(asset, satoshis)| {
            #[expect(clippy::cast_precision_loss, reason = "the server shows a float as well")]
            let whole = *satoshis as f64 / 100_000_000.0;
            (asset.clone(), Value::Float(whole))
        });
        map([
            ("id", (&self.id).into()),
            ("name", (&self.name).into()),
            ("active", self.active.into()),
            ("global", self.global.into()),
            ("tokens", Value::Map(tokens.collect())),
        ])
    }

    /// Returns the id that the chat has in the paths of `messenger.*`: the UUID in base58. Returns
    /// `None` if the id is not a UUID.
    fn short_id(&self) -> Option<String> {
        let digits: String = self.id.chars().filter(|char| *char != '-').collect();
        let bytes = u128::from_str_radix(&digits, 16).ok()?;
        Some(bitcoin::base58(&bytes.to_be_bytes()))
    }
}

/// Returns whether a string is an asset name: BTC, XCP, at least four capital letters of which the
/// first is not A, or A followed by a number of at least 95428956661682201.
fn is_asset(name: &str) -> bool {
    if let Some(number) = name.strip_prefix('A') {
        return number
            .parse::<u64>()
            .is_ok_and(|value| value >= 95_428_956_661_682_201 && value.to_string() == number);
    }
    name == "BTC"
        || name == "XCP"
        || (name.len() >= 4 && name.bytes().all(|byte| byte.is_ascii_uppercase()))
}

impl Tokenpass {
    pub(super) fn perk_get(&self, ask: &Ask<'_>) -> ApiResult {
        let token = ask.value(0);
        if !is_asset(token) {
            return Err(message(422, "Invalid token name"));
        }
        let opened = self.chats.iter().filter(|chat| chat.active);
        let opened = opened.filter(|chat| chat.rules.iter().any(|(asset, _)| asset == token));
        let members = [("token", token.into()), ("chatCount", opened.count().into())];
        Ok(json(200, &map(members)))
    }

    pub(super) fn asset_info(ask: &Ask<'_>) -> ApiResult {
        let (chain, asset) = (ask.value(0), ask.value(1));
        result(map([("asset", asset.into()), ("chain", chain.into())]))
    }

    pub(super) fn messenger_privileges(&self, ask: &Ask<'_>) -> ApiResult {
        let token = ask.value(0);
        let issuer = self.issuers.get(token);
        let owns = self.addresses.iter().any(|address| {
            address.user == ask.user && address.verified && Some(&address.address) == issuer
        });
        Ok(json(200, &map([("token", token.into()), ("canMessage", owns.into())])))
    }

    pub(super) fn messenger_chats(&self, ask: &Ask<'_>) -> ApiResult {
        let own = self.chats.iter().filter(|chat| chat.owner == ask.user);
        Ok(json(200, &Value::List(own.map(Chat::json).collect())))
    }

    /// Returns the index of the chat whose short id, the UUID in base58, is in the path.
    fn short_chat(&self, ask: &Ask<'_>) -> Result<usize, Response> {
        let wanted = ask.value(0);
        let found = self.chats.iter().position(|chat| chat.short_id().as_deref() == Some(wanted));
        found.ok_or_else(|| message(404, "Chat not found"))
    }

    /// Returns whether the user can join the chat, that is, whether the chat is open to every user
    /// or the user satisfies at least one of its rules.
    fn is_authorized(&self, ask: &Ask<'_>, chat: &Chat) -> bool {
        let held = self.user(&ask.user).map(|user| self.balances_of(user, true));
        let held = held.unwrap_or_default();
        chat.global
            || chat
                .rules
                .iter()
                .any(|(asset, needed)| held.get(asset).copied().unwrap_or(0) >= *needed)
    }

    pub(super) fn messenger_chat_privileges(&self, ask: &Ask<'_>) -> ApiResult {
        let chat = self.chats.get(self.short_chat(ask)?).ok_or_else(crashed)?;
        let rules = chat.rules.iter().map(|(asset, satoshis)| {
            map([("asset", asset.into()), ("amount", (*satoshis).into())])
        });
        let members = [
            ("authorized", self.is_authorized(ask, chat).into()),
            ("isGlobal", chat.global.into()),
            ("tokenAuthorization", Value::List(rules.collect())),
        ];
        Ok(json(200, &map(members)))
    }

    pub(super) fn messenger_join(&mut self, ask: &Ask<'_>) -> ApiResult {
        let found = self.short_chat(ask)?;
        let chat = self.chats.get(found).ok_or_else(crashed)?;
        if !self.is_authorized(ask, chat) {
            return Err(message(403, "Not authorized for this chat"));
        }
        if let Some(chat) = self.chats.get_mut(found)
            && !chat.roster.contains(&ask.user)
        {
            chat.roster.push(ask.user.clone());
        }
        Ok(json(200, &map([("success", true.into())])))
    }

    /// Returns the index of the chat whose UUID is in the path, if the chat belongs to the user.
    fn own_chat(&self, ask: &Ask<'_>) -> Result<usize, Response> {
        let found = self.chats.iter().position(|chat| chat.id == ask.value(0));
        let found = found.ok_or_else(|| message(404, "Resource not found."))?;
        let own = self.chats.get(found).is_some_and(|chat| chat.owner == ask.user);
        if own { Ok(found) } else { Err(message(403, "Resource unauthorized.")) }
    }

    pub(super) fn chat_get(&self, ask: &Ask<'_>) -> ApiResult {
        let chat = self.chats.get(self.own_chat(ask)?).ok_or_else(crashed)?;
        Ok(json(200, &chat.json()))
    }

    /// Parses the parameter `tca_rules`, and converts its quantities from tokens to satoshis.
    fn chat_rules(ask: &Ask<'_>) -> Result<Vec<(String, i64)>, Response> {
        let rules = ask.get("tca_rules").and_then(Value::items).unwrap_or_default();
        if rules.is_empty() {
            return Err(message(422, "Non-global chats require one or more access tokens"));
        }
        let read = |rule: &Value| {
            let token = rule.get("token").and_then(Value::text).unwrap_or_default();
            if !is_asset(&token) {
                return Err(message(422, "Invalid token name"));
            }
            let quantity = rule.get("quantity").and_then(Value::text).unwrap_or_default();
            let quantity = i64::try_from(satoshis(&quantity)).ok().filter(|value| *value > 0);
            Ok((token, quantity.ok_or_else(|| message(422, "Invalid quantity"))?))
        };
        rules.into_iter().map(read).collect()
    }

    pub(super) fn chat_create(&mut self, ask: &Ask<'_>) -> ApiResult {
        ask.validate().required("name").boolean("active").boolean("global").done()?;
        // The provider's published server code of 2017 fails if a chat is open to every user.
        if ask.get("global").is_some_and(Value::is_truthy) {
            return Err(crashed());
        }
        let chat = Chat {
            id: self.uuid(),
            name: ask.text("name").unwrap_or_default(),
            active: ask.get("active").is_none_or(Value::is_truthy),
            global: false,
            rules: Self::chat_rules(ask)?,
            owner: ask.user.clone(),
            roster: Vec::new(),
        };
        let response = json(200, &chat.json());
        self.chats.push(chat);
        Ok(response)
    }

    pub(super) fn chat_update(&mut self, ask: &Ask<'_>) -> ApiResult {
        let found = self.own_chat(ask)?;
        ask.validate().boolean("active").boolean("global").done()?;
        // The server fails here as well; see `chat_create`.
        if ask.get("global").is_some_and(Value::is_truthy) {
            return Err(crashed());
        }
        let rules = Self::chat_rules(ask)?;
        let chat = self.chats.get_mut(found).ok_or_else(crashed)?;
        // An update without `global` sets it to false.
        chat.global = false;
        chat.rules = rules;
        chat.active = ask.get("active").map_or(chat.active, Value::is_truthy);
        Ok(json(200, &chat.json()))
    }
}
