//! Token chats, which users can join if they hold certain tokens, and privileges in the messenger.
//!
//! The messenger endpoints identify a chat by its short id, and the other endpoints by its UUID.
//! [`chat_id`] and [`chat_uuid`] convert between the two.
//!
//! ```no_run
//! use tokenpass_client::chats::CreateChat;
//! use tokenpass_client::{Client, Satoshis};
//!
//! let tokenpass = Client::from_env()?;
//! let chat = CreateChat::new("For holders").token("TOKENLY", Satoshis::whole(10));
//! println!("{:?}", tokenpass.create_chat(&chat)?.id);
//! # Ok::<(), tokenpass_client::Error>(())
//! ```

use std::collections::BTreeMap;

use api_auth::{
    Amount, Body, Endpoint, ExtraFields, InputError, Response, ResponseError, Result, Route,
    json_slice, required, route, setters, validate, wire,
};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::balances::Satoshis;
use crate::rules::{MAX_AMOUNT, TOO_LARGE};
use crate::{Client, credentials, error};

/// `GET /api/v1/tca/messenger/privileges/{token}`: returns whether the logged-in user may message
/// all holders of a token. Requires the scope `chats` (according to the documentation, `tca`).
///
/// See the example in the module [`chats`](crate::chats).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetMessengerPrivileges {
    token: String,
}

impl GetMessengerPrivileges {
    /// Creates a request that checks whether the logged-in user may message all holders of `token`,
    /// such as `TOKENLY`.
    pub fn new(token: impl Into<String>) -> Self {
        Self { token: token.into() }
    }
}

/// The privilege of a user to message all holders of a token.
///
/// See the example in the module [`chats`](crate::chats).
///
/// Source: the provider's documentation, `apidocs.tokenly.com/tokenpass`, Messenger.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MessengerPrivileges {
    /// The name of the token, such as `TOKENLY`.
    pub token: Option<String>,
    /// Whether the user may message all holders of the token. This is the case if the user owns the
    /// verified address that issued the token.
    #[serde(rename = "canMessage")]
    pub can_message: Option<bool>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl Endpoint for GetMessengerPrivileges {
    type Output = MessengerPrivileges;
    const ID: &'static str = "messenger.privileges";
    const ROUTE: Route<Self> =
        route!(GET "/api/v1/tca/messenger/privileges/{token}", token).credential(credentials::USER);

    fn parse(&self, response: &Response) -> Result<MessengerPrivileges, ResponseError> {
        error::success(response)
    }
}

/// A token chat, which users can join if they hold the required amount of a token.
///
/// See the example in the module [`chats`](crate::chats).
///
/// Source: the server's source code of 2017. A page that was withdrawn from the provider's
/// documentation in 2017 shows chats without an id, and amounts in satoshis.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Chat {
    /// The id of the chat, a UUID. [`chat_id`] converts it to the short id.
    pub id: Option<String>,
    /// The name of the chat, such as `For holders`.
    pub name: Option<String>,
    /// Whether the chat is open.
    pub active: Option<bool>,
    /// Whether everyone may join, whatever tokens they hold.
    pub global: Option<bool>,
    /// The amounts required to join, in whole tokens, keyed by asset.
    #[serde(default, deserialize_with = "amounts")]
    pub tokens: BTreeMap<String, Amount>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// Deserializes amounts keyed by asset. A string or number that is not an amount is an error, so
/// that no requirement is lost. Entries that are null, lists or objects are skipped.
fn amounts<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Amount>, D::Error> {
    struct Entry(Option<Amount>);

    impl<'de> Deserialize<'de> for Entry {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let raw = Box::<RawValue>::deserialize(deserializer)?;
            if raw.get().starts_with(['{', '[']) {
                return Ok(Self(None));
            }
            json_slice(raw.get().as_bytes()).map(Self).map_err(D::Error::custom)
        }
    }

    let entries: BTreeMap<String, Entry> = wire::map(deserializer)?;
    Ok(entries.into_iter().filter_map(|(asset, Entry(amount))| Some((asset, amount?))).collect())
}

/// `GET /api/v1/tca/messenger/chats`: lists the token chats that the logged-in user owns. Requires
/// the scope `chats`.
///
/// See the example in the module [`chats`](crate::chats).
///
/// Source: the server's source code of 2017; not documented.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListChats {}

impl ListChats {
    /// Creates a request for all chats that the logged-in user owns.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for ListChats {
    type Output = Vec<Chat>;
    const ID: &'static str = "messenger.chats";
    const ROUTE: Route<Self> =
        route!(GET "/api/v1/tca/messenger/chats").credential(credentials::USER);

    fn parse(&self, response: &Response) -> Result<Vec<Chat>, ResponseError> {
        error::success(response)
    }
}

