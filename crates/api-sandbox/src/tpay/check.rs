//! Validates request bodies, and creates error responses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::text::is_iso_date_time;
use crate::date::is_date_time;

/// The allowed fields of an object. All other fields are rejected.
pub(super) type Rules = &'static [Rule];

/// The rule for one field of an object.
#[derive(Debug)]
pub(super) struct Rule {
    name: &'static str,
    required: bool,
    kind: Kind,
}

/// The allowed values of a field.
#[derive(Debug)]
pub(super) enum Kind {
    /// A string with this minimum and this maximum number of characters.
    Text(usize, usize),
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// A string that satisfies this condition. The second value describes the condition in
    /// messages.
    Like(fn(&str) -> bool, &'static str),
    /// An integer in this range, including both ends.
    Int(i64, i64),
    /// A positive amount in the main unit of the currency, with at most two decimal places.
    Money,
    /// A positive number, or a string that contains one.
    Quantity,
    /// `true` or `false`.
    Bool,
    /// 0 or 1, as documented, or a boolean, as in the official PHP client. This kind is only for
    /// the field `cardPaymentData.save`, which has its own error code.
    Save,
    /// An integer, as documented, or a boolean, as in the official PHP client.
    IntOrBool,
    /// An object with these fields.
    Object(Rules),
    /// A list of at least this many objects with these fields.
    List(usize, Rules),
    /// A value of this kind, or null.
    OrNull(&'static Kind),
    /// An object with these fields, or a list of such objects.
    OneOrMore(Rules),
}

pub(super) const fn need(name: &'static str, kind: Kind) -> Rule {
    Rule { name, required: true, kind }
}

pub(super) const fn may(name: &'static str, kind: Kind) -> Rule {
    Rule { name, required: false, kind }
}

/// One entry in the `errors` of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    code: String,
    field: String,
    message: String,
}

impl Problem {
    pub(super) fn new(code: &str, field: &str, message: &str) -> Self {
        Self { code: code.to_owned(), field: field.to_owned(), message: message.to_owned() }
    }

    /// Returns the message, preceded by the name of the field, if any.
    fn text(&self) -> String {
        match self.field.as_str() {
            "" => self.message.clone(),
            field => format!("{field}: {}", self.message),
        }
    }

    fn json(&self) -> Value {
        json!({
            "errorCode": self.code,
            "errorMessage": self.message,
            "fieldName": self.field,
            "devMessage": format!("{}: {}", self.code, self.text()),
            "docUrl": "https://openapi.tpay.com",
        })
    }
}

/// The error response to a rejected request.
#[derive(Debug)]
pub(super) enum Refusal {
    /// A response with this status, in the usual format: an object with these problems in `errors`.
    Problems(u16, Vec<Problem>),
    /// A response with this status and with this body, in a different format.
    Body(u16, Value),
}

impl Refusal {
    pub(super) fn of(status: u16, code: &str, field: &str, message: &str) -> Self {
        Self::Problems(status, vec![Problem::new(code, field, message)])
    }

    /// Creates an error with status 400 about one field.
    pub(super) fn field(code: &str, field: &str, message: &str) -> Self {
        Self::of(400, code, field, message)
    }

    pub(super) fn unknown(what: &str) -> Self {
        Self::of(404, "not_found", "", &format!("no such {what}"))
    }

    /// Creates an error in the format of the marketplace, with one entry in `reasons`.
    pub(super) fn reason(status: u16, reason: &str) -> Self {
        Self::Body(status, json!({ "reasons": [reason] }))
    }

    /// Returns the status code and the body of the error response.
    pub(super) fn body(self, request_id: &str) -> (u16, Value) {
        match self {
            Self::Body(status, body) => (status, body),
            Self::Problems(status, problems) => {
                let errors: Vec<Value> = problems.iter().map(Problem::json).collect();
                let body = json!({ "result": "failed", "requestId": request_id, "errors": errors });
                (status, body)
            }
        }
    }

