//! Payments: created, paid, cancelled, refunded, listed.

use serde_json::{Value, json};

use super::check::{Kind, Refusal, Rules, check, grosze, is_digits, kinds, may, money, need};
use super::json::Members;
use super::notify::{Message, loopback, md5sum};
use super::text::{date_time, pairs};
use super::{
    AMBIGUOUS_ALIAS, Answer, Ask, BLIK_CODES, CARD_OUTCOMES, CardToken, MERCHANT_ID, Out, Outcome,
    POS_ID, Refund, SECURITY_CODE, Tpay,
};
use crate::{Raw, Reply};

/// A payment.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    /// Its id, a ULID.
    pub id: String,
    /// What the payer sees, `TR-...`.
    pub title: String,
    /// `pending`, `paid`, `correct`, `refund` or `canceled`.
    pub status: &'static str,
    /// What is due, in grosze.
    pub grosze: u64,
    /// What was paid, in grosze.
    pub paid: u64,
    /// What was paid back, in grosze.
    pub refunded: u64,
    /// The currency of all amounts.
    pub currency: String,
    /// What the payer reads.
    pub description: String,
    /// The merchant's own text; `tr_crc` of notifications.
    pub hidden_description: String,
    /// Unix seconds.
    pub created: u64,
    /// Unix seconds; `None` while nothing was paid.
    pub realized: Option<u64>,
    /// What was tried and failed, and the one that did not.
    pub attempts: Vec<Attempt>,
    /// Whether a lock keeps it from being changed (`transaction_lock`).
    pub locked: bool,
    /// Where notifications go.
    pub notification_url: Option<String>,
    pub(super) is_card: bool,
    success_url: Option<String>,
    error_url: Option<String>,
    payer: Value,
    payer_id: String,
    lang: String,
    method: Option<String>,
    collect: bool,
    /// What is noted once the money is there: the card to save, the alias to register.
    saved_card: bool,
    alias: Option<(String, String, String)>,
}

/// One try to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Unix seconds.
    pub at: u64,
    /// The `paymentErrorCode`; `None` if it succeeded.
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

const AUTOPAYMENT: Rules = &[
    need("model", Kind::OneOf(&["A", "M", "O"])),
    may("frequency", Kind::Like(is_frequency)),
    may("singleLimitAmount", Kind::Money),
    may("totalLimitAmount", Kind::Money),
    may("currency", kinds::PLN),
    may("initDate", kinds::ISO_DATE_TIME),
    may("expirationDate", kinds::ISO_DATE_TIME),
];

const ALIASES: Rules = &[
    need("value", kinds::FILLED),
    need("type", Kind::OneOf(&["UID", "PAYID"])),
    may("label", kinds::FILLED),
    may("key", kinds::FILLED),
    may("recommendedAuthLevel", Kind::OneOf(&["NOCONFREQ"])),
    may("autopayment", Kind::Object(AUTOPAYMENT)),
    may("noDelay", Kind::Bool),
];

pub(super) const BLIK: Rules = &[
    may("blikToken", kinds::BLIK_CODE),
    may("aliases", Kind::Object(ALIASES)),
    may("type", Kind::Int(0, 2)),
    may("refuseNoPayId", Kind::Bool),
];

pub(super) const CARD: Rules = &[
    may("card", kinds::FILLED),
    may("token", Kind::Text(1, 64)),
    may("preauthorizedToken", Kind::Text(1, 64)),
    may("save", Kind::Save),
    may("rocText", kinds::ROC_TEXT),
];

const TOKEN_PAYMENT: Rules = &[
    need("tokenValue", Kind::Text(12, 19)),
    need("cardExpiryDate", kinds::YEAR_MONTH),
    need("initialTransactionId", Kind::Text(1, 22)),
    need("cardBrand", kinds::FILLED),
    may("rocText", kinds::ROC_TEXT),
];

