//! Tests of all fields of all request bodies. At every depth, missing required fields, values of a
//! wrong type, invalid strings and unknown fields are rejected, and the error names the field.

use std::collections::BTreeSet;

use api_sandbox::{Raw, Service};

use super::*;

/// A complete body for an endpoint, with the properties of its fields.
struct Case {
    method: &'static str,
    /// The path, in which `{}` is replaced with the result of `prepare`.
    path: &'static str,
    prepare: fn(&mut Tpay) -> String,
    body: Value,
    /// The required fields: without one of them, the error names it. All others are optional.
    required: &'static [&'static str],
    /// The fields without which the error names another field.
    linked: &'static [(&'static str, &'static str)],
    /// The fields that may contain any string.
    free: &'static [&'static str],
    /// The maximum number of characters of fields.
    longest: &'static [(&'static str, usize)],
}

fn nothing(_: &mut Tpay) -> String {
    String::new()
}

fn send(tpay: &mut Tpay, token: &str, case: &Case, body: &Value) -> (u16, Value) {
    let prepared = (case.prepare)(tpay);
    let body = body.to_string().into_bytes();
    let headers = [
        ("Host", "127.0.0.1".to_owned()),
        ("Authorization", format!("Bearer {token}")),
        ("Content-Type", "application/json".to_owned()),
        ("Content-Length", body.len().to_string()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.into_bytes())).into();
    let target = case.path.replace("{}", &prepared);
    let (response, _) =
        tpay.respond(&Raw { method: case.method.to_owned(), target, headers, body });
    (response.status, serde_json::from_slice(&response.body).unwrap_or_default())
}

/// Adds a pending payment, and returns its id.
fn waiting(tpay: &mut Tpay) -> String {
    let mut template = tpay.transactions[0].clone();
    template.id = format!("01K1Z6T40ZWKY1XZG9V{:07}", tpay.transactions.len());
    template.status = "pending";
    tpay.transactions.push(template.clone());
    template.id
}

fn paid(tpay: &mut Tpay) -> String {
    let id = waiting(tpay);
    assert!(tpay.pay(&id));
    id
}

fn market_waiting(tpay: &mut Tpay) -> String {
    let mut template = tpay.marketplace[0].clone();
    template.id = format!("01K1Z6T40ZWKY1XZG9V{:07}", tpay.marketplace.len());
    template.title = template.id.clone();
    tpay.marketplace.push(template.clone());
    template.id
}

fn market_paid(tpay: &mut Tpay) -> String {
    let id = market_waiting(tpay);
    assert!(tpay.pay(&id));
    id
}

fn no_plans(tpay: &mut Tpay) -> String {
    tpay.plans.clear();
    String::new()
}

fn alias(tpay: &mut Tpay) -> String {
    tpay.add_alias("a", "UID", "A");
    "a".to_owned()
}

/// Returns the paths of all fields, outer ones first.
fn members(value: &Value, at: &str, out: &mut Vec<String>) {
    let path = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                out.push(path(name));
                members(value, &path(name), out);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                members(item, &path(&index.to_string()), out);
            }
        }
        _ => {}
    }
}

fn pointer(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}

fn without(body: &Value, path: &str) -> Value {
    let mut body = body.clone();
    let pointer = pointer(path);
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    body
}

fn with(body: &Value, path: &str, value: Value) -> Value {
    let mut body = body.clone();
    put(&mut body, &pointer(path), value);
    body
}

