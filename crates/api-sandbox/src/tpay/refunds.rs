//! Handles the endpoints `refunds.*`, for refunds of payments and refunds to card tokens.

use serde_json::{Value, json};

use super::check::{Kind, Refusal, Rules, amount, check, kinds, may, money, need};
use super::json::Members;
use super::text::date_time;
use super::{ApiResult, Ask, Out, Tpay, Transaction};

/// A refund of a payment, or a refund to a card token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The id of the refund: `rf_` and 16 characters.
    pub id: String,
    /// The id of the payment. Empty for a refund to a card token.
    pub transaction: String,
    /// The title of the payment. Empty for a refund to a card token.
    pub title: String,
    /// The payer's e-mail address. Empty for a refund to a card token.
    pub payer_email: String,
    /// The amount in grosze.
    pub grosze: u64,
    /// The currency of the amount, such as `PLN`.
    pub currency: String,
    /// The status: `new` until [`Tpay::finish_refunds`] is called, then `done`, or `authorized` for
    /// a refund to a card.
    pub status: &'static str,
    /// The time of creation, in Unix seconds.
    pub at: u64,
    /// The time at which the refund was completed, in Unix seconds. `None` if the refund is
    /// pending.
    pub processed: Option<u64>,
    /// Whether the refund is paid to a card.
    pub card: bool,
    /// The card token to which the refund is paid. `None` for a refund of a payment.
    pub token: Option<String>,
}

const CREATE: Rules = &[
    need("amount", Kind::Money),
    need("currencyCode", Kind::Int(1, 999)),
    need("tokenValue", Kind::Text(1, 255)),
    may("cardExpiryDate", kinds::YEAR_MONTH),
    may("rocText", kinds::ROC_TEXT_OF_REFUND),
];

/// The numeric and the alphabetic codes of the supported currencies (ISO 4217).
const CURRENCIES: [(i64, &str); 9] = [
    (985, "PLN"),
    (978, "EUR"),
    (840, "USD"),
    (826, "GBP"),
    (203, "CZK"),
    (578, "NOK"),
    (208, "DKK"),
    (752, "SEK"),
    (756, "CHF"),
];

impl Refund {
    pub(super) fn of(paid: &Transaction, id: String, grosze: u64, at: u64) -> Self {
        Self {
            id,
            transaction: paid.id.clone(),
            title: paid.title.clone(),
            payer_email: paid.payer_email(),
            grosze,
            currency: paid.currency.clone(),
            status: "new",
            at,
            processed: None,
            card: paid.is_card,
            token: None,
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "refundId": self.id,
            "status": self.status,
            "amount": money(self.grosze),
            "currency": self.currency,
            "date": {
                "schedule": date_time(self.at), "processed": self.processed.map(date_time),
            },
        })
    }

    pub(super) fn card_json(&self) -> Value {
        json!({
            "refundId": self.id,
            "status": self.status,
            "amount": money(self.grosze),
            "currency": self.currency,
            "date": { "create": date_time(self.at), "refund": self.processed.map(date_time) },
        })
    }
}

impl Tpay {
    /// Completes all refunds with the status `new`. Their status changes to `done` or, for a refund
    /// to a card, to `authorized`.
    pub fn finish_refunds(&mut self) {
        let now = self.clock.unix();
        for refund in self.refunds.iter_mut().filter(|refund| refund.status == "new") {
            refund.status = if refund.card { "authorized" } else { "done" };
            refund.processed = Some(now);
        }
    }

    pub(super) fn refunds_list(&self, ask: &Ask) -> ApiResult {
        ask.only(&[
            "page",
            "limit",
            "from",
            "to",
            "payerEmail",
            "transactionTitle",
            "context",
            "token",
        ])?;
        let (page, within) = (ask.page()?, ask.period()?);
        let cards = ask.one_of("context", &["transactional", "card"])? == Some("card");
        // Not documented: a filter that belongs to the other context is an error.
        let foreign: &[&str] = if cards { &["payerEmail", "transactionTitle"] } else { &["token"] };
        if let Some(name) = foreign.iter().find(|name| ask.get(name).is_some()) {
            let why = "the parameter belongs to the other context";
            return Err(Refusal::field("unexpected_field", name, why));
        }
        let all = self
            .refunds
            .iter()
            .filter(|refund| refund.token.is_some() == cards)
            .filter(|refund| within(refund.at))
            .filter(|refund| ask.fits("payerEmail", &refund.payer_email))
            .filter(|refund| ask.fits("transactionTitle", &refund.title))
            .filter(|refund| ask.fits("token", refund.token.as_deref().unwrap_or_default()));
        let mut body = page.wrap("list", all, Refund::json);
        let list = body.as_object_mut().and_then(|object| object.remove("list"));
        body.put("/transactions", json!({ "list": list }));
        Ok(Out::Wrapped(body))
    }

    pub(super) fn refunds_create(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        let body = &ask.body;
        check(body, CREATE)?;
        let amount = amount(body.at("amount"), "amount")?;
        let code = body.at("currencyCode").as_i64().unwrap_or_default();
        let Some((_, currency)) = CURRENCIES.iter().find(|(known, _)| *known == code) else {
            return Err(Refusal::field("not_valid", "currencyCode", "unknown ISO 4217 number"));
        };
        let token = body.text("/tokenValue").unwrap_or_default();
        let known = self.card_tokens.iter().find(|known| known.value == token);
        let is_foreign = (12..=19).contains(&token.len());
        if is_foreign && body.at("cardExpiryDate").is_null() {
            let why = "required for EISOP tokens (12 to 19 characters)";
            return Err(Refusal::field("is_required", "cardExpiryDate", why));
        }
        if !is_foreign && known.is_none_or(|known| known.status != "ACTIVE") {
            let why = "no active card token has this value";
            return Err(Refusal::field("incorrect_token", "tokenValue", why));
        }
        let refund = Refund {
            id: self.prefixed_id("rf_"),
            transaction: String::new(),
            title: String::new(),
            payer_email: String::new(),
            grosze: amount,
            currency: (*currency).to_owned(),
            status: "new",
            at: self.clock.unix(),
            processed: None,
            card: true,
            token: Some(token),
        };
        let response = json!({ "refundContent": {
            "status": refund.status,
            "refundId": refund.id,
            "currencyCode": code,
            "amount": money(amount),
            "extra": { "responseCode": "00", "responseDescription": "Approved" },
        } });
        self.refunds.push(refund);
        Ok(Out::Wrapped(response))
    }

    pub(super) fn refunds_get(&self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        let found = self.refunds.iter().find(|refund| refund.id == ask.value(0));
        Ok(Out::Wrapped(found.ok_or_else(|| Refusal::unknown("refund"))?.json()))
    }
}