/// `GET /api/v1/tca/messenger/chat/{chat_id}`: returns whether the logged-in user may enter a chat,
/// and which tokens are required. Requires the scope `chats`.
///
/// See the example in the module [`chats`](crate::chats).
///
/// Source: the server's source code of 2017; not documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetChatPrivileges {
    chat_id: String,
}

impl GetChatPrivileges {
    /// Creates a request for the chat with this short id; see [`chat_id`].
    pub fn new(chat_id: impl Into<String>) -> Self {
        Self { chat_id: chat_id.into() }
    }
}

/// The privilege of a user to enter a chat.
///
/// See the example in the module [`chats`](crate::chats).
///
/// Source: the server's source code of 2017; not documented.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChatPrivileges {
    /// Whether the user may enter the chat.
    pub authorized: Option<bool>,
    /// Whether everyone may enter the chat, whatever tokens they hold.
    #[serde(rename = "isGlobal")]
    pub is_global: Option<bool>,
    /// The tokens and amounts that are required to enter the chat.
    #[serde(rename = "tokenAuthorization", default)]
    pub token_authorization: Vec<TokenAuthorization>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// An amount of an asset that is required to enter a chat.
///
/// See the example in the module [`chats`](crate::chats).
///
/// Source: the server's source code of 2017; not documented.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenAuthorization {
    /// The asset, such as `TOKENLY`.
    pub asset: Option<String>,
    /// The required amount in satoshis.
    pub amount: Option<Satoshis>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

impl Endpoint for GetChatPrivileges {
    type Output = ChatPrivileges;
    const ID: &'static str = "messenger.chat_privileges";
    const ROUTE: Route<Self> =
        route!(GET "/api/v1/tca/messenger/chat/{chat_id}", chat_id).credential(credentials::USER);

    fn parse(&self, response: &Response) -> Result<ChatPrivileges, ResponseError> {
        error::success(response)
    }
}

/// `POST /api/v1/tca/messenger/roster/{chat_id}`: joins a chat as the logged-in user. Requires the
/// scope `chats`.
///
/// See the example in the module [`chats`](crate::chats).
///
/// Source: the server's source code of 2017; not documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinChat {
    chat_id: String,
}

impl JoinChat {
    /// Creates a request to join the chat with this short id; see [`chat_id`].
    pub fn new(chat_id: impl Into<String>) -> Self {
        Self { chat_id: chat_id.into() }
    }
}

impl Endpoint for JoinChat {
    type Output = ();
    const ID: &'static str = "messenger.join";
    const ROUTE: Route<Self> = route!(POST "/api/v1/tca/messenger/roster/{chat_id}", chat_id)
        .credential(credentials::USER);

    fn parse(&self, response: &Response) -> Result<(), ResponseError> {
        error::acknowledgement(response)
    }
}

/// Parses a chat. Returns an error if the response contains neither an id nor a name. (The example
/// in the documentation contains only a name.)
fn chat(response: &Response) -> Result<Chat, ResponseError> {
    let chat: Chat = error::success(response)?;
    required("id", chat.id.as_ref().or(chat.name.as_ref()))?;
    Ok(chat)
}

/// `GET /api/v1/chat/{chat_uuid}`: returns one of the logged-in user's chats. Requires the scope
/// `manage-chats`.
///
/// The provider withdrew the documentation of this endpoint in 2017.
///
/// See the example in the module [`chats`](crate::chats).
///
/// Source: a page that was withdrawn from the provider's documentation in 2017.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetChat {
    chat_uuid: String,
}

impl GetChat {
    /// Creates a request for the chat with this UUID.
    pub fn new(chat_uuid: impl Into<String>) -> Self {
        Self { chat_uuid: chat_uuid.into() }
    }
}

impl Endpoint for GetChat {
    type Output = Option<Chat>;
    const ID: &'static str = "chat.get";
    const ROUTE: Route<Self> = route!(GET "/api/v1/chat/{chat_uuid}", chat_uuid)
        .credential(credentials::USER)
        .or_not_found();

    fn parse(&self, response: &Response) -> Result<Option<Chat>, ResponseError> {
        error::success_or_not_found(response, chat)
    }
}

/// An amount of a token that is required to join a chat. It is sent in whole tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Quantity(Satoshis);

impl Serialize for Quantity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = serde_json::value::RawValue::from_string(self.0.to_string());
        number.map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct ChatRule {
    token: String,
    quantity: Quantity,
}