/// Returns the names of the fields in an error response.
fn fields(response: &Value) -> BTreeSet<String> {
    if let Some(violations) = response["violations"].as_object() {
        return violations.keys().cloned().collect();
    }
    if let Some(reasons) = response["reasons"].as_array() {
        let field =
            |reason: &Value| reason.as_str().unwrap().split_once(": ").unwrap().0.to_owned();
        return reasons.iter().map(field).collect();
    }
    let errors = response["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors
        .iter()
        .map(|error| {
            let (field, text) =
                (error["fieldName"].as_str().unwrap(), error["errorMessage"].as_str().unwrap());
            let names_field = !field.is_empty() && text.starts_with(&format!("{field}: "));
            assert!(text.len() > 3 && !names_field, "{field}: {text}");
            field.to_owned()
        })
        .collect()
}

fn check(case: &Case) {
    let bench = Bench::new();
    bench.create(json!(10));
    bench.ok("/marketplace/v1/transaction", &marketplace());
    bench.ok("/recurring", &plan(PLAN));
    let token = bench.token.clone();
    bench.server.state(|tpay| {
        let name = format!("{} {}", case.method, case.path);
        let accepted = |(status, response): (u16, Value), what: &str| {
            assert!((200..300).contains(&status), "{name}: {what}: {status} {response}");
        };
        let rejected = |(status, response): (u16, Value), field: &str, what: &str| {
            assert_eq!(status, 400, "{name}: {what}: {response}");
            assert!(fields(&response).contains(field), "{name}: {what}: {response}");
        };
        accepted(send(tpay, &token, case, &case.body), "complete");
        let mut paths = Vec::new();
        members(&case.body, "", &mut paths);
        let known = case.required.iter().chain(case.free);
        let known = known.chain(case.linked.iter().map(|(path, _)| path));
        for path in known.chain(case.longest.iter().map(|(path, _)| path)) {
            assert!(paths.iter().any(|known| known == path), "{name} has no {path}");
        }
        for path in &paths {
            let response = send(tpay, &token, case, &without(&case.body, path));
            let what = format!("without {path}");
            if !(200..300).contains(&response.0) {
                let text = response.1.to_string();
                let is_asked_for =
                    ["required", "registered", "needs"].iter().any(|word| text.contains(word));
                assert!(is_asked_for, "{name}: {what}: {text}");
            }
            let linked = case.linked.iter().find(|(known, _)| known == path);
            match linked {
                Some((_, field)) => rejected(response, field, &what),
                None if case.required.contains(&path.as_str()) => rejected(response, path, &what),
                None => accepted(response, &what),
            }
            let value = case.body.pointer(&pointer(path)).unwrap();
            let wrong = if value.is_string() { json!(["x"]) } else { json!("x") };
            let response = send(tpay, &token, case, &with(&case.body, path, wrong));
            rejected(response, path, &format!("wrong type of {path}"));
            if value.is_string() {
                let response = send(tpay, &token, case, &with(&case.body, path, json!("?\u{7f}")));
                let what = format!("wrong string in {path}");
                match case.free.contains(&path.as_str()) {
                    true => accepted(response, &what),
                    false => rejected(response, path, &what),
                }
            }
            if value.is_object() {
                let typo = format!("{path}.typo");
                let response = send(tpay, &token, case, &with(&case.body, &typo, json!(1)));
                rejected(response, &typo, &format!("unknown {typo}"));
            }
            if value.as_array().is_some_and(|items| items.iter().any(Value::is_object)) {
                let typo = format!("{path}.0.typo");
                let response = send(tpay, &token, case, &with(&case.body, &typo, json!(1)));
                rejected(response, &typo, &format!("unknown {typo}"));
            }
        }
        let response = send(tpay, &token, case, &with(&case.body, "typo", json!(1)));
        rejected(response, "typo", "unknown member");
        for (path, most) in case.longest {
            let text = "ą".repeat(*most);
            accepted(send(tpay, &token, case, &with(&case.body, path, json!(text))), path);
            let response = send(tpay, &token, case, &with(&case.body, path, json!(text + "ą")));
            rejected(response, path, &format!("{most} characters and one in {path}"));
        }
    });
}

/// A BLIK payment with all fields of the other objects.
fn complete_payment() -> Case {
    let alias = json!({
        "value": "payid", "type": "PAYID", "label": "Shop", "key": "k", "noDelay": true,
        "recommendedAuthLevel": "NOCONFREQ", "autopayment": {
            "model": "O", "frequency": "12M", "singleLimitAmount": 1.5, "totalLimitAmount": 10,
            "currency": "PLN", "initDate": "2026-12-01T10:00:00Z",
            "expirationDate": "2027-12-01T10:00:00.000+01:00",
        },
    });
    Case {
        method: "POST",
        path: "/transactions",
        prepare: nothing,
        body: json!({
            "amount": 12.34, "currency": "PLN", "description": "Test", "hiddenDescription": "crc",
            "lang": "uk",
            "payer": {
                "email": "jan@example.com", "name": "Jan Nowak", "phone": "123456789",
                "address": "Jelenia 1", "code": "61-808", "city": "Warszawa", "country": "PL",
                "taxId": "7773061579", "ip": "127.0.0.1", "userAgent": "Mozilla",
            },
            "pay": {
                "groupId": 150, "method": "sale", "cof": "unscheduled",
                "blikPaymentData": {
                    "blikToken": "777123", "type": 0, "refuseNoPayId": false, "aliases": alias,
                },
            },
            "callbacks": {
                "payerUrls": { "success": "https://example.com/", "error": "http://example.com" },
                "notification": { "url": "https://example.com/n", "email": "shop@example.com" },
            },
            "collect": { "account": "PL63105015201000009091194713", "receiver": "Jan Nowak" },
            "payee": { "name": "Shop", "url": "example.com", "mcc": "5942", "address": {
                "street": "Jelenia", "houseNumber": "1", "flatNumber": "2",
                "postalCode": "61-808", "city": "Warszawa", "country": "PL",
            } },
        }),
        required: &[
            "amount",
            "description",
            "payer",
            "payer.email",
            "payer.name",
            "pay.blikPaymentData.aliases.value",
            "pay.blikPaymentData.aliases.type",
            "pay.blikPaymentData.aliases.label",
            "pay.blikPaymentData.aliases.autopayment",
            "pay.blikPaymentData.aliases.autopayment.model",
            "pay.blikPaymentData.aliases.recommendedAuthLevel",
            "collect.account",
            "collect.receiver",
            "payee.name",
            "payee.url",
            "payee.mcc",
            "payee.address.street",
            "payee.address.houseNumber",
            "payee.address.postalCode",
            "payee.address.city",
            "payee.address.country",
        ],
        linked: &[],
        free: &[
            "description",
            "hiddenDescription",
            "pay.blikPaymentData.aliases.value",
            "pay.blikPaymentData.aliases.label",
            "pay.blikPaymentData.aliases.key",
            "payer.userAgent",
            "payee.name",
            "payee.url",
            "payee.address.street",
            "payee.address.houseNumber",
            "payee.address.flatNumber",
            "payee.address.postalCode",
            "payee.address.city",
        ],
        longest: &[
            ("description", 128),
            ("hiddenDescription", 255),
            ("payer.name", 255),
            ("payer.address", 255),
            ("payer.code", 10),
            ("payer.city", 64),
            ("payer.taxId", 255),
            ("payer.ip", 45),
            ("payer.userAgent", 255),
            ("collect.receiver", 70),
            ("payee.name", 255),
            ("payee.url", 255),
        ],
    }
}

fn pay(body: Value, required: &'static [&'static str], free: &'static [&'static str]) -> Case {
    Case {
        method: "POST",
        path: "/transactions/{}/pay",
        prepare: waiting,
        body,
        required,
        linked: &[],
        free,
        longest: &[],
    }
}

