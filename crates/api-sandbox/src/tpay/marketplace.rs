//! Handles the endpoints `marketplace.*`, for payments that several merchants share. Amounts in the
//! state are in grosze.

use serde_json::{Value, json};

use super::check::{Kind, Refusal, Rules, check, is_email, is_url, kinds, may, money, need};
use super::json::Members;
use super::notify::Message;
use super::pay::{BLIK, CARD};
use super::text::date_time;
use super::{ApiResult, Ask, MARKETPLACE_MERCHANTS, MARKETPLACE_POS, Out, Outcome, POS_ID, Tpay};

/// A payment on the marketplace, which consists of parts for several merchants.
#[derive(Debug, Clone, PartialEq)]
pub struct MarketplaceTransaction {
    /// The id of the payment, a ULID.
    pub id: String,
    /// The title that the payer sees, such as `TR-SBX-0000004`.
    pub title: String,
    /// The status: `pending`, `correct`, `refund` or `canceled`.
    pub status: &'static str,
    /// The time of creation, in Unix seconds.
    pub created: u64,
    /// The time at which the payer paid, in Unix seconds. `None` if the payer has not paid.
    pub paid: Option<u64>,
    /// The parts of the payment, one for each merchant.
    pub children: Vec<Child>,
    /// The attempts to pay, as pairs of the time in Unix seconds and the `paymentErrorCode`, which
    /// is `None` if the attempt succeeded.
    pub attempts: Vec<(u64, Option<&'static str>)>,
    request: Value,
    /// The value, type and label of the alias that is registered when the payer pays.
    alias: Option<(String, String, String)>,
    /// Whether the card is saved when the payer pays.
    saved_card: bool,
}

/// The part of a marketplace payment that one merchant receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// The id of the part (child transaction), a ULID.
    pub id: String,
    /// The id of the merchant who receives this part, a ULID.
    pub merchant: String,
    /// The amount in grosze.
    pub grosze: u64,
    /// The refunds, as pairs of the time in Unix seconds and the amount in grosze.
    pub refunds: Vec<(u64, u64)>,
    description: String,
    hidden_description: Option<String>,
}

impl Child {
    fn refunded(&self) -> u64 {
        self.refunds.iter().map(|(_, grosze)| *grosze).fold(0, u64::saturating_add)
    }
}

const GROSZE: Kind = Kind::Int(1, i64::MAX);
const PRODUCTS: Rules = &[
    may("name", kinds::UP_TO_255),
    need("externalId", kinds::FILLED),
    need("quantity", Kind::Quantity),
    need("unitPrice", GROSZE),
];
const CHILD: Rules = &[
    need("amount", GROSZE),
    need("description", kinds::FILLED),
    may("hiddenDescription", kinds::ANY),
    need("merchant", Kind::Object(&[need("id", kinds::ULID)])),
    need("products", Kind::List(0, PRODUCTS)),
];
const BILLING: Rules = &[
    need("email", kinds::EMAIL),
    need("name", Kind::Text(1, 96)),
    may("phone", kinds::ANY),
    may("street", kinds::ANY),
    may("postalCode", kinds::ANY),
    may("city", kinds::ANY),
    may("country", kinds::ANY),
    may("houseNo", kinds::ANY),
    may("flatNo", kinds::ANY),
];
const CREATE: Rules = &[
    need("currency", kinds::PLN),
    need("description", kinds::FILLED),
    may("hiddenDescription", kinds::ANY),
    need("languageCode", Kind::OneOf(&["PL", "EN"])),
    may("preSelectedChannelId", Kind::OrNull(&kinds::FILLED)),
    need("pos", Kind::Object(&[need("id", kinds::ULID)])),
    need("billingAddress", Kind::Object(BILLING)),
    need("childTransactions", Kind::List(1, CHILD)),
    need(
        "transactionCallbacks",
        Kind::List(0, &[need("type", Kind::Int(1, 4)), need("value", kinds::FILLED)]),
    ),
    may(
        "transactionEmails",
        Kind::Object(&[may("transactionCreated", Kind::Bool), may("transactionPaid", Kind::Bool)]),
    ),
];
const PAY: Rules = &[
    may("blikPaymentData", Kind::Object(BLIK)),
    may("cardPaymentData", Kind::Object(CARD)),
    may("applePayPaymentData", kinds::WALLET),
];
const REFUND: Rules = &[need(
    "childTransactions",
    Kind::List(
        0,
        &[
            may("id", kinds::ULID),
            may("merchantId", kinds::ULID),
            need("amount", GROSZE),
            may("products", Kind::List(0, PRODUCTS)),
        ],
    ),
)];

