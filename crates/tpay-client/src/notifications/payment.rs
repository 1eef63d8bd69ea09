//! The notification that a payment was made or charged back.

use std::fmt;

use api_auth::{Amount, ExtraFields, ResponseError, Secret, md5, wire_enum};

use super::hidden_description::HiddenDescription;
use super::members::{Members, invalid_body};
use crate::cards::CardExpiry;
use crate::{Currency, UnixTime, local_time};

/// The members that identify something, such as a transaction or a card, and must therefore be
/// exact (see [`Members::validate_exact`]). `tr_crc` can have any encoding, so it is not one of
/// them.
const IDENTITIES: &[&str] = &[
    "id",
    "tr_id",
    "tr_date",
    "tr_currency",
    "card_token",
    "tokenPaymentData_tokenValue",
    "tokenPaymentData_initialTransactionId",
];

wire_enum! {
    /// The status of a payment (`tr_status`). Upper and lower case are treated as equal.
    ///
    /// See the example on [`Notifications`](crate::Notifications).
    ///
    /// Source: the provider's documentation, `docs-api.tpay.com`, webhooks. `paid` and capital
    /// letters were observed in real notifications.
    pub enum NotificationStatus {
        /// The payment succeeded.
        True = "true",
        /// The payment succeeded and must be confirmed by the response (two-step mode).
        Paid = "paid",
        /// The payment was charged back.
        Chargeback = "chargeback",
    }
}

/// A notification that a payment was made or charged back.
///
/// See the example on [`Notifications`](crate::Notifications).
///
/// Source: the provider's documentation, `docs-api.tpay.com`, webhooks.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct PaymentNotification {
    /// The id of the merchant (`id`), digits only.
    pub merchant_id: String,
    /// The title of the transaction (`tr_id`), in the format `TR-XXX-XXXXXXX`. It is not the
    /// transaction's id.
    pub title: String,
    /// The time of the payment in Polish local time (`tr_date`), such as `2026-11-22 01:20:18`.
    pub date: String,
    /// The hidden description that you set (`tr_crc`), such as an order number. The md5sum covers
    /// its bytes.
    pub crc: HiddenDescription,
    /// The amount due (`tr_amount`) in the transaction's currency, such as 12.34.
    pub amount: Amount,
    /// The paid amount (`tr_paid`) in the transaction's currency, such as 12.34. Use
    /// [`paid_in_full`](Self::paid_in_full) to compare it with the expected amount.
    pub paid: Amount,
    /// The description that the payer saw (`tr_desc`), such as `Order 7`.
    pub description: String,
    /// The status of the payment (`tr_status`), such as `true`.
    pub status: NotificationStatus,
    /// The kind of difference between the paid amount and the amount due (`tr_error`): `none`,
    /// `overpay` or `surcharge`.
    pub error: String,
    /// The payer's e-mail address (`tr_email`), such as `jan.nowak@example.com`.
    pub email: String,
    /// Whether the notification is a test without a payment. It is a test if the member `test_mode`
    /// has a value other than null, `0`, `false` and an empty string, or if the title is one that
    /// the test button of the merchant panel creates.
    pub test_mode: bool,
    /// The currency of `amount` and `paid` (`tr_currency`), such as `PLN`.
    pub currency: Option<Currency>,
    /// The id of the channel (`tr_channel`), such as `64`.
    pub channel: Option<String>,
    /// The wallet with which the payer paid (`wallet`), such as `googlepay`.
    pub wallet: Option<String>,
    /// The string `1` if the payer used Masterpass (`masterpass`).
    pub masterpass: Option<String>,
    /// The token of the card (`card_token`), if the card was saved.
    pub card_token: Option<Secret>,
    /// The expiry date of the token (`token_expiry_date`), in the format `MMYY`, such as `1226` for
    /// December 2026.
    pub token_expiry_date: Option<String>,
    /// The last digits of the saved card (`card_tail`), such as `1111`.
    pub card_tail: Option<String>,
    /// The brand of the saved card (`card_brand`), such as `Visa`.
    pub card_brand: Option<String>,
    /// The token of the card (`tokenPaymentData_tokenValue`), if the card was saved by EISOP
    /// (Elavon).
    pub token_value: Option<Secret>,
    /// The id of the first transaction with the EISOP token
    /// (`tokenPaymentData_initialTransactionId`).
    pub initial_transaction_id: Option<String>,
    /// The expiry date of the card that was saved by EISOP (`tokenPaymentData_cardExpiryDate`), in
    /// the format `MMYY`. Requests require the format `YYMM`; use
    /// [`eisop_card_expiry`](Self::eisop_card_expiry) to convert the date.
    pub eisop_card_expiry_date: Option<String>,
    /// The brand of the card that was saved by EISOP (`tokenPaymentData_cardBrand`), such as
    /// `Mastercard`.
    pub eisop_card_brand: Option<String>,
    /// The last digits of the card that was saved by EISOP (`tokenPaymentData_cardTail`), such as
    /// `2222`.
    pub eisop_card_tail: Option<String>,
    /// Fields that this type does not cover.
    pub extra: ExtraFields,
    /// The values that the md5sum covers: `id`, `tr_id`, `tr_amount` and `tr_crc`, in this order.
    covered: [Vec<u8>; 4],
    /// The md5sum that the notification contains. Empty if it is absent.
    md5sum: String,
    pub(super) body_hash: String,
}