#[test]
fn payments_are_validated_at_every_depth() {
    check(&complete_payment());
}

#[test]
fn payment_data_are_validated_at_every_depth() {
    let card = STANDARD.encode([7; 256]);
    let wallet = STANDARD.encode("{}");
    let mut data = pay(
        json!({ "groupId": 103, "cardPaymentData": { "card": card, "save": 1, "rocText": "abc" } }),
        &[],
        &[],
    );
    data.linked = &[("groupId", "groupId")];
    check(&data);
    let mut data = pay(
        json!({ "channelId": 53, "cof": "recurring", "cardPaymentData": {
            "token": CARD_TOKEN, "save": 0 } }),
        &[],
        &[],
    );
    data.linked = &[("channelId", "groupId")];
    check(&data);
    let token = json!({
        "tokenValue": "411111111111", "cardExpiryDate": "3012", "initialTransactionId": "1",
        "cardBrand": "visa", "rocText": "abc123",
    });
    let mut data = pay(
        json!({ "groupId": 103, "tokenPaymentData": token }),
        &[
            "groupId",
            "tokenPaymentData.tokenValue",
            "tokenPaymentData.cardExpiryDate",
            "tokenPaymentData.initialTransactionId",
            "tokenPaymentData.cardBrand",
        ],
        &["tokenPaymentData.initialTransactionId", "tokenPaymentData.cardBrand"],
    );
    data.longest =
        &[("tokenPaymentData.tokenValue", 19), ("tokenPaymentData.initialTransactionId", 22)];
    check(&data);
    check(&pay(json!({ "groupId": 170, "applePayPaymentData": wallet }), &["groupId"], &[]));
    check(&pay(json!({ "groupId": 166, "googlePayPaymentData": wallet }), &["groupId"], &[]));
    check(&pay(
        json!({ "groupId": 103, "clickToPayPaymentData": { "paymentData": "x", "network": "visa" } }),
        &["groupId", "clickToPayPaymentData.paymentData", "clickToPayPaymentData.network"],
        &["clickToPayPaymentData.paymentData"],
    ));
    check(&pay(
        json!({ "groupId": 150, "recursive": {
            "period": 1, "quantity": 2, "type": 1, "expirationDate": "2030-01-31" } }),
        &["groupId", "recursive.period"],
        &["recursive.expirationDate"],
    ));
}

