//! Recurring payments: plans according to which the server charges a card or a BLIK alias on a
//! schedule. See the example on [`CreateRecurring`].
//!
//! Experimental: the endpoints are documented for the provider's sandbox only.
//!
//! ```no_run
//! use tpay_client::Client;
//! use tpay_client::recurring::{ListRecurring, RecurringStatus};
//!
//! let tpay = Client::from_env()?;
//! for plan in tpay.recurring_plans(&ListRecurring::new()) {
//!     let plan = plan?;
//!     if plan.status == Some(RecurringStatus::Failed) {
//!         tpay.retry_recurring(plan.id.unwrap_or_default())?;
//!     }
//! }
//! # Ok::<(), tpay_client::Error>(())
//! ```

use api_auth::{
    Acknowledgement, Amount, Body, Endpoint, Extent, ExtraFields, InputError, Items, Paged, Params,
    Response, ResponseError, Result, Route, Secret, route, setters, wire, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::blik::AutopaymentModel;
use crate::common::ResultStatus;
use crate::paging::{Paging, numbered_pages, page_setters, paged_by_number};
use crate::{Client, Currency, Payer, error, validate};

wire_enum! {
    /// The unit of an interval between charges, or between retries of a charge.
    ///
    /// See the example in the module [`recurring`](crate::recurring).
    ///
    /// Source: the provider's documentation, `docs.sandbox.tpay.com`, recurring payments, and a
    /// branch of the official PHP client.
    pub enum IntervalUnit {
        /// The interval is a number of minutes.
        Minutes = "minutes",
        /// The interval is a number of days.
        Days = "days",
        /// The interval is a number of months.
        Months = "months",
    }
}

wire_enum! {
    /// The type of the payment instrument that a plan charges.
    ///
    /// See the example in the module [`recurring`](crate::recurring).
    ///
    /// Source: the provider's documentation, `docs.sandbox.tpay.com`, recurring payments, and a
    /// branch of the official PHP client.
    pub enum InstrumentType {
        /// A saved card.
        CardToken = "card_token",
        /// A BLIK PAYID alias.
        BlikPayId = "blik_payid",
        /// A test instrument, which is not charged and is not available in production.
        Test = "test",
    }
}

wire_enum! {
    /// The status of a plan of recurring payments.
    ///
    /// See the example in the module [`recurring`](crate::recurring).
    ///
    /// Source: the provider's documentation, `docs.sandbox.tpay.com`, recurring payments, and a
    /// branch of the official PHP client.
    pub enum RecurringStatus {
        /// The plan is active.
        Active = "active",
        /// All charges were made.
        Finished = "finished",
        /// A charge failed and is not retried.
        Failed = "failed",
        /// The plan was cancelled.
        Canceled = "canceled",
    }
}

/// An interval after which a failed charge is retried, such as two days.
///
/// See the example in the module [`recurring`](crate::recurring).
///
/// Source: the provider's documentation, `docs.sandbox.tpay.com`, recurring payments, and a branch
/// of the official PHP client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RetryInterval {
    value: u32,
    unit: IntervalUnit,
}

impl RetryInterval {
    /// Creates an interval from a number of units, such as 2 and [`IntervalUnit::Days`].
    pub fn new(value: u32, unit: IntervalUnit) -> Self {
        Self { value, unit }
    }
}

/// The amount and the schedule of the charges of a plan.
///
/// See the example in the module [`recurring`](crate::recurring).
///
/// Source: the provider's documentation, `docs.sandbox.tpay.com`, recurring payments, and a branch
/// of the official PHP client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    amount: Amount,
    currency: Currency,
    first_charge_date: String,
    interval: u32,
    interval_type: IntervalUnit,
    #[serde(skip_serializing_if = "Option::is_none")]
    charge_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_intervals: Option<Vec<RetryInterval>>,
}

impl Schedule {
    /// Creates a schedule on which `amount`, such as 20.00, is charged in `currency`: first at
    /// `first_charge_date` (ISO 8601), and then after every `interval` units of `interval_type`,
    /// such as 1 month.
    pub fn new(
        amount: Amount,
        currency: Currency,
        first_charge_date: impl Into<String>,
        interval: u32,
        interval_type: IntervalUnit,
    ) -> Self {
        Self {
            amount,
            currency,
            first_charge_date: first_charge_date.into(),
            interval,
            interval_type,
            charge_count: None,
            retry_intervals: None,
        }
    }

