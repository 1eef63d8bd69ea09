//! Tests of the rules that do not concern a single body: parameters, credentials, dates, and errors
//! that depend on the state.

use api_sandbox::{Raw, Service};

use super::*;

/// A request that is passed to the server without a connection.
fn raw(
    bench: &Bench,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, Value) {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
    let request = Raw {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: headers.collect(),
        body: body.into(),
    };
    let (response, _) = bench.server.state(|tpay| tpay.respond(&request));
    (response.status, serde_json::from_slice(&response.body).unwrap_or_default())
}

/// The method and path of each endpoint, except tokens and certificates.
fn endpoints() -> Vec<(&'static str, String)> {
    let id = "01K1Z6T40ZWKY1XZG9VD5AZ9Q4";
    [
        "GET /oauth/tokeninfo",
        "POST /transactions",
        "GET /transactions",
        "GET /transactions/bank-groups",
        "GET /transactions/channels",
        "GET /transactions/{}",
        "POST /transactions/{}/pay",
        "POST /transactions/{}/cancel",
        "GET /transactions/{}/cancel",
        "POST /transactions/{}/qr",
        "POST /transactions/{}/refunds",
        "GET /transactions/{}/refunds",
        "GET /refunds",
        "POST /refunds",
        "GET /refunds/{}",
        "POST /tokens",
        "GET /tokens/{}",
        "DELETE /tokens/{}",
        "POST /blik/alias",
        "GET /blik/alias/{}",
        "DELETE /blik/alias/{}",
        "POST /wallet/applepay/init",
        "GET /accounts",
        "POST /accounts",
        "POST /v1/accounts/merchant",
        "POST /accounts/files",
        "GET /accounts/category",
        "GET /accounts/category/{}",
        "GET /accounts/legalForm",
        "GET /accounts/legalForm/{}",
        "GET /accounts/document",
        "GET /accounts/document/{}",
        "GET /accounts/mcc",
        "GET /accounts/pos",
        "GET /accounts/{}",
        "GET /accounts/{}/balance",
        "POST /marketplace/v1/transaction",
        "GET /marketplace/v1/transaction/{}",
        "POST /marketplace/v1/transaction/{}/pay",
        "POST /marketplace/v1/transaction/{}/refund",
        "POST /marketplace/v1/transaction/{}/cancel",
        "GET /marketplace/v1/bank-groups",
        "GET /collect/bank-accounts",
        "POST /collect/bank-accounts",
        "GET /reports",
        "GET /reports/{}/files/file_1",
        "POST /recurring",
        "GET /recurring",
        "GET /recurring/{}",
        "GET /recurring/{}/transactions",
        "POST /recurring/{}/cancel",
        "POST /recurring/{}/retry",
        "POST /recurring/{}/payment_instrument",
    ]
    .map(|line| line.split_once(' ').unwrap())
    .map(|(method, path)| (method, path.replace("{}", id)))
    .into()
}

#[test]
fn every_endpoint_rejects_unknown_parameters_by_name() {
    let bench = Bench::new();
    let all = endpoints();
    assert_eq!(all.len(), 53);
    for (method, path) in all {
        let body = (method != "GET" && !path.ends_with("cancel") && !path.ends_with("retry"))
            .then(|| json!({}));
        let body = body.filter(|_| !path.starts_with("/tokens/"));
        let (status, response) = bench.send(method, &format!("{path}?typo=1"), body.as_ref());
        assert_eq!(status, 400, "{method} {path}: {response}");
        if path.starts_with("/marketplace/") && !path.ends_with("/pay") {
            let why = "the endpoint has no such parameter";
            assert_eq!(response["violations"]["typo"], why, "{method} {path}: {response}");
        } else {
            let error = &response["errors"][0];
            let found =
                (error["errorCode"].as_str().unwrap(), error["fieldName"].as_str().unwrap());
            assert_eq!(found, ("unexpected_field", "typo"), "{method} {path}");
            assert_eq!(error["errorMessage"], "the endpoint has no such parameter");
            assert_eq!(
                error["devMessage"],
                "unexpected_field: typo: the endpoint has no such parameter"
            );
        }
    }
}

#[test]
fn every_endpoint_needs_credentials() {
    let bench = Bench::new();
    for (method, path) in endpoints() {
        for authorization in ["", "Bearer x", "bearer x", "Basic YTpi", &bench.token] {
            let headers = [("authorization", authorization), ("content-length", "0")];
            let headers = if authorization.is_empty() { &headers[1..] } else { &headers[..] };
            let (status, response) = raw(&bench, method, &path, headers, "");
            assert_eq!(status, 401, "{method} {path} {authorization}");
            assert_eq!(response["errors"][0]["errorCode"], "unauthorized", "{method} {path}");
        }
    }
}

#[test]
fn a_token_is_compared_to_its_last_character() {
    let bench = Bench::new();
    let token = bench.token.clone();
    let status =
        |value: &str| raw(&bench, "GET", "/transactions", &[("authorization", value)], "").0;
    assert_eq!(status(&format!("Bearer {token}")), 200);
    for at in 0..token.len() {
        let mut other = token.clone().into_bytes();
        other[at] = if other[at] == b'0' { b'1' } else { b'0' };
        assert_eq!(status(&format!("Bearer {}", String::from_utf8(other).unwrap())), 401, "{at}");
    }
    for other in [&token[..39], &token[..8], "", &format!("{token}0"), &token.to_uppercase()] {
        assert_eq!(status(&format!("Bearer {other}")), 401, "{other}");
    }
    let pair = |text: &str| format!("Basic {}", STANDARD.encode(text));
    assert_eq!(status(&pair(&format!("{CLIENT_ID}:{CLIENT_SECRET}"))), 200);
    for other in [
        format!("{CLIENT_ID}:{}", &CLIENT_SECRET[..8]),
        format!("{CLIENT_ID}:{CLIENT_SECRET}0"),
        format!("{CLIENT_ID}:"),
        format!("x:{CLIENT_SECRET}"),
        CLIENT_ID.to_owned(),
    ] {
        assert_eq!(status(&pair(&other)), 401, "{other}");
    }
    // Two Authorization headers count as none.
    let both = format!("Bearer {token}");
    let twice = [("authorization", both.as_str()), ("Authorization", &both)];
    assert_eq!(raw(&bench, "GET", "/transactions", &twice, "").0, 401);
}

