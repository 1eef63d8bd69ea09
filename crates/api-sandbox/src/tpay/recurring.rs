//! Handles the endpoints `recurring.*`, for recurring plans. The documentation describes only the
//! requests, so this server uses response formats of its own.

use serde_json::{Value, json};

use super::check::{Kind, Refusal, Rules, amount, check, kinds, may, money, need};
use super::json::Members;
use super::notify::Message;
use super::pay::check_model;
use super::text::date_time;
use super::transactions::PAYER_OF_PLAN;
use super::{ApiResult, Ask, Out, Tpay};

/// A plan of recurring charges.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The id of the plan, a ULID that the merchant chose.
    pub id: String,
    /// The status: `active`, `finished`, `failed` or `canceled`.
    pub status: &'static str,
    /// The amount of each charge, in grosze.
    pub grosze: u64,
    /// The charges, oldest first.
    pub charges: Vec<Charge>,
    request: Value,
}

/// One charge of a recurring plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The id of the transaction for this charge, a ULID.
    pub transaction: String,
    /// The time of the charge, in Unix seconds.
    pub at: u64,
    /// The number of attempts to collect the amount.
    pub attempts: u64,
    /// Whether one of the attempts succeeded.
    pub paid: bool,
}

const UNITS: Kind = Kind::OneOf(&["minutes", "days", "months"]);
const SCHEDULE: Rules = &[
    need("amount", Kind::Money),
    need("currency", kinds::PLN),
    need("firstChargeDate", kinds::ANY_DATE),
    need("interval", Kind::Int(1, i64::MAX)),
    need("intervalType", UNITS),
    may("chargeCount", Kind::Int(1, i64::MAX)),
    may(
        "retryIntervals",
        Kind::List(0, &[need("value", Kind::Int(1, i64::MAX)), need("unit", UNITS)]),
    ),
];
const INSTRUMENT: Rules = &[
    need("paymentType", Kind::OneOf(&["card_token", "blik_payid", "test"])),
    need("value", kinds::FILLED),
    may(
        "blik",
        Kind::Object(&[
            need("model", Kind::OneOf(&["A", "M", "O"])),
            may("noDelay", Kind::Bool),
            may("recommendedAuthLevel", Kind::OneOf(&["NOCONFREQ"])),
        ]),
    ),
];
const CREATE: Rules = &[
    need("id", kinds::ULID),
    need("description", Kind::Text(1, 128)),
    may("hiddenDescription", kinds::UP_TO_255),
    need("payer", Kind::Object(PAYER_OF_PLAN)),
    need("schedule", Kind::Object(SCHEDULE)),
    need("paymentInstrument", Kind::Object(INSTRUMENT)),
    need("callbackUrl", kinds::SHORT_URL),
];
const UPDATE: Rules = &[need("paymentInstrument", Kind::Object(INSTRUMENT))];

impl Plan {
    fn json(&self) -> Value {
        let mut body = self.request.clone();
        body.put("/status", self.status);
        body
    }

    fn charge_count(&self) -> Option<u64> {
        self.request.at("schedule").at("chargeCount").as_u64()
    }
}

impl Charge {
    fn status(&self) -> &'static str {
        if self.paid { "correct" } else { "failed" }
    }
}

/// Checks that the object `blik` is present for the type `blik_payid` and absent for all other
/// types, and that its fields match its autopayment model.
fn check_instrument(instrument: &Value) -> Result<(), Refusal> {
    let is_blik = instrument.at("paymentType") == "blik_payid";
    let at = "paymentInstrument.blik";
    match (is_blik, instrument.at("blik").is_object()) {
        (true, false) => {
            Err(Refusal::field("is_required", at, "required for the paymentType blik_payid"))
        }
        (false, true) => Err(Refusal::field(
            "unexpected_field",
            at,
            "allowed for the paymentType blik_payid only",
        )),
        _ => {
            let blik = instrument.at("blik");
            check_model(blik.at("model"), blik, at)
        }
    }
}

impl Tpay {
    /// Adds the next charge to an active plan, and notifies the merchant. The charge succeeds if
    /// `paid` is true. Returns `false` if there is no active plan with this id.
    pub fn charge_plan(&mut self, id: &str, paid: bool) -> bool {
        let (transaction, at) = (self.ulid(), self.clock.unix());
        let found = self.plans.iter_mut().find(|plan| plan.id == id);
        let Some(plan) = found.filter(|plan| plan.status == "active") else { return false };
        plan.charges.push(Charge { transaction, at, attempts: 1, paid });
        let count = u64::try_from(plan.charges.len()).unwrap_or(u64::MAX);
        if paid && plan.charge_count().is_some_and(|most| count >= most) {
            plan.status = "finished";
        }
        let plan = plan.clone();
        self.notify_plan(&plan);
        true
    }

