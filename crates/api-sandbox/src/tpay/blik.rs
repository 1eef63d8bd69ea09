//! Handles the endpoints `blik.*`, which register, show and remove BLIK aliases.

use serde_json::{Value, json};

use super::check::{Kind, Refusal, Rules, check, kinds, may, need};
use super::json::Members;
use super::notify::{Message, md5sum};
use super::pay::BLIK;
use super::text::{date_time, iso_date_time};
use super::{ApiResult, Ask, MERCHANT_ID, Out, Outcome, POS_ID, SECURITY_CODE, Tpay};
use crate::date::YEAR;

/// A BLIK alias, with which a payer can pay without a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The value of the alias, which the merchant chose.
    pub value: String,
    /// The type of the alias: `UID` or `PAYID`.
    pub kind: String,
    /// The label that the payer's bank shows.
    pub label: String,
    /// The time of the registration, in Unix seconds.
    pub registered: u64,
    /// The time of expiry, in Unix seconds: one year after the registration. The provider's period
    /// is not documented.
    pub expires: u64,
    /// Whether the alias has been removed.
    pub removed: bool,
}

impl Alias {
    pub(super) fn is_active(&self, now: u64) -> bool {
        !self.removed && now < self.expires
    }

    fn json(&self, now: u64) -> Value {
        let mut events =
            vec![json!({ "type": "ALIAS_REGISTER", "date": iso_date_time(self.registered) })];
        if !self.removed && now >= self.expires {
            events.push(json!({ "type": "ALIAS_EXPIRED", "date": iso_date_time(self.expires) }));
        }
        json!({
            "aliasType": self.kind,
            "aliasValue": self.value,
            "isActive": self.is_active(now),
            "expiresAt": iso_date_time(self.expires),
            "events": events,
            "label": self.label,
        })
    }
}

const CREATE: Rules = &[
    need("description", Kind::Text(1, 105)),
    may("lang", kinds::LANG),
    need("pay", Kind::Object(&[need("blikPaymentData", Kind::Object(BLIK))])),
];

const TYPES: [&str; 2] = ["UID", "PAYID"];
const DELETE: Rules = &[need("aliasType", Kind::OneOf(&TYPES))];

impl Tpay {
    /// Registers a BLIK alias, or renews it if it exists. `kind` is `UID` or `PAYID`. `label` is
    /// the text that the payer's bank shows.
    pub fn add_alias(&mut self, value: &str, kind: &str, label: &str) {
        let now = self.clock.unix();
        self.take_waiting_alias(value, kind);
        self.aliases.retain(|known| known.value != value || known.kind != kind);
        self.aliases.push(Alias {
            value: value.to_owned(),
            kind: kind.to_owned(),
            label: label.to_owned(),
            registered: now,
            expires: now + YEAR,
            removed: false,
        });
    }

    /// Confirms the registration of a BLIK alias that is pending, as a payer does in the app of a
    /// bank, and notifies the merchant. `kind` is `UID` or `PAYID`. Returns whether the
    /// registration was pending.
    pub fn confirm_alias(&mut self, value: &str, kind: &str) -> bool {
        let alias = self.take_waiting_alias(value, kind);
        let is_known = alias.is_some();
        self.save_methods(alias, None);
        is_known
    }

    fn take_waiting_alias(&mut self, value: &str, kind: &str) -> Option<(String, String, String)> {
        let mut waiting = self.waiting_aliases.iter();
        let index = waiting.position(|known| known.0 == value && known.1 == kind)?;
        Some(self.waiting_aliases.remove(index))
    }

    /// Removes a BLIK alias, as a payer does in the app of a bank, and notifies the merchant.
    /// `kind` is `UID` or `PAYID`. Returns whether the alias existed.
    pub fn unregister_alias(&mut self, value: &str, kind: &str) -> bool {
        let is_meant =
            |known: &&mut Alias| known.value == value && known.kind == kind && !known.removed;
        match self.aliases.iter_mut().find(is_meant) {
            Some(alias) => {
                alias.removed = true;
                self.notify_alias(value, kind, "ALIAS_UNREGISTER");
                true
            }
            None => false,
        }
    }