impl PaymentNotification {
    /// Returns whether the status is that of a successful payment. This includes partial payments
    /// and tests without a payment. Use [`paid_in_full`](Self::paid_in_full) to decide whether to
    /// deliver.
    pub fn is_paid(&self) -> bool {
        matches!(self.status, NotificationStatus::True | NotificationStatus::Paid)
    }

    /// Returns whether at least `expected` was paid. `expected` is in the transaction's currency,
    /// such as 12.34. Compare [`currency`](Self::currency) as well if your account accepts several
    /// currencies.
    ///
    /// Returns `false` for a test ([`is_test`](Self::is_test)). The signature and the md5sum of a
    /// test are valid, but no payment was made.
    ///
    /// ```
    /// # use tpay_client::notifications::testing;
    /// # use tpay_client::{Client, Notification, grosze};
    /// # let tpay = Client::builder("id", "secret").transport(|_| Ok(Default::default())).build()?;
    /// # let reader = tpay.notifications()?.merchant_id("1010");
    /// # let reader = reader.anchors(testing::ANCHORS)?.certificate(testing::CERTIFICATE);
    /// # let body = testing::payment("TR-BRA-KGZK0X", grosze(1234), "order-7", "code");
    /// # let signature = testing::sign(&tpay, body.as_bytes())?;
    /// # let Notification::Payment(payment) = reader.read(&signature, body.as_bytes())? else { unreachable!() };
    /// assert!(payment.paid_in_full(grosze(1234)) && !payment.paid_in_full(grosze(1235)));
    /// # Ok::<(), tpay_client::Error>(())
    /// ```
    pub fn paid_in_full(&self, expected: Amount) -> bool {
        self.is_paid() && !self.is_test() && self.paid >= expected
    }

    /// Returns whether the notification is a test, sent because of the test mode or the test button
    /// of the merchant panel. No payment was made, so never deliver goods for a test.
    pub fn is_test(&self) -> bool {
        self.test_mode
    }

    /// Returns [`date`](Self::date), the time of the payment, as Unix time. Returns `None` if the
    /// field is not a valid time; see
    /// [`LocalTime::unix_time`](crate::common::LocalTime::unix_time).
    pub fn time(&self) -> Option<UnixTime> {
        local_time::unix_time(Some(&self.date))
    }

    /// Returns the expiry date of the card with the token [`card_token`](Self::card_token). Returns
    /// `None` if [`token_expiry_date`](Self::token_expiry_date) is absent or is not a valid date.
    pub fn card_expiry(&self) -> Option<CardExpiry> {
        CardExpiry::from_mmyy(self.token_expiry_date.as_deref()?)
    }