    /// Removes the prefix `pay.` from the names of fields. This is for requests whose whole body is
    /// payment data.
    pub(super) fn of_pay_itself(mut self) -> Self {
        if let Self::Problems(_, problems) = &mut self {
            for problem in problems {
                if let Some(field) = problem.field.strip_prefix("pay.") {
                    problem.field = field.to_owned();
                }
            }
        }
        self
    }

    /// Converts the problems to the error format of the marketplace: `violations` if the status is
    /// 400 and each problem is about a field, and `reasons` otherwise.
    pub(super) fn into_violations(self) -> Self {
        match self {
            Self::Problems(400, problems) if problems.iter().all(|p| !p.field.is_empty()) => {
                let violations: Map<String, Value> = problems
                    .into_iter()
                    .map(|problem| (problem.field, Value::from(problem.message)))
                    .collect();
                Self::Body(400, json!({ "violations": violations }))
            }
            Self::Problems(status, problems) => {
                let reasons: Vec<String> =
                    problems.into_iter().map(|problem| problem.text()).collect();
                Self::Body(status, json!({ "reasons": reasons }))
            }
            body @ Self::Body(..) => body,
        }
    }
}

/// Validates the body of a request against the rules for its fields. The error contains all
/// problems.
pub(super) fn check(body: &Value, rules: Rules) -> Result<(), Refusal> {
    let mut problems = Vec::new();
    match body.as_object() {
        Some(object) => check_object(object, rules, "", &mut problems),
        None => problems.push(Problem::new("invalid_request_body", "", "must be a JSON object")),
    }
    if problems.is_empty() { Ok(()) } else { Err(Refusal::Problems(400, problems)) }
}

fn check_object(object: &Map<String, Value>, rules: Rules, at: &str, out: &mut Vec<Problem>) {
    let path = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    for name in object.keys() {
        if rules.iter().all(|rule| rule.name != name) {
            let names: Vec<&str> = rules.iter().map(|rule| rule.name).collect();
            let why = format!("unexpected field; the fields are {}", names.join(", "));
            out.push(Problem::new("unexpected_field", &path(name), &why));
        }
    }
    for rule in rules {
        match object.get(rule.name) {
            Some(value) => check_value(value, &rule.kind, &path(rule.name), out),
            None if rule.required => {
                // A missing object has its own error code.
                let code = match rule.kind {
                    Kind::Object(_) | Kind::List(..) => "field_required",
                    _ => "is_required",
                };
                out.push(Problem::new(code, &path(rule.name), "required field is missing"));
            }
            None => {}
        }
    }
}

fn check_value(value: &Value, kind: &Kind, at: &str, out: &mut Vec<Problem>) {
    let mut wrong = |code: &str, message: &str| out.push(Problem::new(code, at, message));
    match kind {
        Kind::OrNull(_) if value.is_null() => {}
        Kind::OrNull(kind) => check_value(value, kind, at, out),
        Kind::Text(least, most) => match value.as_str() {
            None => wrong("not_string", "must be a string"),
            Some(text) if !(*least..=*most).contains(&text.chars().count()) => {
                wrong("not_valid", &length(*least, *most));
            }
            Some(_) => {}
        },
        Kind::OneOf(texts) => match value.as_str() {
            None => wrong("not_string", "must be a string"),
            Some(text) if !texts.contains(&text) => {
                wrong("not_valid", &format!("must be one of {}", texts.join(", ")));
            }
            Some(_) => {}
        },
        Kind::Like(holds, expected) => match value.as_str() {
            None => wrong("not_string", "must be a string"),
            Some(text) if !holds(text) => wrong("not_valid", &format!("must be {expected}")),
            Some(_) => {}
        },
        Kind::Int(from, to) => match value.as_i64() {
            None => wrong("not_natural_int", "must be an integer"),
            Some(number) if number < *from => wrong("too_low", &format!("must be at least {from}")),
            Some(number) if number > *to => wrong("not_valid", &format!("must be at most {to}")),
            Some(_) => {}
        },
        Kind::Money => {
            if let Err((code, message)) = grosze(value) {
                wrong(code, message);
            }
        }
        Kind::Quantity => {
            let text = match value {
                Value::Number(number) => number.to_string(),
                Value::String(text) => text.clone(),
                _ => String::new(),
            };
            if !text.parse::<f64>().is_ok_and(|number| number.is_finite() && number > 0.0) {
                wrong("not_valid", "must be a number above 0");
            }
        }
        Kind::Bool => {
            if !value.is_boolean() {
                wrong("not_valid", "must be true or false");
            }
        }
        Kind::Save => {
            if !value.is_boolean() && !matches!(value.as_i64(), Some(0 | 1)) {
                wrong("incorrect_save_param", "must be 0, 1, true or false");
            }
        }
        Kind::IntOrBool => {
            if !value.is_boolean() && value.as_u64().is_none() {
                wrong("not_natural_int", "must be an integer, true or false");
            }
        }
        Kind::Object(rules) => match value.as_object() {
            Some(object) => check_object(object, rules, at, out),
            None => wrong("not_array", "must be an object"),
        },
        Kind::OneOrMore(rules) if value.is_object() => {
            check_value(value, &Kind::Object(rules), at, out);
        }
        Kind::OneOrMore(rules) => check_value(value, &Kind::List(0, rules), at, out),
        Kind::List(least, rules) => match value.as_array() {
            None => wrong("not_array", "must be a list"),
            Some(items) if items.len() < *least => {
                wrong("field_required", &format!("must have at least {least} items"));
            }
            Some(items) => {
                for (index, item) in items.iter().enumerate() {
                    check_value(item, &Kind::Object(rules), &format!("{at}.{index}"), out);
                }
            }
        },
    }
}

/// Returns the message for a string whose number of characters is not allowed.
fn length(least: usize, most: usize) -> String {
    match most {
        usize::MAX => format!("must have at least {least} characters"),
        most => format!("must have {least} to {most} characters"),
    }
}

/// Parses an amount in the main unit of the currency, such as 12.34, and returns it in grosze. An
/// amount with more than two decimal places is an error, because amounts are never rounded.
fn grosze(value: &Value) -> Result<u64, (&'static str, &'static str)> {
    let Value::Number(number) = value else {
        return Err(("not_valid", "must be a JSON number"));
    };
    let text = number.to_string();
    if text.starts_with('-') {
        return Err(("too_low", "must be more than 0"));
    }
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    if decimals.len() > 2 || text.contains('e') {
        return Err(("incorrect_precision", "must have at most two decimal places"));
    }
    match format!("{whole}{decimals:0<2}").parse() {
        Ok(0) => Err(("too_low", "must be more than 0")),
        Ok(grosze) => Ok(grosze),
        Err(_) => Err(("not_valid", "is too high")),
    }
}

/// Returns the amount in `value`, in grosze. An error names `field`.
pub(super) fn amount(value: &Value, field: &str) -> Result<u64, Refusal> {
    grosze(value).map_err(|(code, message)| Refusal::field(code, field, message))
}

/// Converts grosze to the main unit of the currency, with two decimal places, such as `12.30`.
pub(super) fn decimal(grosze: u64) -> String {
    format!("{}.{:02}", grosze / 100, grosze % 100)
}

/// Converts grosze to the format of responses: a JSON number in the main unit of the currency, such
/// as `10`, `0.1` or `12.34`.
pub(super) fn money(grosze: u64) -> Value {
    let text = decimal(grosze);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    serde_json::from_str(text).unwrap_or_default()
}

/// Returns whether a string is an `http://` or `https://` URL.
pub(super) fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && !text.contains(|char: char| char.is_whitespace() || char.is_control())
}

