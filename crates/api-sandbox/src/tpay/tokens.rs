//! Handles the endpoints `tokens.*` and `wallet.init_apple_pay`, for card tokens and Apple Pay
//! sessions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::check::{Kind, Refusal, Rules, check, kinds, may, need};
use super::json::Members;
use super::notify::Message;
use super::pay::check_blob;
use super::{ApiResult, Ask, Out, Tpay};

/// The token of a saved card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardToken {
    /// The value of the token: 64 letters and digits.
    pub value: String,
    /// The status of the token: `ACTIVE`, `DELETED`, `RESUME` or `SUSPENDED`.
    pub status: &'static str,
    /// The last four digits of the card number.
    pub tail: String,
}

impl CardToken {
    pub(super) fn new(value: &str) -> Self {
        Self { value: value.to_owned(), status: "ACTIVE", tail: "0016".to_owned() }
    }
}

/// A request to save a card, which the payer has not completed yet.
#[derive(Debug, Clone)]
pub(super) struct Tokenization {
    id: String,
    callback: String,
}

const CREATE: Rules = &[
    need("callbackUrl", kinds::URL),
    may("payer", Kind::Object(&[need("name", kinds::FILLED), need("email", kinds::EMAIL)])),
    may("redirectUrl", Kind::Object(&[need("success", kinds::URL), need("error", kinds::URL)])),
    may("card", kinds::FILLED),
];

const APPLE_PAY: Rules = &[
    need("domainName", kinds::FILLED),
    may("displayName", Kind::Text(1, 64)),
    need("validationUrl", kinds::URL),
];

impl Tpay {
    /// Completes the tokenization with this id, as the payer does, and notifies the merchant.
    /// Returns the value of the new card token. Returns `None` if there is no such tokenization.
    pub fn tokenize(&mut self, id: &str) -> Option<String> {
        let at = self.tokenizations.iter().position(|known| known.id == id)?;
        let tokenization = self.tokenizations.remove(at);
        let card = CardToken::new(&format!("{:064}", self.next_id()));
        let body = json!({ "type": "tokenization", "data": {
            "tokenizationId": tokenization.id,
            "token": card.value,
            "cardBrand": "visa",
            "cardTail": card.tail,
            "tokenExpiryDate": "1230",
        } });
        let value = card.value.clone();
        self.card_tokens.push(card);
        self.notify(Message::json("tokenization", &tokenization.id, &body), &tokenization.callback);
        Some(value)
    }

    /// Replaces the card of a token, as a bank does, and sends a notification to
    /// [`panel_url`](Self::panel_url). Returns whether the token exists and the URL is set.
    pub fn update_token(&mut self, value: &str) -> bool {
        let found = self.card_tokens.iter_mut().find(|card| card.value == value);
        let (Some(card), Some(url)) = (found, &self.panel_url) else { return false };
        card.tail = "1112".to_owned();
        let body = json!({ "type": "token_update", "data": { "token": value } });
        self.notify(Message::json("token_update", value, &body), url);
        true
    }

    pub(super) fn tokens_create(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        check(&ask.body, CREATE)?;
        let card = ask.body.text("/card");
        if let Some(card) = &card {
            check_blob(card, "card")?;
        }
        let id = self.ulid();
        let callback = ask.body.text("/callbackUrl").unwrap_or_default();
        self.tokenizations.push(Tokenization { id: id.clone(), callback });
        // The card is known, so the token is active immediately.
        if card.is_some() {
            self.tokenize(&id);
        }
        let url = format!("{}/?tokenization={id}", self.base_url);
        Ok(Out::Wrapped(json!({ "id": id, "url": url })))
    }

    pub(super) fn tokens_get(&self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        let found = self.card_tokens.iter().find(|card| card.value == ask.value(0));
        let card = found.ok_or_else(|| Refusal::unknown("token"))?;
        Ok(Out::Bare(json!({
            "expirationDate": "1230",
            "tokenStatus": card.status,
            "cardTail": card.tail,
            "content": { "imageUrl": format!("{}/cards/visa.png", self.base_url) },
        })))
    }

    pub(super) fn tokens_delete(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        let found = self.card_tokens.iter_mut().find(|card| card.value == ask.value(0));
        let card = found.ok_or_else(|| Refusal::unknown("token"))?;
        if card.status == "DELETED" {
            return Err(Refusal::field(
                "incorrect_token",
                "",
                "tokenValue: the token has already been deleted",
            ));
        }
        card.status = "DELETED";
        Ok(Out::Empty)
    }

    pub(super) fn wallet_init_apple_pay(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        check(&ask.body, APPLE_PAY)?;
        let session = json!({
            "merchantSessionIdentifier": self.ulid(),
            "domainName": ask.body.at("domainName"),
            "displayName": ask.body.at("displayName"),
        });
        let mut session = STANDARD.encode(session.to_string());
        // Session data contains whitespace.
        session.insert_str(session.len() / 2, "\n ");
        Ok(Out::Wrapped(json!({ "session": session })))
    }
}