    /// Returns the expiry date of the card with the token [`token_value`](Self::token_value), for
    /// [`TokenPayment::new`](crate::transactions::pay::TokenPayment::new). Returns `None` if
    /// [`eisop_card_expiry_date`](Self::eisop_card_expiry_date) is absent or is not a valid date.
    pub fn eisop_card_expiry(&self) -> Option<CardExpiry> {
        CardExpiry::from_mmyy(self.eisop_card_expiry_date.as_deref()?)
    }

    /// Returns whether the payer used Masterpass.
    pub fn is_masterpass(&self) -> bool {
        self.masterpass.as_deref() == Some("1")
    }

    /// Returns whether the md5sum is valid for this security code. The comparison takes constant
    /// time.
    pub fn is_md5sum_valid(&self, security_code: &Secret) -> bool {
        let [id, title, amount, crc] = &self.covered;
        let parts = [id, title, amount, crc, security_code.expose().as_bytes()];
        md5::matches(&parts, &self.md5sum)
    }

    /// Returns whether two notifications with the same body always report the same event. This
    /// holds for a payment, which is made only once, and for a chargeback with a date.
    pub(super) fn is_unique(&self) -> bool {
        self.is_paid() || !self.date.is_empty()
    }

    pub(super) fn read(mut members: Members) -> Result<Self, ResponseError> {
        members.validate_exact(IDENTITIES)?;
        let covered = ["id", "tr_id", "tr_amount", "tr_crc"].map(|name| members.covered(name));
        let crc = members.hidden_description("tr_crc")?;
        members.take("tr_crc");
        let title = members.require("tr_id")?;
        let test_mode = members.take_test_mode() || is_test_title(&title);
        let status = members.require("tr_status")?;
        let status = NotificationStatus::from(&*status.to_ascii_lowercase());
        if !status.is_known() {
            return Err(invalid_body("tr_status: not one of TRUE, PAID, CHARGEBACK"));
        }
        let mut text = |name: &str| members.take(name).unwrap_or_default();
        Ok(Self {
            date: text("tr_date"),
            crc,
            description: text("tr_desc"),
            error: text("tr_error"),
            email: text("tr_email"),
            md5sum: text("md5sum"),
            merchant_id: members.require("id")?,
            amount: members.require_amount("tr_amount")?,
            paid: members.require_amount("tr_paid")?,
            status,
            test_mode,
            title,
            currency: members.take("tr_currency").map(|text| Currency::from(&*text)),
            channel: members.take("tr_channel"),
            wallet: members.take("wallet"),
            masterpass: members.take("masterpass"),
            card_token: members.take("card_token").map(Secret::from),
            token_expiry_date: members.take("token_expiry_date"),
            card_tail: members.take("card_tail"),
            card_brand: members.take("card_brand"),
            token_value: members.take("tokenPaymentData_tokenValue").map(Secret::from),
            initial_transaction_id: members.take("tokenPaymentData_initialTransactionId"),
            eisop_card_expiry_date: members.take("tokenPaymentData_cardExpiryDate"),
            eisop_card_brand: members.take("tokenPaymentData_cardBrand"),
            eisop_card_tail: members.take("tokenPaymentData_cardTail"),
            extra: members.into_extra()?,
            covered,
            body_hash: String::new(),
        })
    }
}

/// Returns whether a title is one that the test button of the merchant panel creates, such as
/// `TR-3HFD-TST24X`.
fn is_test_title(title: &str) -> bool {
    let title = title.trim().to_ascii_uppercase();
    let last = title.strip_prefix("TR-").and_then(|rest| rest.rsplit('-').next());
    let number = last.and_then(|last| last.strip_prefix("TST")?.strip_suffix('X'));
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

impl fmt::Debug for PaymentNotification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaymentNotification")
            .field("title", &self.title)
            .field("date", &self.date)
            .field("crc", &self.crc)
            .field("amount", &self.amount)
            .field("paid", &self.paid)
            .field("status", &self.status)
            .field("test_mode", &self.test_mode)
            .finish_non_exhaustive()
    }
}
