//! Webhooks, with which TinyPass notifies a site of purchases.

use api_auth::{ExtraFields, UnixTime, wire, wire_enum};
use serde::{Deserialize, Serialize};

use super::{Blocks, ReadError, read_json};

wire_enum! {
    /// The type of a webhook, that is, how a user's access changed.
    ///
    /// See the example in the module [`blocks`](crate::blocks).
    ///
    /// Source: the documentation of the service's successor, `vx.piano.io`, webhooks-overview,
    /// webhooks-events and webhook-events-version-2.
    pub enum WebhookType {
        /// A user was granted access.
        AccessGranted = "access_granted",
        /// A user's access was changed.
        AccessModified = "access_modified",
        /// A user no longer has access.
        AccessRevoked = "access_revoked",
    }
}

wire_enum! {
    /// The event that triggered a webhook.
    ///
    /// See the example in the module [`blocks`](crate::blocks).
    ///
    /// Source: the documentation of the service's successor, `vx.piano.io`, webhooks-overview,
    /// webhooks-events and webhook-events-version-2.
    pub enum WebhookEvent {
        /// A user made a purchase.
        NewPurchase = "new_purchase",
        /// A pending payment was confirmed.
        PaymentVerified = "payment_verified",
        /// Access was granted free of charge.
        FreeAccessGranted = "free_access_granted",
        /// A promotion was redeemed.
        FreePromoRedemption = "free_promo_redemption",
        /// A user registered.
        NewRegistrationConversion = "new_registration_conversion",
        /// A subscription was changed.
        SubscriptionUpdated = "subscription_updated",
        /// A subscription was renewed.
        SubscriptionAutoRenewed = "subscription_auto_renewed",
        /// Access was changed manually.
        AccessModified = "access_modified",
        /// A renewal failed. Access continues for a grace period.
        GracePeriodExtension = "grace_period_extension",
        /// Access was revoked.
        AccessRevoked = "access_revoked",
        /// A renewal failed permanently.
        SubscriptionAutoRenewedFailure = "subscription_auto_renewed_failure",
        /// A subscription was cancelled.
        SubscriptionCanceled = "subscription_canceled",
        /// A subscription has expired.
        SubscriptionExpired = "subscription_expired",
        /// Access has expired.
        AccessEnded = "access_ended",
    }
}

/// A webhook with a valid signature.
///
/// TinyPass delivers webhooks one after another, and any response except 200 delays the next ones.
/// Therefore, respond with 200 as soon as the webhook is stored. The same webhook can be delivered
/// more than once.
///
/// See the example in the module [`blocks`](crate::blocks).
///
/// Source: the documentation of the service's successor, `vx.piano.io`, webhooks-overview,
/// webhooks-events and webhook-events-version-2.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Webhook {
    /// The version of the webhook format, such as 2. If the webhook contains no version, it is 1.
    #[serde(default = "one", deserialize_with = "version")]
    pub version: i64,
    /// The type of the webhook, such as `access_granted`.
    #[serde(rename = "type")]
    pub kind: WebhookType,
    /// The event that triggered the webhook, such as `new_purchase`.
    #[serde(default)]
    pub event: Option<WebhookEvent>,
    /// The id of the application, such as `AIDAIDAID0`.
    pub aid: Option<String>,
    /// The id of the resource, such as `premium-content`.
    pub rid: Option<String>,
    /// The id that TinyPass assigned to the user, such as `kjkxrNWUyD`.
    pub uid: Option<String>,
    /// The public id of the access record, such as `1VShIZzLeIod`.
    pub access_id: Option<String>,
    /// The id of the purchased term, such as `TM1`.
    pub term_id: Option<String>,
    /// The time at which access expires, in Unix seconds. `None` if it does not expire.
    #[serde(default, deserialize_with = "wire::end_time")]
    pub expires: Option<UnixTime>,
    /// Fields that this type does not cover.
    #[serde(rename = "$extra", skip_serializing_if = "ExtraFields::is_empty")]
    pub extra: ExtraFields,
}

const fn one() -> i64 {
    1
}

fn version<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    wire::integer(deserializer).map(|version| version.unwrap_or(1))
}

impl Blocks {
    /// Verifies and parses a webhook, given as the percent-decoded value of the parameter `data`.
    ///
    /// # Errors
    /// Returns [`ReadError::Block`] if the block or its signature is invalid,
    /// [`ReadError::Content`] if the content is not a webhook with an `aid`, and
    /// [`ReadError::OtherApplication`] if the `aid` is that of another application.
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
            None => Err(ReadError::Content("aid: missing from the webhook".to_owned())),
        }
    }

    /// Verifies and parses a webhook, given as the target of the request that TinyPass sends:
    /// `/your/path?data=...`.
    ///
    /// # Errors
    /// Returns the errors of [`read_webhook`](Self::read_webhook), and [`ReadError::UnknownFormat`]
    /// if `data` is missing, repeated or not valid percent-encoding.
    pub fn read_webhook_target(&self, target: &str) -> Result<Webhook, ReadError> {
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let mut data = query.split('&').filter_map(|pair| pair.strip_prefix("data="));
        match (data.next(), data.next()) {
            (Some(data), None) => {
                let data = api_auth::percent_decode(data).ok_or(ReadError::UnknownFormat)?;
                self.read_webhook(&data)
            }
            _ => Err(ReadError::UnknownFormat),
        }
    }
}
