//! The exact bytes of each endpoint's request (with all options, with none, with reserved
//! characters), and the rejected arguments.
//!
//! A test is named `ENDPOINT_request...`; `cargo xtask endpoints` requires at least one for each
//! endpoint.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use tpay_client::accounts::*;
use tpay_client::api_auth::{Credential, Request, Response, TransportError};
use tpay_client::blik::*;
use tpay_client::cards::*;
use tpay_client::certificates::*;
use tpay_client::channels::*;
use tpay_client::collect::*;
use tpay_client::dictionaries::*;
use tpay_client::marketplace::*;
use tpay_client::oauth::*;
use tpay_client::pos::*;
use tpay_client::recurring::*;
use tpay_client::refunds::*;
use tpay_client::reports::*;
use tpay_client::transactions::pay::*;
use tpay_client::transactions::qr::*;
use tpay_client::transactions::*;
use tpay_client::*;

const NASTY: &str = "a/b c+d?e#ą~*%";
const NASTY_SEGMENT: &str = "a%2Fb%20c%2Bd%3Fe%23%C4%85~%2A%25";
const NASTY_QUERY: &str = "a%2Fb+c%2Bd%3Fe%23%C4%85%7E*%25";
const ULID: &str = "01K1Z6T40ZWKY1XZG9VD5AZ9Q4";

fn client() -> Client {
    Client::builder("id", "secret")
        .http_basic()
        .transport(|_: Request| -> Result<Response, TransportError> {
            panic!("a request was sent")
        })
        .build()
        .unwrap()
}

/// Returns method, target and body of a request. The headers are the same for all.
fn sent(call: &impl Endpoint) -> String {
    let request = client().signed_request(call).unwrap();
    let headers = request.headers();
    assert_eq!(request.uri().scheme_str(), Some("https"));
    let agent = headers["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("tpay-client/"), "{agent}");
    let body = str::from_utf8(request.body()).unwrap();
    match headers.get("content-type").map(|value| value.to_str().unwrap()) {
        Some("application/json") => assert!(body.starts_with('{'), "{body}"),
        Some("application/x-www-form-urlencoded") => assert!(body.contains('='), "{body}"),
        Some(other) => panic!("content type {other}"),
        None => assert!(body.is_empty(), "{body}"),
    }
    if call.credential() == Credential::NONE {
        assert!(!headers.contains_key("authorization"));
    } else {
        assert_eq!(headers["authorization"], "Basic aWQ6c2VjcmV0");
        assert!(headers["authorization"].is_sensitive());
        assert_eq!(request.uri().host(), Some("api.tpay.com"));
    }
    let target = request.uri().path_and_query().unwrap();
    format!("{} {target} {body}", request.method()).trim_end().to_owned()
}

/// Returns the argument for which a request is rejected. No request is sent.
fn rejected(call: &impl Endpoint) -> String {
    let Err(error) = client().send_raw(call) else { panic!("was accepted") };
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Input, 0));
    assert!(error.nothing_created() && !error.outcome_unknown());
    error.argument().unwrap().to_owned()
}

fn payer() -> Payer {
    Payer::new("a@example.com", "Ann")
}

fn order() -> CreateTransaction {
    CreateTransaction::new(grosze(10), "Order", payer())
}

#[test]
fn oauth_token_request() {
    let call = RequestToken::new("id-1", "p@ss w+rd&=%/ą~*");
    assert_eq!(
        sent(&call),
        "POST /oauth/auth client_id=id-1&client_secret=p%40ss+w%2Brd%26%3D%25%2F%C4%85%7E*"
    );
    assert!(sent(&call.scope("read write")).ends_with("&scope=read+write"));
    for (id, secret, argument) in [
        ("", "s", "client_id"),
        ("i", "", "client_secret"),
        ("i\n", "s", "client_id"),
        ("i", "s\n", "client_secret"),
    ] {
        assert_eq!(rejected(&RequestToken::new(id, secret)), argument, "{id:?} {secret:?}");
    }
}

#[test]
fn oauth_tokeninfo_request() {
    assert_eq!(sent(&GetTokenInfo::new()), "GET /oauth/tokeninfo");
}

#[test]
fn transactions_create_request() {
    assert_eq!(
        sent(&order()),
        r#"POST /transactions {"amount":0.10,"description":"Order","payer":{"email":"a@example.com","name":"Ann"}}"#
    );
    let payer = payer()
        .phone("+48 123")
        .address("Święty Marcin 73/6")
        .code("61-808")
        .city("Poznań")
        .country("PL")
        .tax_id("PL3774716081")
        .ip("2001:db8::1")
        .user_agent("Mozilla/5.0");
    let address = PayeeAddress::new("s", "1", "00-001", "W", "PL").flat_number("2");
    let all = CreateTransaction::new("1234.56".parse().unwrap(), "\"5\" & <b>€</b> 😀", payer)
        .currency("PLN")
        .hidden_description("order#1/ą b")
        .lang(Language::Polish)
        .pay(Pay::blik(BlikPayment::code("777123")))
        .callbacks(
            Callbacks::new()
                .success_url("https://x/ok")
                .error_url("https://x/err")
                .notification_url("https://x/n")
                .notification_email("n@x.pl"),
        )
        .collect(Collect::new("PL63105015201000009091194713", "Odbiorca"))
        .payee(Payee::new("Shop", "https://x").mcc("5411").address(address));
    assert_eq!(
        sent(&all),
        concat!(
            r#"POST /transactions {"amount":1234.56,"description":"\"5\" & <b>€</b> 😀","#,
            r#""payer":{"email":"a@example.com","name":"Ann","phone":"+48 123","#,
            r#""address":"Święty Marcin 73/6","code":"61-808","city":"Poznań","country":"PL","#,
            r#""taxId":"PL3774716081","ip":"2001:db8::1","userAgent":"Mozilla/5.0"},"#,
            r#""currency":"PLN","hiddenDescription":"order#1/ą b","lang":"pl","#,
            r#""pay":{"groupId":150,"blikPaymentData":{"blikToken":"777123","type":0}},"#,
            r#""callbacks":{"payerUrls":{"success":"https://x/ok","error":"https://x/err"},"#,
            r#""notification":{"url":"https://x/n","email":"n@x.pl"}},"#,
            r#""collect":{"account":"PL63105015201000009091194713","receiver":"Odbiorca"},"#,
            r#""payee":{"name":"Shop","url":"https://x","mcc":"5411","address":{"street":"s","#,
            r#""houseNumber":"1","postalCode":"00-001","city":"W","country":"PL","#,
            r#""flatNumber":"2"}}}"#
        )
    );
}