fn validate_rules(rules: &[ChatRule], global: Option<bool>) -> Result<(), InputError> {
    if rules.is_empty() && global != Some(true) {
        return Err(InputError::new(
            "token",
            "must be given at least once unless the chat is global",
        ));
    }
    for rule in rules {
        validate::not_empty("token", &rule.token)?;
        if rule.quantity.0 <= Satoshis::new(0) {
            return Err(InputError::new("amount", "must be more than 0"));
        }
        if rule.quantity.0 > MAX_AMOUNT {
            return Err(InputError::new("amount", TOO_LARGE));
        }
    }
    Ok(())
}

/// `POST /api/v1/chats`: creates a token chat. Requires the scope `manage-chats`.
///
/// The provider withdrew the documentation of this endpoint in 2017. The example in the
/// documentation contains an amount in satoshis, but the server expects whole tokens, which this
/// type sends.
///
/// ```
/// use tokenpass_client::chats::CreateChat;
/// use tokenpass_client::Satoshis;
///
/// let chat = CreateChat::new("For holders").token("TOKENLY", Satoshis::whole(10)).active(true);
/// ```
///
/// Source: a page that was withdrawn from the provider's documentation in 2017.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateChat {
    name: String,
    tca_rules: Vec<ChatRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    global: Option<bool>,
}

impl CreateChat {
    /// Creates a request for a chat with this name. A chat that is not global requires at least one
    /// token.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), tca_rules: Vec::new(), active: None, global: None }
    }

    /// Adds a token and the amount of it that is required to join. Can be called several times.
    /// According to documentation that the provider withdrew in 2017, a user needs only one of the
    /// tokens.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>, amount: Satoshis) -> Self {
        self.tca_rules.push(ChatRule { token: token.into(), quantity: Quantity(amount) });
        self
    }

    setters! {
        /// Sets whether the chat is open. The server's default is `true`.
        active: bool,
        /// Sets whether everyone may join, whatever tokens they hold. According to the server's
        /// source code of 2017, `true` causes status 500, even for administrators.
        global: bool,
    }
}

impl Endpoint for CreateChat {
    type Output = Chat;
    const ID: &'static str = "chat.create";
    const ROUTE: Route<Self> = route!(POST "/api/v1/chats").credential(credentials::USER);

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("name", &self.name)?;
        validate_rules(&self.tca_rules, self.global)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<Chat, ResponseError> {
        chat(response)
    }
}

/// `POST /api/v1/chat/{chat_uuid}`: changes a chat, but not its name. Requires the scope
/// `manage-chats`. Each request must contain all tokens that give access to the chat.
///
/// According to its source code of 2017, the server sets [`Chat::global`] to `false` with each
/// change that does not contain [`global`](UpdateChat::global), and responds to `true` with status
/// 500, even to administrators. Every successful change therefore makes a global chat non-global.
///
/// The provider withdrew the documentation of this endpoint in 2017.
///
/// See the example in the module [`chats`](crate::chats).
///
/// Source: a page that was withdrawn from the provider's documentation in 2017.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpdateChat {
    #[serde(skip)]
    chat_uuid: String,
    tca_rules: Vec<ChatRule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    global: Option<bool>,
}

impl UpdateChat {
    /// Creates a request to update the chat with this UUID.
    pub fn new(chat_uuid: impl Into<String>) -> Self {
        Self { chat_uuid: chat_uuid.into(), tca_rules: Vec::new(), active: None, global: None }
    }

    /// Adds a token and the amount of it that is required to join. Can be called several times.
    /// According to documentation that the provider withdrew in 2017, a user needs only one of the
    /// tokens.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>, amount: Satoshis) -> Self {
        self.tca_rules.push(ChatRule { token: token.into(), quantity: Quantity(amount) });
        self
    }

    setters! {
        /// Sets whether the chat is open. By default, this does not change.
        active: bool,
        /// Sets whether everyone may join, whatever tokens they hold. Without this setting, the
        /// server makes the chat non-global. According to its source code of 2017, the server
        /// responds to `true` with status 500, even to administrators.
        global: bool,
    }
}

impl Endpoint for UpdateChat {
    type Output = Chat;
    const ID: &'static str = "chat.update";
    const ROUTE: Route<Self> =
        route!(POST "/api/v1/chat/{chat_uuid}", chat_uuid).credential(credentials::USER);