const PAY: Rules = &[
    may("groupId", kinds::INT),
    may("channelId", kinds::INT),
    may("method", Kind::OneOf(&["pay_by_link", "transfer", "sale"])),
    may("blikPaymentData", Kind::Object(BLIK)),
    may("cardPaymentData", Kind::Object(CARD)),
    may("tokenPaymentData", Kind::Object(TOKEN_PAYMENT)),
    may("cof", Kind::OneOf(&["unscheduled", "cardholder_initiated", "recurring"])),
    may("applePayPaymentData", kinds::BASE64),
    may("googlePayPaymentData", kinds::BASE64),
    may(
        "clickToPayPaymentData",
        Kind::Object(&[
            need("paymentData", kinds::FILLED),
            need("network", Kind::OneOf(&["visa", "mastercard"])),
        ]),
    ),
    may(
        "recursive",
        Kind::Object(&[
            need("period", Kind::Int(1, 5)),
            may("quantity", kinds::INT),
            need("type", Kind::Int(1, 1)),
            may("expirationDate", kinds::ANY),
        ]),
    ),
];

const CALLBACKS: Rules = &[
    may("payerUrls", Kind::Object(&[may("success", kinds::URL), may("error", kinds::URL)])),
    may("notification", Kind::Object(&[may("url", kinds::URL), may("email", kinds::EMAIL)])),
];

const PAYEE: Rules = &[
    need("name", Kind::Text(1, 255)),
    need("url", Kind::Text(1, 255)),
    may("mcc", Kind::Like(|text| text.len() == 4 && is_digits(text))),
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
    may("logo", kinds::BASE64),
    may("logoType", IMAGE_TYPES),
    may("linkType", Kind::OneOf(&["title", "gtitle"])),
];

/// Id, name, and the channels of a group; the first one is the main one.
const GROUPS: [(u64, &str, &[u64]); 7] = [
    (102, "Pekao", &[4]),
    (103, "Karta płatnicza", &[53]),
    (108, "PKO BP", &[21]),
    (114, "Millennium", &[2]),
    (150, "BLIK", &[64]),
    (166, "Google Pay", &[68]),
    (169, "PayPo", &[83]),
];

/// Id, name, whether the payer gets to the bank at once, least and most in grosze.
const CHANNELS: [(u64, &str, bool, u64, u64); 7] = [
    (2, "Millennium", true, 1, u64::MAX),
    (4, "Pekao", true, 1, u64::MAX),
    (21, "PKO BP", true, 1, u64::MAX),
    (53, "Karta płatnicza", true, 1, u64::MAX),
    (64, "BLIK", true, 1, u64::MAX),
    (68, "Google Pay", true, 1, u64::MAX),
    (83, "PayPo", false, 4000, 500_000),
];

/// `12M` and the like.
fn is_frequency(text: &str) -> bool {
    text.strip_suffix(['D', 'W', 'M', 'Y']).is_some_and(is_digits)
}

/// What is to be done with payment data.
pub(super) struct Paying {
    pub(super) outcome: Outcome,
    errors: Vec<Value>,
    alternatives: Vec<Value>,
    alias: Option<(String, String, String)>,
    saved_card: bool,
    is_card: bool,
    method: String,
}

impl Paying {
    fn refused(&mut self, code: &'static str) {
        // The text comes in the payer's language.
        self.failed(code, "payment_failed", "Płatność została odrzucona.");
    }

    pub(super) fn method(&self) -> &str {
        &self.method
    }

    /// Puts what went wrong into an answer's `payments`.
    pub(super) fn add_errors(self, body: &mut Value) {
        if !self.errors.is_empty() {
            body.put("/payments/errors", self.errors);
        }
        if !self.alternatives.is_empty() {
            body.put("/payments/alternatives", self.alternatives);
        }
    }

    fn failed(&mut self, code: &'static str, error_code: &str, message: &str) {
        self.outcome = Outcome::Refused(code);
        self.errors.push(json!({
            "errorCode": error_code, "errorMessage": message, "fieldName": null,
        }));
    }
}

impl Tpay {
    /// The payer pays what is due. Returns whether there was such a payment, waiting: of this
    /// API or of the marketplace, by id or by title.
    pub fn pay(&mut self, id: &str) -> bool {
        match self.find(id) {
            Some(index) => {
                let due = self.transactions.get(index).map_or(0, |found| found.grosze);
                self.receive(index, due)
            }
            None => self.pay_marketplace(id),
        }
    }

