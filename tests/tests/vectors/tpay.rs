//! Tpay: requests captured from the official PHP client, token requests, and notifications with
//! their verdicts, one of them signed by Tpay itself.

use std::sync::{Arc, Mutex};

use api_auth::http::header::AUTHORIZATION;
use api_auth::{decode_form, percent_decode};
use serde_json::Value;
use tpay_client::{
    AliasType, Amount, Autopayment, AutopaymentModel, BlikAlias, BlikPayment, Callbacks,
    CancelRecurring, CancelTransaction, CardOnFile, CardPayment, Client, ClientAuthentication,
    Collect, ContactPerson, CreateBankAccount, CreateBlikAlias, CreateMerchant, CreateRecurring,
    CreateTransaction, Currency, DeleteBlikAlias, Endpoint, Environment, Error, ErrorKind,
    GetBalance, GetBlikAlias, GetCategory, GetRefund, GetReportFile, GetTokenInfo, GetTransaction,
    InitApplePay, IntervalUnit, Language, ListAccounts, ListBankAccounts, ListBankGroups,
    ListChannels, ListRecurring, ListRefunds, ListReports, ListTransactionRefunds,
    ListTransactions, ManualClock, MerchantAddress, Method, Notification, Notifications, Pay,
    PayMethod, PayTransaction, Payer, PaymentInstrument, RawEndpoint, RecurringBlik,
    RefundTransaction, Request, Response, RetryInterval, Schedule, SortDirection,
    TransactionStatus, TransportError, UpdatePaymentInstrument, Website, payment_md5sum,
};

use crate::{stage, text};

pub(crate) fn run(kind: &str, vector: &Value) -> bool {
    match kind {
        "http_request" => request(vector),
        "oauth_request" => token_request(vector),
        "basic_header" => basic(vector),
        "md5sum" => md5sum(vector),
        "jws_verify" => notification(vector),
        _ => return false,
    }
    true
}