#[test]
fn refunds_qr_codes_and_wallets_are_validated() {
    let case = |path, prepare, body, required, free, longest| Case {
        method: "POST",
        path,
        prepare,
        body,
        required,
        linked: &[],
        free,
        longest,
    };
    check(&case("/transactions/{}/refunds", paid, json!({ "amount": 1 }), &[], &[], &[]));
    let qr = json!({
        "size": "XL", "outputType": "image/jpeg", "logo": "eA==", "logoType": "image/png",
        "linkType": "gtitle",
    });
    check(&case("/transactions/{}/qr", waiting, qr, &[], &[], &[]));
    let refund = json!({
        "amount": 1.5, "currencyCode": 985, "tokenValue": "4111111111111111",
        "cardExpiryDate": "3012", "rocText": "abc",
    });
    check(&case(
        "/refunds",
        nothing,
        refund,
        &["amount", "currencyCode", "tokenValue", "cardExpiryDate"],
        &[],
        &[],
    ));
    let tokens = json!({
        "callbackUrl": "https://example.com/cb", "card": STANDARD.encode([7; 256]),
        "payer": { "name": "Jan", "email": "jan@example.com" },
        "redirectUrl": { "success": "https://example.com/", "error": "https://example.com/e" },
    });
    check(&case(
        "/tokens",
        nothing,
        tokens,
        &["callbackUrl", "payer.name", "payer.email", "redirectUrl.success", "redirectUrl.error"],
        &["payer.name"],
        &[],
    ));
    let apple = json!({
        "domainName": "shop.example.com", "displayName": "Shop",
        "validationUrl": "https://apple.example/",
    });
    check(&case(
        "/wallet/applepay/init",
        nothing,
        apple,
        &["domainName", "validationUrl"],
        &["domainName", "displayName"],
        &[("displayName", 64)],
    ));
    let collect = json!({
        "accountNumber": "PL63105015201000009091194713", "ownerName": "Jan",
        "additionalInformation": "Warszawa",
    });
    check(&case(
        "/collect/bank-accounts",
        nothing,
        collect,
        &["accountNumber", "ownerName", "additionalInformation"],
        &["ownerName", "additionalInformation"],
        &[("ownerName", 1000), ("additionalInformation", 1000)],
    ));
}

#[test]
fn aliases_are_validated_at_every_depth() {
    let create = Case {
        method: "POST",
        path: "/blik/alias",
        prepare: nothing,
        body: json!({ "description": "Shop", "lang": "en", "pay": { "blikPaymentData": {
            "blikToken": "777123", "type": 1, "refuseNoPayId": true,
            "aliases": { "value": "a", "type": "UID", "label": "Shop" },
        } } }),
        required: &[
            "description",
            "pay",
            "pay.blikPaymentData",
            "pay.blikPaymentData.blikToken",
            "pay.blikPaymentData.aliases",
            "pay.blikPaymentData.aliases.value",
            "pay.blikPaymentData.aliases.type",
            "pay.blikPaymentData.aliases.label",
        ],
        linked: &[],
        free: &[
            "description",
            "pay.blikPaymentData.aliases.value",
            "pay.blikPaymentData.aliases.label",
        ],
        longest: &[("description", 105)],
    };
    check(&create);
    check(&Case {
        method: "DELETE",
        path: "/blik/alias/{}",
        prepare: alias,
        body: json!({ "aliasType": "UID" }),
        required: &["aliasType"],
        linked: &[],
        free: &[],
        longest: &[],
    });
}