#[test]
fn transactions_create_request_rejects_what_the_server_would_reject() {
    let with = |payer| CreateTransaction::new(grosze(1), "d", payer);
    let address = PayeeAddress::new("s", "1", "00-001", "W", "PL");
    let at = |street: &str, number: &str, code: &str, city: &str, country: &str| {
        let address = PayeeAddress::new(street, number, code, city, country);
        order().payee(Payee::new("n", "u").mcc("5411").address(address))
    };
    let limit = |amount: &str| {
        let terms =
            Autopayment::new(AutopaymentModel::A).total_limit_amount(amount.parse().unwrap());
        let alias = BlikAlias::new("a", AliasType::PayId).autopayment(terms);
        order().pay(Pay::blik(BlikPayment::autopayment(alias)))
    };
    let eisop = TokenPayment::new("123456789012", "2812", "INIT1", "visa");
    for (call, argument) in [
        (CreateTransaction::new(grosze(0), "d", payer()), "amount"),
        (CreateTransaction::new(grosze(-1), "d", payer()), "amount"),
        (CreateTransaction::new("0.001".parse().unwrap(), "d", payer()), "amount"),
        (CreateTransaction::new(grosze(1), "", payer()), "description"),
        (CreateTransaction::new(grosze(1), "ą".repeat(129), payer()), "description"),
        (order().hidden_description("x".repeat(256)), "hidden_description"),
        (order().currency("zł"), "currency"),
        (order().lang("xx"), "lang"),
        (with(Payer::new(" ", "Ann")), "payer.email"),
        (with(Payer::new("a@x", "")), "payer.name"),
        (with(Payer::new("a@x", "x".repeat(256))), "payer.name"),
        (with(payer().address("ul")), "payer.address"),
        (with(payer().country("Poland")), "payer.country"),
        (with(payer().city("")), "payer.city"),
        (with(payer().city("x".repeat(65))), "payer.city"),
        (with(payer().code("x".repeat(11))), "payer.code"),
        (order().collect(Collect::new("PL12", "Ann")), "collect.account"),
        (order().callbacks(Callbacks::new().error_url("x".repeat(3073))), "callbacks.error_url"),
        (order().payee(Payee::new("n", "u").mcc("54")), "payee.mcc"),
        (order().payee(Payee::new("n", "u").address(address)), "payee.mcc"),
        (at("", "1", "2", "W", "PL"), "payee.address.street"),
        (at("s", "", "2", "W", "PL"), "payee.address.house_number"),
        (at("s", "1", "", "W", "PL"), "payee.address.postal_code"),
        (at("s", "1", "2", "", "PL"), "payee.address.city"),
        (at("s", "1", "2", "W", "Poland"), "payee.address.country"),
        (limit("1.005"), "autopayment.total_limit_amount"),
        (limit("-1"), "autopayment.total_limit_amount"),
        (limit("0"), "autopayment.total_limit_amount"),
        (order().pay(Pay::group(150).channel_id(64)), "pay.channel_id"),
        (order().pay(Pay::new().method("cash")), "pay.method"),
        (order().pay(Pay::new()), "pay"),
        (order().pay(Pay::blik(BlikPayment::code("12345"))), "blik_token"),
        (order().pay(Pay::blik(BlikPayment::code("12345x"))), "blik_token"),
        (order().pay(Pay::blik(BlikPayment::new().kind(3))), "type"),
        (order().pay(Pay::blik(BlikPayment::new())), "blik_token"),
        (order().pay(Pay::blik(BlikPayment::new().refuse_no_pay_id(true))), "blik_token"),
        (order().pay(Pay::card(CardPayment::saved(""))), "token"),
        (order().pay(Pay::card(CardPayment::encrypted(" "))), "card"),
        (order().pay(Pay::card(CardPayment::new().preauthorized_token(""))), "preauthorized_token"),
        (order().pay(Pay::group(170).apple_pay_payment_data("")), "apple_pay_payment_data"),
        (order().pay(Pay::group(166).google_pay_payment_data("")), "google_pay_payment_data"),
        (order().pay(Pay::card(CardPayment::new().save(2))), "save"),
        (order().pay(Pay::card(CardPayment::new().roc_text("a b"))), "roc_text"),
        (order().pay(Pay::card(CardPayment::new().roc_text(""))), "roc_text"),
        (order().pay(Pay::new().token_payment_data(eisop.roc_text("x-y"))), "roc_text"),
    ] {
        assert_eq!(rejected(&call), argument);
    }
    // A value that may be valid is sent: it is not documented whether bytes or characters are
    // counted.
    sent(&CreateTransaction::new(grosze(1), "ą".repeat(128), Payer::new("a@x", "Żó")));
    sent(&order().currency("HUF"));
    sent(&order().payee(Payee::new("n", "u").mcc("5411")));
}

/// Each row is a value at a limit of the request models of the official PHP SDK (master of
/// 2026-06-24), which counts bytes. Values that the SDK accepts are sent. The table does not
/// contain the values that this crate rejects although the SDK sends them: empty required strings,
/// amounts with more than two decimals (the provider's error `incorrect_precision`), BLIK codes and
/// other values of the right length with undocumented characters, and dates that do not exist (four
/// digits that are not YYMM, 31 June).
#[test]
fn values_that_the_official_sdk_accepts_are_accepted() {
    let text = |length: usize| "x".repeat(length);
    let with = |payer| CreateTransaction::new(grosze(1), "d", payer);
    let account = "PL63105015201000009091194713";
    let url = |length: usize| format!("https://x/{}", text(length - 10));
    for order in [
        CreateTransaction::new(grosze(1), text(128), payer()),
        order().hidden_description(text(128)),
        order().hidden_description(""),
        order().currency("pln"),
        with(Payer::new(text(255), "x")),
        with(Payer::new("x", text(255))),
        with(payer().phone("")),
        with(payer().phone("1")),
        with(payer().phone(text(30))),
        with(payer().address(text(3))),
        with(payer().address(text(255))),
        with(payer().code("1")),
        with(payer().code(text(10))),
        with(payer().city("Ł")),
        with(payer().city("x")),
        with(payer().city(text(64))),
        with(payer().country("PL")),
        with(payer().tax_id(text(3))),
        with(payer().tax_id(text(255))),
        with(payer().ip("")),
        with(payer().ip("::")),
        with(payer().ip("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")),
        with(payer().user_agent("")),
        with(payer().user_agent(text(255))),
        order().callbacks(Callbacks::new().success_url(url(3072)).error_url(url(3072))),
        order().callbacks(Callbacks::new().notification_url(url(3072))),
        order().callbacks(Callbacks::new().notification_email(text(255))),
        order().callbacks(Callbacks::new().notification_email("")),
        order().collect(Collect::new(account, text(3))),
        order().collect(Collect::new(account, text(70))),
    ] {
        sent(&order);
    }
    for lang in ["en", "pl", "de", "fr", "ru", "it", "es"] {
        sent(&order().lang(lang));
    }
    // The SDK accepts any four digits. Month 13 does not exist, so only real dates are sent.
    let token = |value: String, first: String| TokenPayment::new(value, "9912", first, "any");
    let terms = |frequency| Autopayment::new(AutopaymentModel::A).frequency(frequency);
    let alias = |terms| BlikAlias::new("x", AliasType::PayId).autopayment(terms);
    for pay in [
        Pay::new().method("pay_by_link"),
        Pay::new().method("transfer"),
        Pay::new().method("sale"),
        Pay::new().cof("any"),
        Pay::card(CardPayment::saved(text(65))),
        Pay::card(CardPayment::new().card(text(1000)).preauthorized_token(text(1000)).save(1)),
        Pay::card(CardPayment::new().roc_text(text(13))),
        // The payer enters the card on the payment page. The documentation of tokenization has an
        // example.
        Pay::card(CardPayment::new().save(1)),
        Pay::new().token_payment_data(token(text(12), text(1))),
        Pay::new().token_payment_data(token(text(19), text(22)).roc_text(text(13))),
        Pay::blik(BlikPayment::code("777123").kind(1)),
        Pay::blik(BlikPayment::autopayment(alias(terms("1DW")))),
        Pay::blik(BlikPayment::autopayment(alias(terms("30D").currency("PLN")))),
        Pay::new().recursive(Recursive::new(1, 0).kind(1).expiration_date("2030-01-01")),
        Pay::new().recursive(Recursive::unlimited(5)),
    ] {
        sent(&PayTransaction::new(ULID, pay));
    }
    for apple in [
        InitApplePay::new(text(255), url(255)).display_name(text(255)),
        InitApplePay::new("x", "http:x").display_name("x"),
    ] {
        sent(&apple);
    }
    sent(&CreateBankAccount::new(account, text(1000), text(1000)));
    for description in [text(1), text(105)] {
        sent(&CreateBlikAlias::new(description, BlikPayment::code("777123")));
    }
    for kind in [AliasType::Uid, AliasType::PayId] {
        sent(&DeleteBlikAlias::new("x", kind));
    }
    sent(&RefundTransaction::new(ULID).amount(grosze(1)));
    let account = CreateAccount::new(text(5), text(255)).tax_id(text(10)).regon(text(14)).krs("0");
    sent(&account);
    let merchant = CreateMerchant::new(text(5), text(255)).tax_id(text(10)).regon(text(9));
    sent(&merchant.address([MerchantAddress::new().city("x").name("x").street("xx")]));
    let short = Payer::new("x", "x").phone("").code("1").city("x");
    let plan = |interval| {
        let unit = IntervalUnit::Months;
        let schedule = Schedule::new(grosze(1), Currency::Pln, "any", interval, unit);
        CreateRecurring::new(
            ULID,
            text(128),
            short.clone(),
            schedule,
            PaymentInstrument::test("x"),
            text(255),
        )
    };
    sent(&plan(1).hidden_description(text(255)));
}

