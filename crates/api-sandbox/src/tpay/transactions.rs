//! Handles the endpoints `transactions.*` for payments and their refunds.

use serde_json::{Value, json};

use super::check::{Kind, Refusal, Rules, amount, check, is_digits, kinds, may, money, need};
use super::json::Members;
use super::pay::{PAY, Paying};
use super::text::date_time;
use super::{ApiResult, Ask, Out, Outcome, POS_ID, Refund, Tpay};

/// A payment, which the API calls a transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    /// The id of the payment, a ULID.
    pub id: String,
    /// The title that the payer sees, such as `TR-SBX-0000004`.
    pub title: String,
    /// The status: `pending`, `paid`, `correct`, `refund` or `canceled`.
    pub status: &'static str,
    /// The amount due, in grosze.
    pub grosze: u64,
    /// The amount that has been paid, in grosze.
    pub paid: u64,
    /// The amount that has been refunded, in grosze.
    pub refunded: u64,
    /// The currency of all amounts, such as `PLN`.
    pub currency: String,
    /// The description that the payer sees.
    pub description: String,
    /// The merchant's reference, which is `tr_crc` in notifications.
    pub hidden_description: String,
    /// The time of creation, in Unix seconds.
    pub created: u64,
    /// The time at which the payer paid, in Unix seconds. `None` if the payer has not paid.
    pub realized: Option<u64>,
    /// The attempts to pay, oldest first.
    pub attempts: Vec<Attempt>,
    /// Whether the transaction is locked, so that requests to change it fail with
    /// `transaction_lock`.
    pub locked: bool,
    /// The URL to which notifications about the payment are sent. `None` means that none are sent.
    pub notification_url: Option<String>,
    pub(super) is_card: bool,
    pub(super) success_url: Option<String>,
    pub(super) error_url: Option<String>,
    pub(super) payer: Value,
    payer_id: String,
    lang: String,
    method: Option<String>,
    collect: bool,
    /// Whether the card is saved after the payment.
    pub(super) saved_card: bool,
    /// The value, type and label of the alias that is registered after the payment.
    pub(super) alias: Option<(String, String, String)>,
}

/// An attempt to pay for a transaction. It succeeded or failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The time of the attempt, in Unix seconds.
    pub at: u64,
    /// The `paymentErrorCode`, such as `101`. `None` if the attempt succeeded.
    pub error: Option<&'static str>,
}

const PAYER: Rules = &[
    need("email", kinds::EMAIL),
    need("name", Kind::Text(3, 255)),
    may("phone", Kind::Text(3, usize::MAX)),
    may("address", Kind::Text(3, 255)),
    may("code", Kind::Text(3, 10)),
    may("city", Kind::Text(3, 64)),
    may("country", kinds::COUNTRY),
    may("taxId", Kind::Text(3, 255)),
    may("ip", Kind::Text(7, 45)),
    may("userAgent", Kind::Text(1, 255)),
];

/// The fields of the payer of a recurring plan, which are those of any other payer without `ip` and
/// `userAgent`.
pub(super) const PAYER_OF_PLAN: Rules = PAYER.split_at(PAYER.len() - 2).0;

const CALLBACKS: Rules = &[
    may("payerUrls", Kind::Object(&[may("success", kinds::URL), may("error", kinds::URL)])),
    may("notification", Kind::Object(&[may("url", kinds::URL), may("email", kinds::EMAIL)])),
];

const PAYEE: Rules = &[
    need("name", Kind::Text(1, 255)),
    need("url", Kind::Text(1, 255)),
    may("mcc", Kind::Like(|text| text.len() == 4 && is_digits(text), "four digits")),
    may(
        "address",
        Kind::Object(&[
            need("street", kinds::FILLED),
            need("houseNumber", kinds::FILLED),
            may("flatNumber", kinds::ANY),
            need("postalCode", kinds::FILLED),
            need("city", kinds::FILLED),
            need("country", kinds::COUNTRY),
        ]),
    ),
];

const CURRENCIES: Kind =
    Kind::OneOf(&["PLN", "EUR", "USD", "GBP", "CZK", "NOK", "DKK", "SEK", "CHF"]);

const CREATE: Rules = &[
    need("amount", Kind::Money),
    may("currency", CURRENCIES),
    need("description", Kind::Text(1, 128)),
    may("hiddenDescription", kinds::UP_TO_255),
    may("lang", kinds::LANG),
    need("payer", Kind::Object(PAYER)),
    may("pay", Kind::Object(PAY)),
    may("callbacks", Kind::Object(CALLBACKS)),
    may(
        "collect",
        Kind::Object(&[
            need("account", kinds::POLISH_ACCOUNT),
            need("receiver", Kind::Text(3, 70)),
        ]),
    ),
    may("payee", Kind::Object(PAYEE)),
];