    setters! {
        /// Sets the number of charges, such as 12. By default, the number is unlimited.
        charge_count: u32,
        /// Sets the intervals after which a failed charge is retried. By default, the server
        /// retries it once a day for 14 days.
        retry_intervals: impl Into<Vec<RetryInterval>>,
    }
}

/// The terms of charges to a BLIK PAYID alias.
///
/// See the example in the module [`recurring`](crate::recurring).
///
/// Source: the provider's documentation, `docs.sandbox.tpay.com`, recurring payments, and a branch
/// of the official PHP client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecurringBlik {
    model: AutopaymentModel,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_delay: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recommended_auth_level: Option<String>,
}

impl RecurringBlik {
    /// Creates terms for this autopayment model.
    pub fn new(model: AutopaymentModel) -> Self {
        Self { model, no_delay: None, recommended_auth_level: None }
    }

    setters! {
        /// Sets whether to skip the period of 72 hours in which the bank tries to inform the payer
        /// why a charge was not authorized. This setting is allowed only for the models A and O.
        no_delay: bool,
        /// Sets the recommended authorization level. The only documented value is `NOCONFREQ`. This
        /// setting is required for model O and not allowed for the other models.
        recommended_auth_level: impl Into<String>,
    }
}

/// The payment instrument that a plan charges.
///
/// See the example in the module [`recurring`](crate::recurring).
///
/// Source: the provider's documentation, `docs.sandbox.tpay.com`, recurring payments, and a branch
/// of the official PHP client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentInstrument {
    payment_type: InstrumentType,
    #[serde(serialize_with = "wire::exposed")]
    value: Secret,
    #[serde(skip_serializing_if = "Option::is_none")]
    blik: Option<RecurringBlik>,
}

impl PaymentInstrument {
    /// Creates a payment instrument for the saved card with this token.
    pub fn card_token(token: impl Into<Secret>) -> Self {
        Self { payment_type: InstrumentType::CardToken, value: token.into(), blik: None }
    }

    /// Creates a payment instrument for the BLIK PAYID alias with this value, which is charged on
    /// the terms `blik`.
    pub fn blik_pay_id(alias: impl Into<Secret>, blik: RecurringBlik) -> Self {
        Self { payment_type: InstrumentType::BlikPayId, value: alias.into(), blik: Some(blik) }
    }

    /// Creates a test payment instrument for the provider's sandbox.
    pub fn test(value: impl Into<Secret>) -> Self {
        Self { payment_type: InstrumentType::Test, value: value.into(), blik: None }
    }

    fn validate(&self) -> Result<(), InputError> {
        validate::not_empty("payment_instrument.value", self.value.expose())?;
        let model = self.blik.as_ref().map(|blik| &blik.model);
        validate::known("payment_instrument.blik.model", model, AutopaymentModel::KNOWN)
    }
}

/// `POST /recurring`: creates a plan of recurring payments.
///
/// Experimental: the response is not documented.
///
/// ```
/// use tpay_client::recurring::{
///     CreateRecurring, IntervalUnit, PaymentInstrument, RetryInterval, Schedule,
/// };
/// use tpay_client::{Currency, Payer, grosze};
///
/// let first = "2030-01-01T00:00:00+01:00";
/// let monthly = Schedule::new(grosze(2000), Currency::Pln, first, 1, IntervalUnit::Months)
///     .charge_count(12)
///     .retry_intervals([RetryInterval::new(2, IntervalUnit::Days)]);
/// let plan = CreateRecurring::new(
///     "01K1Z6T40ZWKY1XZG9VD5AZ9Q4",
///     "The magazine, monthly",
///     Payer::new("jan.nowak@example.com", "Jan Nowak"),
///     monthly,
///     PaymentInstrument::card_token("the token of a saved card"),
///     "https://shop.example.com/notify",
/// );
/// ```
///
/// Source: the provider's documentation, `docs.sandbox.tpay.com`, recurring payments, and a branch
/// of the official PHP client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateRecurring {
    id: String,
    description: String,
    payer: Payer,
    schedule: Schedule,
    payment_instrument: PaymentInstrument,
    callback_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden_description: Option<String>,
}