#[test]
fn long_user_agent_is_truncated_at_255_bytes_between_characters() {
    let body = sent(&CreateTransaction::new(grosze(1), "d", payer().user_agent("aą".repeat(200))));
    let cut = body.split("userAgent\":\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!((cut.len(), cut), (255, &*"aą".repeat(85)));
}

#[test]
fn every_payment_method_is_serialized_as_documented() {
    let terms = Autopayment::new(AutopaymentModel::A)
        .frequency("1M")
        .single_limit_amount(grosze(2000))
        .total_limit_amount(grosze(24050))
        .currency("PLN")
        .init_date("2026-01-01T00:00:00+00:00")
        .expiration_date("2028-01-01T00:00:00+00:00");
    let alias = BlikAlias::new("user_1", AliasType::PayId)
        .label("Shop")
        .key("app-1")
        .recommended_auth_level("NOCONFREQ")
        .autopayment(terms)
        .no_delay(true);
    let eisop = TokenPayment::new("123456789012", "2812", "INIT1", "visa").roc_text("Roc1");
    for (pay, json) in [
        (Pay::channel(64), r#"{"channelId":64}"#),
        (Pay::group(103).method(PayMethod::Sale), r#"{"groupId":103,"method":"sale"}"#),
        (
            Pay::blik(BlikPayment::autopayment(alias).refuse_no_pay_id(true)),
            concat!(
                r#"{"groupId":150,"blikPaymentData":{"aliases":{"value":"user_1","type":"PAYID","#,
                r#""label":"Shop","key":"app-1","recommendedAuthLevel":"NOCONFREQ","#,
                r#""autopayment":{"model":"A","frequency":"1M","singleLimitAmount":20.00,"#,
                r#""totalLimitAmount":240.50,"currency":"PLN","#,
                r#""initDate":"2026-01-01T00:00:00+00:00","#,
                r#""expirationDate":"2028-01-01T00:00:00+00:00"},"noDelay":true},"type":2,"#,
                r#""refuseNoPayId":true}}"#
            ),
        ),
        (
            Pay::card(CardPayment::saved("tok").roc_text("Roc1")).cof(CardOnFile::Recurring),
            r#"{"groupId":103,"cardPaymentData":{"token":"tok","rocText":"Roc1"},"cof":"recurring"}"#,
        ),
        (
            Pay::card(CardPayment::encrypted("blob").save(1).preauthorized_token("p")),
            r#"{"groupId":103,"cardPaymentData":{"card":"blob","preauthorizedToken":"p","save":1}}"#,
        ),
        (
            Pay::new().token_payment_data(eisop),
            r#"{"tokenPaymentData":{"tokenValue":"123456789012","cardExpiryDate":"2812","initialTransactionId":"INIT1","cardBrand":"visa","rocText":"Roc1"}}"#,
        ),
        (
            Pay::group(170).apple_pay_payment_data("YQ=="),
            r#"{"groupId":170,"applePayPaymentData":"YQ=="}"#,
        ),
        (
            Pay::group(166).google_pay_payment_data("YQ=="),
            r#"{"groupId":166,"googlePayPaymentData":"YQ=="}"#,
        ),
        (
            Pay::new().click_to_pay_payment_data(ClickToPay::new("d", CardNetwork::Visa)),
            r#"{"clickToPayPaymentData":{"paymentData":"d","network":"visa"}}"#,
        ),
        (
            Pay::new().recursive(Recursive::new(3, 12).kind(1).expiration_date("2028-01-01")),
            r#"{"recursive":{"period":3,"quantity":12,"type":1,"expirationDate":"2028-01-01"}}"#,
        ),
        (
            Pay::new().recursive(Recursive::unlimited(5).recursive_id("r-1")),
            r#"{"recursive":{"period":5,"recursiveId":"r-1"}}"#,
        ),
    ] {
        let line = sent(&PayTransaction::new(ULID, pay));
        assert_eq!(line, format!("POST /transactions/{ULID}/pay {json}"));
    }
    for (pay, argument) in [
        (Pay::new().recursive(Recursive::new(6, 1)), "recursive.period"),
        (Pay::new().click_to_pay_payment_data(ClickToPay::new("d", "jcb".into())), "network"),
        (
            Pay::new().click_to_pay_payment_data(ClickToPay::new("", CardNetwork::Visa)),
            "payment_data",
        ),
        (Pay::new().token_payment_data(TokenPayment::new("1", "2812", "I", "v")), "token_value"),
        (
            Pay::new().token_payment_data(TokenPayment::new("123456789012", "28/12", "I", "v")),
            "card_expiry_date",
        ),
        (
            Pay::blik(BlikPayment::alias(
                BlikAlias::new("a", AliasType::PayId)
                    .autopayment(Autopayment::new(AutopaymentModel::M).frequency("M1")),
            )),
            "autopayment.frequency",
        ),
        (Pay::blik(BlikPayment::alias(BlikAlias::new("", AliasType::Uid))), "aliases.value"),
        (Pay::blik(BlikPayment::alias(BlikAlias::new("a", "X".into()))), "aliases.type"),
    ] {
        assert_eq!(rejected(&PayTransaction::new(ULID, pay)), argument);
    }
}

#[test]
fn transactions_list_request() {
    assert_eq!(sent(&ListTransactions::new()), "GET /transactions");
    let all = ListTransactions::new()
        .page(2)
        .limit(100)
        .from("2026-01-01 00:00:00")
        .to("2026-01-31 23:59:59")
        .status(TransactionStatus::Correct);
    assert_eq!(
        sent(&all),
        "GET /transactions?page=2&limit=100&from=2026-01-01+00%3A00%3A00&to=2026-01-31+23%3A59%3A59&status=correct"
    );
    assert_eq!(rejected(&ListTransactions::new().limit(101)), "limit");
    assert_eq!(rejected(&ListTransactions::new().limit(0)), "limit");
    assert_eq!(rejected(&ListTransactions::new().page(0)), "page");
    assert_eq!(rejected(&ListTransactions::new().status("lost")), "status");
}

#[test]
fn lists_are_filtered_by_times_of_any_zone() {
    // 2026-07-01 and 2026-12-01, 00:00 UTC.
    let (from, to) = (UnixTime::from_seconds(1_782_864_000), UnixTime::from_seconds(1_796_083_200));
    let query = "from=2026-07-01+02%3A00%3A00&to=2026-12-01+01%3A00%3A00";
    let list = ListTransactions::new().from(from).to(to);
    assert_eq!(sent(&list), format!("GET /transactions?{query}"));
    let list = ListRefunds::new().from(from).to(to);
    assert_eq!(sent(&list), format!("GET /refunds?{query}"));
    let since = UNIX_EPOCH + Duration::from_secs(1_782_864_000);
    let list = ListTransactionRefunds::new("ta_1").from(since).to(to);
    assert_eq!(sent(&list), format!("GET /transactions/ta_1/refunds?{query}"));
}

#[test]
fn dates_that_do_not_exist_are_rejected_wherever_a_request_has_one() {
    let token = |expiry| TokenPayment::new("123456789012", expiry, "I", "v");
    // Month 28, as in the order of a notification.
    let pay = Pay::new().token_payment_data(token("1228"));
    assert_eq!(rejected(&PayTransaction::new(ULID, pay)), "card_expiry_date");
    let refund = RefundCard::new(grosze(100), 985, "a").card_expiry_date("1228");
    assert_eq!(rejected(&refund), "card_expiry_date");
    let pay = Pay::new().recursive(Recursive::new(1, 1).expiration_date("31-12-2030"));
    assert_eq!(rejected(&PayTransaction::new(ULID, pay)), "recursive.expiration_date");
    let alias = |terms| {
        let alias = BlikAlias::new("a", AliasType::PayId).autopayment(terms);
        PayTransaction::new(ULID, Pay::blik(BlikPayment::alias(alias)))
    };
    let terms = || Autopayment::new(AutopaymentModel::A).frequency("1M");
    let rejects = |terms| rejected(&alias(terms));
    for frequency in ["", "M", "1", "1X", "1.5M", "M1"] {
        let rejected = rejects(terms().frequency(frequency));
        assert_eq!(rejected, "autopayment.frequency", "{frequency:?}");
    }
    assert!(sent(&alias(terms().frequency("12W"))).contains(r#""frequency":"12W""#));
    assert_eq!(rejects(terms().init_date("2030-02-30T00:00:00Z")), "autopayment.init_date");
    assert_eq!(rejects(terms().expiration_date("2030-13-01")), "autopayment.expiration_date");
    let plan = Schedule::new(grosze(1), Currency::Pln, "2030-00-01", 1, IntervalUnit::Days);
    let instrument = PaymentInstrument::card_token("t");
    let payer = Payer::new("a@example.com", "Jan");
    let plan = CreateRecurring::new(ULID, "d", payer, plan, instrument, "https://example.com/n");
    assert_eq!(rejected(&plan), "schedule.first_charge_date");
    let account = |person: Person| CreateAccount::new("OFFER", "a@example.com").person([person]);
    let person = || Person::new("Jan", "Nowak");
    let born = account(person().date_of_birth("1.2.1990"));
    assert_eq!(rejected(&born), "person.date_of_birth");
    let expired = account(person().expiry_date("2030-02-29 00:00:00"));
    assert_eq!(rejected(&expired), "person.expiry_date");
    assert_eq!(rejected(&ListTransactions::new().from("2026-02-29")), "from");
    assert_eq!(rejected(&ListTransactionRefunds::new("t").to("2026-06-31 00:00:00")), "to");
    assert_eq!(rejected(&ListRefunds::new().from("2026-00-00")), "from");
}

#[test]
fn transactions_get_request() {
    assert_eq!(sent(&GetTransaction::new(ULID)), format!("GET /transactions/{ULID}"));
    assert_eq!(sent(&GetTransaction::new(NASTY)), format!("GET /transactions/{NASTY_SEGMENT}"));
    for bad in ["", " ", ".", ".."] {
        assert_eq!(rejected(&GetTransaction::new(bad)), "transaction_id");
    }
}

#[test]
fn transactions_pay_request() {
    let call = PayTransaction::new(NASTY, Pay::blik(BlikPayment::code("777123")));
    let body = r#"{"groupId":150,"blikPaymentData":{"blikToken":"777123","type":0}}"#;
    assert_eq!(sent(&call), format!("POST /transactions/{NASTY_SEGMENT}/pay {body}"));
    assert!(!call.idempotent());
}

#[test]
fn transactions_cancel_request() {
    let call = CancelTransaction::new("ta_6UvbBjehvHXA7vfD");
    assert_eq!(sent(&call), "POST /transactions/ta_6UvbBjehvHXA7vfD/cancel");
}

#[test]
fn transactions_cancel_legacy_request() {
    let call = CancelTransactionLegacy::new(ULID);
    assert_eq!(sent(&call), format!("GET /transactions/{ULID}/cancel"));
    assert!(!call.idempotent(), "the GET request changes data");
}

#[test]
fn transactions_qr_request() {
    let call = GetTransactionQr::new(ULID);
    assert_eq!(sent(&call), format!("POST /transactions/{ULID}/qr {{}}"));
    let all = call
        .size(QrSize::ExtraLarge)
        .output_type(ImageType::Svg)
        .logo("bG9nbw==")
        .logo_type(ImageType::Png)
        .link_type(QrLink::GlobalTitle);
    assert!(sent(&all).ends_with(
        r#"{"size":"XL","outputType":"image/svg+xml","logo":"bG9nbw==","logoType":"image/png","linkType":"gtitle"}"#
    ));
    assert_eq!(rejected(&GetTransactionQr::new(ULID).size("XXL")), "size");
}

#[test]
fn transactions_refund_request() {
    let all = RefundTransaction::new(ULID);
    assert_eq!(sent(&all), format!("POST /transactions/{ULID}/refunds {{}}"));
    let part = all.amount(grosze(10015));
    assert_eq!(sent(&part), format!("POST /transactions/{ULID}/refunds {{\"amount\":100.15}}"));
    assert_eq!(rejected(&RefundTransaction::new(ULID).amount(grosze(0))), "amount");
    assert!(!part.idempotent());
}

#[test]
fn transactions_list_refunds_request() {
    let call = ListTransactionRefunds::new(ULID);
    assert_eq!(sent(&call), format!("GET /transactions/{ULID}/refunds"));
    let all = call.page(1).limit(35).from("2026-01-01 00:00:00").to("x");
    assert_eq!(
        sent(&all),
        format!(
            "GET /transactions/{ULID}/refunds?page=1&limit=35&from=2026-01-01+00%3A00%3A00&to=x"
        )
    );
}

#[test]
fn transactions_bank_groups_request() {
    assert_eq!(sent(&ListBankGroups::new()), "GET /transactions/bank-groups");
    let online = ListBankGroups::new().only_online(true);
    assert_eq!(sent(&online), "GET /transactions/bank-groups?onlyOnline=true");
}

#[test]
fn transactions_channels_request() {
    assert_eq!(sent(&ListChannels::new()), "GET /transactions/channels");
    let medium = ListChannels::new().image_size("medium");
    assert_eq!(sent(&medium), "GET /transactions/channels?imageSize=medium");
}

#[test]
fn refunds_list_request() {
    assert_eq!(sent(&ListRefunds::new()), "GET /refunds");
    let all = ListRefunds::new()
        .page(1)
        .limit(2)
        .from("f")
        .to("t")
        .payer_email("a+b@x")
        .transaction_title(NASTY)
        .context(RefundContext::Card)
        .token("tok");
    assert_eq!(
        sent(&all),
        format!(
            "GET /refunds?page=1&limit=2&from=f&to=t&payerEmail=a%2Bb%40x&transactionTitle={NASTY_QUERY}&context=card&token=tok"
        )
    );
}

#[test]
fn refunds_create_request() {
    let call = RefundCard::new(grosze(150), 985, "123456789012");
    assert_eq!(
        sent(&call),
        r#"POST /refunds {"amount":1.50,"currencyCode":985,"tokenValue":"123456789012"}"#
    );
    let all = call.card_expiry_date("2812").roc_text("Roc1");
    assert!(sent(&all).ends_with(r#","cardExpiryDate":"2812","rocText":"Roc1"}"#));
    assert_eq!(rejected(&RefundCard::new(grosze(1), 985, "")), "token_value");
    assert_eq!(rejected(&RefundCard::new(grosze(1), 0, "t")), "currency_code");
    let noted = |length| RefundCard::new(grosze(1), 985, "t").roc_text("x".repeat(length));
    assert!(sent(&noted(255)).contains("xxx"));
    assert_eq!(rejected(&noted(256)), "roc_text");
}

#[test]
fn refunds_get_request() {
    assert_eq!(sent(&GetRefund::new("rf_1")), "GET /refunds/rf_1");
    assert_eq!(sent(&GetRefund::new(NASTY)), format!("GET /refunds/{NASTY_SEGMENT}"));
}

#[test]
fn tokens_create_request() {
    let call = CreateCardToken::new("https://x/n");
    assert_eq!(sent(&call), r#"POST /tokens {"callbackUrl":"https://x/n"}"#);
    let all = call
        .payer(CardTokenPayer::new("Ann", "a@x"))
        .redirect_url(RedirectUrls::new("https://x/ok", "https://x/err"))
        .card("blob");
    assert_eq!(
        sent(&all),
        r#"POST /tokens {"callbackUrl":"https://x/n","payer":{"name":"Ann","email":"a@x"},"redirectUrl":{"success":"https://x/ok","error":"https://x/err"},"card":"blob"}"#
    );
    for (call, argument) in [
        (CreateCardToken::new(""), "callback_url"),
        (CreateCardToken::new("u").payer(CardTokenPayer::new("", "a@x")), "payer.name"),
        (CreateCardToken::new("u").payer(CardTokenPayer::new("A", "")), "payer.email"),
        (
            CreateCardToken::new("u").redirect_url(RedirectUrls::new("", "e")),
            "redirect_url.success",
        ),
        (CreateCardToken::new("u").redirect_url(RedirectUrls::new("s", "")), "redirect_url.error"),
        (CreateCardToken::new("u").card(""), "card"),
    ] {
        assert_eq!(rejected(&call), argument);
    }
}

#[test]
fn tokens_get_request() {
    assert_eq!(sent(&GetCardToken::new("tok")), "GET /tokens/tok");
    assert_eq!(rejected(&GetCardToken::new("")), "token_value");
}

#[test]
fn tokens_delete_request() {
    assert_eq!(sent(&DeleteCardToken::new("tok")), "DELETE /tokens/tok");
}

#[test]
fn wallet_init_apple_pay_request() {
    let call = InitApplePay::new("shop.example.com", "https://apple/start");
    assert_eq!(
        sent(&call),
        r#"POST /wallet/applepay/init {"domainName":"shop.example.com","validationUrl":"https://apple/start"}"#
    );
    assert!(sent(&call.display_name("Sklep Ąę")).contains(r#""displayName":"Sklep Ąę""#));
    for name in [String::new(), "ą".repeat(256)] {
        assert_eq!(rejected(&InitApplePay::new("d", "v").display_name(name)), "display_name");
    }
}

#[test]
fn blik_create_alias_request() {
    let alias = BlikAlias::new("A1", AliasType::PayId).label("Shop");
    let call = CreateBlikAlias::new("Payments", BlikPayment::code("123456").aliases(alias));
    assert_eq!(
        sent(&call),
        r#"POST /blik/alias {"description":"Payments","pay":{"blikPaymentData":{"blikToken":"123456","aliases":{"value":"A1","type":"PAYID","label":"Shop"},"type":0}}}"#
    );
    assert!(sent(&call.lang(Language::Polish)).contains(r#""lang":"pl""#));
    let long = CreateBlikAlias::new("x".repeat(106), BlikPayment::new());
    assert_eq!(rejected(&long), "description");
    assert_eq!(rejected(&CreateBlikAlias::new("d", BlikPayment::new())), "blik_token");
}

#[test]
fn blik_get_alias_request() {
    let call = GetBlikAlias::new(NASTY, AliasType::Uid);
    assert_eq!(sent(&call), format!("GET /blik/alias/{NASTY_SEGMENT}?aliasType=UID"));
    assert_eq!(rejected(&GetBlikAlias::new("a", "X".into())), "alias_type");
}

#[test]
fn blik_delete_alias_request() {
    let call = DeleteBlikAlias::new(NASTY, AliasType::PayId);
    let expected = format!("DELETE /blik/alias/{NASTY_SEGMENT} {{\"aliasType\":\"PAYID\"}}");
    assert_eq!(sent(&call), expected);
    assert_eq!(rejected(&DeleteBlikAlias::new("a", "X".into())), "alias_type");
}

#[test]
fn accounts_list_request() {
    assert_eq!(sent(&ListAccounts::new()), "GET /accounts");
    assert_eq!(sent(&ListAccounts::new().page(1).limit(10)), "GET /accounts?page=1&limit=10");
}

#[test]
fn accounts_create_request() {
    let call = CreateAccount::new("PTON8", "m@x");
    assert_eq!(sent(&call), r#"POST /accounts {"offerCode":"PTON8","email":"m@x"}"#);
    let address = AccountAddress::new()
        .name("Main")
        .friendly_name("main")
        .street("S")
        .house_number("1")
        .room_number("2")
        .postal_code("00-001")
        .city("W")
        .country("PL")
        .phone("1")
        .is_main(true)
        .is_correspondence(true)
        .is_invoice(false);
    let person = Person::new("Jan", "K")
        .shares_pct("33.5".parse::<Amount>().unwrap())
        .is_contact_person(true)
        .contact([PersonContact::new("j@x").kind(1)]);
    let site = Website::new().url("https://x").name("X").description("d").friendly_name("x");
    let all = call
        .phone(AccountPhone::new("123", "PL"))
        .tax_id("1")
        .regon("2")
        .krs("0000160673")
        .legal_form(4)
        .category_id(5)
        .mcc("5722")
        .notify_by_email(true)
        .merchant_api_consent(true)
        .website([site])
        .address([address])
        .person([person])
        .bank_account(AccountBank::new("1".repeat(26), "O").currency("PLN").account_type(1));
    assert_eq!(
        sent(&all),
        concat!(
            r#"POST /accounts {"offerCode":"PTON8","email":"m@x","#,
            r#""phone":{"phoneNumber":"123","phoneCountry":"PL"},"taxId":"1","regon":"2","#,
            r#""krs":"0000160673","#,
            r#""legalForm":4,"categoryId":5,"mcc":"5722","notifyByEmail":true,"#,
            r#""merchantApiConsent":true,"#,
            r#""website":[{"url":"https://x","name":"X","description":"d","friendlyName":"x"}],"#,
            r#""address":[{"name":"Main","friendlyName":"main","roomNumber":"2","street":"S","#,
            r#""houseNumber":"1","postalCode":"00-001","city":"W","country":"PL","phone":"1","#,
            r#""isMain":true,"isCorrespondence":true,"isInvoice":false}],"#,
            r#""person":[{"name":"Jan","surname":"K","sharesPct":33.5,"isContactPerson":true,"#,
            r#""contact":[{"contact":"j@x","type":1}]}],"#,
            r#""bankAccount":{"accountNo":"11111111111111111111111111","ownerName":"O","#,
            r#""currency":"PLN","accountType":1}}"#
        )
    );
}

#[test]
fn accounts_create_merchant_request() {
    let call = CreateMerchant::new("PTON8", "m@x");
    assert_eq!(sent(&call), r#"POST /v1/accounts/merchant {"offerCode":"PTON8","email":"m@x"}"#);
    let all = call
        .krs("3")
        .address([MerchantAddress::new().flat_number("7").is_main(true)])
        .contact_person([ContactPerson::new("J", "K").phone("1").email("j@x")])
        .merchant_api_consent(false);
    assert!(sent(&all).ends_with(
        r#","krs":"3","address":[{"flatNumber":"7","isMain":true}],"contactPerson":[{"name":"J","surname":"K","phone":"1","email":"j@x"}],"merchantApiConsent":false}"#
    ));
    let main = MerchantAddress::new().is_main(true);
    let two = CreateMerchant::new("o", "e").address([main.clone(), main]);
    assert_eq!(rejected(&two), "address");
    // It is documented for merchants only that there must not be more than one main address.
    let main = AccountAddress::new().is_main(true);
    sent(&CreateAccount::new("o", "e").address([main.clone(), main]));
    for (call, argument) in [
        (AccountPhone::new("1".repeat(16), "PL"), "phone.phone_number"),
        (AccountPhone::new("123", "Poland"), "phone.phone_country"),
    ] {
        assert_eq!(rejected(&CreateAccount::new("o", "e").phone(call)), argument);
    }
    for (bank, argument) in [
        (AccountBank::new("", "O"), "bank_account.account_no"),
        (AccountBank::new("1", ""), "bank_account.owner_name"),
    ] {
        assert_eq!(rejected(&CreateAccount::new("o", "e").bank_account(bank)), argument);
    }
}

#[test]
fn accounts_upload_file_request() {
    let call = UploadAccountFile::new("mc_6UvbBjehvHXA7vfD", 1, b"%PDF");
    let account = r#""accountId":"mc_6UvbBjehvHXA7vfD","documentType":1"#;
    let body = format!(r#"POST /accounts/files {{"file":"JVBERg==",{account}}}"#);
    assert_eq!(sent(&call), body);
    let person = call.person_id("pr_bmZYOMG86DJ3PNBx");
    assert!(sent(&person).ends_with(r#""documentType":1,"personId":"pr_bmZYOMG86DJ3PNBx"}"#));
    // Documents of persons are not shown in logs and printed commands.
    assert!(!format!("{person:?}").contains("JVBERg"), "{person:?}");
    let command = client().curl(&person).unwrap();
    assert!(!command.contains("JVBERg") && command.contains("pr_bmZ"), "{command}");
    let encoded = UploadAccountFile::encoded("mc_1", 2, "as is");
    assert!(sent(&encoded).contains(r#""file":"as is","accountId":"mc_1","documentType":2"#));
    assert_eq!(rejected(&UploadAccountFile::new("mc_1", 1, b"")), "file");
    assert_eq!(rejected(&UploadAccountFile::new("", 1, b"x")), "account_id");
    assert_eq!(rejected(&UploadAccountFile::new("mc_1", 1, b"x").person_id("")), "person_id");
}

#[test]
fn accounts_get_request() {
    assert_eq!(sent(&GetAccount::new(ULID)), format!("GET /accounts/{ULID}"));
}

#[test]
fn accounts_balance_request() {
    assert_eq!(sent(&GetBalance::new(ULID)), format!("GET /accounts/{ULID}/balance"));
}

#[test]
fn accounts_categories_request() {
    assert_eq!(sent(&ListCategories::new()), "GET /accounts/category");
}

#[test]
fn accounts_category_request() {
    assert_eq!(sent(&GetCategory::new(60)), "GET /accounts/category/60");
}

#[test]
fn accounts_legal_forms_request() {
    assert_eq!(sent(&ListLegalForms::new()), "GET /accounts/legalForm");
}

#[test]
fn accounts_legal_form_request() {
    assert_eq!(sent(&GetLegalForm::new(3)), "GET /accounts/legalForm/3");
}

#[test]
fn accounts_documents_request() {
    assert_eq!(sent(&ListDocuments::new()), "GET /accounts/document");
}

#[test]
fn accounts_document_request() {
    assert_eq!(sent(&GetDocument::new(1)), "GET /accounts/document/1");
}

#[test]
fn accounts_mcc_request() {
    assert_eq!(sent(&ListMcc::new()), "GET /accounts/mcc");
}

#[test]
fn accounts_pos_request() {
    assert_eq!(sent(&ListPos::new()), "GET /accounts/pos");
}

fn marketplace(amount: Amount) -> CreateMarketplaceTransaction {
    let product = Product::new("sku-1", "1.5".parse().unwrap(), grosze(1000)).name("Tea");
    let child = ChildTransaction::new(amount, "Tea", ULID, [product]).hidden_description("h");
    CreateMarketplaceTransaction::new(
        "Basket",
        ULID,
        BillingAddress::new("a@x", "Ann").city("W").house_no("1"),
        [child],
        [
            MarketplaceCallback::success("https://x/ok"),
            MarketplaceCallback::error("https://x/err"),
            MarketplaceCallback::notification("https://x/n"),
            MarketplaceCallback::email("m@x"),
        ],
    )
}

#[test]
fn marketplace_create_request() {
    let all = marketplace(grosze(1500))
        .hidden_description("b-1")
        .language_code(MarketplaceLanguage::English)
        .pre_selected_channel_id("64")
        .email_when_created(false);
    assert_eq!(
        sent(&all),
        concat!(
            r#"POST /marketplace/v1/transaction {"currency":"PLN","description":"Basket","#,
            r#""hiddenDescription":"b-1","languageCode":"EN","preSelectedChannelId":"64","#,
            r#""pos":{"id":"01K1Z6T40ZWKY1XZG9VD5AZ9Q4"},"#,
            r#""billingAddress":{"email":"a@x","name":"Ann","city":"W","houseNo":"1"},"#,
            r#""childTransactions":[{"amount":1500,"description":"Tea","hiddenDescription":"h","#,
            r#""merchant":{"id":"01K1Z6T40ZWKY1XZG9VD5AZ9Q4"},"#,
            r#""products":[{"externalId":"sku-1","quantity":1.5,"unitPrice":1000,"name":"Tea"}]}],"#,
            r#""transactionCallbacks":[{"type":1,"value":"https://x/ok"},"#,
            r#"{"type":2,"value":"https://x/err"},{"type":3,"value":"https://x/n"},"#,
            r#"{"type":4,"value":"m@x"}],"transactionEmails":{"transactionCreated":false}}"#
        )
    );
    assert_eq!(rejected(&marketplace("1.005".parse().unwrap())), "child_transactions.amount");
    let create = |children: &[ChildTransaction], callback: &str| {
        let (payer, callback) =
            (BillingAddress::new("a", "A"), MarketplaceCallback::email(callback));
        CreateMarketplaceTransaction::new("d", ULID, payer, children, [callback])
    };
    let child = ChildTransaction::new(grosze(1), "Tea", ULID, []);
    assert_eq!(rejected(&create(&[], "a@x")), "child_transactions");
    assert_eq!(rejected(&create(&[child], "")), "transaction_callbacks.value");
}

#[test]
fn marketplace_get_request() {
    let call = GetMarketplaceTransaction::new(ULID);
    assert_eq!(sent(&call), format!("GET /marketplace/v1/transaction/{ULID}"));
    assert!(sent(&call.with_payment_attempts(true)).ends_with("?withPaymentAttempts=true"));
}

#[test]
fn marketplace_pay_request() {
    let call = PayMarketplaceTransaction::new(ULID).blik_payment_data(BlikPayment::code("777123"));
    let body = r#"{"blikPaymentData":{"blikToken":"777123","type":0}}"#;
    assert_eq!(sent(&call), format!("POST /marketplace/v1/transaction/{ULID}/pay {body}"));
    let blik = PayMarketplaceTransaction::new(ULID).blik_payment_data(BlikPayment::code("12345"));
    assert_eq!(rejected(&blik), "blik_token");
    let none = PayMarketplaceTransaction::new(ULID).blik_payment_data(BlikPayment::new());
    assert_eq!(rejected(&none), "blik_token");
    let none = PayMarketplaceTransaction::new(ULID).apple_pay_payment_data("");
    assert_eq!(rejected(&none), "apple_pay_payment_data");
    let card = PayMarketplaceTransaction::new(ULID).card_payment_data(CardPayment::new().save(2));
    assert_eq!(rejected(&card), "save");
    assert_eq!(rejected(&PayMarketplaceTransaction::new(ULID)), "pay");
    assert_eq!(rejected(&PayTransaction::new(ULID, Pay::new())), "pay");
}

#[test]
fn marketplace_refund_request() {
    let path = format!("POST /marketplace/v1/transaction/{ULID}/refund");
    let all = RefundMarketplaceTransaction::full(ULID);
    assert_eq!(sent(&all), format!("{path} {{\"childTransactions\":[]}}"));
    let parts = [ChildRefund::by_id("c", grosze(1)), ChildRefund::by_merchant("m", grosze(2))];
    assert_eq!(
        sent(&RefundMarketplaceTransaction::partial(ULID, parts)),
        format!(
            r#"{path} {{"childTransactions":[{{"id":"c","amount":1,"products":[]}},{{"merchantId":"m","amount":2,"products":[]}}]}}"#
        )
    );
    let nothing = RefundMarketplaceTransaction::partial(ULID, [ChildRefund::by_id("c", grosze(0))]);
    assert_eq!(rejected(&nothing), "child_transactions.amount");
    let product = Product::new("sku-1", "0".parse().unwrap(), grosze(1));
    for (part, argument) in [
        (ChildRefund::by_id("", grosze(1)), "child_transactions.id"),
        (ChildRefund::by_merchant("", grosze(1)), "child_transactions.merchant_id"),
        (ChildRefund::by_id("c", grosze(1)).products([product]), "products.quantity"),
    ] {
        assert_eq!(rejected(&RefundMarketplaceTransaction::partial(ULID, [part])), argument);
    }
}

#[test]
fn marketplace_cancel_request() {
    let call = CancelMarketplaceTransaction::new(ULID);
    assert_eq!(sent(&call), format!("POST /marketplace/v1/transaction/{ULID}/cancel"));
}

#[test]
fn marketplace_bank_groups_request() {
    assert_eq!(
        sent(&ListMarketplaceBankGroups::new(["a", "b"])),
        "GET /marketplace/v1/bank-groups?merchantId%5B%5D=a&merchantId%5B%5D=b"
    );
}

#[test]
fn collect_list_bank_accounts_request() {
    let call = ListBankAccounts::new().page(1).limit(35);
    assert_eq!(sent(&call), "GET /collect/bank-accounts?page=1&limit=35");
}

#[test]
fn collect_create_bank_account_request() {
    let account = "PL63105015201000009091194713";
    assert_eq!(
        sent(&CreateBankAccount::new(account, "Jan", "ul. Libelta 8/2")),
        format!(
            r#"POST /collect/bank-accounts {{"accountNumber":"{account}","ownerName":"Jan","additionalInformation":"ul. Libelta 8/2"}}"#
        )
    );
    assert_eq!(rejected(&CreateBankAccount::new("63", "J", "i")), "account_number");
    assert_eq!(rejected(&CreateBankAccount::new(account, "", "i")), "owner_name");
}

#[test]
fn reports_list_request() {
    assert_eq!(sent(&ListReports::new()), "GET /reports");
    let all = ListReports::new().page(1).page_size(20).sort_direction(SortDirection::Descending);
    assert_eq!(sent(&all), "GET /reports?page=1&pageSize=20&sortDirection=DESC");
    assert_eq!(rejected(&ListReports::new().page_size(0)), "page_size");
    assert_eq!(rejected(&ListReports::new().page(0)), "page");
    use tpay_client::api_auth::NumberedPages;
    assert_eq!(sent(&all.with_page_number(3)), sent(&all).replace("page=1", "page=3"));
}

#[test]
fn reports_file_request() {
    let call = GetReportFile::new(NASTY, "file_2");
    assert_eq!(sent(&call), format!("GET /reports/{NASTY_SEGMENT}/files/file_2"));
}

fn plan(id: &str, amount: Amount) -> CreateRecurring {
    let currency = Currency::Pln;
    let schedule = Schedule::new(amount, currency, "2026-12-01T10:00:00", 1, IntervalUnit::Months);
    let instrument = PaymentInstrument::card_token("tok");
    CreateRecurring::new(id, "Plan", payer(), schedule, instrument, "https://x/r")
}

#[test]
fn recurring_create_request() {
    assert_eq!(
        sent(&plan(ULID, grosze(4990)).hidden_description("sub-77")),
        format!(
            r#"POST /recurring {{"id":"{ULID}","description":"Plan","payer":{{"email":"a@example.com","name":"Ann"}},"schedule":{{"amount":49.90,"currency":"PLN","firstChargeDate":"2026-12-01T10:00:00","interval":1,"intervalType":"months"}},"paymentInstrument":{{"paymentType":"card_token","value":"tok"}},"callbackUrl":"https://x/r","hiddenDescription":"sub-77"}}"#
        )
    );
    assert_eq!(rejected(&plan("1", grosze(1))), "id");
    assert_eq!(rejected(&plan(ULID, grosze(0))), "schedule.amount");
    let months = IntervalUnit::Months;
    let schedule = |first: &str, interval, unit: &IntervalUnit| {
        Schedule::new(grosze(1), Currency::Pln, first, interval, unit.clone())
    };
    let retry = |value, unit: &IntervalUnit| {
        let retry = RetryInterval::new(value, unit.clone());
        schedule("2026-12-01", 1, &months)
            .retry_intervals([RetryInterval::new(1, months.clone()), retry])
    };
    let weeks = IntervalUnit::from("weeks");
    let plan = |schedule, instrument| {
        CreateRecurring::new(ULID, "Plan", payer(), schedule, instrument, "https://x/r")
    };
    for (schedule, argument) in [
        (schedule("", 1, &months), "schedule.first_charge_date"),
        (schedule("2026-12-01", 0, &months), "schedule.interval"),
        (schedule("2026-12-01", 1, &weeks), "schedule.interval_type"),
        (retry(0, &months), "schedule.retry_intervals.value"),
        (retry(1, &weeks), "schedule.retry_intervals.unit"),
    ] {
        assert_eq!(rejected(&plan(schedule, PaymentInstrument::test("x"))), argument);
    }
    let blik = RecurringBlik::new("X".into());
    let unknown = plan(retry(1, &months), PaymentInstrument::blik_pay_id("p", blik));
    assert_eq!(rejected(&unknown), "payment_instrument.blik.model");
    // The official SDK has no lower limit for the number of charges.
    sent(&plan(retry(1, &months).charge_count(0), PaymentInstrument::test("x")));
}

#[test]
fn recurring_list_request() {
    let call = ListRecurring::new().page(1).limit(5);
    assert_eq!(sent(&call), "GET /recurring?page=1&limit=5");
}

#[test]
fn recurring_get_request() {
    assert_eq!(sent(&GetRecurring::new(ULID)), format!("GET /recurring/{ULID}"));
}

#[test]
fn recurring_transactions_request() {
    let call = ListRecurringCharges::new(ULID).page(2);
    assert_eq!(sent(&call), format!("GET /recurring/{ULID}/transactions?page=2"));
}

#[test]
fn recurring_cancel_request() {
    assert_eq!(sent(&CancelRecurring::new(ULID)), format!("POST /recurring/{ULID}/cancel"));
}

#[test]
fn recurring_retry_request() {
    let call = RetryRecurring::new(ULID);
    assert_eq!(sent(&call), format!("POST /recurring/{ULID}/retry"));
    assert!(!call.idempotent());
}

#[test]
fn recurring_update_payment_instrument_request() {
    let blik = RecurringBlik::new(AutopaymentModel::A).no_delay(true);
    let call = UpdatePaymentInstrument::new(ULID, PaymentInstrument::blik_pay_id("p", blik));
    let body = r#"{"paymentInstrument":{"paymentType":"blik_payid","value":"p","blik":{"model":"A","noDelay":true}}}"#;
    assert_eq!(sent(&call), format!("POST /recurring/{ULID}/payment_instrument {body}"));
    let empty = UpdatePaymentInstrument::new(ULID, PaymentInstrument::test(""));
    assert_eq!(rejected(&empty), "payment_instrument.value");
}

#[test]
fn certificates_signing_request() {
    let call = GetSigningCertificate::new();
    assert_eq!(sent(&call), "GET /x509/notifications-jws.pem");
    let request = client().signed_request(&call).unwrap();
    assert_eq!(request.uri().host(), Some("secure.tpay.com"));
    assert_eq!(request.headers()["accept"], "*/*", "the response is a PEM file");
}

#[test]
fn certificates_root_request() {
    let call = GetRootCertificates::new();
    assert_eq!(sent(&call), "GET /x509/tpay-jws-root.pem");
    let request = client().signed_request(&call).unwrap();
    assert_eq!(request.uri().host(), Some("secure.tpay.com"));
    assert_eq!(request.headers()["accept"], "*/*", "the response is a PEM file");
}

#[test]
fn no_secret_of_a_request_is_shown() {
    let card = CardPayment::encrypted("CANARY").token("CANARY");
    let pay = Pay::card(card)
        .apple_pay_payment_data("CANARY")
        .blik_payment_data(BlikPayment::code("CANARY"));
    let shown = format!(
        "{pay:?} {:?} {:?} {:?} {:?}",
        RequestToken::new("id", "CANARY"),
        GetCardToken::new("CANARY"),
        RefundCard::new(grosze(1), 985, "CANARY"),
        PaymentInstrument::card_token("CANARY"),
    );
    assert!(!shown.contains("CANARY"), "{shown}");
    let line = client().curl(&PayTransaction::new(ULID, Pay::channel(1))).unwrap();
    assert!(!line.contains("aWQ6c2VjcmV0"), "{line}");
}

#[test]
fn page_numbers_and_sizes_of_every_list_are_validated() {
    macro_rules! lists {
        ($($list:expr),+ $(,)?) => {$(
            assert_eq!(rejected(&$list.page(0)), "page");
            assert_eq!(rejected(&$list.limit(0)), "limit");
            assert_eq!(rejected(&$list.limit(101)), "limit");
        )+};
    }
    lists![
        ListTransactions::new(),
        ListTransactionRefunds::new("t"),
        ListRefunds::new(),
        ListRecurring::new(),
        ListRecurringCharges::new("r"),
        ListAccounts::new(),
        ListBankAccounts::new(),
    ];
}

/// A transport that responds with one page after the other and records the requests.
fn paging(
    pages: impl Fn(u64) -> String + Send + Sync + 'static,
) -> (Client, Arc<Mutex<Vec<String>>>) {
    let requested = Arc::new(Mutex::new(Vec::new()));
    let notes = requested.clone();
    let transport = move |request: Request| -> Result<Response, TransportError> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let page = query.split('&').find_map(|pair| pair.strip_prefix("page="));
        let body = pages(page.map_or(1, |page| page.parse().unwrap()));
        notes.lock().unwrap().push(query);
        Ok(Response::new(body.into_bytes()))
    };
    (Client::builder("id", "s").http_basic().transport(transport).build().unwrap(), requested)
}

fn ids(range: std::ops::Range<u64>, rest: &str) -> String {
    let list: Vec<String> = range.map(|id| format!(r#"{{"transactionId":"i{id}"}}"#)).collect();
    format!(r#"{{"transactions":[{}]{rest}}}"#, list.join(","))
}

#[test]
fn iteration_ends_at_the_total_or_an_empty_page() {
    let search = ListTransactions::new().limit(2);
    let rest = r#","page":1,"limit":2,"total":"4""#;
    let (client, requested) = paging(move |page| ids(page * 2..page * 2 + 2, rest));
    assert_eq!(client.transactions(&search).map(Result::unwrap).count(), 4);
    assert_eq!(*requested.lock().unwrap(), ["limit=2", "page=2&limit=2"]);

    let growing = r#","limit":2,"total":1000000"#;
    let (client, requested) =
        paging(
            move |page| {
                if page < 3 { ids(page * 2..page * 2 + 2, growing) } else { ids(0..0, growing) }
            },
        );
    assert_eq!(client.transactions(&search).by_page().map(Result::unwrap).count(), 3);
    assert_eq!(requested.lock().unwrap().len(), 3);
}

#[test]
fn list_without_a_page_size_ends_after_an_empty_page() {
    // The server uses pages of two entries, whatever size is requested.
    fn page(name: &'static str, id: &'static str, total: &'static str) -> impl Fn(u64) -> String {
        move |number| {
            let ids = if number < 4 { number * 2..number * 2 + 2 } else { 0..0 };
            let list: Vec<String> = ids.map(|id_| format!(r#"{{"{id}":"i{id_}"}}"#)).collect();
            format!(r#"{{"{name}":[{}]{total}}}"#, list.join(","))
        }
    }
    for total in ["", r#","total":6"#] {
        let (client, requested) = paging(page("reports", "id", total));
        assert_eq!(client.reports(&ListReports::new()).map(Result::unwrap).count(), 6);
        let (plans, _) = paging(page("list", "id", total));
        assert_eq!(plans.recurring_plans(&ListRecurring::new()).map(Result::unwrap).count(), 6);
        let (charges, _) = paging(page("list", "transactionId", total));
        let list = ListRecurringCharges::new("r");
        assert_eq!(charges.recurring_charges(&list).map(Result::unwrap).count(), 6);
        assert_eq!(requested.lock().unwrap().len(), 4);
    }
    let (client, requested) = paging(|number| ids(number..number + 1, r#","total":1"#));
    assert_eq!(client.transactions(&ListTransactions::new()).map(Result::unwrap).count(), 1);
    assert_eq!(requested.lock().unwrap().len(), 1, "the first page reaches the total");
}

#[test]
fn page_that_is_repeated_twice_is_an_error() {
    let (client, requested) = paging(|_| ids(0..100, ""));
    let mut items = client.transactions(&ListTransactions::new());
    assert_eq!(items.by_ref().take(100).filter(Result::is_ok).count(), 100);
    assert_eq!(items.next().unwrap().unwrap_err().kind(), ErrorKind::Incomplete);
    assert!(items.next().is_none());
    let expected = ["limit=100", "page=2&limit=100", "page=3&limit=100"];
    assert_eq!(*requested.lock().unwrap(), expected);
}

/// Reads a list of 30 entries with limit 10. Ten entries are added before the second request.
/// Returns the number of entries, and the kind of the error after them.
fn read_growing<E>(
    list: fn(&Client) -> api_auth::Items<E>,
    page: fn(ids: std::ops::Range<u64>, total: u64) -> String,
) -> (usize, Option<ErrorKind>)
where
    E: api_auth::NumberedPages<Output: Send> + Send + 'static,
{
    let (client, _) = paging(move |number| match number {
        1 => page(0..10, 30),
        number => page(number * 10 - 20..(number * 10 - 10).min(30), 40),
    });
    let read = |items: api_auth::Items<E>| {
        let (mut count, mut kind) = (0, None);
        for entry in items {
            match entry {
                Ok(_) => count += 1,
                Err(error) => kind = Some(error.kind()),
            }
        }
        (count, kind)
    };
    let found = read(list(&client));
    assert_eq!(read(list(&client).concurrent(3)), found);
    found
}

#[test]
fn every_list_continues_after_a_page_without_new_entries() {
    /// Returns a list of objects with an id.
    fn page(name: &str, id: &str, ids: std::ops::Range<u64>, rest: &str) -> String {
        let list: Vec<String> = ids.map(|number| format!(r#"{{"{id}":"i{number}"}}"#)).collect();
        format!(r#"{{"{name}":[{}]{rest}}}"#, list.join(","))
    }
    fn total(total: u64) -> String {
        format!(r#","limit":10,"total":{total}"#)
    }
    let found = [
        read_growing(
            |client| client.transactions(&ListTransactions::new().limit(10)),
            |ids, all| page("transactions", "transactionId", ids, &total(all)),
        ),
        read_growing(
            |client| client.transaction_refunds(&ListTransactionRefunds::new("t").limit(10)),
            |ids, all| page("refundsList", "refundId", ids, &total(all)),
        ),
        read_growing(
            |client| client.refunds(&ListRefunds::new().limit(10)),
            |ids, all| {
                let list = page("list", "refundId", ids, "");
                format!(r#"{{"transactions":{list}{}}}"#, total(all))
            },
        ),
        read_growing(
            |client| client.recurring_plans(&ListRecurring::new().limit(10)),
            |ids, all| page("list", "id", ids, &total(all)),
        ),
        read_growing(
            |client| client.recurring_charges(&ListRecurringCharges::new("r").limit(10)),
            |ids, all| page("list", "transactionId", ids, &total(all)),
        ),
        read_growing(
            |client| client.accounts(&ListAccounts::new().limit(10)),
            |ids, all| page("list", "id", ids, &total(all)),
        ),
        read_growing(
            |client| client.bank_accounts(&ListBankAccounts::new().limit(10)),
            |ids, all| page("bankAccounts", "id", ids, &total(all)),
        ),
        read_growing(
            |client| client.reports(&ListReports::new().page_size(10)),
            |ids, all| page("reports", "id", ids, &total(all)),
        ),
    ];
    assert_eq!(found, [(30, None); 8]);
}