#[test]
fn a_token_expires_at_its_second() {
    let bench = Bench::new();
    bench.clock.advance(Duration::from_secs(7199));
    assert_eq!(bench.get("/transactions").0, 200);
    bench.clock.advance(Duration::from_secs(1));
    let (status, response) = bench.get("/transactions");
    assert_eq!(
        (status, &response["errors"][0]["errorMessage"]),
        (401, &json!("the access token has expired"))
    );
}

#[test]
fn credentials_are_checked_in_each_form() {
    let bench = Bench::new();
    let form = ("content-type", "application/x-www-form-urlencoded");
    let json_type = ("content-type", "application/json; charset=utf-8");
    let good = format!("client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}");
    let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
    let basic = ("authorization", basic.as_str());
    let object = json!({ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET }).to_string();
    let doubled = object.replacen('{', &format!("{{\"client_id\":\"{CLIENT_ID}\","), 1);
    let multipart = ("content-type", "multipart/form-data; boundary=b");
    for (headers, target, body, status, message) in [
        (&[form][..], "/oauth/auth", good.clone(), 200, ""),
        (&[json_type], "/oauth/auth", object.clone(), 200, ""),
        (&[basic], "/oauth/auth", String::new(), 200, ""),
        (&[form], "/oauth/auth?x=1", good.clone(), 400, "credentials must not be in the query"),
        (&[form], "/oauth/auth?", good.clone(), 400, "credentials must not be in the query"),
        (
            &[basic, form],
            "/oauth/auth",
            good.clone(),
            400,
            "with HTTP Basic, the body must be empty",
        ),
        (
            &[form],
            "/oauth/auth",
            good.replace("01SANDB0X", "01SANDB0Y"),
            401,
            "wrong client_id or client_secret",
        ),
        (
            &[form],
            "/oauth/auth",
            good.replace("-client-", "-Client-"),
            401,
            "wrong client_id or client_secret",
        ),
        (
            &[form],
            "/oauth/auth",
            "client_id=%zz".to_owned(),
            400,
            "client_id: a percent sign must precede two hex digits",
        ),
        (
            &[form],
            "/oauth/auth",
            format!("{good}&scope=x"),
            400,
            "must be one of read, write, read write",
        ),
        (
            &[form],
            "/oauth/auth",
            format!("client_secret={CLIENT_SECRET}"),
            400,
            "required field is missing",
        ),
        (
            &[form],
            "/oauth/auth",
            format!("client_id={CLIENT_ID}"),
            400,
            "required field is missing",
        ),
        (
            &[form],
            "/oauth/auth",
            format!("client_id=&client_secret={CLIENT_SECRET}"),
            400,
            "must have at least 1 characters",
        ),
        (
            &[form],
            "/oauth/auth",
            format!("client_id={CLIENT_ID}&client_secret="),
            400,
            "must have at least 1 characters",
        ),
        (&[json_type], "/oauth/auth", doubled, 400, "client_id is given twice"),
        (&[multipart], "/oauth/auth", good.clone(), 400, "the multipart body is malformed"),
        (
            &[],
            "/oauth/auth",
            good.clone(),
            400,
            "the Content-Type must be that of a form or of JSON",
        ),
        (
            &[("content-type", "APPLICATION/JSON")],
            "/oauth/auth",
            object,
            400,
            "the Content-Type must be that of a form or of JSON",
        ),
    ] {
        let (found, response) = raw(&bench, "POST", target, headers, &body);
        assert_eq!(found, status, "{body}: {response}");
        let text = response["errors"][0]["errorMessage"].as_str().unwrap_or_default();
        assert_eq!(text, message, "{body}");
    }
}

#[test]
fn bodies_are_where_they_belong() {
    let bench = Bench::new();
    let id = bench.create(json!(1));
    let bearer = format!("Bearer {}", bench.token);
    let bearer = ("authorization", bearer.as_str());
    let json_type = ("content-type", "application/json");
    let empty = ("content-length", "0");
    let cancel = format!("/transactions/{id}/cancel");
    let doubled = r#"{"amount":1,"description":"x","amount":1,"payer":{}}"#;
    for (method, target, headers, body, code) in [
        ("GET", "/transactions", &[bearer, json_type][..], "{}", "invalid_request_body"),
        ("GET", "/transactions", &[bearer], "x", "invalid_request_body"),
        ("DELETE", "/tokens/x", &[bearer, json_type], "{}", "invalid_request_body"),
        ("POST", &cancel, &[bearer], "", "invalid_request_body"),
        ("POST", &cancel, &[bearer, ("content-length", "00")], "", "invalid_request_body"),
        (
            "POST",
            &cancel,
            &[bearer, json_type, ("content-length", "2")],
            "{}",
            "invalid_request_body",
        ),
        ("POST", "/transactions", &[bearer, json_type], doubled, "invalid_request_body"),
        ("POST", "/transactions", &[bearer, json_type], "", "invalid_request_body"),
        ("POST", "/transactions", &[bearer, empty], "", "incorrect_content_type"),
        (
            "POST",
            "/transactions",
            &[bearer, ("content-type", "text/json")],
            "{}",
            "incorrect_content_type",
        ),
        (
            "POST",
            "/transactions",
            &[bearer, ("content-type", "application/jsonp")],
            "{}",
            "incorrect_content_type",
        ),
        ("POST", "/transactions", &[bearer, json_type, json_type], "{}", "incorrect_content_type"),
        (
            "POST",
            "/transactions",
            &[bearer, json_type, ("x-client-source", "ą")],
            "1",
            "invalid_request_body",
        ),
    ] {
        let (status, response) = raw(&bench, method, target, headers, body);
        assert_eq!(status, 400, "{method} {target} {body}: {response}");
        assert_eq!(
            response["errors"][0]["errorCode"], code,
            "{method} {target} {body}: {response}"
        );
    }
    for empty in [empty, ("transfer-encoding", "chunked")] {
        let (status, response) = raw(&bench, "POST", &cancel, &[bearer, empty], "");
        let expected = if empty.0 == "content-length" { 200 } else { 409 };
        assert_eq!(status, expected, "{response}");
        let qr = format!("/transactions/{id}/qr");
        assert_eq!(raw(&bench, "POST", &qr, &[bearer, empty], "").0, 200);
    }
    let source = "ą".repeat(255);
    assert_eq!(
        raw(&bench, "GET", "/transactions", &[bearer, ("x-client-source", &source)], "").0,
        200
    );
    let refunds = format!("/transactions/{}/refunds", bench.paid(json!(2)));
    let (status, response) = raw(&bench, "POST", &refunds, &[bearer, empty], "");
    assert_eq!((status, &response["status"]), (200, &json!("refund")));
}