const REFUND: Rules = &[may("amount", Kind::Money)];

const IMAGE_TYPES: Kind = Kind::OneOf(&["image/png", "image/jpeg", "image/svg+xml"]);
const QR: Rules = &[
    may("size", Kind::OneOf(&["S", "M", "L", "XL"])),
    may("outputType", IMAGE_TYPES),
    // The official PHP client sends null if there is no logo.
    may("logo", Kind::OrNull(&kinds::BASE64)),
    may("logoType", Kind::OrNull(&IMAGE_TYPES)),
    may("linkType", Kind::OneOf(&["title", "gtitle"])),
];

impl Tpay {
    /// Applies the outcome of an attempt to pay, if there is one, to a transaction. Returns the
    /// response to `create` or `pay`.
    fn carry_out(&mut self, index: usize, paying: Option<Paying>) -> ApiResult {
        let now = self.clock.unix();
        let outcome = paying.as_ref().map(|paying| paying.outcome);
        if let (Some(paying), Some(found)) = (&paying, self.transactions.get_mut(index)) {
            found.method = Some(paying.method.clone());
            found.is_card = paying.is_card;
            found.saved_card = paying.saved_card;
            found.alias = paying.alias.clone();
            if let Outcome::Refused(code) = paying.outcome {
                found.fail(now, code);
            }
        }
        if outcome == Some(Outcome::Paid) {
            let due = self.transactions.get(index).map_or(0, |found| found.grosze);
            self.receive(index, due);
        }
        let Some(found) = self.transactions.get(index) else {
            return Err(Refusal::unknown("transaction"));
        };
        let mut body = found.json();
        let is_paid = outcome == Some(Outcome::Paid);
        let url = (!is_paid).then(|| self.payment_url(&found.title, &found.id));
        body.put("/lang", found.lang.clone());
        body.put("/transactionPaymentUrl", url);
        if let Some(paying) = paying {
            paying.report(&mut body);
        }
        // This follows the response, so only later requests show the attempt.
        if let (Some(Outcome::RefusedLater(code)), Some(found)) =
            (outcome, self.transactions.get_mut(index))
        {
            found.fail(now, code);
        }
        Ok(Out::Wrapped(body))
    }

    pub(super) fn transactions_create(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        let body = &ask.body;
        check(body, CREATE)?;
        let amount = amount(body.at("amount"), "amount")?;
        let crc = body.text("/hiddenDescription").unwrap_or_default();
        let used = self.transactions.iter().any(|found| found.hidden_description == crc);
        if self.unique_crc && !crc.is_empty() && used {
            let why = "must be unique, but another transaction has the same value";
            return Err(Refusal::field("crc_not_unique", "hiddenDescription", why));
        }
        if !self.callbacks_allowed && body.at("callbacks").is_object() {
            let why = "the account allows only the callbacks that are set in the panel";
            return Err(Refusal::field("url_override_is_disabled", "callbacks", why));
        }
        if body.at("payee").at("address").is_object() && body.at("payee").at("mcc").is_null() {
            let why = "required if there is an address";
            return Err(Refusal::field("is_required", "payee.mcc", why));
        }
        let paying = match body.at("pay") {
            Value::Object(pay) if !pay.is_empty() => Some(self.judge(body.at("pay"), amount)?),
            _ => None,
        };
        let transaction = Transaction {
            id: self.ulid(),
            title: self.title(),
            status: "pending",
            grosze: amount,
            paid: 0,
            refunded: 0,
            currency: body.text("/currency").unwrap_or_else(|| "PLN".to_owned()),
            description: body.text("/description").unwrap_or_default(),
            hidden_description: crc,
            created: self.clock.unix(),
            realized: None,
            attempts: Vec::new(),
            locked: false,
            notification_url: body.text("/callbacks/notification/url"),
            is_card: false,
            success_url: body.text("/callbacks/payerUrls/success"),
            error_url: body.text("/callbacks/payerUrls/error"),
            payer: body.at("payer").clone(),
            payer_id: self.prefixed_id("py_"),
            lang: body.text("/lang").unwrap_or_else(|| "pl".to_owned()),
            method: None,
            collect: body.at("collect").is_object(),
            saved_card: false,
            alias: None,
        };
        self.transactions.push(transaction);
        self.carry_out(self.transactions.len() - 1, paying)
    }

    /// Returns the index of the payment whose id is in the path.
    fn named(&self, ask: &Ask) -> Result<usize, Refusal> {
        let found = self.transactions.iter().position(|found| found.id == ask.value(0));
        found.ok_or_else(|| Refusal::unknown("transaction"))
    }