impl CreateRecurring {
    /// Creates a request for a plan. Generate `id` yourself: a ULID of 26 characters. `description`
    /// must have 1 to 128 characters. Notifications about the charges are sent to `callback_url`.
    pub fn new(
        id: impl Into<String>,
        description: impl Into<String>,
        payer: Payer,
        schedule: Schedule,
        payment_instrument: PaymentInstrument,
        callback_url: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            description: description.into(),
            payer,
            schedule,
            payment_instrument,
            callback_url: callback_url.into(),
            hidden_description: None,
        }
    }

    setters! {
        /// Sets your reference for the plan, such as `subscription-7`, with at most 255 characters.
        hidden_description: impl Into<String>,
    }
}

impl Endpoint for CreateRecurring {
    type Output = RecurringPlan;
    const ID: &'static str = "recurring.create";
    const ROUTE: Route<Self> = route!(POST "/recurring");

    fn validate(&self) -> Result<(), InputError> {
        if self.id.len() != 26 {
            return Err(InputError::new("id", "must be a ULID of 26 characters"));
        }
        validate::length("description", &self.description, 1, 128)?;
        validate::some_length("hidden_description", self.hidden_description.as_deref(), 0, 255)?;
        validate::length("callback_url", &self.callback_url, 1, 255)?;
        validate::amount("schedule.amount", self.schedule.amount)?;
        validate::currency(Some(&self.schedule.currency))?;
        let first = &self.schedule.first_charge_date;
        validate::not_empty("schedule.first_charge_date", first)?;
        validate::possible_date("schedule.first_charge_date", Some(first))?;
        let interval = |name, value, unit_name, unit| match value {
            0 => Err(InputError::new(name, "must be at least 1")),
            _ => validate::known(unit_name, Some(unit), IntervalUnit::KNOWN),
        };
        let Schedule { interval: value, interval_type, .. } = &self.schedule;
        interval("schedule.interval", *value, "schedule.interval_type", interval_type)?;
        for retry in self.schedule.retry_intervals.iter().flatten() {
            let name = "schedule.retry_intervals.value";
            interval(name, retry.value, "schedule.retry_intervals.unit", &retry.unit)?;
        }
        self.payment_instrument.validate()?;
        self.payer.validate()
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<RecurringPlan, ResponseError> {
        error::success(response, &["id"])
    }
}

/// A plan of recurring payments. Its format is not documented: `extra` contains the fields that
/// this type does not cover.
///
/// See the example in the module [`recurring`](crate::recurring).
///
/// Source: none; the field names are assumed to be those of the request and of other responses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RecurringPlan {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The id of the plan, a ULID such as `01K1Z6T40ZWKY1XZG9VD5AZ9Q4`.
    pub id: Option<String>,
    /// The description that the payer sees, such as `The magazine, monthly`.
    pub description: Option<String>,
    /// The reference that you set, such as `subscription-7`.
    pub hidden_description: Option<String>,
    /// The status of the plan, such as `active`.
    #[serde(default)]
    pub status: Option<RecurringStatus>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A page of plans of recurring payments.
///
/// The format is not documented: the name of the list is assumed, and `extra` contains all other
/// fields.
///
/// See the example in the module [`recurring`](crate::recurring).
///
/// Source: none; the names are assumed to be those of the other lists of the provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RecurringPage {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The plans, in a field named `list`, `recurring`, `recurrings` or `data`.
    #[serde(default, alias = "recurring", alias = "recurrings", alias = "data")]
    pub list: Vec<RecurringPlan>,
    /// The number of this page, counted from 1.
    pub page: Option<i64>,
    /// The maximum number of entries per page.
    pub limit: Option<i64>,
    /// The total number of entries on all pages.
    pub total: Option<i64>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `GET /recurring`: returns one page of plans of recurring payments.
///
/// Experimental: the response is not documented.
///
/// See the example in the module [`recurring`](crate::recurring).
///
/// Source: the provider's documentation, `docs.sandbox.tpay.com`, recurring payments, and a branch
/// of the official PHP client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListRecurring {
    paging: Paging,
}