#[test]
fn dates_are_in_polish_time() {
    for (unix, expected, before) in [
        (1_780_000_000, "2026-05-28 22:26:40", "2026-05-28 22:26:39"),
        (1_800_000_000, "2027-01-15 09:00:00", "2027-01-15 08:59:59"),
    ] {
        let clock = SandboxClock::at_unix(unix);
        let server = Server::start(0, Tpay::new(clock.clone())).unwrap();
        let mut bench = Bench { server, clock, token: String::new() };
        bench.renew();
        let id = bench.paid(json!(1));
        let found = bench.get(&format!("/transactions/{id}")).1;
        assert_eq!(found["date"], json!({ "creation": expected, "realization": expected }));
        let total = |query: &str| {
            bench.get(&format!("/transactions?{}", query.replace(' ', "+"))).1["total"].clone()
        };
        assert_eq!(total(&format!("from={expected}&to={expected}")), 1);
        assert_eq!(total(&format!("to={before}")), 0);
        bench.ok(&format!("/transactions/{id}/refunds"), &json!({}));
        let refunds = bench.get("/refunds").1;
        assert_eq!(refunds["transactions"]["list"][0]["date"]["schedule"], expected);
        let outbox = bench.server.state(|tpay| {
            tpay.notify_test("https://shop.example.com/");
            tpay.outbox()
        });
        let sent = &outbox.wait_for(1)[0].body;
        let fields = pairs(&sent.replace("%3A", ":"));
        assert!(fields.contains(&("tr_date".to_owned(), expected.to_owned())), "{sent}");
    }
}

#[test]
fn amounts_and_quantities_are_exact() {
    let bench = Bench::new();
    for (amount, code) in [
        (json!(1e-7), "incorrect_precision"),
        (json!(1e22), "incorrect_precision"),
        (json!(0.001), "incorrect_precision"),
        (json!(u64::MAX), "not_valid"),
        (json!(0.0), "too_low"),
        (json!(-0.01), "too_low"),
        (json!(true), "not_valid"),
    ] {
        let mut body = payment();
        body["amount"] = amount.clone();
        assert_eq!(bench.refused("POST", "/transactions", Some(&body)).1, code, "{amount}");
    }
    let base = "/marketplace/v1/transaction";
    for (quantity, is_valid) in [
        (json!(0.5), true),
        (json!("2"), true),
        (json!(0), false),
        (json!("-1"), false),
        (json!("NaN"), false),
        (json!("inf"), false),
        (json!("1e400"), false),
        (json!(""), false),
    ] {
        let mut body = marketplace();
        put(
            &mut body,
            "/childTransactions/0/products",
            json!([{ "externalId": "p", "quantity": quantity, "unitPrice": 1 }]),
        );
        assert_eq!(bench.post(base, &body).0 == 200, is_valid, "{quantity}");
    }
}

#[test]
fn forms_of_the_official_client_are_accepted() {
    let bench = Bench::new();
    let account = |person: Value| {
        let body = json!({
            "offerCode": "SAND1", "email": "m@example.com", "taxId": "7773061579",
            "legalForm": 3, "categoryId": 62, "person": [person],
        });
        bench.post("/accounts", &body)
    };
    for (person, is_valid) in [
        (json!({ "pepStatement": true }), true),
        (json!({ "pepStatement": 1 }), true),
        (json!({ "pepStatement": -1 }), false),
        (json!({ "pepStatement": 1.5 }), false),
        (json!({ "contact": { "contact": "x", "type": 1 } }), true),
        (json!({ "contact": [] }), true),
        (json!({ "contact": { "type": 1 } }), false),
        (json!({ "contact": [1] }), false),
        (json!({ "dateOfBirth": null, "expiryDate": null }), true),
        (json!({ "surname": null }), false),
    ] {
        let (status, response) = account(person.clone());
        assert_eq!(status, if is_valid { 200 } else { 400 }, "{person}: {response}");
    }
    let created = account(json!({})).1;
    assert_eq!((&created["website"], &created["address"]), (&json!([]), &json!([])));
    let blob = STANDARD.encode([7; 256]);
    for (save, saved) in [(json!(true), 1), (json!(1), 1), (json!(false), 0), (json!(0), 0)] {
        let mut body = payment();
        body["amount"] = json!(1.01);
        body["pay"] = json!({ "groupId": 103, "cardPaymentData": { "card": blob, "save": save } });
        let before = bench.server.state(|tpay| tpay.card_tokens.len());
        assert_eq!(bench.ok("/transactions", &body)["status"], "correct");
        assert_eq!(bench.server.state(|tpay| tpay.card_tokens.len()) - before, saved, "{save}");
    }
    for save in [json!(2), json!("1"), json!(1.0), json!(null)] {
        let mut body = payment();
        body["pay"] = json!({ "groupId": 103, "cardPaymentData": { "card": blob, "save": save } });
        let (_, code, field) = bench.refused("POST", "/transactions", Some(&body));
        assert_eq!(
            (code.as_str(), field.as_str()),
            ("incorrect_save_param", "pay.cardPaymentData.save"),
            "{save}"
        );
    }
}