    /// The payer pays another amount than what is due, in grosze.
    pub fn pay_amount(&mut self, id: &str, paid: u64) -> bool {
        self.find(id).is_some_and(|index| self.receive(index, paid))
    }

    /// The payer tries and fails, with a `paymentErrorCode` such as `"101"`.
    pub fn decline(&mut self, id: &str, code: &'static str) -> bool {
        let at = self.clock.unix();
        let index = self.find(id);
        match index.and_then(|index| self.transactions.get_mut(index)) {
            Some(found) if found.status == "pending" => {
                found.attempts.push(Attempt { at, error: Some(code) });
                true
            }
            _ => false,
        }
    }

    /// The bank takes the money back and the merchant is told.
    pub fn chargeback(&mut self, id: &str) -> bool {
        let Some(found) = self.find(id).and_then(|index| self.transactions.get_mut(index)) else {
            return false;
        };
        if !matches!(found.status, "paid" | "correct") {
            return false;
        }
        found.refunded = found.paid;
        found.status = "refund";
        let found = found.clone();
        self.notify_payment(&found, "CHARGEBACK");
        true
    }

    /// Takes note of the answers to notifications in two-step mode. Happens before each request;
    /// a test that looks at the state calls it first.
    pub fn settle(&mut self) {
        let ended = self.outbox().deliveries();
        for delivery in ended.iter().skip(self.settled) {
            let waits = |found: &&mut Transaction| {
                delivery.kind == "payment"
                    && found.status == "paid"
                    && found.title == delivery.subject
            };
            let Some(found) = self.transactions.iter_mut().find(waits) else { continue };
            match delivery.answer.as_str() {
                "TRUE" => found.status = "correct",
                "FALSE" => {
                    found.status = "refund";
                    found.refunded = found.paid;
                }
                _ => {}
            }
        }
        self.settled = ended.len();
    }

    pub(super) fn find(&self, id: &str) -> Option<usize> {
        self.transactions.iter().position(|found| found.id == id || found.title == id)
    }

    /// Money comes in for a payment that waits.
    fn receive(&mut self, index: usize, paid: u64) -> bool {
        let now = self.clock.unix();
        let status = if self.two_step { "paid" } else { "correct" };
        let token = self.next_id();
        let Some(found) = self.transactions.get_mut(index) else { return false };
        if found.status != "pending" {
            return false;
        }
        found.status = status;
        found.paid = paid;
        found.realized = Some(now);
        found.attempts.push(Attempt { at: now, error: None });
        let alias = found.alias.take();
        let found = found.clone();
        let mut card = None;
        if found.saved_card {
            let saved = CardToken::new(&format!("{token:064}"));
            card = Some(saved.clone());
            self.card_tokens.push(saved);
        }
        if let Some((value, kind, label)) = alias {
            self.add_alias(&value, &kind, &label);
            self.notify_alias(&value, "ALIAS_REGISTER");
        }
        let status = if self.two_step { "PAID" } else { "TRUE" };
        self.notify_payment_with(&found, status, card.as_ref());
        true
    }

    fn notify_payment(&self, found: &Transaction, status: &str) {
        self.notify_payment_with(found, status, None);
    }

    fn notify_payment_with(&self, found: &Transaction, status: &str, card: Option<&CardToken>) {
        let Some(url) = &found.notification_url else { return };
        let amount = |grosze: u64| format!("{}.{:02}", grosze / 100, grosze % 100);
        let due = amount(found.grosze);
        let crc = &found.hidden_description;
        let error = match found.paid.cmp(&found.grosze) {
            std::cmp::Ordering::Greater => "overpay",
            std::cmp::Ordering::Less => "surcharge",
            std::cmp::Ordering::Equal => "none",
        };
        let date = date_time(found.realized.unwrap_or(found.created));
        let sum = md5sum(&[MERCHANT_ID, &found.title, &due, crc, SECURITY_CODE]);
        let mut fields = vec![
            ("id", MERCHANT_ID.to_owned()),
            ("tr_id", found.title.clone()),
            ("tr_date", date),
            ("tr_crc", crc.clone()),
            ("tr_amount", due),
            ("tr_paid", amount(found.paid)),
            ("tr_desc", found.description.clone()),
            ("tr_status", status.to_owned()),
            ("tr_error", error.to_owned()),
            ("tr_email", found.payer.text("/email").unwrap_or_default()),
            ("md5sum", sum),
        ];
        if let Some(card) = card {
            fields.push(("card_token", card.value.clone()));
            fields.push(("token_expiry_date", "1230".to_owned()));
            fields.push(("card_tail", card.tail.clone()));
            fields.push(("card_brand", "visa".to_owned()));
        }
        self.notify(Message::form("payment", &found.title, &fields), url);
    }

