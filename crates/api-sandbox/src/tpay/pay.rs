//! Validates payment data, and determines the outcome of a payment.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::channels::{CHANNELS, GROUPS};
use super::check::{Kind, Refusal, Rules, is_digits, kinds, may, need};
use super::json::Members;
use super::{AMBIGUOUS_ALIAS, BLIK_CODES, CARD_OUTCOMES, Outcome, Tpay};

const AUTOPAYMENT: Rules = &[
    need("model", Kind::OneOf(&["A", "M", "O"])),
    may("frequency", Kind::Like(is_frequency, "a number and one of D, W, M, Y")),
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

pub(super) const PAY: Rules = &[
    may("groupId", kinds::INT),
    may("channelId", kinds::INT),
    may("method", Kind::OneOf(&["pay_by_link", "transfer", "sale"])),
    may("blikPaymentData", Kind::Object(BLIK)),
    may("cardPaymentData", Kind::Object(CARD)),
    may("tokenPaymentData", Kind::Object(TOKEN_PAYMENT)),
    may("cof", Kind::OneOf(&["unscheduled", "cardholder_initiated", "recurring"])),
    may("applePayPaymentData", kinds::WALLET),
    may("googlePayPaymentData", kinds::WALLET),
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
            may("type", Kind::Int(1, 1)),
            may("expirationDate", kinds::ANY),
        ]),
    ),
];

/// Returns whether a string is a frequency of automatic payments: a number and a unit (D, W, M or
/// Y), such as `12M`.
fn is_frequency(text: &str) -> bool {
    text.strip_suffix(['D', 'W', 'M', 'Y']).is_some_and(is_digits)
}

/// The result of evaluating payment data.
pub(super) struct Paying {
    pub(super) outcome: Outcome,
    /// The entries of `payments.errors` in the response.
    errors: Vec<Value>,
    /// The entries of `payments.alternatives` in the response: the banks with which an ambiguous
    /// alias is registered.
    alternatives: Vec<Value>,
    /// The value, type and label of the alias that is registered when the payer has paid.
    pub(super) alias: Option<(String, String, String)>,
    /// Whether the card is saved when the payer has paid.
    pub(super) saved_card: bool,
    pub(super) is_card: bool,
    /// Whether the payer must first confirm the payment on a page of the bank that issued the card.
    challenged: bool,
    pub(super) method: String,
}

impl Paying {
    fn refused(&mut self, code: &'static str) {
        // The message is in the payer's language.
        self.failed(code, "payment_failed", "Płatność została odrzucona.");
    }

    /// Adds the result of evaluating payment data to the body of a response.
    pub(super) fn report(self, body: &mut Value) {
        body.put("/result", if self.challenged { "actionRequired" } else { "success" });
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
    /// Evaluates payment data for an amount in grosze, without changing the state.
    pub(super) fn judge(&self, pay: &Value, amount: u64) -> Result<Paying, Refusal> {
        let mut paying = Paying {
            outcome: Outcome::Redirect,
            errors: Vec::new(),
            alternatives: Vec::new(),
            alias: None,
            saved_card: false,
            is_card: false,
            challenged: false,
            method: pay.text("/method").unwrap_or_else(|| "pay_by_link".to_owned()),
        };
        let (group, channel) = (pay.at("groupId").as_u64(), pay.at("channelId").as_u64());
        if group.is_some() && channel.is_some() {
            let why = "groupId and channelId must not both be set";
            return Err(Refusal::field("channel_passed_with_group", "pay.channelId", why));
        }
        if group.is_some_and(|id| GROUPS.iter().all(|group| group.0 != id)) {
            let why = "no such group";
            return Err(Refusal::field("bank_group_does_not_exist", "pay.groupId", why));
        }
        if let Some(id) = channel {
            let known = CHANNELS.iter().find(|channel| channel.0 == id);
            let Some((_, _, _, least, most)) = known else {
                let why = "no such channel";
                return Err(Refusal::field("ts:channel:not_found", "pay.channelId", why));
            };
            if !(*least..=*most).contains(&amount) {
                let why = "must be within the channel's range of amounts";
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
            // Not documented: payments with wallets and third-party tokens always succeed.
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
            let why = "a code or an alias is required";
            return Err(Refusal::field("blik_token_not_present", &at("blikToken"), why));
        }
        let autopayment = alias.at("autopayment");
        if !autopayment.is_null() && kind != "PAYID" {
            let why = "autopayment requires the type PAYID";
            return Err(Refusal::field("wrong_autopayment_alias", &at("aliases.type"), why));
        }
        check_model(autopayment.at("model"), alias, &at("aliases"))?;
        if let Some(code) = code {
            if kind == "PAYID" && autopayment.is_null() {
                let why = "required to register an alias of type PAYID";
                return Err(Refusal::field("empty_autopayment", &at("aliases.autopayment"), why));
            }
            if !alias.is_null() {
                let missing = || {
                    let why = "required to register an alias";
                    Refusal::field("is_required", &at("aliases.label"), why)
                };
                let label = alias.text("/label").ok_or_else(missing)?;
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
            // Not documented: the transaction remains pending, so that it can be paid with another
            // method.
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
        let is_saved = *card.at("save") == 1 || *card.at("save") == true;
        let token = card.text("/token").or_else(|| card.text("/preauthorizedToken"));
        if let Some(token) = token {
            let known = self.card_tokens.iter().find(|known| known.value == token);
            if known.is_none_or(|known| known.status != "ACTIVE") {
                let field = "pay.cardPaymentData.token";
                let why = "no active card token has this value";
                return Err(Refusal::field("incorrect_token", field, why));
            }
        } else if let Some(blob) = card.text("/card") {
            check_blob(&blob, "pay.cardPaymentData.card")?;
        } else {
            // The payer enters the card on the payment page.
            paying.saved_card = is_saved;
            return Ok(());
        }
        paying.saved_card = is_saved;
        let known = CARD_OUTCOMES.iter().find(|(digit, _)| *digit == amount % 10);
        match known.map(|(_, outcome)| *outcome) {
            Some(Outcome::Refused(code)) => paying.refused(code),
            Some(outcome) => paying.outcome = outcome,
            // A saved card is charged without its holder, so there is no 3-D Secure page.
            None if !card.at("token").is_null() => paying.outcome = Outcome::Paid,
            None => paying.challenged = true,
        }
        Ok(())
    }
}

/// Returns an error if `data` has a field that the autopayment model does not allow, or lacks one
/// that it requires.
pub(super) fn check_model(model: &Value, data: &Value, at: &str) -> Result<(), Refusal> {
    let wrong = |name: &str, why: &str| {
        Err(Refusal::field("wrong_model_data_combination", &format!("{at}.{name}"), why))
    };
    let level = data.at("recommendedAuthLevel").is_string();
    match model.as_str() {
        Some(model) if (model == "O") != level => {
            let why = "required for model O, not allowed for other models";
            wrong("recommendedAuthLevel", why)
        }
        Some("M") if !data.at("noDelay").is_null() => {
            wrong("noDelay", "allowed for the models A and O only")
        }
        _ => Ok(()),
    }
}

/// Returns an error if `blob` cannot be a card that is encrypted with a 2048-bit key.
pub(super) fn check_blob(blob: &str, field: &str) -> Result<(), Refusal> {
    match STANDARD.decode(blob) {
        Ok(bytes) if bytes.len() == 256 => Ok(()),
        _ => Err(Refusal::field(
            "encryption_error",
            field,
            "must be a card encrypted with a 2048-bit key, in base64",
        )),
    }
}