/// A client whose token is that of the vector, and the requests for tokens that it makes.
fn client(vector: &Value, builder: tpay_client::Builder) -> (Client, Arc<Mutex<Vec<Request>>>) {
    let token = vector.pointer("/inputs/access_token").and_then(Value::as_str).unwrap_or("t");
    let reply = format!(r#"{{"access_token":"{token}","expires_in":7200}}"#);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = asked.clone();
    let transport = move |request: Request| -> Result<Response, TransportError> {
        notes.lock().unwrap().push(request);
        Ok(Response::new(reply.clone().into_bytes()))
    };
    (builder.transport(transport).build().unwrap(), asked)
}

fn builder(vector: &Value) -> tpay_client::Builder {
    let get = |name: &str| vector["inputs"][name].as_str().unwrap_or("x");
    Client::builder(get("client_id"), get("client_secret"))
}

fn token_request(vector: &Value) {
    let name = text(vector, "/name");
    let expected = &vector["expect"];
    let is_json = expected["body_json"].is_object();
    let mut builder = builder(vector);
    if is_json {
        builder = builder.token_authentication(ClientAuthentication::Json);
    }
    if let Some(scope) = vector["inputs"]["scope"].as_str() {
        builder = builder.token_scope(scope);
    }
    let (client, asked) = client(vector, builder);
    client.prepare(&GetTokenInfo::new()).unwrap();
    let request = asked.lock().unwrap().remove(0);
    stage(name, "method", request.method().as_str(), text(vector, "/expect/method"));
    stage(name, "path", request.uri().path(), text(vector, "/expect/path"));
    let content_type = request.headers()["content-type"].to_str().unwrap();
    let headers = expected["headers"].as_array().unwrap();
    let theirs = headers.iter().find(|header| header[0] == "Content-Type").unwrap();
    stage(name, "content type", content_type, theirs[1].as_str().unwrap());
    if is_json {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(body, expected["body_json"], "{name}");
    } else {
        let pairs: Vec<(String, String)> =
            serde_json::from_value(expected["body_pairs"].clone()).unwrap();
        assert_eq!(decode_form(request.body()), pairs, "{name}");
        for (writer, body) in vector["equivalent_bodies"].as_object().unwrap() {
            assert_eq!(decode_form(body.as_str().unwrap().as_bytes()), pairs, "{name}: {writer}");
        }
    }
}

fn basic(vector: &Value) {
    let (client, asked) = client(vector, builder(vector).http_basic());
    let request = client.prepare(&ListTransactions::new()).unwrap();
    let header = request.headers()[AUTHORIZATION].to_str().unwrap();
    stage(text(vector, "/name"), "header", header, text(vector, "/expect/headers/0/1"));
    assert!(asked.lock().unwrap().is_empty(), "no token is fetched");
}

fn request(vector: &Value) {
    let name = text(vector, "/name");
    let (client, _) = client(vector, builder(vector));
    match name {
        "transactions_list_reserved_chars" => {
            let call = RawEndpoint::new(Method::GET, "/transactions")
                .param("q", text(vector, "/inputs/args/0/q"))
                .param("empty", "")
                .param("flag", "1")
                .param("off", "0")
                .param("a[0]", "x")
                .param("a[1]", "y z");
            compare(vector, &client.prepare(&call).unwrap());
        }
        "transactions_get_traversal_id" => {
            // The PHP client drops what is before the last slash; ours sends the id as it is, as
            // one segment.
            let id = text(vector, "/inputs/args/0");
            let request = client.prepare(&GetTransaction::new(id)).unwrap();
            let last = request.uri().path().strip_prefix("/transactions/").unwrap();
            assert!(!last.contains('/'), "{name}");
            stage(name, "decoded segment", &percent_decode(last).unwrap(), id);
        }
        _ => {
            let request = typed(vector, &client).unwrap_or_else(|error| panic!("{name}: {error}"));
            compare(vector, &request);
        }
    }
}

/// By meaning, as the vectors ask: segments and pairs decoded, JSON by value, 10 is 10.0.
fn compare(vector: &Value, request: &Request) {
    let name = text(vector, "/name");
    stage(name, "method", request.method().as_str(), text(vector, "/expect/method"));
    let segments = |path: &str| -> Vec<String> {
        path.split('/').map(|segment| percent_decode(segment).unwrap()).collect()
    };
    assert_eq!(segments(request.uri().path()), segments(text(vector, "/expect/path")), "{name}");
    let pairs = |query: &str| decode_form(query.as_bytes());
    let query = request.uri().query().unwrap_or_default();
    assert_eq!(pairs(query), pairs(text(vector, "/expect/query")), "{name}");
    let header = |wanted: &str| {
        let headers = vector["expect"]["headers"].as_array().unwrap();
        let found = headers.iter().find(|header| header[0] == wanted);
        found.map(|header| header[1].as_str().unwrap())
    };
    let sent = request.headers()[AUTHORIZATION].to_str().unwrap();
    stage(name, "Authorization", sent, header("Authorization").unwrap());
    match &vector["expect"]["body_json"] {
        Value::Null if text(vector, "/expect/body").is_empty() => {
            let body = str::from_utf8(request.body()).unwrap();
            // The PHP client sends nothing in place of the documented empty object.
            let full_refund = name == "transactions_refund_full" && body == "{}";
            assert!(full_refund || body.is_empty(), "{name}: {body}");
        }
        expected => {
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            assert!(same(&body, expected), "{name}\n  expected {expected}\n  actual   {body}");
            assert_eq!(request.headers()["content-type"], "application/json", "{name}");
        }
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a.to_string().parse::<Amount>().unwrap() == b.to_string().parse::<Amount>().unwrap()
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

fn s(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn n(value: &Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}

fn amount(value: &Value) -> Amount {
    value.to_string().parse().unwrap()
}

/// Sets an optional argument, if the vector has it.
macro_rules! set {
    ($call:ident, $from:expr, $( $setter:ident($name:literal, $read:expr) ),+ $(,)?) => {
        $( if let Some(value) = $from.get($name) { $call = $call.$setter($read(value)); } )+
    };
}

fn payer(value: &Value) -> Payer {
    let mut payer = Payer::new(s(&value["email"]), s(&value["name"]));
    set!(payer, value, phone("phone", s), address("address", s), code("code", s), city("city", s));
    set!(payer, value, country("country", s), tax_id("taxId", s), ip("ip", s));
    set!(payer, value, user_agent("userAgent", s));
    payer
}

fn blik(value: &Value) -> BlikPayment {
    let flag = |value: &Value| value.as_bool().unwrap();
    let mut blik = BlikPayment::new();
    set!(blik, value, blik_token("blikToken", s), kind("type", n));
    set!(blik, value, refuse_no_pay_id("refuseNoPayId", flag), aliases("aliases", alias));
    blik
}

fn alias(value: &Value) -> BlikAlias {
    let flag = |value: &Value| value.as_bool().unwrap();
    let mut alias = BlikAlias::new(s(&value["value"]), AliasType::from(&*s(&value["type"])));
    set!(alias, value, label("label", s), no_delay("noDelay", flag));
    set!(alias, value, recommended_auth_level("recommendedAuthLevel", s));
    set!(alias, value, autopayment("autopayment", autopayment));
    alias
}

fn autopayment(value: &Value) -> Autopayment {
    let mut terms = Autopayment::new(AutopaymentModel::from(&*s(&value["model"])));
    let currency = |value: &Value| Currency::from(&*s(value));
    set!(terms, value, frequency("frequency", s), currency("currency", currency));
    set!(terms, value, single_limit_amount("singleLimitAmount", amount));
    set!(terms, value, total_limit_amount("totalLimitAmount", amount));
    set!(terms, value, init_date("initDate", s), expiration_date("expirationDate", s));
    terms
}

fn pay(value: &Value) -> Pay {
    let card = |value: &Value| {
        let mut card = CardPayment::new();
        set!(card, value, token("token", s), roc_text("rocText", s));
        card
    };
    let mut pay = Pay::new();
    set!(pay, value, group_id("groupId", n), channel_id("channelId", n));
    set!(pay, value, method("method", |value: &Value| PayMethod::from(&*s(value))));
    set!(pay, value, blik_payment_data("blikPaymentData", blik));
    set!(pay, value, card_payment_data("cardPaymentData", card));
    set!(pay, value, cof("cof", |value: &Value| CardOnFile::from(&*s(value))));
    pay
}

fn callbacks(value: &Value) -> Callbacks {
    Callbacks::new()
        .notification_url(s(&value["notification"]["url"]))
        .success_url(s(&value["payerUrls"]["success"]))
        .error_url(s(&value["payerUrls"]["error"]))
}

fn collect(value: &Value) -> Collect {
    Collect::new(s(&value["account"]), s(&value["receiver"]))
}

fn instrument(value: &Value) -> PaymentInstrument {
    match &value["blik"] {
        Value::Null => PaymentInstrument::card_token(s(&value["value"])),
        blik => {
            let model = AutopaymentModel::from(&*s(&blik["model"]));
            let blik = RecurringBlik::new(model).no_delay(blik["noDelay"].as_bool().unwrap());
            PaymentInstrument::blik_pay_id(s(&value["value"]), blik)
        }
    }
}

/// The request of the typed call with the vector's arguments.
fn typed(vector: &Value, client: &Client) -> Result<Request, Error> {
    let args = &vector["inputs"]["args"];
    let (first, second) = (&args[0], &args[1]);
    let language = |value: &Value| Language::from(&*s(value));
    let currency = |value: &Value| Currency::from(&*s(value));
    match text(vector, "/inputs/operation") {
        "transactions.create" => {
            let payer = payer(&first["payer"]);
            let mut call =
                CreateTransaction::new(amount(&first["amount"]), s(&first["description"]), payer);
            set!(call, first, hidden_description("hiddenDescription", s), lang("lang", language));
            set!(call, first, currency("currency", currency), pay("pay", pay));
            set!(call, first, callbacks("callbacks", callbacks), collect("collect", collect));
            client.prepare(&call)
        }
        "transactions.list" => {
            let mut call = ListTransactions::new();
            set!(call, first, page("page", n), limit("limit", n), from("from", s), to("to", s));
            set!(call, first, status("status", |v: &Value| TransactionStatus::from(&*s(v))));
            client.prepare(&call)
        }
        "transactions.get" => client.prepare(&GetTransaction::new(s(first))),
        "transactions.pay" => client.prepare(&PayTransaction::new(s(second), pay(first))),
        "transactions.cancel" => client.prepare(&CancelTransaction::new(s(first))),
        "transactions.refund" => {
            let mut call = RefundTransaction::new(s(second));
            set!(call, first, amount("amount", amount));
            client.prepare(&call)
        }
        "transactions.list_refunds" => {
            let call = ListTransactionRefunds::new(s(first));
            client.prepare(&call.page(n(&second["page"])).limit(n(&second["limit"])))
        }
        "transactions.bank_groups" => {
            let mut call = ListBankGroups::new();
            if let Some(online) = first.as_bool() {
                call = call.only_online(online);
            }
            client.prepare(&call)
        }
        "transactions.channels" => client.prepare(&ListChannels::new()),
        "refunds.list" => client.prepare(&ListRefunds::new()),
        "refunds.get" => client.prepare(&GetRefund::new(s(first))),
        "wallet.init_apple_pay" => client.prepare(
            &InitApplePay::new(s(&first["domainName"]), s(&first["validationUrl"]))
                .display_name(s(&first["displayName"])),
        ),
        "blik.create_alias" => client.prepare(
            &CreateBlikAlias::new(s(&first["description"]), blik(&first["pay"]["blikPaymentData"]))
                .lang(language(&first["lang"])),
        ),
        "blik.get_alias" => {
            client.prepare(&GetBlikAlias::new(s(first), AliasType::from(&*s(second))))
        }
        "blik.delete_alias" => {
            let kind = AliasType::from(&*s(&second["aliasType"]));
            client.prepare(&DeleteBlikAlias::new(s(first), kind))
        }
        // The defaults of the PHP client, which it sends.
        "collect.list_bank_accounts" => client.prepare(&ListBankAccounts::new().page(1).limit(35)),
        "collect.create_bank_account" => {
            client.prepare(&CreateBankAccount::new(s(first), s(second), s(&args[2])))
        }
        "reports.list" => client.prepare(
            &ListReports::new().page(1).page_size(20).sort_direction(SortDirection::Ascending),
        ),
        "reports.file" => client.prepare(&GetReportFile::new(s(first), s(second))),
        "accounts.list" => {
            client.prepare(&ListAccounts::new().page(n(&first["page"])).limit(n(&first["limit"])))
        }
        "accounts.balance" => client.prepare(&GetBalance::new(s(first))),
        "accounts.create_merchant" => client.prepare(&merchant(first)),
        "accounts.category" => client.prepare(&GetCategory::new(s(first).parse().unwrap())),
        "oauth.tokeninfo" => client.prepare(&GetTokenInfo::new()),
        "recurring.create" => client.prepare(&recurring(first)),
        "recurring.list" => {
            client.prepare(&ListRecurring::new().page(n(&first["page"])).limit(n(&first["limit"])))
        }
        "recurring.cancel" => client.prepare(&CancelRecurring::new(s(first))),
        "recurring.update_payment_instrument" => client.prepare(&UpdatePaymentInstrument::new(
            s(second),
            instrument(&first["paymentInstrument"]),
        )),
        other => panic!("no typed call for {other}"),
    }
}

fn merchant(value: &Value) -> impl Endpoint {
    let (site, place, person) =
        (&value["website"][0], &value["address"][0], &value["contactPerson"][0]);
    let flag = |name: &str| place[name].as_bool().unwrap();
    CreateMerchant::new(s(&value["offerCode"]), s(&value["email"]))
        .tax_id(s(&value["taxId"]))
        .legal_form(n(&value["legalForm"]))
        .category_id(n(&value["categoryId"]))
        .website([Website::new().name(s(&site["name"])).url(s(&site["url"]))])
        .address([MerchantAddress::new()
            .name(s(&place["name"]))
            .street(s(&place["street"]))
            .house_number(s(&place["houseNumber"]))
            .postal_code(s(&place["postalCode"]))
            .city(s(&place["city"]))
            .country(s(&place["country"]))
            .is_invoice(flag("isInvoice"))
            .is_main(flag("isMain"))
            .is_correspondence(flag("isCorrespondence"))])
        .contact_person([ContactPerson::new(s(&person["name"]), s(&person["surname"]))
            .phone(s(&person["phone"]))
            .email(s(&person["email"]))])
}

fn recurring(value: &Value) -> impl Endpoint {
    let plan = &value["schedule"];
    let unit = |value: &Value| IntervalUnit::from(&*s(value));
    let retries: Vec<RetryInterval> = plan["retryIntervals"]
        .as_array()
        .unwrap()
        .iter()
        .map(|retry| RetryInterval::new(n(&retry["value"]), unit(&retry["unit"])))
        .collect();
    let schedule = Schedule::new(
        amount(&plan["amount"]),
        Currency::from(&*s(&plan["currency"])),
        s(&plan["firstChargeDate"]),
        n(&plan["interval"]),
        unit(&plan["intervalType"]),
    )
    .charge_count(n(&plan["chargeCount"]))
    .retry_intervals(retries);
    CreateRecurring::new(
        s(&value["id"]),
        s(&value["description"]),
        payer(&value["payer"]),
        schedule,
        instrument(&value["paymentInstrument"]),
        s(&value["callbackUrl"]),
    )
    .hidden_description(s(&value["hiddenDescription"]))
}

fn md5sum(vector: &Value) {
    let name = text(vector, "/name");
    let get = |field: &str| text(vector, &format!("/inputs/{field}"));
    let code = get("security_code").into();
    let sum = payment_md5sum(get("id"), get("tr_id"), get("tr_amount"), get("tr_crc"), &code);
    stage(name, "md5", &sum, text(vector, "/expect/md5"));

    // And through the reader, signed by the key for tests.
    let (client, _) = client(vector, builder(vector));
    let reader = client.notifications().unwrap().security_code(code);
    let reader = reader
        .anchors(tpay_client::testing::ANCHORS)
        .unwrap()
        .certificate(tpay_client::testing::CERTIFICATE);
    let body = get("body").as_bytes();
    let signature = tpay_client::testing::sign(&client, body).unwrap();
    let matches = vector["expect"]["matches"].as_bool().unwrap();
    match reader.read(&signature, body) {
        Ok(Notification::Payment(payment)) => assert!(matches && payment.crc == get("tr_crc")),
        Ok(other) => panic!("{name}: {other:?}"),
        Err(error) => {
            assert!(!matches, "{name}: {error}");
            assert_eq!(error.kind(), ErrorKind::Verify, "{name}");
        }
    }
}

fn notification(vector: &Value) {
    let name = text(vector, "/name");
    let inputs = &vector["inputs"];
    let certificates = inputs["certificates"].clone();
    let served: Vec<(String, String)> =
        certificates.as_object().unwrap().iter().map(|(url, pem)| (url.clone(), s(pem))).collect();
    let transport = move |request: Request| -> Result<Response, TransportError> {
        assert!(!request.headers().contains_key(AUTHORIZATION), "no token goes there");
        let url = request.uri().to_string();
        let found = served.iter().find(|(known, _)| *known == url);
        let (_, pem) = found.unwrap_or_else(|| panic!("{url} was fetched"));
        Ok(Response::new(pem.clone().into_bytes()))
    };
    let environment = match text(vector, "/inputs/environment") {
        "sandbox" => Environment::Sandbox,
        _ => Environment::Production,
    };
    let client = Client::builder("id", "secret")
        .environment(environment)
        .transport(transport)
        .clock(ManualClock::at_unix(inputs["now_unix"].as_u64().unwrap()))
        .build()
        .unwrap();
    let reader: Notifications = client.notifications().unwrap();
    let reader = reader.anchors(text(vector, "/inputs/trust_pem")).unwrap();
    let body = inputs["body"].as_str().unwrap().as_bytes();
    let signature = inputs["x_jws_signature"].as_str().unwrap_or_default();

    let valid = vector["expect"]["signature_valid"].as_bool().unwrap();
    // Twice: once with a fetched certificate and once with a kept one.
    for _ in 0..2 {
        match reader.verify(signature, body) {
            Ok(()) => assert!(valid, "{name}: was accepted"),
            Err(error) => {
                assert!(!valid, "{name}: {error}");
                assert_eq!(error.kind(), ErrorKind::Verify, "{name}: {error}");
                let expected = match text(vector, "/expect/reason") {
                    "bad_signature" => "does not match",
                    "cert_chain" => "not trusted",
                    "cert_expired" => "not valid at this time",
                    "x5u_not_allowed" => "not allowed",
                    "alg_not_allowed" => "algorithm",
                    "malformed_header" => "header",
                    "malformed_jws" => "not a detached JWS",
                    "missing_header" => "missing",
                    other => panic!("{name}: unknown reason {other}"),
                };
                assert!(error.to_string().contains(expected), "{name}: {error}");
            }
        }
    }
    if valid {
        let notification = reader.read(signature, body).unwrap();
        fields(name, &notification, &vector["expect"]["php_parsed"]);
        if let Some(code) = inputs["security_code"].as_str() {
            let checked = reader.security_code(code).read(signature, body);
            assert_eq!(checked.is_ok(), name != "jws_good_md5_bad", "{name}");
        }
    }
}

/// What the reader and the PHP client both read.
fn fields(name: &str, notification: &Notification, php: &Value) {
    assert!(!notification.key().is_empty());
    let Notification::Payment(payment) = notification else {
        assert!(!name.contains("payment"), "{name}: {notification:?}");
        return;
    };
    assert_eq!(notification.accept().body, "TRUE");
    let php = &php["fields"];
    if php.is_object() {
        assert_eq!(payment.title, s(&php["tr_id"]), "{name}");
        assert_eq!(payment.crc, s(&php["tr_crc"]), "{name}");
        assert_eq!(payment.paid.unwrap(), amount(&php["tr_paid"]), "{name}");
        assert_eq!(payment.email, s(&php["tr_email"]), "{name}");
    }
}