/// Returns whether a string can be an e-mail address: a name, `@`, and a host with a dot.
pub(super) fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
}

/// Returns whether a string can be a country code: two upper-case letters.
pub(super) fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The kinds of fields that several endpoints share.
pub(super) mod kinds {
    use super::*;

    pub(in crate::tpay) const ANY: Kind = Kind::Text(0, usize::MAX);
    pub(in crate::tpay) const FILLED: Kind = Kind::Text(1, usize::MAX);
    pub(in crate::tpay) const UP_TO_255: Kind = Kind::Text(0, 255);
    pub(in crate::tpay) const INT: Kind = Kind::Int(0, i64::MAX);
    pub(in crate::tpay) const PLN: Kind = Kind::OneOf(&["PLN"]);
    pub(in crate::tpay) const LANG: Kind =
        Kind::OneOf(&["en", "pl", "de", "fr", "ru", "it", "es", "uk"]);
    pub(in crate::tpay) const EMAIL: Kind = Kind::Like(is_email, "an e-mail address");
    pub(in crate::tpay) const URL: Kind = Kind::Like(
        |text| text.len() <= 3072 && is_url(text),
        "an http or https URL of at most 3072 bytes",
    );
    pub(in crate::tpay) const SHORT_URL: Kind = Kind::Like(
        |text| text.chars().count() <= 255 && is_url(text),
        "an http or https URL of at most 255 characters",
    );
    pub(in crate::tpay) const BLIK_CODE: Kind =
        Kind::Like(|text| text.len() == 6 && is_digits(text), "six digits");
    pub(in crate::tpay) const ISO_DATE_TIME: Kind =
        Kind::Like(is_iso_date_time, "a date, YYYY-MM-DDTHH:MM:SS with Z or an offset");
    pub(in crate::tpay) const DATE_TIME: Kind =
        Kind::Like(is_date_time, "a date, YYYY-MM-DD HH:MM:SS");
    /// A date with an optional time and time zone. Several formats are accepted, because the format
    /// is not documented.
    pub(in crate::tpay) const ANY_DATE: Kind = Kind::Like(
        |text| {
            is_date_time(text)
                || is_date_time(&format!("{text} 00:00:00"))
                || is_iso_date_time(text)
                || is_iso_date_time(&format!("{text}Z"))
        },
        "a date, YYYY-MM-DD with an optional time",
    );
    pub(in crate::tpay) const WALLET: Kind = Kind::Like(is_wallet, "a JSON object in base64");
    pub(in crate::tpay) const COUNTRY: Kind = Kind::Like(is_country, "two upper-case letters");
    pub(in crate::tpay) const POLISH_ACCOUNT: Kind = Kind::Like(
        |text| {
            text.strip_prefix("PL").is_some_and(|digits| digits.len() == 26 && is_digits(digits))
        },
        "PL and 26 digits",
    );
    pub(in crate::tpay) const ULID: Kind = Kind::Like(
        |text| {
            text.len() == 26
                && text.bytes().all(|byte| {
                    byte.is_ascii_digit() || (byte.is_ascii_uppercase() && !b"ILOU".contains(&byte))
                })
        },
        "a ULID",
    );
    pub(in crate::tpay) const BASE64: Kind = Kind::Like(is_base64, "base64");
    pub(in crate::tpay) const ROC_TEXT: Kind = Kind::Like(
        |text| {
            (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        },
        "1 to 12 letters and digits",
    );
    pub(in crate::tpay) const ROC_TEXT_OF_REFUND: Kind = Kind::Like(
        |text| {
            (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        },
        "1 to 255 letters and digits",
    );
    pub(in crate::tpay) const YEAR_MONTH: Kind = Kind::Like(
        |text| {
            text.len() == 4
                && is_digits(text)
                && text.get(2..).is_some_and(|month| ("01"..="12").contains(&month))
        },
        "YYMM",
    );

    fn is_base64(text: &str) -> bool {
        !text.is_empty() && STANDARD.decode(text).is_ok()
    }

    /// Returns whether a string can be the payment data of a wallet, such as Google Pay: a JSON
    /// object in base64.
    fn is_wallet(text: &str) -> bool {
        let json = STANDARD.decode(text).ok();
        let json = json.and_then(|json| serde_json::from_slice(&json).ok());
        json.is_some_and(|json: Value| json.is_object())
    }
}
