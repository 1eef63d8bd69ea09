//! The examples as run by a user: help, exit statuses, and error messages.
//!
//! `tpay_tour` is not included: `cargo xtask endpoints` runs it.

#![cfg(feature = "ureq")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use api_sandbox::{Misbehaviour, Sandbox, tpay as server};
use test_support::examples::{Example, Variables, command};
use tpay_client::{BlikPayment, Client, CreateTransaction, Environment, Pay, Payer, grosze};

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
    let output = command("notification_server")
        .args(["--merchant-id", "1010a", "--listen", "127.0.0.1:0", "--count", "0"])
        .envs([("TPAY_CLIENT_ID", "id"), ("TPAY_CLIENT_SECRET", "secret")])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*output.stdout), (Some(1), &b""[..]), "{errors}");
    assert!(errors.contains("merchant_id: must be the merchant id"), "{errors}");
}

#[test]
fn refund_reports_refunds_that_are_new_after_an_unknown_outcome() {
    let sandbox = Sandbox::start().unwrap();
    let tpay = Client::builder(server::CLIENT_ID, server::CLIENT_SECRET)
        .environment(Environment::custom(sandbox.tpay().base_url()))
        .build()
        .unwrap();
    let payer = Payer::new("jan.nowak@example.com", "Jan Nowak");
    let order =
        CreateTransaction::new(grosze(1234), "Order 7", payer).hidden_description("order-7");
    let id = tpay.create_transaction(&order).unwrap().transaction_id.unwrap();
    tpay.pay_transaction(&id, Pay::blik(BlikPayment::code("777123"))).unwrap();
    let refund = |amount: &str| {
        let mut refund = command("refund");
        refund.args(["--by-crc", "--amount", amount, "order-7"]).envs(sandbox.environment());
        let output = refund.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (status, printed, errors) = refund("1.50");
    assert_eq!((status, errors.as_str()), (Some(0), ""));
    let old = printed.lines().find_map(|line| line.strip_prefix("refund ")).unwrap();
    let old = old.split(' ').next().unwrap();
    let path = format!("/transactions/{id}/refunds");
    for (failure, expected) in [
        (Misbehaviour::ResetAfterReading, "is new since the request"),
        (Misbehaviour::BadGateway, "there is no new refund"),
    ] {
        // The first request lists the refunds, and the second one is the refund.
        sandbox.tpay().misbehave_at(&path, Misbehaviour::Delay(Duration::ZERO), 1);
        sandbox.tpay().misbehave_at(&path, failure, 1);
        let (status, printed, errors) = refund("2.00");
        assert_eq!((status, printed.as_str()), (Some(1), ""), "{errors}");
        assert!(errors.contains("the outcome is unknown"), "{errors}");
        assert!(errors.contains(expected) && !errors.contains(old), "{errors}");
    }
}