    /// Returns the payment whose id is in the path, unless it is locked.
    fn changeable(&mut self, ask: &Ask) -> Result<&mut Transaction, Refusal> {
        let index = self.named(ask)?;
        let found = self.transactions.get_mut(index);
        let found = found.ok_or_else(|| Refusal::unknown("transaction"))?;
        if found.locked {
            return Err(Refusal::of(409, "transaction_lock", "", "the transaction is locked"));
        }
        Ok(found)
    }

    pub(super) fn transactions_list(&self, ask: &Ask) -> ApiResult {
        ask.only(&["page", "limit", "from", "to", "status"])?;
        let page = ask.page()?;
        let status = ask.one_of("status", &["paid", "correct", "pending", "refund", "canceled"])?;
        let within = ask.period()?;
        // Not documented: the oldest transaction is first.
        let all = self
            .transactions
            .iter()
            .filter(|found| status.is_none_or(|status| found.status == status))
            .filter(|found| within(found.created));
        Ok(Out::Wrapped(page.wrap("transactions", all, Transaction::full_json)))
    }

    pub(super) fn transactions_get(&self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        let found = self.transactions.get(self.named(ask)?);
        Ok(Out::Wrapped(found.map(Transaction::full_json).unwrap_or_default()))
    }

    pub(super) fn transactions_pay(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        let index = self.named(ask)?;
        check(&ask.body, PAY)?;
        let found = self.changeable(ask)?;
        if found.status != "pending" {
            // Not documented: the error code. The documentation says only that the status must be
            // pending.
            let why = "only a pending transaction can be paid";
            return Err(Refusal::of(409, "transaction_lock", "", why));
        }
        let amount = found.grosze;
        if ask.body.at("groupId").is_null() && ask.body.at("channelId").is_null() {
            let why = "groupId or channelId is required";
            return Err(Refusal::field("no_payment_data", "groupId", why));
        }
        let paying = self.judge(&ask.body, amount).map_err(Refusal::of_pay_itself)?;
        self.carry_out(index, Some(paying))
    }

    pub(super) fn transactions_cancel(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        let found = self.changeable(ask)?;
        if found.status != "pending" {
            let why = "only a pending transaction can be canceled";
            return Err(Refusal::of(409, "transaction_lock", "", why));
        }
        found.status = "canceled";
        Ok(Out::Wrapped(json!({})))
    }

    pub(super) fn transactions_qr(&self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        check(&ask.body, QR)?;
        let index = self.named(ask)?;
        let found = self.transactions.get(index).ok_or_else(|| Refusal::unknown("transaction"))?;
        // The images have the right type, but only the SVG image contains the link, as its title.
        let url = self.payment_url(&found.title, &found.id).replace('&', "&amp;");
        Ok(match ask.body.at("outputType").as_str() {
            Some("image/jpeg") => {
                Out::Bytes("image/jpeg", include_bytes!("images/dot.jpg").to_vec())
            }
            Some("image/svg+xml") => Out::Bytes(
                "image/svg+xml",
                format!("<svg xmlns=\"http://www.w3.org/2000/svg\"><title>{url}</title></svg>")
                    .into_bytes(),
            ),
            _ => Out::Bytes("image/png", include_bytes!("images/dot.png").to_vec()),
        })
    }

    pub(super) fn transactions_refund(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        if self.marketplace.iter().any(|found| found.id == ask.value(0)) {
            let why = "transactions of the marketplace are refunded by its own endpoint";
            return Err(Refusal::field("cannot_refund_marketplace_transaction", "", why));
        }
        self.named(ask)?;
        check(&ask.body, REFUND)?;
        let asked = match ask.body.at("amount") {
            Value::Null => None,
            asked => Some(amount(asked, "amount")?),
        };
        let now = self.clock.unix();
        let (window, longest) = (self.equal_refund_seconds, self.refund_seconds);
        let id = self.prefixed_id("rf_");
        let earlier = self.refunds.iter().filter(|refund| refund.transaction == ask.value(0));
        let recent: Vec<u64> = earlier
            .filter(|refund| now < refund.at.saturating_add(window))
            .map(|refund| refund.grosze)
            .collect();
        let found = self.changeable(ask)?;
        if found.collect {
            let why = "Collect transactions cannot be refunded here";
            return Err(Refusal::field("cannot_refund_collect_transaction", "", why));
        }
        if found.status == "refund" || (found.paid > 0 && found.refunded >= found.paid) {
            return Err(Refusal::field("already_refunded", "", "nothing is left to refund"));
        }
        if !matches!(found.status, "paid" | "correct") {
            return Err(Refusal::field("cannot_create_refund", "", "nothing was paid"));
        }
        if now >= found.realized.unwrap_or(found.created).saturating_add(longest) {
            return Err(Refusal::field(
                "refund_period_expired",
                "",
                "the period for refunds has expired",
            ));
        }
        let left = found.paid.saturating_sub(found.refunded);
        let amount = asked.unwrap_or(left);
        if amount > left {
            // Not documented: the error code. The rejection is documented.
            let why = "exceeds what is left to refund";
            return Err(Refusal::field("cannot_create_refund", "amount", why));
        }
        if recent.contains(&amount) {
            let why = "an equal refund was created a moment ago";
            return Err(Refusal::field("cannot_create_refund", "", why));
        }
        // Partial refunds never change the status.
        if found.refunded == 0 && amount == found.paid {
            found.status = "refund";
        }
        found.refunded += amount;
        let found = found.clone();
        self.refunds.push(Refund::of(&found, id, amount, now));
        self.notify_payment(&found, "CHARGEBACK");
        self.refunds_of(ask)
    }