    pub(super) fn payment_url(&self, title: &str, id: &str) -> String {
        format!("{}/?title={title}&uid={id}", self.base_url)
    }

    /// The page that a payer sees: looking at it is paying.
    pub(super) fn wall(&mut self, request: &Raw) -> Reply {
        let page = |status: u16, text: &str| {
            let body = format!("<!doctype html><title>Tpay sandbox</title><p>{text}</p>");
            Reply::new(status, "text/html; charset=utf-8", body)
        };
        let query = pairs(request.query().unwrap_or_default()).unwrap_or_default();
        let get = |name: &str| {
            query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
        };
        if request.method != "GET" {
            return page(405, "A browser would look");
        }
        let declines = get("answer") == "no";
        let id = get("uid").to_owned();
        let found = self.find(&id).and_then(|index| self.transactions.get(index));
        let (title, urls) = match found {
            Some(found) => {
                (found.title.clone(), [found.success_url.clone(), found.error_url.clone()])
            }
            None => match self.marketplace.iter().find(|found| found.id == id) {
                Some(found) => (found.title.clone(), found.payer_urls()),
                None => return page(404, "There is no such payment"),
            },
        };
        if title != get("title") {
            return page(404, "There is no such payment");
        }
        let done = if declines { self.decline(&id, "101") } else { self.pay(&id) };
        if !done {
            return page(409, "This payment does not wait to be paid");
        }
        let [success, error] = urls;
        let next = if declines { error } else { success };
        // A browser is sent on; never away from this machine.
        match next.filter(|url| loopback(url).is_some()) {
            Some(url) => page(302, "Done").with_header("location", url),
            None => page(200, if declines { "Declined" } else { "Paid" }),
        }
    }

    /// What the payment data leads to, without doing it.
    pub(super) fn judge(&self, pay: &Value, amount: u64) -> Result<Paying, Refusal> {
        let mut paying = Paying {
            outcome: Outcome::Redirect,
            errors: Vec::new(),
            alternatives: Vec::new(),
            alias: None,
            saved_card: false,
            is_card: false,
            method: pay.text("/method").unwrap_or_else(|| "pay_by_link".to_owned()),
        };
        let (group, channel) = (pay.at("groupId").as_u64(), pay.at("channelId").as_u64());
        if group.is_some() && channel.is_some() {
            let why = "Either a group or a channel";
            return Err(Refusal::field("channel_passed_with_group", "pay.channelId", why));
        }
        if group.is_some_and(|id| GROUPS.iter().all(|group| group.0 != id)) {
            let why = "There is no such group";
            return Err(Refusal::field("bank_group_does_not_exist", "pay.groupId", why));
        }
        if let Some(id) = channel {
            let known = CHANNELS.iter().find(|channel| channel.0 == id);
            let Some((_, _, _, least, most)) = known else {
                let why = "There is no such channel";
                return Err(Refusal::field("ts:channel:not_found", "pay.channelId", why));
            };
            if !(*least..=*most).contains(&amount) {
                let why = "The channel does not take this amount";
                return Err(Refusal::field("ts:channel:amount_outside_range", "amount", why));
            }
        }
        paying.is_card = group == Some(103) || channel == Some(53);
        if pay.at("blikPaymentData").is_object() {
            self.judge_blik(pay.at("blikPaymentData"), &mut paying)?;
        } else if pay.at("cardPaymentData").is_object() {
            self.judge_card(pay.at("cardPaymentData"), amount, &mut paying)?;
        } else if ["applePayPaymentData", "googlePayPaymentData", "clickToPayPaymentData"]
            .iter()
            .any(|data| !pay.at(data).is_null())
            || pay.at("tokenPaymentData").is_object()
        {
            // Chosen: wallets and foreign tokens always pay.
            paying.outcome = Outcome::Paid;
        }
        Ok(paying)
    }