impl MarketplaceTransaction {
    /// Adds a failed attempt to pay, whose alias and card are not registered by a later payment.
    fn fail(&mut self, at: u64, code: &'static str) {
        self.alias = None;
        self.saved_card = false;
        self.attempts.push((at, Some(code)));
    }

    /// Returns the amount due in grosze, which is the sum of the amounts of the parts.
    pub fn grosze(&self) -> u64 {
        self.children.iter().map(|child| child.grosze).fold(0, u64::saturating_add)
    }

    /// Returns the value of the first callback of the type `kind` (1 to 4): a URL, or an e-mail
    /// address for type 4.
    fn callback(&self, kind: u64) -> Option<String> {
        let callbacks = self.request.at("transactionCallbacks").as_array()?;
        let found = callbacks.iter().find(|callback| callback.at("type") == kind)?;
        found.text("/value")
    }

    /// Returns the URLs to which the payer is redirected after success and after failure.
    pub(super) fn payer_urls(&self) -> [Option<String>; 2] {
        [self.callback(1), self.callback(2)]
    }

    fn date(unix: u64) -> String {
        format!("{}.000000", date_time(unix))
    }

    fn json(&self, with_attempts: bool) -> Value {
        let mut body = self.request.clone();
        body.put("/transactionId", self.id.clone());
        body.put("/title", self.title.clone());
        body.put("/status", self.status);
        body.put("/creationDate", Self::date(self.created));
        let child = |child: &Child| {
            let refund = |(at, grosze): &(u64, u64)| json!({ "title": self.title, "amount": grosze, "date": Self::date(*at) });
            json!({
                "id": child.id,
                "amount": child.grosze,
                "description": child.description,
                "hiddenDescription": child.hidden_description,
                "merchant": { "id": child.merchant },
                "refunds": child.refunds.iter().map(refund).collect::<Vec<_>>(),
            })
        };
        body.put("/childTransactions", self.children.iter().map(child).collect::<Vec<_>>());
        body.put("/payments", json!({}));
        if with_attempts {
            let attempt = |(at, error): &(u64, Option<&str>)| json!({ "date": date_time(*at), "paymentErrorCode": error });
            body.put("/payments/attempts", self.attempts.iter().map(attempt).collect::<Vec<_>>());
        }
        body
    }
}

impl Tpay {
    /// Pays for the marketplace transaction with this id or title. Returns whether the transaction
    /// was found and pending.
    pub(super) fn pay_marketplace(&mut self, id: &str) -> bool {
        let now = self.clock.unix();
        let found = self.marketplace.iter_mut().find(|found| found.id == id || found.title == id);
        let Some(found) = found.filter(|found| found.status == "pending") else { return false };
        found.status = "correct";
        found.paid = Some(now);
        found.attempts.push((now, None));
        let alias = found.alias.take();
        let found = found.clone();
        let card = found.saved_card.then(|| self.next_id());
        self.save_methods(alias, card);
        self.notify_marketplace(&found);
        true
    }

    /// Adds a failed attempt to pay to the marketplace transaction with this id or title. Returns
    /// whether the transaction was found and pending.
    pub(super) fn decline_marketplace(&mut self, id: &str, code: &'static str) -> bool {
        let now = self.clock.unix();
        let found = self.marketplace.iter_mut().find(|found| found.id == id || found.title == id);
        match found {
            Some(found) if found.status == "pending" => {
                found.fail(now, code);
                true
            }
            _ => false,
        }
    }

    fn notify_marketplace(&self, found: &MarketplaceTransaction) {
        let Some(url) = found.callback(3) else { return };
        let paid = if found.paid.is_some() { found.grosze() } else { 0 };
        let body = json!({ "type": "marketplace_transaction", "data": {
            "transactionId": found.id,
            "transactionTitle": found.title,
            // Not documented: the amount is in the main unit of the currency, as in all other
            // notifications.
            "transactionAmount": money(found.grosze()),
            "transactionPaidAmount": money(paid),
            "transactionStatus": found.status,
            "transactionHiddenDescription": found.request.at("hiddenDescription"),
            "payerEmail": found.request.at("billingAddress").at("email"),
            "transactionDate": date_time(found.created),
            "transactionDescription": found.request.at("description"),
            "transactionBookingDate": found.paid.map(date_time),
        } });
        self.notify(Message::json("marketplace", &found.id, &body), &url);
    }