#[test]
fn accounts_are_validated_at_every_depth() {
    check(&Case {
        method: "POST",
        path: "/accounts",
        prepare: nothing,
        body: json!({
            "offerCode": "SAND1", "email": "m@example.com", "taxId": "7773061579",
            "regon": "092045117", "krs": "0000160673", "legalForm": 3, "categoryId": 62,
            "mcc": "5722", "notifyByEmail": true, "merchantApiConsent": true,
            "phone": { "phoneNumber": "123456789", "phoneCountry": "PL" },
            "website": [{
                "description": "Books", "url": "https://example.com", "name": "Shop",
                "friendlyName": "Shop",
            }],
            "address": [{
                "name": "Office", "friendlyName": "Office", "street": "Jelenia",
                "houseNumber": "1", "roomNumber": "2", "postalCode": "61-808", "city": "Warszawa",
                "country": "PL", "phone": "1", "isMain": true, "isCorrespondence": true,
                "isInvoice": false,
            }],
            "person": [{
                "name": "Jan", "surname": "Nowak", "nationality": "PL", "sharesPct": 50.5,
                "pesel": "85010112345", "isBeneficiary": true, "isRepresentative": false,
                "isContactPerson": true, "isAuthorizedPerson": false, "pepStatement": 1,
                "dateOfBirth": "1985-01-01 00:00:00", "countryOfBirth": "PL", "typeOfDocument": 1,
                "serialNumber": "A1", "expiryDate": "2030-01-01", "issuingAuthority": "Office",
                "contact": [{ "contact": "jan@example.com", "type": 1 }],
            }],
            "bankAccount": {
                "accountNo": "63105015201000009091194713", "bankName": "Bank", "ownerName": "Jan",
                "ownerAddress": "Warszawa", "currency": "PLN", "countryCode": "PL",
                "accountType": 1,
            },
        }),
        required: &[
            "offerCode",
            "email",
            "taxId",
            "legalForm",
            "categoryId",
            "phone.phoneNumber",
            "phone.phoneCountry",
            "person.0.contact.0.contact",
            "bankAccount.accountNo",
            "bankAccount.bankName",
            "bankAccount.ownerName",
            "bankAccount.ownerAddress",
        ],
        linked: &[("address.0.country", "address.0.country")],
        free: &[
            "offerCode",
            "taxId",
            "regon",
            "krs",
            "mcc",
            "phone.phoneNumber",
            "website.0.description",
            "website.0.name",
            "website.0.friendlyName",
            "address.0.name",
            "address.0.friendlyName",
            "address.0.street",
            "address.0.houseNumber",
            "address.0.roomNumber",
            "address.0.postalCode",
            "address.0.city",
            "address.0.phone",
            "person.0.name",
            "person.0.surname",
            "person.0.nationality",
            "person.0.pesel",
            "person.0.countryOfBirth",
            "person.0.serialNumber",
            "person.0.expiryDate",
            "person.0.issuingAuthority",
            "person.0.contact.0.contact",
            "bankAccount.bankName",
            "bankAccount.ownerName",
            "bankAccount.ownerAddress",
        ],
        longest: &[
            ("offerCode", 255),
            ("phone.phoneNumber", 15),
            ("address.0.name", 255),
            ("address.0.street", 255),
            ("address.0.city", 255),
            ("bankAccount.bankName", 64),
            ("bankAccount.ownerName", 128),
            ("bankAccount.ownerAddress", 128),
        ],
    });
}