#[test]
fn recurring_card_is_charged_immediately() {
    let bench = Bench::new();
    let mut body = payment();
    body["amount"] = json!(1.0);
    for (data, result) in [
        (json!({ "token": CARD_TOKEN }), "success"),
        (json!({ "card": STANDARD.encode([7; 256]) }), "actionRequired"),
        (json!({ "preauthorizedToken": CARD_TOKEN }), "actionRequired"),
    ] {
        body["pay"] = json!({ "groupId": 103, "cardPaymentData": data });
        assert_eq!(bench.ok("/transactions", &body)["result"], result, "{data}");
    }
    for blob in [STANDARD.encode([7; 255]), STANDARD.encode([7; 257]), "!".to_owned()] {
        body["pay"] = json!({ "groupId": 103, "cardPaymentData": { "card": blob } });
        assert_eq!(bench.refused("POST", "/transactions", Some(&body)).1, "encryption_error");
    }
}

#[test]
fn aliases_expire_and_wait_for_their_payer() {
    let bench = Bench::new();
    let alias = |token: &str| {
        json!({ "description": "S", "pay": { "blikPaymentData": {
        "blikToken": token, "aliases": { "value": "a", "type": "UID", "label": "S" } } } })
    };
    assert_eq!(bench.ok("/blik/alias", &alias("700000"))["status"], "pending");
    assert_eq!(bench.refused("GET", "/blik/alias/a?aliasType=UID", None).0, 404);
    assert_eq!(bench.ok("/blik/alias", &alias("777000"))["status"], "correct");
    let events = |bench: &Bench| {
        let found = bench.get("/blik/alias/a?aliasType=UID").1;
        let events = found["aliases"][0]["events"].as_array().unwrap().clone();
        events.iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(events(&bench), ["ALIAS_REGISTER"]);
    let mut bench = bench;
    bench.clock.advance(Duration::from_secs(365 * 86_400));
    bench.renew();
    assert_eq!(events(&bench), ["ALIAS_REGISTER", "ALIAS_EXPIRED"]);
    let mut body = payment();
    body["pay"] = json!({ "groupId": 150, "blikPaymentData": { "aliases": { "value": "a", "type": "UID" } } });
    assert_eq!(
        bench.ok("/transactions", &body)["payments"]["errors"][0]["errorCode"],
        "wrong_alias"
    );
}

#[test]
fn channels_have_their_limits() {
    let bench = Bench::new();
    let channels = bench.get("/transactions/channels?imageSize=medium").1;
    for channel in channels["channels"].as_array().unwrap() {
        let kinds: Vec<_> =
            channel["constraints"].as_array().unwrap().iter().map(|c| c["type"].clone()).collect();
        let expected = if channel["id"] == "83" { &["min", "max"][..] } else { &["min"] };
        assert_eq!(kinds, expected, "{channel}");
    }
    let groups =
        |query: &str| bench.get(&format!("/transactions/bank-groups{query}")).1["groups"].clone();
    assert_eq!(
        groups("").as_object().unwrap().len(),
        groups("?onlyOnline=1").as_object().unwrap().len() + 1
    );
    assert_eq!(groups("?onlyOnline=0"), groups(""));
    assert_eq!(
        bench.refused("GET", "/transactions/bank-groups?onlyOnline=yes", None).2,
        "onlyOnline"
    );
    // The marketplace lists the same groups.
    let listed = bench.get("/marketplace/v1/bank-groups").1["groups"].clone();
    let all: Vec<Value> = groups("").as_object().unwrap().values().cloned().collect();
    assert_eq!((listed.as_array(), all.len()), (Some(&all), 8));
    let mut body = payment();
    body["pay"] = json!({ "channelId": 83 });
    for (amount, is_taken) in [(39.99, false), (40.0, true), (5000.0, true), (5000.01, false)] {
        body["amount"] = json!(amount);
        assert_eq!(bench.post("/transactions", &body).0 == 200, is_taken, "{amount}");
    }
}

#[test]
fn marketplace_payments_are_paid_and_refunded_once() {
    let bench = Bench::new();
    let base = "/marketplace/v1/transaction";
    let create = || bench.ok(base, &marketplace())["transactionId"].as_str().unwrap().to_owned();
    let id = create();
    let pay = json!({ "blikPaymentData": { "blikToken": "777123" } });
    let paid = bench.ok(&format!("{base}/{id}/pay"), &pay);
    assert_eq!(
        (&paid["payments"]["status"], &paid["transactionPaymentUrl"]),
        (&json!("correct"), &Value::Null)
    );
    assert_eq!(bench.refused("POST", &format!("{base}/{id}/pay"), Some(&pay)).0, 409);
    let waits = bench.ok(
        &format!("{base}/{}/pay", create()),
        &json!({ "blikPaymentData": { "blikToken": "700000" } }),
    );
    assert_eq!(
        (&waits["payments"]["status"], &waits["payments"]["amountPaid"]),
        (&json!("pending"), &json!(0))
    );
    let read = |id: &str| bench.get(&format!("{base}/{id}")).1;
    assert_eq!(read(&id)["payments"], json!({}));
    let child = read(&id)["childTransactions"][0]["id"].clone();
    let refund = |part: Value| {
        bench.post(&format!("{base}/{id}/refund"), &json!({ "childTransactions": part }))
    };
    let merchant = MARKETPLACE_MERCHANTS[0];
    let both = refund(json!([{ "id": child, "merchantId": merchant, "amount": 1 }]));
    assert_eq!(
        both.1["reasons"][0],
        "childTransactions: exactly one of id and merchantId is required"
    );
    let (status, response) = refund(json!([{ "id": "x", "amount": 1 }]));
    assert_eq!(
        (status, &response["violations"]["childTransactions.0.id"]),
        (400, &json!("must be a ULID"))
    );
    // A payment that is refunded at once has the status `refund`. If it is refunded in parts, its
    // status does not change.
    assert_eq!(refund(json!([])).1["amount"], 1234);
    assert_eq!(read(&id)["status"], "refund");
    let other = create();
    assert!(bench.server.state(|tpay| tpay.pay(&other)));
    let part = json!({ "childTransactions": [{ "merchantId": merchant, "amount": 1000 }] });
    bench.ok(&format!("{base}/{other}/refund"), &part);
    assert_eq!(read(&other)["status"], "correct");
    bench.ok(&format!("{base}/{other}/refund"), &json!({ "childTransactions": [] }));
    assert_eq!(read(&other)["status"], "correct");
}

#[test]
fn plans_have_their_charges() {
    let bench = Bench::new();
    let mut body = plan(PLAN);
    body["paymentInstrument"] = json!({ "paymentType": "test", "value": "refused" });
    bench.ok("/recurring", &body);
    let charges = |id: &str| bench.get(&format!("/recurring/{id}/transactions")).1["list"].clone();
    assert_eq!(charges(PLAN)[0]["status"], "failed");
    assert_eq!(bench.send("POST", &format!("/recurring/{PLAN}/retry"), None).1["status"], "active");
    assert_eq!(charges(PLAN)[0]["status"], "correct");
    let other = "01K1Z6T40ZWKY1XZG9VD5AZ9Q5";
    body["id"] = json!(other);
    body["paymentInstrument"] = json!({ "paymentType": "test", "value": "good" });
    bench.ok("/recurring", &body);
    assert_eq!(charges(other), json!([]));
    assert_eq!(
        bench.send("POST", &format!("/recurring/{other}/cancel"), None).1["status"],
        "canceled"
    );
    assert!(!bench.server.state(|tpay| tpay.charge_plan(other, true)));
    let update = json!({ "paymentInstrument": { "paymentType": "test", "value": "x" } });
    let at = format!("/recurring/{other}/payment_instrument");
    assert_eq!(bench.refused("POST", &at, Some(&update)).0, 409);
    assert_eq!(bench.get("/recurring?limit=1").1["total"], 2);
}

#[test]
fn a_response_that_is_no_error_has_no_reason() {
    let bench = Bench::new();
    bench.get("/transactions");
    bench.get("/x509/tpay-jws-root.pem");
    bench.get("/refunds/rf_1");
    bench.get("/marketplace/v1/transaction/x");
    let reasons: Vec<_> =
        bench.server.take_seen().into_iter().skip(1).map(|seen| seen.reason).collect();
    let expected = [
        None,
        None,
        Some("not_found: no such refund".to_owned()),
        Some(r#"{"reasons":["id: no such transaction"]}"#.to_owned()),
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn the_money_of_refunds_leaves() {
    let bench = Bench::new();
    let mut body = payment();
    body["amount"] = json!(2.01);
    body["pay"] =
        json!({ "groupId": 103, "cardPaymentData": { "card": STANDARD.encode([7; 256]) } });
    let card = bench.ok("/transactions", &body)["transactionId"].as_str().unwrap().to_owned();
    let transfer = bench.paid(json!(2));
    for id in [&card, &transfer] {
        bench.ok(&format!("/transactions/{id}/refunds"), &json!({ "amount": 1 }));
    }
    let token = json!({ "amount": 1, "currencyCode": 985, "tokenValue": CARD_TOKEN });
    bench.ok("/refunds", &token);
    let equal = bench.post(&format!("/transactions/{transfer}/refunds"), &json!({ "amount": 1 })).1;
    assert_eq!(equal["errors"][0]["errorMessage"], "an equal refund was created a moment ago");
    bench.server.state(Tpay::finish_refunds);
    let found = bench.get(&format!("/transactions/{card}/refunds")).1;
    assert_eq!(
        (&found["refundsCardsList"][0]["status"], &found["refundsList"]),
        (&json!("authorized"), &json!([]))
    );
    let found = bench.get(&format!("/transactions/{transfer}/refunds")).1;
    assert_eq!(
        (&found["refundsList"][0]["status"], &found["refundsCardsList"]),
        (&json!("done"), &json!([]))
    );
    let found = bench.get("/refunds?context=card").1;
    assert_eq!(found["transactions"]["list"][0]["status"], "authorized");
    let unknown = format!("/transactions/{PLAN}/refunds");
    assert_eq!(bench.refused("POST", &unknown, Some(&json!({ "typo": 1 }))).0, 404);
}

#[test]
fn states_are_shown_as_they_are() {
    let bench = Bench::new();
    let id = bench.create(json!(1));
    let read = || bench.get(&format!("/transactions/{id}")).1;
    let none = json!({ "type": null, "status": null, "amount": null, "amountCollected": null });
    assert_eq!((&read()["payments"]["status"], &read()["lock"]), (&json!("pending"), &none));
    bench.server.state(|tpay| tpay.transactions[0].locked = true);
    assert_eq!(
        (&read()["lock"]["type"], &read()["lock"]["status"]),
        (&json!("Transaction"), &json!("Active"))
    );
    assert!(bench.server.state(|tpay| tpay.pay(&id)));
    assert_eq!(read()["payments"]["status"], "correct");
    assert!(bench.server.state(|tpay| tpay.chargeback(&id)));
    let refunds = format!("/transactions/{id}/refunds");
    bench.server.state(|tpay| tpay.transactions[0].locked = false);
    assert_eq!(bench.refused("POST", &refunds, Some(&json!({}))).1, "already_refunded");
    assert_eq!(bench.refused("GET", "/reports/rep_9/files/file_1", None).0, 404);
    let cards = || bench.server.state(|tpay| tpay.card_tokens.len());
    let body = json!({ "callbackUrl": "https://example.com/cb" });
    bench.ok("/tokens", &body);
    assert_eq!(cards(), 1);
    let body =
        json!({ "callbackUrl": "https://example.com/cb", "card": STANDARD.encode([7; 256]) });
    bench.ok("/tokens", &body);
    assert_eq!(cards(), 2);
}

#[test]
fn certificates_are_those_of_the_signatures() {
    let bench = Bench::new();
    let text = |target: &str| {
        let (status, _, body) = bench.raw(&format!("GET {target} HTTP/1.1\r\n\r\n"));
        assert_eq!(status, 200);
        String::from_utf8(body).unwrap()
    };
    bench.server.state(|tpay| {
        assert!(tpay.signing_pem().starts_with("-----BEGIN CERTIFICATE-----\n"));
        assert!(tpay.anchors_pem().starts_with("-----BEGIN CERTIFICATE-----\n"));
    });
    let (signing, anchors) =
        bench.server.state(|tpay| (tpay.signing_pem().to_owned(), tpay.anchors_pem().to_owned()));
    assert_eq!(text("/x509/notifications-jws.pem"), signing);
    assert_eq!(text("/x509/tpay-jws-root.pem"), anchors);
}

#[test]
fn token_info_needs_a_token() {
    let bench = Bench::new();
    let pair = STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"));
    let head = format!("GET /oauth/tokeninfo HTTP/1.1\r\nAuthorization: Basic {pair}\r\n\r\n");
    let (status, response) = bench.json(&head);
    assert_eq!((status, &response["errors"][0]["errorCode"]), (401, &json!("unauthorized")));
    assert_eq!(bench.get("/oauth/tokeninfo").0, 200);
}

#[test]
fn file_belongs_to_a_person_of_the_account() {
    let bench = Bench::new();
    let account = json!({
        "offerCode": "SAND1", "email": "m@example.com", "taxId": "7773061579", "legalForm": 3,
        "categoryId": 62, "person": [{ "name": "Jan" }, { "name": "Anna" }],
    });
    let account = bench.ok("/accounts", &account);
    let mut body = json!({ "file": "JVBERg==", "accountId": account["id"], "documentType": 1 });
    bench.ok("/accounts/files", &body);
    body["personId"] = json!("pe_none");
    let refused = bench.refused("POST", "/accounts/files", Some(&body));
    assert_eq!((refused.0, refused.2.as_str()), (400, "personId"));
    for person in account["person"].as_array().unwrap() {
        body["personId"] = person["personId"].clone();
        bench.ok("/accounts/files", &body);
    }
    for (kind, is_known) in [(0, false), (1, true), (2, true), (3, false)] {
        body["documentType"] = json!(kind);
        let (status, response) = bench.post("/accounts/files", &body);
        assert_eq!(status, if is_known { 200 } else { 400 }, "{kind}: {response}");
    }
}

#[test]
fn marketplace_payment_is_declined_by_its_id_or_title() {
    let bench = Bench::new();
    bench.ok("/marketplace/v1/transaction", &marketplace());
    bench.server.state(|tpay| {
        let (id, title) = (tpay.marketplace[0].id.clone(), tpay.marketplace[0].title.clone());
        assert!(!tpay.decline("none", "101"));
        assert!(tpay.decline(&id, "101") && tpay.decline(&title, "101"));
        assert!(tpay.pay(&title) && !tpay.decline(&id, "101"));
    });
}

/// Returns the required fields of a new account.
fn account() -> Value {
    json!({
        "offerCode": "SAND1", "email": "m@example.com", "taxId": "7773061579", "legalForm": 3,
        "categoryId": 62,
    })
}

#[test]
fn every_part_of_every_account_has_its_own_id() {
    for (list, item, id) in [
        ("website", json!({ "url": "https://example.com" }), "posId"),
        ("address", json!({ "street": "Jelenia" }), "addressId"),
        ("person", json!({ "name": "Jan" }), "personId"),
    ] {
        let bench = Bench::new();
        let mut body = account();
        body[list] = json!([item, item]);
        let mut ids = HashSet::new();
        for _ in 0..2 {
            let made = bench.ok("/accounts", &body);
            ids.insert(made["id"].clone());
            ids.extend(made[list].as_array().unwrap().iter().map(|item| item[id].clone()));
        }
        assert!(ids.len() == 6 && ids.iter().all(Value::is_string), "{list}: {ids:?}");
    }
}

#[test]
fn number_of_a_bank_account_has_26_digits() {
    let bench = Bench::new();
    for (number, is_valid) in [
        ("63105015201000009091194713", true),
        ("6310501520100000909119471", false),
        ("631050152010000090911947134", false),
        ("6310501520100000909119471x", false),
    ] {
        let mut body = account();
        body["bankAccount"] = json!({
            "accountNo": number, "bankName": "Bank", "ownerName": "Jan", "ownerAddress": "Warszawa",
        });
        let (status, response) = bench.post("/accounts", &body);
        assert_eq!(status, if is_valid { 200 } else { 400 }, "{number}: {response}");
    }
}

#[test]
fn payments_belong_to_the_account_of_the_shop() {
    let bench = Bench::new();
    let id = bench.paid(json!(12.34));
    bench.ok(&format!("/transactions/{id}/refunds"), &json!({ "amount": 2.3 }));
    bench.paid(json!(1));
    let other = bench.ok("/accounts", &account())["id"].as_str().unwrap().to_owned();
    for (account, balance) in [(ACCOUNT_ID, json!(11.04)), (&*other, json!(0))] {
        let response = bench.get(&format!("/accounts/{account}/balance")).1;
        assert_eq!((&response["balance"], &response["currency"]), (&balance, &json!("PLN")));
    }
}

#[test]
fn only_an_empty_list_is_an_empty_body() {
    let bench = Bench::new();
    let refunds = format!("/transactions/{}/refunds", bench.paid(json!(3)));
    for body in [json!([1]), json!([{}]), json!([{ "amount": 1 }])] {
        let refused = bench.refused("POST", &refunds, Some(&body));
        assert_eq!(refused.0, 400, "{body}");
    }
    assert_eq!(bench.get(&refunds).1["total"], 0);
    assert_eq!(bench.ok(&refunds, &json!([]))["status"], "refund");
}

#[test]
fn strings_must_have_their_format() {
    let bench = Bench::new();
    let with = |pointer: &str, value: Value| {
        let mut body = payment();
        put(&mut body, pointer, value);
        body
    };
    let alias = json!({ "value": "p", "type": "PAYID", "label": "S", "autopayment": {
        "model": "A", "frequency": "12M" } });
    let token = json!({
        "tokenValue": "411111111111", "cardExpiryDate": "3012", "initialTransactionId": "1",
        "cardBrand": "visa",
    });
    let blik =
        json!({ "groupId": 150, "blikPaymentData": { "blikToken": "777123", "aliases": alias } });
    let notified = json!({ "notification": { "url": "https://example.com" } });
    for (target, body, pointer, values) in [
        (
            "/transactions",
            with("/callbacks", notified),
            "/callbacks/notification/url",
            &["https://", "http://", "http:///", "https:///path", "https://example.com/a b"][..],
        ),
        (
            "/transactions",
            with("/pay", blik.clone()),
            "/pay/blikPaymentData/aliases/autopayment/frequency",
            &["", "M", "12", "xM", "1xM", "1.5M", "-1M", "12m"],
        ),
        (
            "/transactions",
            with("/pay", blik),
            "/pay/blikPaymentData/blikToken",
            &["", "77712", "7771234", "77712x"],
        ),
        (
            "/transactions",
            with("/payee", json!({ "name": "Shop", "url": "example.com", "mcc": "5942" })),
            "/payee/mcc",
            &["", "594", "59421", "abcd", "594x"],
        ),
        (
            "/transactions",
            with("/pay", json!({ "groupId": 103, "tokenPaymentData": token })),
            "/pay/tokenPaymentData/cardExpiryDate",
            &["", "3000", "3013", "301", "30112", "ab12", "30ab"],
        ),
        (
            "/recurring",
            plan(PLAN),
            "/id",
            &[
                "",
                "01K1Z6T40ZWKY1XZG9VD5AZ9Q",
                "01K1Z6T40ZWKY1XZG9VD5AZ9Q44",
                "01k1z6t40zwky1xzg9vd5az9q4",
                "01K1Z6T40ZWKY1XZG9VD5AZ9Q-",
                // A ULID does not contain these letters.
                "01K1Z6T40ZWKY1XZG9VD5AZ9QI",
                "01K1Z6T40ZWKY1XZG9VD5AZ9QL",
                "01K1Z6T40ZWKY1XZG9VD5AZ9QO",
                "01K1Z6T40ZWKY1XZG9VD5AZ9QU",
            ],
        ),
    ] {
        bench.ok(target, &body);
        for value in values {
            let mut body = body.clone();
            put(&mut body, pointer, *value);
            let (status, code, field) = bench.refused("POST", target, Some(&body));
            let expected = pointer[1..].replace('/', ".");
            assert_eq!((status, code.as_str(), field), (400, "not_valid", expected), "{value:?}");
        }
    }
}

#[test]
fn missing_object_has_its_own_error_code() {
    let bench = Bench::new();
    for (name, code) in [("payer", "field_required"), ("description", "is_required")] {
        let mut body = payment();
        body.as_object_mut().unwrap().remove(name);
        let refused = bench.refused("POST", "/transactions", Some(&body));
        assert_eq!(refused, (400, code.to_owned(), name.to_owned()));
    }
}

#[test]
fn marketplace_error_that_is_not_about_a_field_is_a_reason() {
    let bench = Bench::new();
    let (status, response) = bench.post("/marketplace/v1/transaction", &json!(1));
    assert_eq!((status, response), (400, json!({ "reasons": ["must be a JSON object"] })));
    for name in ["merchantId[x]", "merchantId[-1]", "merchantId[0", "merchantId"] {
        let query = format!("{name}={}", MARKETPLACE_MERCHANTS[0]);
        let (status, response) = bench.get(&format!("/marketplace/v1/bank-groups?{query}"));
        let expected = json!({ "violations": { name: "the endpoint has no such parameter" } });
        assert_eq!((status, response), (400, expected));
    }
}

#[test]
fn alias_is_renewed_by_its_value_and_type() {
    let bench = Bench::new();
    bench.server.state(|tpay| {
        tpay.add_alias("a", "UID", "old");
        tpay.add_alias("a", "PAYID", "other type");
        tpay.add_alias("b", "UID", "other value");
        tpay.add_alias("a", "UID", "new");
    });
    for (target, label) in [
        ("/blik/alias/a?aliasType=UID", "new"),
        ("/blik/alias/a?aliasType=PAYID", "other type"),
        ("/blik/alias/b?aliasType=UID", "other value"),
    ] {
        let (status, response) = bench.get(target);
        let found = response["aliases"].as_array().map(Vec::as_slice).unwrap_or_default();
        let labels: Vec<_> = found.iter().map(|alias| alias["label"].clone()).collect();
        assert_eq!((status, labels), (200, vec![json!(label)]), "{target}");
    }
}

#[test]
fn parts_of_a_marketplace_payment_are_refunded_up_to_their_amounts() {
    let bench = Bench::new();
    let base = "/marketplace/v1/transaction";
    let paid = || {
        let id = bench.ok(base, &marketplace())["transactionId"].as_str().unwrap().to_owned();
        assert!(bench.server.state(|tpay| tpay.pay(&id)));
        id
    };
    let refund = |id: &str, parts: &[u64]| {
        let part =
            |amount: &u64| json!({ "merchantId": MARKETPLACE_MERCHANTS[0], "amount": amount });
        let parts: Vec<Value> = parts.iter().map(part).collect();
        bench.post(&format!("{base}/{id}/refund"), &json!({ "childTransactions": parts }))
    };
    let refunds = |id: &str| {
        let found = bench.get(&format!("{base}/{id}")).1["childTransactions"].clone();
        [0, 1].map(|child: usize| {
            let refunds = found[child]["refunds"].as_array().unwrap();
            refunds.iter().map(|refund| refund["amount"].as_u64().unwrap()).collect::<Vec<_>>()
        })
    };
    let why = json!(["childTransactions: amount exceeds what is left to refund"]);
    let id = paid();
    assert_eq!(refund(&id, &[600]).1["amount"], 600);
    for parts in [&[401][..], &[200, 201]] {
        let (status, response) = refund(&id, parts);
        assert_eq!((status, &response["reasons"]), (400, &why), "{parts:?}");
    }
    assert_eq!(refunds(&id), [vec![600], vec![]]);
    assert_eq!(refund(&id, &[200, 200]).1["amount"], 400);
    // A part that is already refunded gets no further refund.
    assert_eq!(refund(&id, &[]).1["amount"], 234);
    assert_eq!(refunds(&id), [vec![600, 200, 200], vec![234]]);
}

#[test]
fn refund_is_listed_with_the_method_of_its_payment() {
    let bench = Bench::new();
    for (pay, is_card) in [
        (json!({ "groupId": 103 }), true),
        (json!({ "channelId": 53 }), true),
        (json!({ "groupId": 150 }), false),
        (json!({ "channelId": 64 }), false),
        (json!({}), false),
    ] {
        let mut body = payment();
        body["pay"] = pay.clone();
        let created = bench.ok("/transactions", &body);
        // Without payment data, the payer selects the method on the payment page.
        let method = if pay == json!({}) { Value::Null } else { json!("pay_by_link") };
        assert_eq!(
            (&created["status"], &created["payments"]["method"]),
            (&json!("pending"), &method)
        );
        let id = created["transactionId"].as_str().unwrap();
        assert!(bench.server.state(|tpay| tpay.pay(id)));
        let refunded = bench.ok(&format!("/transactions/{id}/refunds"), &json!({}));
        let count = |list: &str| refunded[list].as_array().unwrap().len();
        let expected = if is_card { (1, 0) } else { (0, 1) };
        assert_eq!((count("refundsCardsList"), count("refundsList")), expected, "{pay}");
    }
}

#[test]
fn refunds_are_found_by_the_payer_and_the_title() {
    let bench = Bench::new();
    let id = bench.paid(json!(1));
    let title = bench.ok(&format!("/transactions/{id}/refunds"), &json!({}))["title"].clone();
    let title = title.as_str().unwrap();
    for (query, total) in [
        ("payerEmail=jan%40example.com".to_owned(), 1),
        ("payerEmail=anna%40example.com".to_owned(), 0),
        ("payerEmail=".to_owned(), 0),
        (format!("transactionTitle={title}"), 1),
        (format!("transactionTitle={title}0"), 0),
    ] {
        assert_eq!(bench.get(&format!("/refunds?{query}")).1["total"], total, "{query}");
    }
}

#[test]
fn plan_is_finished_by_the_last_of_its_charges() {
    let bench = Bench::new();
    let status = |id: &str| bench.get(&format!("/recurring/{id}")).1["status"].clone();
    let charge = |id: &str, paid| assert!(bench.server.state(|tpay| tpay.charge_plan(id, paid)));
    bench.ok("/recurring", &plan(PLAN));
    charge(PLAN, true);
    assert_eq!(status(PLAN), "active", "one of two charges is paid");
    let retry = format!("/recurring/{PLAN}/retry");
    let (code, response) = bench.send("POST", &retry, None);
    let why = &response["errors"][0]["errorMessage"];
    assert_eq!((code, why), (409, &json!("the last charge has not failed")));
    let charges = bench.get(&format!("/recurring/{PLAN}/transactions")).1["list"].clone();
    assert_eq!(charges[0]["attempts"], 1);
    charge(PLAN, false);
    assert_eq!(status(PLAN), "active", "the last charge failed");
    charge(PLAN, true);
    assert_eq!(status(PLAN), "finished");
    let endless = "01K1Z6T40ZWKY1XZG9VD5AZ9Q5";
    let mut body = plan(endless);
    body["schedule"].as_object_mut().unwrap().remove("chargeCount");
    bench.ok("/recurring", &body);
    for _ in 0..3 {
        charge(endless, true);
        assert_eq!(status(endless), "active");
    }
}

#[test]
fn apple_pay_session_contains_whitespace() {
    let bench = Bench::new();
    let body =
        json!({ "domainName": "shop.example.com", "validationUrl": "https://apple.example/" });
    let response = bench.ok("/wallet/applepay/init", &body);
    let session = response["session"].as_str().unwrap();
    let parts: Vec<&str> = session.split("\n ").collect();
    assert!(parts.len() == 2 && parts.iter().all(|part| !part.is_empty()), "{session:?}");
    let decoded: Value = serde_json::from_slice(&STANDARD.decode(parts.concat()).unwrap()).unwrap();
    assert_eq!(decoded["domainName"], "shop.example.com");
}
