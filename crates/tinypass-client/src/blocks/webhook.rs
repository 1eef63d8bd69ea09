//! Webhooks: what TinyPass tells a site of purchases.

use api_auth::{ExtraFields, UnixTime, wire, wire_enum};
use serde::{Deserialize, Serialize};

use super::{Blocks, ReadError, read_json};

wire_enum! {
    /// What a webhook is about.
    ///
    /// Source: the documentation of the service's successor, `vx.piano.io`, webhooks-overview,
    /// webhooks-events and webhook-events-version-2.
    pub enum WebhookType {
        /// A user has got access.
        AccessGranted = "access_granted",
        /// A user's access has changed.
        AccessModified = "access_modified",
        /// A user's access is gone.
        AccessRevoked = "access_revoked",
    }
}

wire_enum! {
    /// What made TinyPass send a webhook.
    ///
    /// Source: the documentation of the service's successor, `vx.piano.io`, webhooks-overview,
    /// webhooks-events and webhook-events-version-2.
    pub enum WebhookEvent {
        /// A purchase.
        NewPurchase = "new_purchase",
        /// A payment that was waited for has come.
        PaymentVerified = "payment_verified",
        /// Access was given for nothing.
        FreeAccessGranted = "free_access_granted",
        /// A promotion was redeemed.
        FreePromoRedemption = "free_promo_redemption",
        /// A registration.
        NewRegistrationConversion = "new_registration_conversion",
        /// A subscription was changed.
        SubscriptionUpdated = "subscription_updated",
        /// A subscription was renewed.
        SubscriptionAutoRenewed = "subscription_auto_renewed",
        /// Access was changed by hand.
        AccessModified = "access_modified",
        /// A renewal failed, and access goes on for a while.
        GracePeriodExtension = "grace_period_extension",
        /// Access was taken away.
        AccessRevoked = "access_revoked",
        /// A renewal failed for good.
        SubscriptionAutoRenewedFailure = "subscription_auto_renewed_failure",
        /// A subscription was cancelled.
        SubscriptionCanceled = "subscription_canceled",
        /// A subscription has ended.
        SubscriptionExpired = "subscription_expired",
        /// Access has ended.
        AccessEnded = "access_ended",
    }
}

/// A webhook whose signature holds.
///
/// Webhooks come one at a time, and any answer but 200 holds up those after it: answer 200 as soon
/// as it is stored. The same one may come again.
///
/// Source: the documentation of the service's successor, `vx.piano.io`, webhooks-overview,
/// webhooks-events and webhook-events-version-2.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Webhook {
    /// The version of the form; 1 if it is absent.
    #[serde(default = "one", deserialize_with = "version")]
    pub version: i64,
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: WebhookType,
    /// What made TinyPass send it.
    #[serde(default)]
    pub event: Option<WebhookEvent>,
    /// The application.
    #[serde(default, deserialize_with = "wire::text")]
    pub aid: Option<String>,
    /// The resource.
    #[serde(default, deserialize_with = "wire::text")]
    pub rid: Option<String>,
    /// TinyPass's id of the user.
    #[serde(default, deserialize_with = "wire::text")]
    pub uid: Option<String>,
    /// The public id of the access record.
    #[serde(default, deserialize_with = "wire::text")]
    pub access_id: Option<String>,
    /// The term that was bought.
    #[serde(default, deserialize_with = "wire::text")]
    pub term_id: Option<String>,
    /// When access ends; `None` if it does not.
    #[serde(default, deserialize_with = "wire::end_time")]
    pub expires: Option<UnixTime>,
    /// What else is in it.
    #[serde(flatten)]
    pub extra: ExtraFields,
}

const fn one() -> i64 {
    1
}

fn version<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    wire::integer(deserializer).map(|version| version.unwrap_or(1))
}

impl Blocks {
    /// Reads the value of the `data` parameter, already percent-decoded.
    ///
    /// # Errors
    /// The first thing that is wrong with it; [`ReadError::OtherApplication`] for another `aid`, and
    /// [`ReadError::Content`] if there is none.
    ///
    /// ```
    /// use tinypass_client::blocks::{Blocks, WebhookType};
    ///
    /// let blocks = Blocks::new("AIDAIDAID0", "key")?;
    /// let data = blocks.seal(r#"{"type":"access_granted","aid":"AIDAIDAID0","rid":"r1","uid":"42"}"#);
    /// let webhook = blocks.read_webhook(&data).unwrap();
    /// assert_eq!(webhook.kind, WebhookType::AccessGranted);
    /// # Ok::<(), tinypass_client::InputError>(())
    /// ```
    pub fn read_webhook(&self, data: &str) -> Result<Webhook, ReadError> {
        let webhook: Webhook = read_json(self.open(data)?)?;
        match &webhook.aid {
            Some(aid) if *aid == self.aid => Ok(webhook),
            Some(_) => Err(ReadError::OtherApplication),
            None => Err(ReadError::Content("aid: missing".to_owned())),
        }
    }

    /// Reads the target of the request that TinyPass makes, `/your/path?data=...`.
    ///
    /// # Errors
    /// The first thing that is wrong with it; [`ReadError::Form`] if there is no `data` in it, or
    /// more than one.
    pub fn read_webhook_target(&self, target: &str) -> Result<Webhook, ReadError> {
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let mut data = query.split('&').filter_map(|pair| pair.strip_prefix("data="));
        match (data.next(), data.next()) {
            (Some(data), None) => {
                let data = api_auth::percent_decode(data).ok_or(ReadError::Form)?;
                self.read_webhook(&data)
            }
            _ => Err(ReadError::Form),
        }
    }
}