    fn validate(&self) -> Result<(), InputError> {
        validate_rules(&self.tca_rules, self.global)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<Chat, ResponseError> {
        chat(response)
    }
}

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Returns the short id of a chat: its UUID in base58. Returns `None` if `uuid` is not a UUID.
///
/// ```
/// use tokenpass_client::chats::{chat_id, chat_uuid};
///
/// let uuid = "c0000000-0000-4000-8000-000000000001";
/// assert_eq!(chat_id(uuid).as_deref(), Some("Qi81Dp4C8a8LZcjYGWFbAG"));
/// assert_eq!(chat_uuid("Qi81Dp4C8a8LZcjYGWFbAG").as_deref(), Some(uuid));
/// ```
pub fn chat_id(uuid: &str) -> Option<String> {
    let digits: String = uuid.chars().filter(|char| *char != '-').collect();
    if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut number = u128::from_str_radix(&digits, 16).ok()?;
    // Each leading zero byte is encoded as a separate digit.
    let zeros = number.to_be_bytes().iter().take_while(|byte| **byte == 0).count();
    let mut text = Vec::with_capacity(22);
    while number > 0 {
        let digit = usize::try_from(number % 58).ok()?;
        text.push(*BASE58.get(digit)?);
        number /= 58;
    }
    text.extend(std::iter::repeat_n(b'1', zeros));
    text.reverse();
    String::from_utf8(text).ok()
}

/// Converts the short id of a chat, which is its UUID in base58, to the UUID. Returns `None` if the
/// string is not a short id.
///
/// See the example on [`chat_id`].
pub fn chat_uuid(chat_id: &str) -> Option<String> {
    let mut number: u128 = 0;
    for byte in chat_id.bytes() {
        let digit = BASE58.iter().position(|known| *known == byte)?;
        number = number.checked_mul(58)?.checked_add(u128::try_from(digit).ok()?)?;
    }
    let hex = format!("{number:032x}");
    let mut parts = Vec::new();
    let mut rest = hex.as_str();
    for length in [8, 4, 4, 4, 12] {
        let (part, after) = rest.split_at_checked(length)?;
        parts.push(part);
        rest = after;
    }
    let uuid = parts.join("-");
    // A string with too many or too few leading zeros encodes a different number of bytes.
    (self::chat_id(&uuid)? == chat_id).then_some(uuid)
}

/// # Chats
///
/// The request and response types are in the module [`chats`](crate::chats).
impl Client {
    /// Returns whether the logged-in user may message all holders of a token.
    ///
    /// See the example in the module [`chats`](crate::chats).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_messenger_privileges(
        &self,
        token: impl Into<String>,
    ) -> Result<MessengerPrivileges> {
        self.send(&GetMessengerPrivileges::new(token))
    }

    /// Returns the token chats that the logged-in user owns.
    ///
    /// See the example in the module [`chats`](crate::chats).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_chats(&self) -> Result<Vec<Chat>> {
        self.send(&ListChats::new())
    }

    /// Returns whether the logged-in user may enter the chat with this short id, and which tokens
    /// are required.
    ///
    /// See the example in the module [`chats`](crate::chats).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_chat_privileges(&self, chat_id: impl Into<String>) -> Result<ChatPrivileges> {
        self.send(&GetChatPrivileges::new(chat_id))
    }

    /// Joins the chat with this short id as the logged-in user.
    ///
    /// See the example in the module [`chats`](crate::chats).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn join_chat(&self, chat_id: impl Into<String>) -> Result<()> {
        self.send(&JoinChat::new(chat_id))
    }

    /// Returns the logged-in user's chat with this UUID, or `None` if there is no such chat.
    ///
    /// See the example in the module [`chats`](crate::chats).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_chat(&self, chat_uuid: impl Into<String>) -> Result<Option<Chat>> {
        self.send(&GetChat::new(chat_uuid))
    }

    /// Creates a token chat, and returns it with its id.
    ///
    /// See the example in the module [`chats`](crate::chats).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_chat(&self, request: &CreateChat) -> Result<Chat> {
        self.send(request)
    }

    /// Changes a token chat, but not its name.
    ///
    /// See the example in the module [`chats`](crate::chats).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn update_chat(&self, request: &UpdateChat) -> Result<Chat> {
        self.send(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn leading_zero_bytes_are_kept() {
        let uuid = "00000000-0000-0000-0000-0000000000ff";
        assert_eq!(chat_uuid(&chat_id(uuid).unwrap()).as_deref(), Some(uuid));
        let nil = "00000000-0000-0000-0000-000000000000";
        assert_eq!(chat_id(nil).as_deref(), Some("1111111111111111"));
        for bad in
            ["", "0", "+0000000000000000000000000000000", "zz000000-0000-4000-8000-000000000001"]
        {
            assert_eq!(chat_id(bad), None, "{bad}");
        }
        for bad in ["", "0", "1", "zzzzzzzzzzzzzzzzzzzzzzzzz", "é"] {
            assert_eq!(chat_uuid(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn short_ids_round_trip(number: u128) {
            let uuid = format!("{number:032x}");
            let short = chat_id(&uuid).unwrap();
            prop_assert_eq!(chat_uuid(&short).unwrap().replace('-', ""), uuid);
        }
    }
}
