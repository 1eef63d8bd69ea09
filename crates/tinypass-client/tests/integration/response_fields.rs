//! Tests that each documented field of each response is parsed into the field with the
//! corresponding name.

#![cfg(feature = "blocks")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fmt::Debug;
use std::time::Duration;

use test_support::responses::{Call, Responses};
use test_support::{enums, wire_texts};
use tinypass_client::api_auth::{Request, Response, TransportError};
use tinypass_client::blocks::{Blocks, Webhook, WebhookEvent, WebhookType};
use tinypass_client::{Client, Error, GetDownloadUrl, GrantAccess, SearchAccess};

/// Returns a method of a client whose transport returns one response body.
fn call<T: Debug>(call: impl Fn(&Client) -> Result<T, Error> + 'static) -> Call {
    Box::new(move |body| {
        let body = body.as_bytes().to_vec();
        let transport = move |_: Request| -> Result<Response, TransportError> {
            Ok(Response::new(body.clone()))
        };
        let client = Client::builder("AIDAIDAID0", "key").transport(transport).retries(0);
        let client = client.build().unwrap();
        call(&client)
            .map(|value| format!("{value:#?}"))
            .map_err(|error| format!("{error:?} {error}"))
    })
}

fn webhook(body: &str) -> Result<String, String> {
    let blocks = Blocks::new("AIDAIDAID0", "key").unwrap();
    // A webhook of another application is rejected.
    let webhook =
        api_auth::json_slice::<Webhook>(body.as_bytes()).map_err(|error| error.to_string())?;
    if webhook.aid.as_deref() == Some("AIDAIDAID0") {
        assert_eq!(blocks.read_webhook(&blocks.seal(body)).unwrap(), webhook);
    }
    Ok(format!("{webhook:#?}"))
}

#[test]
fn each_documented_field_is_read_into_the_field_of_its_name() {
    const BY_FIELDS: &str = "the reference documents no field";
    Responses {
        provider: "tinypass",
        sources: &["seed"],
        folder: env!("CARGO_MANIFEST_DIR"),
        calls: vec![
            ("access.get", call(|client| client.get_access("r", "u"))),
            ("access.search", call(|client| client.search_access(&SearchAccess::new()))),
            ("access.grant", call(|client| client.grant_access(&GrantAccess::new("r", "e@x")))),
            ("download.get", call(|client| client.get_download("r"))),
            (
                "download.url",
                call(|client| {
                    client.get_download_url(&GetDownloadUrl::for_lifetime(
                        "r",
                        Duration::from_secs(60),
                    ))
                }),
            ),
            ("user.get", call(|client| client.get_user("u"))),
        ],
        others: vec![("webhook", Box::new(webhook))],
        no_fields: &[
            ("access.revoke", BY_FIELDS),
            ("subscription.cancel", BY_FIELDS),
            ("subscription.search", BY_FIELDS),
        ],
        renamed: &[("type", "kind")],
        converted: &[],
        derived: &[],
        not_kept: &[],
        undocumented: &[],
        required: &[("access.search", "data"), ("download.url", "url"), ("webhook", "type")],
    }
    .check();
}

#[test]
fn enums_know_exactly_the_documented_strings() {
    let texts = wire_texts! {
        WebhookType: "access_granted", "access_modified", "access_revoked";
        WebhookEvent: "new_purchase", "payment_verified", "free_access_granted",
            "free_promo_redemption", "new_registration_conversion", "subscription_updated",
            "subscription_auto_renewed", "access_modified", "grace_period_extension",
            "access_revoked", "subscription_auto_renewed_failure", "subscription_canceled",
            "subscription_expired", "access_ended";
    };
    enums::check(env!("CARGO_MANIFEST_DIR"), &texts);
}