    fn marketplace_named(&mut self, ask: &Ask) -> Result<&mut MarketplaceTransaction, Refusal> {
        let found = self.marketplace.iter_mut().find(|found| found.id == ask.value(0));
        found.ok_or_else(|| Refusal::reason(404, "id: no such transaction"))
    }

    pub(super) fn marketplace_create(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        let body = &ask.body;
        check(body, CREATE)?;
        if body.at("pos").at("id") != MARKETPLACE_POS {
            return Err(Refusal::reason(400, "pos.id: no such point of sale"));
        }
        check_callbacks(body.at("transactionCallbacks").items())?;
        let parts = body.at("childTransactions").items();
        let merchants: Vec<String> =
            parts.iter().filter_map(|part| part.text("/merchant/id")).collect();
        refuse_strangers(&merchants)?;
        let mut children = Vec::new();
        for (part, merchant) in parts.iter().zip(merchants) {
            children.push(Child {
                id: self.ulid(),
                merchant,
                grosze: part.at("amount").as_u64().unwrap_or_default(),
                refunds: Vec::new(),
                description: part.text("/description").unwrap_or_default(),
                hidden_description: part.text("/hiddenDescription"),
            });
        }
        let transaction = MarketplaceTransaction {
            id: self.ulid(),
            title: self.title(),
            status: "pending",
            created: self.clock.unix(),
            paid: None,
            children,
            attempts: Vec::new(),
            request: body.clone(),
            alias: None,
            saved_card: false,
        };
        let response = json!({
            "transactionId": transaction.id,
            "title": transaction.title,
            "paymentUrl": self.payment_url(&transaction.title, &transaction.id),
        });
        self.marketplace.push(transaction);
        Ok(Out::Bare(response))
    }