    pub(super) fn judge_blik(&self, blik: &Value, paying: &mut Paying) -> Result<(), Refusal> {
        let at = |name: &str| format!("pay.blikPaymentData.{name}");
        let (code, alias) = (blik.text("/blikToken"), blik.at("aliases"));
        let value = alias.text("/value").unwrap_or_default();
        let kind = alias.text("/type").unwrap_or_default();
        if code.is_none() && alias.is_null() {
            let why = "Neither a code nor an alias";
            return Err(Refusal::field("blik_token_not_present", &at("blikToken"), why));
        }
        let autopayment = alias.at("autopayment");
        let model = autopayment.at("model").as_str();
        let level = alias.at("recommendedAuthLevel").is_string();
        if !autopayment.is_null() && kind != "PAYID" {
            let why = "Only a PAYID pays by itself";
            return Err(Refusal::field("wrong_autopayment_alias", &at("aliases.type"), why));
        }
        if (model == Some("O")) != level && (model.is_some() || level) {
            let why = "recommendedAuthLevel belongs to model O, and model O needs it";
            let field = at("aliases.recommendedAuthLevel");
            return Err(Refusal::field("wrong_model_data_combination", &field, why));
        }
        if model == Some("M") && !alias.at("noDelay").is_null() {
            let why = "noDelay belongs to the models A and O";
            return Err(Refusal::field(
                "wrong_model_data_combination",
                &at("aliases.noDelay"),
                why,
            ));
        }
        if let Some(code) = code {
            if kind == "PAYID" && autopayment.is_null() {
                let why = "A PAYID is registered with autopayment";
                return Err(Refusal::field("empty_autopayment", &at("aliases.autopayment"), why));
            }
            if !value.is_empty() {
                let label = alias.text("/label").unwrap_or_default();
                paying.alias = Some((value, kind, label));
            }
            let known = BLIK_CODES.iter().find(|(known, _)| *known == code);
            match known.map(|(_, outcome)| *outcome) {
                Some(Outcome::Refused(code)) => paying.refused(code),
                Some(outcome) => paying.outcome = outcome,
                None if code.starts_with("777") => paying.outcome = Outcome::Paid,
                None => paying.refused("63"),
            }
            return Ok(());
        }
        let known = self.aliases.iter().find(|known| known.value == value && known.kind == kind);
        let is_usable = known.is_some_and(|known| known.is_active(self.clock.unix()));
        let key = alias.text("/key");
        let banks = ["bank-a", "bank-b"];
        if !is_usable {
            // Chosen: the payment exists and waits for another way.
            paying.failed("105", "wrong_alias", "Nieznany alias.");
        } else if value == AMBIGUOUS_ALIAS && !key.is_some_and(|key| banks.contains(&&*key)) {
            paying.failed("100", "ERR82", "Alias jest zarejestrowany w kilku bankach.");
            paying.alternatives = banks
                .iter()
                .map(|bank| {
                    json!({ "applicationName": bank.to_uppercase(), "applicationCode": bank })
                })
                .collect();
        } else {
            paying.outcome = Outcome::Paid;
        }
        Ok(())
    }

    fn judge_card(&self, card: &Value, amount: u64, paying: &mut Paying) -> Result<(), Refusal> {
        paying.is_card = true;
        let token = card.text("/token").or_else(|| card.text("/preauthorizedToken"));
        if let Some(token) = token {
            let known = self.card_tokens.iter().find(|known| known.value == token);
            if known.is_none_or(|known| known.status != "ACTIVE") {
                let field = "pay.cardPaymentData.token";
                let why = "This token cannot be charged";
                return Err(Refusal::field("incorrect_token", field, why));
            }
        } else if let Some(blob) = card.text("/card") {
            check_blob(&blob, "pay.cardPaymentData.card")?;
        } else {
            // The payer types the card on the payment wall.
            paying.saved_card = card.at("save") == 1;
            return Ok(());
        }
        paying.saved_card = card.at("save") == 1;
        let known = CARD_OUTCOMES.iter().find(|(digit, _)| *digit == amount % 10);
        match known.map(|(_, outcome)| *outcome) {
            Some(Outcome::Refused(code)) => paying.refused(code),
            Some(outcome) => paying.outcome = outcome,
            // A saved card is charged without its holder, so there is no page of 3-D Secure.
            None if !card.at("token").is_null() => paying.outcome = Outcome::Paid,
            None => {}
        }
        Ok(())
    }

