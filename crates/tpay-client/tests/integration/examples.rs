//! The examples as run by a user: help, exit statuses, and error messages.
//!
//! `tpay_tour` is not included: `cargo xtask endpoints` runs it.

#![cfg(feature = "ureq")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use test_support::examples::{Example, Variables};

const VARIABLES: Variables = Variables {
    prefix: "TPAY_",
    secret: "TPAY_CLIENT_SECRET",
    base_url: "TPAY_BASE_URL",
    refusal: "401",
};

#[test]
fn examples_print_usage_and_name_errors() {
    for (name, arguments) in [
        ("blik_payment", &["12.34", "777123", "jan@example.com", "Jan Nowak"][..]),
        ("export_transactions", &[][..]),
        ("pay_by_link", &["12.34", "Order 7", "jan@example.com", "Jan Nowak"][..]),
        ("refund", &["--by-crc", "order-7"][..]),
    ] {
        Example { name, arguments }.holds(&VARIABLES);
    }
}

#[cfg(feature = "notifications")]
#[test]
fn notification_server_prints_usage() {
    let arguments = &["--merchant-id", "1010"];
    Example { name: "notification_server", arguments }.starts_well(&VARIABLES);
}

#[cfg(feature = "notifications")]
#[test]
fn notification_server_rejects_an_invalid_merchant_id() {
    let output = test_support::examples::command("notification_server")
        .args(["--merchant-id", "1010a", "--listen", "127.0.0.1:0", "--count", "0"])
        .envs([("TPAY_CLIENT_ID", "id"), ("TPAY_CLIENT_SECRET", "secret")])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*output.stdout), (Some(1), &b""[..]), "{errors}");
    assert!(errors.contains("merchant_id: must be the merchant id"), "{errors}");
}