#[test]
fn files_of_accounts_are_validated_at_every_depth() {
    check(&Case {
        method: "POST",
        path: "/accounts/files",
        prepare: nothing,
        body: json!({ "file": "JVBERg==", "accountId": ACCOUNT_ID, "documentType": 1 }),
        required: &["file", "accountId", "documentType"],
        linked: &[],
        free: &[],
        longest: &[],
    });
}

#[test]
fn merchants_are_validated_at_every_depth() {
    check(&Case {
        method: "POST",
        path: "/v1/accounts/merchant",
        prepare: nothing,
        body: json!({
            "offerCode": "SAND1", "email": "m@example.com", "taxId": "7773061579",
            "regon": "092045117", "krs": "0000160673", "legalForm": 3, "categoryId": 62,
            "merchantApiConsent": false,
            "address": [{
                "name": "Office", "street": "Jelenia", "houseNumber": "1", "flatNumber": "2",
                "postalCode": "61-808", "city": "Warszawa", "country": "PL", "phone": "1",
                "isMain": true, "isCorrespondence": true, "isInvoice": false,
            }],
            "website": [{ "url": "https://example.com", "name": "Shop" }],
            "contactPerson": [{
                "name": "Jan", "surname": "Nowak", "phone": "1", "email": "jan@example.com",
            }],
        }),
        required: &["offerCode", "email"],
        linked: &[("address.0.country", "address.0.country")],
        free: &[
            "offerCode",
            "taxId",
            "regon",
            "krs",
            "address.0.name",
            "address.0.street",
            "address.0.houseNumber",
            "address.0.flatNumber",
            "address.0.postalCode",
            "address.0.city",
            "address.0.phone",
            "website.0.name",
            "contactPerson.0.name",
            "contactPerson.0.surname",
            "contactPerson.0.phone",
        ],
        longest: &[("offerCode", 255), ("address.0.street", 255)],
    });
}

#[test]
fn the_marketplace_is_validated_at_every_depth() {
    let products =
        json!([{ "name": "A", "externalId": "p", "quantity": "1.5", "unitPrice": 1000 }]);
    let base = Case {
        method: "POST",
        path: "/marketplace/v1/transaction",
        prepare: nothing,
        body: json!({
            "currency": "PLN", "description": "Basket", "hiddenDescription": "crc",
            "languageCode": "PL", "preSelectedChannelId": "64", "pos": { "id": MARKETPLACE_POS },
            "billingAddress": {
                "email": "jan@example.com", "name": "Jan", "phone": "1", "street": "Jelenia",
                "postalCode": "61-808", "city": "Warszawa", "country": "PL", "houseNo": "1",
                "flatNo": "2",
            },
            "childTransactions": [{
                "amount": 1000, "description": "Part", "hiddenDescription": "crc",
                "merchant": { "id": MARKETPLACE_MERCHANTS[0] }, "products": products,
            }],
            "transactionCallbacks": [{ "type": 1, "value": "https://example.com/" }],
            "transactionEmails": { "transactionCreated": true, "transactionPaid": false },
        }),
        required: &[
            "currency",
            "description",
            "languageCode",
            "pos",
            "pos.id",
            "billingAddress",
            "billingAddress.email",
            "billingAddress.name",
            "childTransactions",
            "childTransactions.0.amount",
            "childTransactions.0.description",
            "childTransactions.0.merchant",
            "childTransactions.0.merchant.id",
            "childTransactions.0.products",
            "childTransactions.0.products.0.externalId",
            "childTransactions.0.products.0.quantity",
            "childTransactions.0.products.0.unitPrice",
            "transactionCallbacks",
            "transactionCallbacks.0.type",
            "transactionCallbacks.0.value",
        ],
        linked: &[],
        free: &[
            "description",
            "hiddenDescription",
            "preSelectedChannelId",
            "billingAddress.name",
            "billingAddress.phone",
            "billingAddress.street",
            "billingAddress.postalCode",
            "billingAddress.city",
            "billingAddress.country",
            "billingAddress.houseNo",
            "billingAddress.flatNo",
            "childTransactions.0.description",
            "childTransactions.0.hiddenDescription",
            "childTransactions.0.products.0.name",
            "childTransactions.0.products.0.externalId",
        ],
        longest: &[("billingAddress.name", 96), ("childTransactions.0.products.0.name", 255)],
    };
    check(&base);
    let refund = json!({ "childTransactions": [{
        "merchantId": MARKETPLACE_MERCHANTS[0], "amount": 1, "products": products,
    }] });
    let mut case = Case {
        path: "/marketplace/v1/transaction/{}/refund",
        prepare: market_paid,
        body: refund,
        ..base
    };
    case.required = &[
        "childTransactions",
        "childTransactions.0.amount",
        "childTransactions.0.products.0.externalId",
        "childTransactions.0.products.0.quantity",
        "childTransactions.0.products.0.unitPrice",
    ];
    case.linked = &[("childTransactions.0.merchantId", "childTransactions")];
    case.free =
        &["childTransactions.0.products.0.name", "childTransactions.0.products.0.externalId"];
    case.longest = &[];
    check(&case);
    let card = STANDARD.encode([7; 256]);
    for (body, data) in [
        (json!({ "blikPaymentData": { "blikToken": "777123", "type": 0 } }), "blikPaymentData"),
        (json!({ "cardPaymentData": { "card": card, "save": 0 } }), "cardPaymentData"),
        (json!({ "applePayPaymentData": STANDARD.encode("{}") }), "applePayPaymentData"),
    ] {
        case.path = "/marketplace/v1/transaction/{}/pay";
        case.prepare = market_waiting;
        case.body = body;
        case.required = &[];
        case.linked = match data {
            "blikPaymentData" => &[
                ("blikPaymentData", ""),
                ("blikPaymentData.blikToken", "blikPaymentData.blikToken"),
            ],
            "cardPaymentData" => &[("cardPaymentData", "")],
            _ => &[("applePayPaymentData", "")],
        };
        case.free = &[];
        check(&case);
    }
}