    /// Does what was judged and answers as create and pay do.
    fn carry_out(&mut self, index: usize, paying: Option<Paying>) -> Answer {
        let now = self.clock.unix();
        let outcome = paying.as_ref().map(|paying| paying.outcome);
        if let (Some(paying), Some(found)) = (&paying, self.transactions.get_mut(index)) {
            found.method = Some(paying.method.clone());
            found.is_card = paying.is_card;
            found.saved_card = paying.saved_card;
            found.alias = paying.alias.clone();
            if let Outcome::Refused(code) = paying.outcome {
                found.attempts.push(Attempt { at: now, error: Some(code) });
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
        let is_challenged = outcome == Some(Outcome::Redirect) && found.is_card;
        body.put("/result", if is_challenged { "actionRequired" } else { "success" });
        body.put("/lang", found.lang.clone());
        body.put("/transactionPaymentUrl", url);
        if let Some(paying) = paying {
            paying.add_errors(&mut body);
        }
        // After the answer was made: only those who look again see it.
        if let (Some(Outcome::RefusedLater(code)), Some(found)) =
            (outcome, self.transactions.get_mut(index))
        {
            found.attempts.push(Attempt { at: now, error: Some(code) });
        }
        Ok(Out::Wrapped(body))
    }

    pub(super) fn transactions_create(&mut self, ask: &Ask) -> Answer {
        ask.only(&[])?;
        let body = &ask.body;
        check(body, CREATE)?;
        let amount = grosze(body.at("amount"))
            .map_err(|(code, message)| Refusal::field(code, "amount", message))?;
        let crc = body.text("/hiddenDescription").unwrap_or_default();
        let used = self.transactions.iter().any(|found| found.hidden_description == crc);
        if self.unique_crc && !crc.is_empty() && used {
            let why = "This text was used before";
            return Err(Refusal::field("crc_not_unique", "hiddenDescription", why));
        }
        if !self.callbacks_allowed && body.at("callbacks").is_object() {
            let why = "The callbacks of the panel may not be replaced";
            return Err(Refusal::field("url_override_is_disabled", "callbacks", why));
        }
        if body.at("payee").at("address").is_object() && body.at("payee").at("mcc").is_null() {
            let why = "An address needs the mcc";
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

    /// The index of the payment that the path names.
    fn named(&self, ask: &Ask) -> Result<usize, Refusal> {
        let found = self.transactions.iter().position(|found| found.id == ask.id());
        found.ok_or_else(|| Refusal::unknown("transaction"))
    }

    /// The payment that the path names, if it may be changed.
    fn changeable(&mut self, ask: &Ask) -> Result<&mut Transaction, Refusal> {
        let index = self.named(ask)?;
        let found = self.transactions.get_mut(index);
        let found = found.ok_or_else(|| Refusal::unknown("transaction"))?;
        if found.locked {
            return Err(Refusal::of(409, "transaction_lock", "", "The transaction is locked"));
        }
        Ok(found)
    }

    pub(super) fn transactions_list(&self, ask: &Ask) -> Answer {
        ask.only(&["page", "limit", "from", "to", "status"])?;
        let page = ask.page()?;
        let status = ask.one_of("status", &["paid", "correct", "pending", "refund", "canceled"])?;
        let within = ask.period()?;
        // Chosen: oldest first.
        let all: Vec<Value> = self
            .transactions
            .iter()
            .filter(|found| status.is_none_or(|status| found.status == status))
            .filter(|found| within(&date_time(found.created)))
            .map(Transaction::full_json)
            .collect();
        Ok(Out::Wrapped(page.wrap("transactions", all)))
    }

    pub(super) fn transactions_get(&self, ask: &Ask) -> Answer {
        ask.only(&[])?;
        let found = self.transactions.get(self.named(ask)?);
        Ok(Out::Wrapped(found.map(Transaction::full_json).unwrap_or_default()))
    }

    pub(super) fn transactions_pay(&mut self, ask: &Ask) -> Answer {
        ask.only(&[])?;
        let index = self.named(ask)?;
        check(&ask.body, PAY)?;
        let found = self.changeable(ask)?;
        if found.status != "pending" {
            // Chosen: the code; the documentation only says that it must be pending.
            let why = "Only a pending transaction can be paid";
            return Err(Refusal::of(409, "transaction_lock", "", why));
        }
        let amount = found.grosze;
        if ask.body.at("groupId").is_null() && ask.body.at("channelId").is_null() {
            let why = "Neither a group nor a channel";
            return Err(Refusal::field("no_payment_data", "groupId", why));
        }
        let paying = self.judge(&ask.body, amount)?;
        self.carry_out(index, Some(paying))
    }

    pub(super) fn transactions_cancel(&mut self, ask: &Ask) -> Answer {
        ask.only(&[])?;
        let found = self.changeable(ask)?;
        if found.status != "pending" {
            let why = "Only a pending transaction can be cancelled";
            return Err(Refusal::of(409, "transaction_lock", "", why));
        }
        found.status = "canceled";
        Ok(Out::Wrapped(json!({})))
    }

    pub(super) fn transactions_qr(&self, ask: &Ask) -> Answer {
        ask.only(&[])?;
        check(&ask.body, QR)?;
        let index = self.named(ask)?;
        let found = self.transactions.get(index).ok_or_else(|| Refusal::unknown("transaction"))?;
        // Images of the right type, but without the link in them, except for SVG's title.
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

    pub(super) fn transactions_refund(&mut self, ask: &Ask) -> Answer {
        ask.only(&[])?;
        if self.marketplace.iter().any(|found| found.id == ask.id()) {
            let why = "The marketplace has its own way";
            return Err(Refusal::field("cannot_refund_marketplace_transaction", "", why));
        }
        self.named(ask)?;
        check(&ask.body, REFUND)?;
        let asked = match ask.body.at("amount") {
            Value::Null => None,
            amount => Some(
                grosze(amount)
                    .map_err(|(code, message)| Refusal::field(code, "amount", message))?,
            ),
        };
        let now = self.clock.unix();
        let (window, longest) = (self.equal_refund_seconds, self.refund_seconds);
        let id = self.prefixed_id("rf_");
        let earlier = self.refunds.iter().filter(|refund| refund.transaction == ask.id());
        let recent: Vec<u64> = earlier
            .filter(|refund| now < refund.at.saturating_add(window))
            .map(|refund| refund.grosze)
            .collect();
        let found = self.changeable(ask)?;
        if found.collect {
            let why = "Collect has its own way";
            return Err(Refusal::field("cannot_refund_collect_transaction", "", why));
        }
        if found.status == "refund" || (found.paid > 0 && found.refunded >= found.paid) {
            return Err(Refusal::field("already_refunded", "", "Nothing is left to refund"));
        }
        if !matches!(found.status, "paid" | "correct") {
            return Err(Refusal::field("cannot_create_refund", "", "Nothing was paid"));
        }
        if now >= found.realized.unwrap_or(found.created).saturating_add(longest) {
            return Err(Refusal::field("refund_period_expired", "", "Too late"));
        }
        let left = found.paid.saturating_sub(found.refunded);
        let amount = asked.unwrap_or(left);
        if amount > left {
            // Chosen: the code; that it is refused is documented.
            let why = "More than what is left to refund";
            return Err(Refusal::field("cannot_create_refund", "amount", why));
        }
        if recent.contains(&amount) {
            let why = "The same refund was asked for a moment ago";
            return Err(Refusal::field("cannot_create_refund", "", why));
        }
        // A series of partial refunds never changes the status.
        if found.refunded == 0 && amount == found.paid {
            found.status = "refund";
        }
        found.refunded += amount;
        let found = found.clone();
        self.refunds.push(Refund::of(&found, id, amount, now));
        self.notify_payment(&found, "CHARGEBACK");
        self.transactions_list_refunds(&Ask {
            path: ask.path.clone(),
            query: Vec::new(),
            body: Value::Null,
        })
    }

    pub(super) fn transactions_list_refunds(&self, ask: &Ask) -> Answer {
        ask.only(&["page", "limit", "from", "to"])?;
        let index = self.named(ask)?;
        let (page, within) = (ask.page()?, ask.period()?);
        let of_it: Vec<&Refund> = self
            .refunds
            .iter()
            .filter(|refund| refund.transaction == ask.id())
            .filter(|refund| within(&date_time(refund.at)))
            .collect();
        let (cards, transfers): (Vec<&Refund>, Vec<&Refund>) =
            of_it.iter().partition(|refund| refund.card);
        let mut body = self.transactions.get(index).map(Transaction::full_json).unwrap_or_default();
        let total = of_it.len();
        // Chosen: the page is cut out of each list.
        body.put("/refundsList", page.cut(transfers.into_iter().map(Refund::json).collect()));
        body.put("/refundsNoAccountList", json!([]));
        body.put("/refundsCardsList", page.cut(cards.into_iter().map(Refund::card_json).collect()));
        body.put("/page", page.page);
        body.put("/limit", page.limit);
        body.put("/total", total);
        Ok(Out::Wrapped(body))
    }

    pub(super) fn transactions_bank_groups(&self, ask: &Ask) -> Answer {
        ask.only(&["onlyOnline"])?;
        let only_online = ask.flag("onlyOnline")?;
        let groups: serde_json::Map<String, Value> = GROUPS
            .iter()
            .filter(|(_, _, channels)| !only_online || !channels.contains(&83))
            .map(|group| (group.0.to_string(), self.group(group)))
            .collect();
        Ok(Out::Wrapped(json!({ "groups": groups })))
    }

    /// A group as the lists show it.
    fn group(&self, (id, name, channels): &(u64, &str, &[u64])) -> Value {
        let channels: Vec<String> = channels.iter().map(u64::to_string).collect();
        json!({
            "id": id.to_string(),
            "name": name,
            "img": format!("{}/groups/{id}.png", self.base_url),
            "mainChannel": channels.first(),
            "availablePaymentChannels": channels,
        })
    }

    /// All groups, as the marketplace lists them.
    pub(super) fn group_list(&self) -> Vec<Value> {
        GROUPS.iter().map(|group| self.group(group)).collect()
    }

    pub(super) fn transactions_channels(&self, ask: &Ask) -> Answer {
        ask.only(&["imageSize"])?;
        let image = |id: u64| json!({ "url": format!("{}/channels/{id}.png", self.base_url) });
        let channels: Vec<Value> = CHANNELS
            .iter()
            .map(|(id, name, instant, least, most)| {
                let groups: Vec<Value> = GROUPS
                    .iter()
                    .filter(|(_, _, channels)| channels.contains(id))
                    .map(|(id, name, _)| {
                        json!({ "id": id.to_string(), "name": name, "image": image(*id) })
                    })
                    .collect();
                let limit = |kind: &str, grosze: u64| {
                    let value = format!("{}.{:02}", grosze / 100, grosze % 100);
                    json!({ "field": "amount", "type": kind, "value": value })
                };
                let mut constraints = vec![limit("min", *least)];
                if *most < u64::MAX {
                    constraints.push(limit("max", *most));
                }
                json!({
                    "id": id.to_string(), "name": name, "fullName": name, "image": image(*id),
                    "available": true, "onlinePayment": *id != 83,
                    "instantRedirection": instant, "groups": groups, "constraints": constraints,
                })
            })
            .collect();
        Ok(Out::Wrapped(json!({ "language": "pl", "currency": "PLN", "channels": channels })))
    }
}

/// Refuses what cannot be a card encrypted with a 2048-bit key.
pub(super) fn check_blob(blob: &str, field: &str) -> Result<(), Refusal> {
    use base64::Engine;
    match base64::engine::general_purpose::STANDARD.decode(blob) {
        Ok(bytes) if bytes.len() == 256 => Ok(()),
        _ => Err(Refusal::field("encryption_error", field, "The card cannot be decrypted")),
    }
}

impl Transaction {
    /// What create and pay show.
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

    /// What get and list show.
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