    fn notify_plan(&self, plan: &Plan) {
        let Some(charge) = plan.charges.last() else { return };
        let url = plan.request.text("/callbackUrl").unwrap_or_default();
        let body = json!({
            "recurringId": plan.id,
            "transactionId": charge.transaction,
            "hiddenDescription": plan.request.at("hiddenDescription"),
            "iterationCount": plan.charges.len(),
            "iterationAttemptCount": charge.attempts,
            "status": charge.status(),
        });
        self.notify(Message::json("recurring", &plan.id, &body), &url);
    }

    fn plan(&mut self, ask: &Ask) -> Result<&mut Plan, Refusal> {
        let found = self.plans.iter_mut().find(|plan| plan.id == ask.value(0));
        found.ok_or_else(|| Refusal::unknown("recurring plan"))
    }

    /// Returns the plan whose id is in the path, if the plan is active.
    fn active_plan(&mut self, ask: &Ask) -> Result<&mut Plan, Refusal> {
        match self.plan(ask)? {
            plan if plan.status == "active" => Ok(plan),
            // Not documented: the error code.
            _ => Err(Refusal::of(409, "not_valid", "", "the plan is not active")),
        }
    }

    pub(super) fn recurring_create(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        let body = &ask.body;
        check(body, CREATE)?;
        check_instrument(body.at("paymentInstrument"))?;
        if self.plans.iter().any(|plan| body.at("id") == plan.id.as_str()) {
            return Err(Refusal::of(409, "not_valid", "id", "a plan with this id exists"));
        }
        let amount = amount(body.at("schedule").at("amount"), "schedule.amount")?;
        // Not documented: with the instrument `test` and the value `refused`, the first attempt has
        // failed.
        let instrument = body.at("paymentInstrument");
        let refused = instrument.at("paymentType") == "test" && instrument.at("value") == "refused";
        let charges = if refused {
            let (transaction, at) = (self.ulid(), self.clock.unix());
            vec![Charge { transaction, at, attempts: 1, paid: false }]
        } else {
            Vec::new()
        };
        let plan = Plan {
            id: body.text("/id").unwrap_or_default(),
            status: "active",
            grosze: amount,
            charges,
            request: body.clone(),
        };
        let response = plan.json();
        self.plans.push(plan);
        Ok(Out::Wrapped(response))
    }

    pub(super) fn recurring_list(&self, ask: &Ask) -> ApiResult {
        ask.only(&["page", "limit"])?;
        Ok(Out::Wrapped(ask.page()?.wrap("list", &self.plans, Plan::json)))
    }

    pub(super) fn recurring_get(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        Ok(Out::Wrapped(self.plan(ask)?.json()))
    }

    pub(super) fn recurring_transactions(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&["page", "limit"])?;
        let page = ask.page()?;
        let plan = self.plan(ask)?;
        Ok(Out::Wrapped(page.wrap("list", &plan.charges, |charge| {
            json!({
                "transactionId": charge.transaction,
                "status": charge.status(),
                "amount": money(plan.grosze),
                "currency": "PLN",
                "attempts": charge.attempts,
                "date": date_time(charge.at),
            })
        })))
    }

    pub(super) fn recurring_cancel(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        let plan = self.active_plan(ask)?;
        plan.status = "canceled";
        Ok(Out::Wrapped(plan.json()))
    }

    pub(super) fn recurring_retry(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        let plan = self.active_plan(ask)?;
        match plan.charges.last_mut() {
            Some(charge) if !charge.paid => {
                // Not documented: the second attempt always succeeds.
                charge.attempts += 1;
                charge.paid = true;
            }
            _ => return Err(Refusal::of(409, "not_valid", "", "the last charge has not failed")),
        }
        let plan = plan.clone();
        self.notify_plan(&plan);
        Ok(Out::Wrapped(plan.json()))
    }

    pub(super) fn recurring_update(&mut self, ask: &Ask) -> ApiResult {
        ask.only(&[])?;
        check(&ask.body, UPDATE)?;
        check_instrument(ask.body.at("paymentInstrument"))?;
        let plan = self.active_plan(ask)?;
        plan.request.put("/paymentInstrument", ask.body.at("paymentInstrument").clone());
        Ok(Out::Wrapped(plan.json()))
    }
}