impl ListRecurring {
    /// Creates a request for the first page of the plans.
    pub fn new() -> Self {
        Self::default()
    }

    page_setters!();
}

impl Endpoint for ListRecurring {
    type Output = RecurringPage;
    const ID: &'static str = "recurring.list";
    const ROUTE: Route<Self> = route!(GET "/recurring");

    fn validate(&self) -> Result<(), InputError> {
        self.paging.validate()
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        self.paging.push(params);
    }

    fn parse(&self, response: &Response) -> Result<RecurringPage, ResponseError> {
        error::success(response, &[])
    }
}

impl Paged for ListRecurring {
    type Item = RecurringPlan;

    paged_by_number!(RecurringPage, |page| page.list.len());

    fn items(page: RecurringPage) -> Vec<RecurringPlan> {
        page.list
    }

    fn item_id(item: &RecurringPlan) -> Option<&str> {
        item.id.as_deref()
    }
}

numbered_pages!(ListRecurring);

/// `GET /recurring/{recurringId}`: returns a plan of recurring payments.
///
/// Experimental: the response is not documented.
///
/// See the example in the module [`recurring`](crate::recurring).
///
/// Source: the provider's documentation, `docs.sandbox.tpay.com`, recurring payments, and a branch
/// of the official PHP client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetRecurring {
    recurring_id: String,
}

impl GetRecurring {
    /// Creates a request for the plan with this id.
    pub fn new(recurring_id: impl Into<String>) -> Self {
        Self { recurring_id: recurring_id.into() }
    }
}

impl Endpoint for GetRecurring {
    type Output = RecurringPlan;
    const ID: &'static str = "recurring.get";
    const ROUTE: Route<Self> = route!(GET "/recurring/{recurringId}", recurring_id);

    fn parse(&self, response: &Response) -> Result<RecurringPlan, ResponseError> {
        error::success(response, &[])
    }
}

/// A charge of a plan of recurring payments. Its format is not documented: `extra` contains the
/// fields that this type does not cover.
///
/// See the example in the module [`recurring`](crate::recurring).
///
/// Source: none; the field names are assumed to be those of a transaction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RecurringCharge {
    /// The id of the charge's transaction, a ULID such as `01K5BK4HEPB0WBCGT51FMTYSYJ`.
    pub transaction_id: Option<String>,
    /// The status of the charge, such as `correct`.
    pub status: Option<String>,
    /// The charged amount in `currency`, such as 12.34.
    pub amount: Option<Amount>,
    /// The currency of the amount, such as `PLN`.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// A page of the charges of a plan.
///
/// The format is not documented: the name of the list is assumed, and `extra` contains all other
/// fields.
///
/// See the example in the module [`recurring`](crate::recurring).
///
/// Source: none; the names are assumed to be those of the other lists of the provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RecurringCharges {
    /// The result of the request, such as `success`.
    #[serde(default)]
    pub result: Option<ResultStatus>,
    /// The request id that the server assigned, 20 hex digits. Tpay's support team asks for it.
    pub request_id: Option<String>,
    /// The charges, in a field named `list`, `transactions` or `data`.
    #[serde(default, alias = "transactions", alias = "data")]
    pub list: Vec<RecurringCharge>,
    /// The number of this page, counted from 1.
    pub page: Option<i64>,
    /// The maximum number of entries per page.
    pub limit: Option<i64>,
    /// The total number of entries on all pages.
    pub total: Option<i64>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

/// `GET /recurring/{recurringId}/transactions`: returns one page of the charges of a plan of
/// recurring payments.
///
/// Experimental: the response is not documented.
///
/// See the example in the module [`recurring`](crate::recurring).
///
/// Source: the provider's documentation, `docs.sandbox.tpay.com`, recurring payments, and a branch
/// of the official PHP client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRecurringCharges {
    recurring_id: String,
    paging: Paging,
}

impl ListRecurringCharges {
    /// Creates a request for the first page of the charges of the plan with this id.
    pub fn new(recurring_id: impl Into<String>) -> Self {
        Self { recurring_id: recurring_id.into(), paging: Paging::default() }
    }