    pub(super) fn marketplace_get(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&["withPaymentAttempts"])?;
        let with_attempts = ask.flag("withPaymentAttempts")?;
        Ok(Out::Bare(self.marketplace_named(ask)?.json(with_attempts)))
    }

    pub(super) fn marketplace_pay(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        check(&ask.body, PAY)?;
        let now = self.clock.unix();
        let found = self.marketplace_named(ask)?;
        if found.status != "pending" {
            let why = "only a pending transaction can be paid";
            return Err(Refusal::of(409, "transaction_lock", "", why));
        }
        let (id, amount) = (found.id.clone(), found.grosze());
        if ask.body.as_object().is_some_and(serde_json::Map::is_empty) {
            return Err(Refusal::field(
                "no_payment_data",
                "",
                "blikPaymentData, cardPaymentData or applePayPaymentData is required",
            ));
        }
        let paying = self.judge(&ask.body, amount).map_err(Refusal::of_pay_itself)?;
        let found = self.marketplace_named(ask)?;
        found.alias = paying.alias.clone();
        found.saved_card = paying.saved_card;
        match paying.outcome {
            Outcome::Paid => {
                self.pay_marketplace(&id);
            }
            Outcome::Refused(code) | Outcome::RefusedLater(code) => {
                self.marketplace_named(ask)?.fail(now, code);
            }
            Outcome::Waiting | Outcome::Redirect => {}
        }
        let found = self.marketplace_named(ask)?.clone();
        let paid = found.paid.map_or(0, |_| found.grosze());
        let url = (paid == 0).then(|| self.payment_url(&found.title, &found.id));
        let realized = found.paid.map(date_time);
        let mut body = json!({
            "transactionId": found.id,
            "title": found.title,
            "posId": POS_ID,
            "status": found.status,
            "date": { "creation": date_time(found.created), "realization": realized },
            "amount": money(found.grosze()),
            "currency": "PLN",
            "description": found.request.at("description"),
            "hiddenDescription": found.request.at("hiddenDescription"),
            "payments": {
                "status": if found.paid.is_some() { "correct" } else { "pending" },
                "method": paying.method,
                "amountPaid": money(paid),
                "date": { "realization": realized },
            },
            "lang": "pl",
            "transactionPaymentUrl": url,
        });
        paying.report(&mut body);
        Ok(Out::Wrapped(body))
    }

    pub(super) fn marketplace_refund(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        check(&ask.body, REFUND)?;
        let now = self.clock.unix();
        let found = self.marketplace_named(ask)?;
        if found.paid.is_none() {
            return Err(Refusal::reason(400, "nothing was paid"));
        }
        // The refund is first applied to a copy, because it is carried out completely or not at
        // all.
        let mut children = found.children.clone();
        let parts = ask.body.at("childTransactions").items();
        let mut total = 0_u64;
        if parts.is_empty() {
            for child in &mut children {
                let left = child.grosze - child.refunded();
                if left > 0 {
                    child.refunds.push((now, left));
                    total = total.saturating_add(left);
                }
            }
            if total == 0 {
                return Err(Refusal::reason(400, "nothing is left to refund"));
            }
        }
        for part in parts {
            let (id, merchant) = (part.text("/id"), part.text("/merchantId"));
            if id.is_some() == merchant.is_some() {
                return Err(Refusal::reason(
                    400,
                    "childTransactions: exactly one of id and merchantId is required",
                ));
            }
            let is_meant = |child: &&mut Child| {
                id.as_ref().is_some_and(|id| *id == child.id)
                    || merchant.as_ref().is_some_and(|merchant| *merchant == child.merchant)
            };
            let child = children.iter_mut().find(is_meant);
            let child = child.ok_or_else(|| {
                Refusal::reason(400, "childTransactions: no such child transaction")
            })?;
            let amount = part.at("amount").as_u64().unwrap_or_default();
            if amount > child.grosze - child.refunded() {
                return Err(Refusal::reason(
                    400,
                    "childTransactions: amount exceeds what is left to refund",
                ));
            }
            child.refunds.push((now, amount));
            total = total.saturating_add(amount);
        }
        let is_first = found.children.iter().all(|child| child.refunds.is_empty());
        found.children = children;
        if is_first && total == found.grosze() {
            found.status = "refund";
        }
        let found = found.clone();
        self.notify_marketplace(&found);
        Ok(Out::Bare(json!({ "transactionId": found.id, "amount": total })))
    }

    pub(super) fn marketplace_cancel(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        let found = self.marketplace_named(ask)?;
        if found.status != "pending" {
            return Err(Refusal::reason(409, "only a pending transaction can be canceled"));
        }
        found.status = "canceled";
        Ok(Out::Empty)
    }

    pub(super) fn marketplace_bank_groups(&self, ask: &Ask) -> ApiResult {
        // The query contains `merchantId[]=a&merchantId[]=b`, with or without numbers in the
        // brackets.
        let mut merchants = Vec::new();
        for (name, value) in ask.query.iter() {
            let index = name.strip_prefix("merchantId[").and_then(|rest| rest.strip_suffix(']'));
            match index {
                Some(index) if index.bytes().all(|byte| byte.is_ascii_digit()) => {
                    merchants.push(value.to_owned());
                }
                _ => {
                    let why = "the endpoint has no such parameter";
                    return Err(Refusal::field("unexpected_field", name, why));
                }
            }
        }
        refuse_strangers(&merchants)?;
        Ok(Out::Bare(json!({ "groups": self.group_list() })))
    }
}

/// Returns an error unless all callbacks of types 1 to 3 are URLs, and all of type 4 are e-mail
/// addresses.
fn check_callbacks(callbacks: &[Value]) -> Result<(), Refusal> {
    let is_right = |callback: &Value| {
        let value = callback.at("value").as_str().unwrap_or_default();
        if callback.at("type") == 4 { is_email(value) } else { is_url(value) }
    };
    match callbacks.iter().position(|callback| !is_right(callback)) {
        Some(index) => {
            let field = format!("transactionCallbacks.{index}.value");
            Err(Refusal::field(
                "not_valid",
                &field,
                "must be a URL for types 1 to 3, and an e-mail address for type 4",
            ))
        }
        None => Ok(()),
    }
}

/// Returns an error if any of the merchants does not belong to the marketplace.
fn refuse_strangers(merchants: &[String]) -> Result<(), Refusal> {
    let strangers: Vec<&String> = merchants
        .iter()
        .filter(|merchant| !MARKETPLACE_MERCHANTS.contains(&merchant.as_str()))
        .collect();
    if strangers.is_empty() {
        return Ok(());
    }
    let body = json!({
        "reasons": ["A merchant does not belong to the marketplace"],
        "unassociatedMerchants": strangers,
    });
    Err(Refusal::Body(400, body))
}