    /// Sends a notification about a BLIK alias to [`panel_url`](Self::panel_url), if that is set.
    /// `kind` is `UID` or `PAYID`, and `event` is `ALIAS_REGISTER`, `ALIAS_UNREGISTER`,
    /// `ALIAS_UPDATE` or `ALIAS_EXPIRED`.
    pub fn notify_alias(&self, value: &str, kind: &str, event: &str) {
        let is_meant = |known: &&Alias| known.value == value && known.kind == kind;
        let known = self.aliases.iter().find(is_meant);
        let (Some(url), Some(alias)) = (&self.panel_url, known) else { return };
        // Not documented: the input of the checksum.
        let sum = md5sum(&[MERCHANT_ID, value, event, SECURITY_CODE]);
        let expires = date_time(alias.expires);
        let message = if self.alias_events_as_json {
            let value = json!({ "value": value, "type": alias.kind, "expirationDate": expires });
            let body =
                json!({ "id": MERCHANT_ID, "event": event, "msg_value": value, "md5sum": sum });
            Message::json("blik_alias", &alias.value, &body)
        } else {
            let fields = [
                ("id", MERCHANT_ID.to_owned()),
                ("event", event.to_owned()),
                ("msg_value[value]", alias.value.clone()),
                ("msg_value[type]", alias.kind.clone()),
                ("msg_value[expirationDate]", expires),
                ("md5sum", sum),
            ];
            Message::form("blik_alias", value, &fields)
        };
        self.notify(message, url);
    }

    pub(super) fn blik_create_alias(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        check(&ask.body, CREATE)?;
        let blik = ask.body.at("pay").at("blikPaymentData");
        let field = |name: &str| format!("pay.blikPaymentData.{name}");
        for name in ["blikToken", "aliases"] {
            if blik.at(name).is_null() {
                let why = "required field is missing";
                return Err(Refusal::field("is_required", &field(name), why));
            }
        }
        let paying = self.judge(&json!({ "groupId": 150, "blikPaymentData": blik }), 0)?;
        match paying.outcome {
            Outcome::Paid => {
                self.save_methods(paying.alias, None);
            }
            Outcome::Waiting => {
                if let Some(alias) = paying.alias {
                    self.take_waiting_alias(&alias.0, &alias.1);
                    self.waiting_aliases.push(alias);
                }
            }
            // Not documented: a code that the bank rejects is an error here, because there is no
            // payment.
            Outcome::Refused(_) => {
                let why = "the bank does not accept the code";
                return Err(Refusal::field("unsupported_blik_token", &field("blikToken"), why));
            }
            _ => {}
        }
        Ok(Out::Bare(json!({
            "result": "success",
            "posId": POS_ID,
            // Not documented: the status is pending until the payer has confirmed.
            "status": if paying.outcome == Outcome::Paid { "correct" } else { "pending" },
            "date": { "creation": date_time(self.clock.unix()) },
            "description": ask.body.at("description"),
        })))
    }

    pub(super) fn blik_get_alias(&self, ask: &Ask) -> ApiResult {
        ask.only(&["aliasType"])?;
        let Some(kind) = ask.one_of("aliasType", &TYPES)? else {
            return Err(Refusal::field("is_required", "aliasType", "required field is missing"));
        };
        let now = self.clock.unix();
        let found: Vec<&Alias> = self
            .aliases
            .iter()
            .filter(|known| known.value == ask.value(0) && known.kind == kind && !known.removed)
            .collect();
        if found.is_empty() {
            return Err(Refusal::of(404, "wrong_alias", "", "no such alias of this aliasType"));
        }
        Ok(Out::Bare(json!({
            "isActive": found.iter().any(|known| known.is_active(now)),
            "aliases": found.iter().map(|known| known.json(now)).collect::<Vec<_>>(),
        })))
    }

    pub(super) fn blik_delete_alias(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        check(&ask.body, DELETE)?;
        let kind = ask.body.at("aliasType").as_str().unwrap_or_default();
        let found = self
            .aliases
            .iter_mut()
            .find(|known| known.value == ask.value(0) && known.kind == kind && !known.removed);
        let Some(found) = found else {
            return Err(Refusal::of(404, "wrong_alias", "", "no such alias of this aliasType"));
        };
        found.removed = true;
        self.notify_alias(ask.value(0), kind, "ALIAS_UNREGISTER");
        Ok(Out::Empty)
    }
}