    page_setters!();
}

impl Endpoint for ListRecurringCharges {
    type Output = RecurringCharges;
    const ID: &'static str = "recurring.transactions";
    const ROUTE: Route<Self> = route!(GET "/recurring/{recurringId}/transactions", recurring_id);

    fn validate(&self) -> Result<(), InputError> {
        self.paging.validate()
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        self.paging.push(params);
    }

    fn parse(&self, response: &Response) -> Result<RecurringCharges, ResponseError> {
        error::success(response, &[])
    }
}

impl Paged for ListRecurringCharges {
    type Item = RecurringCharge;

    paged_by_number!(RecurringCharges, |page| page.list.len());

    fn items(page: RecurringCharges) -> Vec<RecurringCharge> {
        page.list
    }

    fn item_id(item: &RecurringCharge) -> Option<&str> {
        item.transaction_id.as_deref()
    }
}

numbered_pages!(ListRecurringCharges);

/// `POST /recurring/{recurringId}/cancel`: cancels a plan of recurring payments.
///
/// Experimental: the response is not documented.
///
/// See the example in the module [`recurring`](crate::recurring).
///
/// Source: the provider's documentation, `docs.sandbox.tpay.com`, recurring payments, and a branch
/// of the official PHP client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelRecurring {
    recurring_id: String,
}

impl CancelRecurring {
    /// Creates a request to cancel the plan with this id.
    pub fn new(recurring_id: impl Into<String>) -> Self {
        Self { recurring_id: recurring_id.into() }
    }
}

impl Endpoint for CancelRecurring {
    type Output = Acknowledgement;
    const ID: &'static str = "recurring.cancel";
    const ROUTE: Route<Self> = route!(POST "/recurring/{recurringId}/cancel", recurring_id);

    fn parse(&self, response: &Response) -> Result<Acknowledgement, ResponseError> {
        error::acknowledgement(response)
    }
}

/// `POST /recurring/{recurringId}/retry`: retries the last charge of a plan immediately.
///
/// The request is never retried if its outcome is unknown. To find out whether it was carried out,
/// list the charges of the plan with [`Client::recurring_charges`] before the first request and
/// again after the failure, and compare the ids. If there is no new entry, the server may still be
/// processing the request: wait a minute and look again. Repeat it only if there is still none. A
/// new id can also be that of a scheduled charge, or come from another program's request.
///
/// Experimental: the response is not documented.
///
/// See the example in the module [`recurring`](crate::recurring).
///
/// Source: the provider's documentation, `docs.sandbox.tpay.com`, recurring payments, and a branch
/// of the official PHP client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryRecurring {
    recurring_id: String,
}

impl RetryRecurring {
    /// Creates a request to retry the last charge of the plan with this id.
    pub fn new(recurring_id: impl Into<String>) -> Self {
        Self { recurring_id: recurring_id.into() }
    }
}

impl Endpoint for RetryRecurring {
    type Output = Acknowledgement;
    const ID: &'static str = "recurring.retry";
    const ROUTE: Route<Self> = route!(POST "/recurring/{recurringId}/retry", recurring_id);

    fn parse(&self, response: &Response) -> Result<Acknowledgement, ResponseError> {
        error::acknowledgement(response)
    }
}

/// `POST /recurring/{recurringId}/payment_instrument`: replaces the payment instrument of a plan.
///
/// Experimental: the response is not documented.
///
/// See the example in the module [`recurring`](crate::recurring).
///
/// Source: the provider's documentation, `docs.sandbox.tpay.com`, recurring payments, and a branch
/// of the official PHP client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdatePaymentInstrument {
    #[serde(skip)]
    recurring_id: String,
    payment_instrument: PaymentInstrument,
}

impl UpdatePaymentInstrument {
    /// Creates a request to replace the payment instrument of the plan with this id.
    pub fn new(recurring_id: impl Into<String>, payment_instrument: PaymentInstrument) -> Self {
        Self { recurring_id: recurring_id.into(), payment_instrument }
    }
}

impl Endpoint for UpdatePaymentInstrument {
    type Output = Acknowledgement;
    const ID: &'static str = "recurring.update_payment_instrument";
    const ROUTE: Route<Self> =
        route!(POST "/recurring/{recurringId}/payment_instrument", recurring_id);

