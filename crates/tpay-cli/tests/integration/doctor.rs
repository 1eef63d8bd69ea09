//! `tpay doctor`.

use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

use api_sandbox::{Raw, Response, Server, Service, Verdict};

use crate::endpoints::create_plan;
use crate::{World, finish};

fn rows(text: &str) -> Vec<Value> {
    serde_json::from_str::<Vec<Value>>(text).unwrap()
}

fn row<'a>(rows: &'a [Value], endpoint: &str) -> &'a Value {
    rows.iter().find(|row| row["endpoint"] == endpoint).unwrap()
}

#[test]
fn every_read_is_called_and_decoded() {
    let world = World::new();
    world.transaction("order-7");
    let run = finish(world.command(&[&create_plan()[..], &["--yes"]].concat()), "card\n");
    assert_eq!(run.status, 0, "{run:?}");
    let rows = rows(&world.text(&["doctor", "-o", "json"]));
    for row in &rows {
        assert_eq!((&row["status"], &row["result"]), (&json!(200), &json!("decoded")), "{row}");
        assert!(row["milliseconds"].is_number());
    }
    assert!(rows.len() > 15, "{}", rows.len());
    for endpoint in ["accounts.category", "recurring.get", "recurring.transactions"] {
        assert!(rows.iter().any(|row| row["endpoint"] == endpoint), "{endpoint}");
    }
    let called = world.sandbox.take_seen();
    assert!(called.iter().all(|seen| seen.verdict.endpoint.is_some()));
}

#[test]
fn one_failed_call_is_11() {
    let world = World::new();
    world.sandbox.tpay().state(|server| server.refuse_next("accounts.mcc", 403, "forbidden"));
    let run = world.run(&["doctor", "-o", "json"]);
    assert_eq!(run.status, 11, "{run:?}");
    let rows = rows(&run.stdout);
    assert_eq!(row(&rows, "accounts.mcc")["status"], 403);
    assert_eq!(row(&rows, "accounts.pos")["result"], "decoded");
}

/// A server whose responses have further fields, and lack others.
struct Changed(Arc<Mutex<Vec<String>>>);

impl Service for Changed {
    fn respond(&mut self, request: &Raw) -> (Response, Verdict) {
        self.0.lock().unwrap().push(request.path().to_owned());
        let body = match request.path() {
            "/oauth/auth" => json!({"access_token": "t", "expires_in": 7200}),
            "/transactions" => json!({
                "result": "success",
                "transactions": [{
                    "transactionId": "T1", "status": "correct", "loyaltyPoints": 7,
                    "payer": {"nickname": "CANARY"}
                }],
                "newTotal": {"a": 1}
            }),
            // Without its list.
            "/transactions/channels" => json!({"total": 1}),
            _ => json!({"result": "success"}),
        };
        (Response::json(200, &body), Verdict { endpoint: None, signed: None })
    }
}

#[test]
fn unknown_and_missing_fields_are_named_without_values() {
    let world = World::new();
    let server = Server::start(0, Changed(Arc::default())).unwrap();
    let run = finish(world.command(&["doctor", "-o", "json", "--base-url", server.base_url()]), "");
    assert_eq!(run.status, 9, "{run:?}");
    assert!(!run.stdout.contains("CANARY"), "{run:?}");
    let rows = rows(&run.stdout);
    let list = row(&rows, "transactions.list");
    assert_eq!(
        list["unknown_fields"],
        json!([
            "transactions.[].payer.nickname: string",
            "transactions.[].loyaltyPoints: number",
            "newTotal: object"
        ])
    );
    let channels = row(&rows, "transactions.channels");
    assert!(
        channels["result"].as_str().unwrap().contains("channels: missing from the response"),
        "{rows:?}"
    );
}