#[test]
fn plans_are_validated_at_every_depth() {
    let instrument = json!({ "paymentType": "blik_payid", "value": PAYID_ALIAS, "blik": {
        "model": "O", "noDelay": true, "recommendedAuthLevel": "NOCONFREQ" } });
    let create = Case {
        method: "POST",
        path: "/recurring",
        prepare: no_plans,
        body: json!({
            "id": PLAN, "description": "Plan", "hiddenDescription": "crc",
            "payer": {
                "email": "jan@example.com", "name": "Jan", "phone": "123456789",
                "address": "Jelenia 1", "code": "61-808", "city": "Warszawa", "country": "PL",
                "taxId": "7773061579",
            },
            "schedule": {
                "amount": 49.9, "currency": "PLN", "firstChargeDate": "2026-12-01", "interval": 1,
                "intervalType": "months", "chargeCount": 2,
                "retryIntervals": [{ "value": 1, "unit": "days" }],
            },
            "paymentInstrument": instrument,
            "callbackUrl": "https://example.com/rec",
        }),
        required: &[
            "id",
            "description",
            "payer",
            "payer.email",
            "payer.name",
            "schedule",
            "schedule.amount",
            "schedule.currency",
            "schedule.firstChargeDate",
            "schedule.interval",
            "schedule.intervalType",
            "schedule.retryIntervals.0.value",
            "schedule.retryIntervals.0.unit",
            "paymentInstrument",
            "paymentInstrument.paymentType",
            "paymentInstrument.value",
            "paymentInstrument.blik",
            "paymentInstrument.blik.model",
            "paymentInstrument.blik.recommendedAuthLevel",
            "callbackUrl",
        ],
        linked: &[],
        free: &["description", "hiddenDescription", "paymentInstrument.value"],
        longest: &[("description", 128), ("hiddenDescription", 255), ("payer.name", 255)],
    };
    check(&create);
    check(&Case {
        path: "/recurring/{}/payment_instrument",
        prepare: |tpay| tpay.plans[0].id.clone(),
        body: json!({ "paymentInstrument": instrument }),
        required: &[
            "paymentInstrument",
            "paymentInstrument.paymentType",
            "paymentInstrument.value",
            "paymentInstrument.blik",
            "paymentInstrument.blik.model",
            "paymentInstrument.blik.recommendedAuthLevel",
        ],
        free: &["paymentInstrument.value"],
        longest: &[],
        ..create
    });
}