    fn validate(&self) -> Result<(), InputError> {
        self.payment_instrument.validate()
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        Body::json(self)
    }

    fn parse(&self, response: &Response) -> Result<Acknowledgement, ResponseError> {
        error::acknowledgement(response)
    }
}

/// # Recurring payments
///
/// Experimental: the endpoints are documented for the provider's sandbox only. See the module
/// [`recurring`](crate::recurring), which contains an example.
impl Client {
    /// Creates a plan of recurring payments. Experimental: the response is not documented.
    ///
    /// See the example in the module [`recurring`](crate::recurring).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_recurring(&self, request: &CreateRecurring) -> Result<RecurringPlan> {
        self.send(request)
    }

    /// Returns one page of plans of recurring payments. Experimental: the response is not
    /// documented.
    ///
    /// See the example in the module [`recurring`](crate::recurring).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_recurring(&self, request: &ListRecurring) -> Result<RecurringPage> {
        self.send(request)
    }

    /// Returns an iterator over all plans of recurring payments. The iterator requests page after
    /// page and returns each entry once. Experimental: the response is not documented.
    ///
    /// No request is sent before the iterator is advanced. If no page size is set, the iterator
    /// requests 100 entries per page.
    ///
    /// [`concurrent`](Items::concurrent) requests several pages at a time. If entries may be
    /// missing because the list changed while it was read, the last item is an error of kind
    /// [`Incomplete`](crate::ErrorKind::Incomplete).
    ///
    /// See the example in the module [`recurring`](crate::recurring).
    pub fn recurring_plans(&self, request: &ListRecurring) -> Items<ListRecurring> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// Returns a plan of recurring payments. Experimental: the response is not documented.
    ///
    /// See the example in the module [`recurring`](crate::recurring).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_recurring(&self, recurring_id: impl Into<String>) -> Result<RecurringPlan> {
        self.send(&GetRecurring::new(recurring_id))
    }

    /// Returns one page of the charges of a plan. Experimental: the response is not documented.
    ///
    /// See the example in the module [`recurring`](crate::recurring).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn list_recurring_charges(
        &self,
        request: &ListRecurringCharges,
    ) -> Result<RecurringCharges> {
        self.send(request)
    }

    /// Returns an iterator over all charges of a plan. The iterator requests page after page and
    /// returns each entry once. Experimental: the response is not documented.
    ///
    /// No request is sent before the iterator is advanced. If no page size is set, the iterator
    /// requests 100 entries per page.
    ///
    /// [`concurrent`](Items::concurrent) requests several pages at a time. If entries may be
    /// missing because the list changed while it was read, the last item is an error of kind
    /// [`Incomplete`](crate::ErrorKind::Incomplete).
    ///
    /// See the example in the module [`recurring`](crate::recurring).
    pub fn recurring_charges(&self, request: &ListRecurringCharges) -> Items<ListRecurringCharges> {
        Items::new(self.core.clone(), request.clone().full_pages())
    }

    /// Cancels a plan of recurring payments. Experimental: the response is not documented.
    ///
    /// See the example in the module [`recurring`](crate::recurring).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn cancel_recurring(&self, recurring_id: impl Into<String>) -> Result<Acknowledgement> {
        self.send(&CancelRecurring::new(recurring_id))
    }

    /// Retries the last charge of a plan immediately. Experimental: the response is not documented.
    /// [`RetryRecurring`] describes how to find out whether a request with an unknown outcome was
    /// carried out.
    ///
    /// See the example in the module [`recurring`](crate::recurring).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn retry_recurring(&self, recurring_id: impl Into<String>) -> Result<Acknowledgement> {
        self.send(&RetryRecurring::new(recurring_id))
    }

    /// Replaces the payment instrument of a plan. Experimental: the response is not documented.
    ///
    /// See the example in the module [`recurring`](crate::recurring).
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn update_payment_instrument(
        &self,
        recurring_id: impl Into<String>,
        instrument: PaymentInstrument,
    ) -> Result<Acknowledgement> {
        self.send(&UpdatePaymentInstrument::new(recurring_id, instrument))
    }
}