    pub(super) fn transactions_list_refunds(&self, ask: &Ask) -> ApiResult {
        ask.only(&["page", "limit", "from", "to"])?;
        self.refunds_of(ask)
    }

    /// Returns the payment whose id is in the path, with its refunds.
    fn refunds_of(&self, ask: &Ask) -> ApiResult {
        let index = self.named(ask)?;
        let (page, within) = (ask.page()?, ask.period()?);
        let of_it: Vec<&Refund> = self
            .refunds
            .iter()
            .filter(|refund| refund.transaction == ask.value(0))
            .filter(|refund| within(refund.at))
            .collect();
        let (cards, transfers): (Vec<&Refund>, Vec<&Refund>) =
            of_it.iter().partition(|refund| refund.card);
        let mut body = self.transactions.get(index).map(Transaction::full_json).unwrap_or_default();
        let total = of_it.len();
        // Not documented: each list contains only the entries of the page.
        body.put("/refundsList", page.cut(transfers.into_iter().map(Refund::json).collect()));
        body.put("/refundsNoAccountList", json!([]));
        body.put("/refundsCardsList", page.cut(cards.into_iter().map(Refund::card_json).collect()));
        body.put("/page", page.page);
        body.put("/limit", page.limit);
        body.put("/total", total);
        Ok(Out::Wrapped(body))
    }
}

impl Transaction {
    /// Adds a failed attempt to pay, whose alias and card are not registered by a later payment.
    pub(super) fn fail(&mut self, at: u64, code: &'static str) {
        self.alias = None;
        self.saved_card = false;
        self.attempts.push(Attempt { at, error: Some(code) });
    }

    /// Returns the transaction in the format of the responses to `create` and `pay`.
    fn json(&self) -> Value {
        let realized = self.realized.map(date_time);
        let payer = |name: &str| self.payer.text(&format!("/{name}")).unwrap_or_default();
        json!({
            "transactionId": self.id,
            "title": self.title,
            "posId": POS_ID,
            "status": self.status,
            "date": { "creation": date_time(self.created), "realization": realized },
            "amount": money(self.grosze),
            "currency": self.currency,
            "description": self.description,
            "hiddenDescription": self.hidden_description,
            "payer": {
                "payerId": self.payer_id,
                "email": payer("email"),
                "name": payer("name"),
                "phone": payer("phone"),
                "address": payer("address"),
                "city": payer("city"),
                "country": self.payer.text("/country").unwrap_or_else(|| "PL".to_owned()),
                "postalCode": payer("code"),
                "taxId": payer("taxId"),
            },
            "payments": {
                "status": if self.realized.is_some() { "correct" } else { "pending" },
                "method": self.method,
                "amountPaid": money(self.paid),
                "date": { "realization": realized },
            },
        })
    }

    /// Returns the transaction in the format of the responses to `get` and `list`.
    fn full_json(&self) -> Value {
        let mut body = self.json();
        let lock = if self.locked { json!("Transaction") } else { Value::Null };
        let status = if self.locked { json!("Active") } else { Value::Null };
        body.put(
            "/lock",
            json!({ "type": lock, "status": status, "amount": null, "amountCollected": null }),
        );
        let attempt = |attempt: &Attempt| json!({ "date": date_time(attempt.at), "paymentErrorCode": attempt.error });
        body.put("/payments/attempts", self.attempts.iter().map(attempt).collect::<Vec<_>>());
        body
    }

    pub(super) fn payer_email(&self) -> String {
        self.payer.text("/email").unwrap_or_default()
    }
}
