//! Encrypted blocks end to end: cookies, their states, webhooks from the sandbox to a callback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::time::{Duration, SystemTime};

use api_sandbox::Sandbox;
use api_sandbox::tinypass::{AID, PRIVATE_KEY, RID};
use tinypass_client::blocks::{
    AccessState, BlockError, Blocks, ClientAddress, Offer, PriceOption, Purchase, ReadError, Token,
    TokenCookie, WebhookEvent, WebhookType,
};
use tinypass_client::{Environment, GrantAccess, RevokeAccess, UnixTime};
use workspace_tests::tinypass;

fn blocks() -> Blocks {
    Blocks::new(AID, PRIVATE_KEY).unwrap()
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn token(json: &str) -> Token {
    serde_json::from_str(json).unwrap()
}

/// The moment of the tables, and moments around it.
const N: u64 = 1_700_000_000;

/// Returns the access that a token grants at [`N`]. Names in the tables are replaced: `N` now, `P`
/// past, `F` future, `F2` a later one, `M` the future in milliseconds.
fn at_n(members: &str, client: impl Into<ClientAddress>) -> AccessState {
    token_at_n(members).access(at(N), client)
}

fn token_at_n(members: &str) -> Token {
    let json = format!(r#"{{"rid":"r"{}{members}}}"#, if members.is_empty() { "" } else { "," });
    let json = json
        .replace("F2", "1700200000")
        .replace("N-1", "1699999999")
        .replace("N+1", "1700000001")
        .replace(['N'], "1700000000")
        .replace(['P'], "1699999000")
        .replace(['F'], "1700100000")
        .replace(['M'], "1700100000000");
    token(&json)
}

/// Measured with both official clients, PHP 2.0.8 and Ruby 0.0.1: members, and the state where the
/// two agree; `None` where they differ and at least one denies or fails.
#[test]
fn states_of_tokens_are_those_of_the_official_clients() {
    use AccessState::{Expired, Granted, InLockout, MeteredInTrial, RidNotFound, TrialDead};
    for (members, expected) in [
        ("", Some(Granted)),
        (r#""ex":0"#, Some(Granted)),
        (r#""ex":F"#, Some(Granted)),
        (r#""ex":N"#, Some(Expired)),
        (r#""ex":N+1"#, Some(Granted)),
        (r#""ex":P"#, Some(Expired)),
        (r#""ex":-1"#, Some(RidNotFound)),
        (r#""ex":-5"#, Some(Expired)),
        (r#""ex":null"#, None),
        (r#""ex":"F""#, None),
        (r#""ex":"P""#, None),
        (r#""ex":"-1""#, None),
        (r#""ex":"""#, None),
        (r#""ex":"abc""#, None),
        (r#""ex":true"#, None),
        (r#""ex":M"#, Some(Granted)),
        (r#""eex":P,"ex":F"#, Some(Expired)),
        (r#""eex":F,"ex":P"#, Some(Granted)),
        (r#""eex":0,"ex":P"#, Some(Expired)),
        (r#""eex":P"#, Some(Expired)),
        (r#""eex":null,"ex":P"#, None),
        (r#""eex":-1,"ex":F"#, Some(Expired)),
        (r#""eex":F,"ex":-1"#, Some(RidNotFound)),
        (r#""mt":10"#, Some(MeteredInTrial)),
        (r#""mt":10,"mtet":F,"mlet":F2"#, Some(MeteredInTrial)),
        (r#""mt":10,"mtet":N,"mlet":F"#, Some(MeteredInTrial)),
        (r#""mt":10,"mtet":N-1,"mlet":F"#, Some(InLockout)),
        (r#""mt":10,"mtet":P,"mlet":N"#, Some(InLockout)),
        (r#""mt":10,"mtet":P,"mlet":N-1"#, Some(TrialDead)),
        (r#""mt":10,"mtet":P"#, Some(TrialDead)),
        (r#""mt":10,"mtet":0,"mlet":F"#, Some(MeteredInTrial)),
        (r#""mt":10,"mlet":P"#, Some(MeteredInTrial)),
        (r#""mt":10,"mtet":null,"mlet":F"#, None),
        (r#""mt":10,"mtet":-1"#, Some(TrialDead)),
        (r#""mt":10,"mtet":F,"ex":P"#, Some(MeteredInTrial)),
        (r#""mt":10,"mtet":P,"mlet":F,"ex":F"#, Some(InLockout)),
        (r#""mt":10,"mtet":F,"ex":-1"#, Some(RidNotFound)),
        (r#""mt":10,"mtet":F,"mtaa":9"#, Some(MeteredInTrial)),
        (r#""mt":10,"mtet":P,"mlp":3600"#, Some(TrialDead)),
        (r#""mt":5"#, Some(MeteredInTrial)),
        // Both grant, one as a meter.
        (r#""mt":0"#, Some(Granted)),
        (r#""mt":0,"ex":P"#, None),
        (r#""mt":0,"mtet":P,"mlet":P"#, None),
        (r#""mt":null"#, Some(Granted)),
        (r#""mt":"20","mtet":0"#, None),
        (r#""mt":10,"mtma":3,"mtaa":0,"mtet":F,"mlet":F"#, Some(MeteredInTrial)),
        (r#""mt":10,"mtma":3,"mtaa":3,"mtet":F,"mlet":F"#, Some(MeteredInTrial)),
        (r#""mt":10,"mtma":3,"mtaa":4,"mtet":F,"mlet":F"#, Some(InLockout)),
        (r#""mt":10,"mtma":3,"mtaa":4,"mtet":F,"mlet":P"#, Some(TrialDead)),
        (r#""mt":10,"mtma":3,"mtaa":1,"mtet":P,"mlet":F"#, Some(InLockout)),
        (r#""mt":10,"mtma":3,"mtet":F"#, Some(MeteredInTrial)),
        (r#""mt":10,"mtma":3,"mtaa":1"#, Some(TrialDead)),
        (r#""mt":10,"mtma":0,"mtaa":0,"mtet":F"#, Some(MeteredInTrial)),
        (r#""mt":10,"mtma":"3","mtaa":"10","mtet":F,"mlet":F"#, None),
        (r#""mt":20"#, Some(TrialDead)),
        (r#""mt":20,"mtet":N"#, Some(MeteredInTrial)),
        (r#""mt":20,"mtet":P,"mlet":F"#, Some(InLockout)),
        (r#""mt":20,"mlet":F"#, Some(InLockout)),
        (r#""mt":20,"mtma":3,"mtaa":9,"mtet":F"#, Some(MeteredInTrial)),
        // Fractions of seconds, as the PHP client writes them.
        (r#""mt":10,"mtet":1700000000.5"#, Some(MeteredInTrial)),
        (r#""mt":10,"mtet":1699999999.5"#, Some(TrialDead)),
        // A whole number that is written with a point.
        (r#""ex":-1.0"#, Some(RidNotFound)),
        (r#""ex":0.0"#, Some(Granted)),
        (r#""mt":20.0"#, Some(TrialDead)),
        (r#""mt":10,"mtma":3.0,"mtaa":3,"mtet":F"#, Some(MeteredInTrial)),
    ] {
        let state = at_n(members, ClientAddress::NotChecked);
        match expected {
            Some(expected) => assert_eq!(state, expected, "{members}"),
            None => assert!(!state.is_granted(), "{members}: {state:?}"),
        }
    }
}

#[test]
fn fraction_is_truncated_only_in_a_time_of_at_least_1() {
    for members in [
        r#""mt":10,"mtma":3,"mtaa":3.5,"mtet":F"#,
        r#""mt":10,"mtma":3.5,"mtaa":3,"mtet":F"#,
        r#""mt":10.5,"mtet":F"#,
        r#""mt":20.5,"mtet":F"#,
        r#""ex":0.5"#,
        r#""ex":-0.9"#,
        r#""ex":-0.5,"eex":0"#,
        r#""eex":0.5,"ex":F"#,
        r#""eex":-0.5,"ex":F"#,
        r#""mt":10,"mtet":0.5"#,
        r#""mt":10,"mtet":-0.5"#,
        r#""mt":20,"mtet":0.5"#,
        // 1e16 and above are written without a point.
        r#""ex":1.5e16"#,
        r#""ex":1e16"#,
        r#""eex":1.5e300"#,
        r#""mt":10,"mtet":1.5e16"#,
        r#""mt":10,"mtma":1.5e16,"mtaa":1,"mtet":F"#,
        r#""ex":18446744073709551615"#,
    ] {
        let state = at_n(members, ClientAddress::NotChecked);
        assert!(!state.is_granted(), "{members}: {state:?}");
    }
    assert!(at_n(r#""ex":1700000001.5"#, ClientAddress::NotChecked).is_granted());
}

#[test]
fn invalid_expiry_or_meter_type_denies_access() {
    for odd in [r#""-1""#, r#""-1.0""#, r#"" -1""#, "true", "false", r#""F""#, "[]", "{}", r#""""#]
    {
        for others in
            ["", r#","eex":F"#, r#","mt":10"#, r#","mt":10,"mtet":F"#, r#","mt":20,"mtet":F"#]
        {
            let state = at_n(&format!(r#""ex":{odd}{others}"#), ClientAddress::NotChecked);
            assert!(!state.is_granted(), "{odd} {others}: {state:?}");
        }
    }
    for odd in ["true", "false", r#""20abc""#, r#""20""#, r#""10""#, r#""""#, "[20]", "{}", "1e20"]
    {
        for others in ["", r#","mtet":F"#, r#","ex":F"#, r#","mtma":3,"mtet":F"#] {
            let state = at_n(&format!(r#""mt":{odd}{others}"#), ClientAddress::NotChecked);
            assert!(!state.is_granted(), "{odd} {others}: {state:?}");
        }
    }
}

#[test]
fn member_that_no_client_interprets_ends_the_meter_or_the_access() {
    for (members, expected) in [
        (r#""eex":"F""#, AccessState::Expired),
        (r#""ex":"F""#, AccessState::Expired),
        (r#""mt":null,"eex":"F""#, AccessState::Expired),
        (r#""mt":"20""#, AccessState::TrialDead),
        (r#""mt":10,"mtet":"F""#, AccessState::TrialDead),
        (r#""mt":0,"eex":"F""#, AccessState::TrialDead),
    ] {
        assert_eq!(at_n(members, ClientAddress::NotChecked), expected, "{members}");
    }
}

#[test]
fn expires_is_the_first_second_without_access() {
    let n = i64::try_from(N).unwrap();
    for (members, expected) in [
        ("", None),
        (r#""ex":0"#, None),
        (r#""ex":F"#, Some(n + 100_000)),
        (r#""ex":1700000001.5"#, Some(n + 1)),
        (r#""ex":M"#, Some(n + 100_000)),
        (r#""ex":99999999999"#, Some(99_999_999_999)),
        (r#""ex":100000000000"#, Some(100_000_000)),
        (r#""ex":-5"#, Some(0)),
        (r#""ex":-1,"eex":F"#, Some(0)),
        (r#""ex":"F""#, Some(0)),
        (r#""ex":null"#, Some(0)),
        (r#""ex":0.5"#, Some(0)),
        (r#""eex":F,"ex":P"#, Some(n + 100_000)),
        (r#""eex":P,"ex":F"#, Some(n - 1000)),
        (r#""eex":0,"ex":P"#, Some(n - 1000)),
        (r#""eex":1700000000.5,"ex":F"#, Some(n)),
        (r#""eex":"F","ex":F"#, Some(0)),
        (r#""mt":10"#, None),
        (r#""mt":10,"ex":P"#, None),
        (r#""mt":10,"mtet":F,"ex":P"#, Some(n + 100_001)),
        (r#""mt":20,"mtet":N"#, Some(n + 1)),
        (r#""mt":20"#, Some(0)),
        (r#""mt":0,"mtet":F,"ex":P"#, Some(n - 1000)),
        (r#""mt":0,"mtet":P,"ex":F"#, Some(n - 999)),
        (r#""mt":10,"mtma":3,"mtaa":4,"mtet":F"#, Some(0)),
        (r#""ips":["5.6.7.8"],"ex":F"#, Some(n + 100_000)),
    ] {
        let token = token_at_n(members);
        let end = token.expires().map(UnixTime::seconds);
        assert_eq!(end, expected, "{members}");
        let Some(end) = end.map(|end| u64::try_from(end).unwrap()) else { continue };
        let granted = |second| token.access(at(second), ClientAddress::NotChecked).is_granted();
        assert!(!granted(end) && !granted(end + 1) && !granted(1 << 40), "{members}");
        assert!(end == 0 || granted(end - 1), "{members}");
    }
}

#[test]
fn token_without_a_resource_grants_no_access() {
    let blocks = blocks();
    let client = ClientAddress::NotChecked;
    let rids = r#"[{},{"rid":""},{"rid":null},{"rid":true},{"rid":1.5},{"rid":"r"},{"rid":7}]"#;
    let cookie = blocks.read_cookie(&format!("{{jax}}{}", blocks.seal(rids))).unwrap();
    let read: Vec<_> = cookie.tokens().iter().map(|token| &*token.rid).collect();
    assert_eq!(read, ["r", "7"]);
    assert_eq!(cookie.access("7", at(N), client), AccessState::Granted);
    for rid in ["", "true", "1.5", "null"] {
        assert_eq!(cookie.access(rid, at(N), client), AccessState::RidNotFound, "{rid}");
    }
    let empty = TokenCookie::new([Token::new("")]);
    assert_eq!(empty.access("", at(N), client), AccessState::NoTokens);
    assert_eq!(Token::new("").access(at(N), client), AccessState::RidNotFound);
}

#[test]
fn sealed_purchase_request_is_not_a_cookie() {
    let blocks = blocks();
    let purchase = Purchase::new(Offer::new("r", "name", PriceOption::new("1", "1 day")));
    let request = blocks.purchase_request(&purchase, at(N)).unwrap();
    let cookie = blocks.seal_cookie(&TokenCookie::new([Token::new("r")]));
    for value in [request.clone(), format!("{cookie}{request}"), format!("{request}{cookie}")] {
        let error = blocks.read_cookie(&value).unwrap_err();
        assert!(matches!(&error, ReadError::Content(why) if why.contains("purchase")), "{error:?}");
        assert_eq!(blocks.read_unsigned_cookie(&value), Err(error));
    }
    // A token with such a member is a token.
    let token = format!("{{jax}}{}", blocks.seal(r#"[{"rid":"r","o1":{}}]"#));
    assert!(blocks.read_cookie(&token).unwrap().access("r", at(N), None).is_granted());
}

#[test]
fn object_with_a_reserved_name_is_not_parsed_as_the_json_in_its_value() {
    for name in ["$serde_json::private::RawValue", r"\u0024serde_json::private::RawValue"] {
        let object = format!(r#"{{"{name}":"0"}}"#);
        for tokens in [
            format!(r#"[{{"rid":"r","ex":{object}}}]"#),
            format!(r#"[{{"rid":"r","ex":1,"eex":{object}}}]"#),
            format!(r#"[{{"rid":{object}}}]"#),
            format!("[{object}]"),
        ] {
            let error = blocks().read_cookie(&format!("{{jax}}{}", blocks().seal(&tokens)));
            assert!(error.unwrap_err().to_string().contains("reserved name"), "{tokens}");
        }
    }
}

#[test]
fn member_that_is_set_is_written_once() {
    for json in [
        r#"{"rid":"r","ex":null,"uid":[1],"id":{}}"#,
        r#"{"rid":"r","ex":"5","eex":null,"ct":1.5,"ips":"x","mt":"10","mtet":0.5,"mlet":true,"mtma":null,"mtaa":[]}"#,
    ] {
        let mut token = token(json).expires_at(UnixTime::from_seconds(9)).uid("u").id("i");
        assert!(["ex", "uid", "id"].iter().all(|name| !token.extra.contains(name)), "{json}");
        (token.eex, token.ct, token.mt, token.mtet) = (Some(1), Some(2), Some(3), Some(4));
        (token.mlet, token.mtma, token.mtaa) = (Some(5), Some(6), Some(7));
        token.ips = vec!["1.2.3.4".to_owned()];
        let written = serde_json::to_string(&token).unwrap();
        let expected = r#"{"rid":"r","id":"i","uid":"u","ex":9,"eex":1,"ct":2,"ips":["1.2.3.4"],"mt":3,"mtet":4,"mlet":5,"mtma":6,"mtaa":7}"#;
        assert_eq!(written, expected);
        let ip = |text: &str| ClientAddress::from(text.parse::<std::net::IpAddr>().unwrap());
        (token.eex, token.mt, token.ex) = (None, None, None);
        token.extra = serde_json::from_str(r#"{"ips":null}"#).unwrap();
        assert_eq!(token.access(at(N), ip("1.2.3.4")), AccessState::Granted);
    }
    let without_rid: Token = serde_json::from_str(r#"{"rid":null,"ex":5}"#).unwrap();
    assert_eq!(serde_json::to_string(&without_rid).unwrap(), r#"{"rid":"","ex":5}"#);
}

#[test]
fn open_cookie_of_any_resource_is_parsed() {
    let extras = [
        r#"{"{abc}":{"%":{}}}"#,
        r#"{"ex":1.5e16}"#,
        r#"{"ex":1e16,"\"+":1e+16}"#,
        r#"{"n":1e300,"a\\":[-1e+300,1e-7]}"#,
    ];
    for (rid, extra) in [
        "100%",
        "%41",
        "%zz",
        "a+b",
        "{abc}",
        "x{jax}y",
        "{jo",
        "{}",
        "a{",
        "\"{abc}\"",
        "{ż}",
        "{-ab}",
        "{_a_}",
    ]
    .into_iter()
    .flat_map(|rid| extras.map(|extra| (rid, extra)))
    {
        let mut token = Token::new(rid).uid("{jox}%");
        token.extra = serde_json::from_str(extra).unwrap();
        let cookie = TokenCookie::new([token, Token::new("other")]);
        let open = Blocks::write_open_cookie(&cookie);
        assert!(!open.contains(['%', '+']), "{open}");
        assert_eq!(blocks().read_unsigned_cookie(&open).unwrap(), cookie, "{open}");
    }
}

#[test]
fn token_that_is_bound_to_addresses_grants_access_to_these_only() {
    use AccessState::{Granted, IpMismatch, RidNotFound};
    let ip = |text: &str| ClientAddress::from(text.parse::<std::net::IpAddr>().unwrap());
    let visitor = ip("1.2.3.4");
    for (members, client, expected) in [
        // Each official client reads one spelling only, and both mean the same address.
        (r#""ips":["1.2.3.4"]"#, visitor, Granted),
        (r#""ips":["4030201"]"#, visitor, Granted),
        (r#""ips":["1.2.3.4","4030201"]"#, visitor, Granted),
        (r#""ips":["4030201"]"#, ip("4.3.2.1"), IpMismatch),
        // PHP writes lower-case hex without leading zeros, and Ruby compares strings.
        (r#""ips":["d0c0b0a"]"#, ip("10.11.12.13"), Granted),
        (r#""ips":["+d0c0b0a"]"#, ip("10.11.12.13"), IpMismatch),
        (r#""ips":["0d0c0b0a"]"#, ip("10.11.12.13"), IpMismatch),
        (r#""ips":["000d0c0b0a"]"#, ip("10.11.12.13"), IpMismatch),
        (r#""ips":["D0C0B0A"]"#, ip("10.11.12.13"), IpMismatch),
        (r#""ips":["10.11.12.013"," 10.11.12.13"]"#, ip("10.11.12.13"), IpMismatch),
        (r#""ips":["5.6.7.8"]"#, visitor, IpMismatch),
        (r#""ips":[]"#, visitor, Granted),
        ("", visitor, Granted),
        ("", ClientAddress::Unknown, Granted),
        (r#""ips":["1.2.3.4"]"#, ip("::ffff:1.2.3.4"), Granted),
        (r#""ips":["1.2.3.4"]"#, ip("2001:db8::1"), IpMismatch),
        (r#""ips":["1.2.3.4"]"#, ClientAddress::Unknown, IpMismatch),
        (r#""ips":["5.6.7.8"]"#, ClientAddress::NotChecked, Granted),
        (r#""ips":null"#, visitor, IpMismatch),
        (r#""ips":"1.2.3.4""#, visitor, IpMismatch),
        (r#""ips":["5.6.7.8"],"ex":P"#, visitor, IpMismatch),
        (r#""ips":["5.6.7.8"],"ex":-1"#, visitor, RidNotFound),
        (r#""ips":["5.6.7.8"],"mt":10,"mtet":F"#, visitor, IpMismatch),
    ] {
        assert_eq!(at_n(members, client), expected, "{members} {client:?}");
    }
    assert_eq!(ClientAddress::from(None), ClientAddress::Unknown);
}

/// Returns whether a token of integers grants access: an independent implementation of the official
/// clients' rules.
fn grants(
    mt: Option<i64>,
    mtma: Option<i64>,
    mtaa: Option<i64>,
    mtet: Option<i64>,
    ex: Option<i64>,
) -> bool {
    let now = i64::try_from(N).unwrap();
    let running = |end: Option<i64>| end.is_some_and(|end| end >= now);
    let plain = ex.is_none_or(|ex| ex == 0 || ex > now);
    let no_end = mtet.is_none_or(|end| end == 0);
    let metered = match (mt, mtma) {
        (Some(20), _) => running(mtet),
        (_, Some(most)) => running(mtet) && mtaa.unwrap_or(0) <= most,
        (_, None) => no_end || running(mtet),
    };
    let by_kind = match mt {
        None => plain,
        // PHP takes 0 for a meter and Ruby for none.
        Some(0) => plain && metered,
        Some(_) => metered,
    };
    by_kind && ex != Some(-1)
}

#[test]
fn expired_meter_denies_access() {
    let n = i64::try_from(N).unwrap();
    let kinds = [None, Some(0), Some(5), Some(10), Some(20)];
    let times = [None, Some(-1), Some(0), Some(1), Some(n - 1), Some(n), Some(n + 1), Some(n + 9)];
    let counts = [None, Some(0), Some(3), Some(4)];
    let (mut granted, mut denied) = (0, 0);
    for mt in kinds {
        for mtma in counts {
            for mtaa in counts {
                for mtet in times {
                    for mlet in [None, Some(0), Some(n - 1), Some(n), Some(n + 9)] {
                        for ex in times {
                            let mut members = String::new();
                            for (name, value) in [
                                ("mt", mt),
                                ("mtma", mtma),
                                ("mtaa", mtaa),
                                ("mtet", mtet),
                                ("mlet", mlet),
                                ("ex", ex),
                            ] {
                                if let Some(value) = value {
                                    members.push_str(&format!(",\"{name}\":{value}"));
                                }
                            }
                            let json = format!("{{\"rid\":\"r\"{members}}}");
                            let state = token(&json).access(at(N), ClientAddress::NotChecked);
                            let expected = grants(mt, mtma, mtaa, mtet, ex);
                            assert_eq!(state.is_granted(), expected, "{json}: {state:?}");
                            *(if expected { &mut granted } else { &mut denied }) += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(granted > 1000 && denied > 1000, "{granted} granted, {denied} denied");
}

#[test]
fn members_of_another_type_are_in_extra() {
    for json in [
        r#"{"rid":"r","ex":"1400000000"}"#,
        r#"{"rid":"r","mt":null,"mtet":1700000000.5}"#,
        r#"{"rid":"r","id":"i","ex":5,"ips":["1.2.3.4"],"mlp":"1 week"}"#,
    ] {
        assert_eq!(serde_json::to_string(&token(json)).unwrap(), json);
    }
    assert_eq!(token(r#"{"rid":7,"uid":8}"#).uid.as_deref(), Some("8"));
}

#[test]
fn newer_token_replaces_the_one_of_its_rid_and_twenty_are_kept() {
    let mut cookie = TokenCookie::new((0..25).map(|number| Token::new(format!("r{number}"))));
    assert_eq!(cookie.tokens().len(), 20);
    assert_eq!(cookie.tokens().first().unwrap().rid, "r5");
    cookie.merge([Token::new("r5").expires_at(UnixTime::from_seconds(9))]);
    assert_eq!(cookie.tokens().len(), 20);
    assert_eq!(cookie.tokens().last().unwrap().ex, Some(9));
    assert_eq!(cookie.access("r5", at(10), None), AccessState::Expired);
}

#[test]
fn cookie_is_parsed_also_percent_encoded_and_concatenated() {
    let blocks = blocks();
    let cookie = TokenCookie::new([Token::new("r 1").uid("u").id("i"), Token::new("2")]);
    let value = blocks.seal_cookie(&cookie);
    assert_eq!(blocks.read_cookie(&value).unwrap(), cookie);
    let encoded = value.replace('{', "%7B").replace('}', "%7D").replace('~', "%7E");
    assert_eq!(blocks.read_cookie(&encoded).unwrap(), cookie);
    let twice = format!("{value}{}", blocks.seal_cookie(&TokenCookie::new([Token::new("3")])));
    let rids =
        |cookie: TokenCookie| cookie.tokens().iter().map(|t| t.rid.clone()).collect::<Vec<_>>();
    assert_eq!(rids(blocks.read_cookie(&twice).unwrap()), ["r 1", "2", "3"]);
    // The first version of the format was an object. It is ignored.
    let old = format!("{{jax}}{}", blocks.seal(r#"{"tokens":[{"rid":"old"}]}"#));
    assert_eq!(blocks.read_cookie(&old).unwrap(), TokenCookie::default());
    assert_eq!(blocks.read_cookie("").unwrap(), TokenCookie::default());
}

#[test]
fn unsigned_cookie_is_rejected() {
    let blocks = blocks();
    let cookie = TokenCookie::new([Token::new("r")]);
    let open = Blocks::write_open_cookie(&cookie);
    assert_eq!(blocks.read_cookie(&open), Err(ReadError::Unsigned));
    assert_eq!(blocks.read_unsigned_cookie(&open).unwrap(), cookie);
    let sealed = blocks.seal_cookie(&cookie);
    let other = Blocks::new(AID, "another key").unwrap().seal_cookie(&cookie);
    let mismatch = Err(ReadError::Block(BlockError::SignatureMismatch));
    assert_eq!(blocks.read_cookie(&other), mismatch);
    assert_eq!(blocks.read_unsigned_cookie(&other), mismatch, "sealed stays sealed");
    let bare = sealed.split("~~~").next().unwrap();
    let missing = Err(ReadError::Block(BlockError::SignatureMissing));
    assert_eq!(blocks.read_cookie(bare), missing);
    // A signed message does not authenticate the text beside it.
    assert_eq!(blocks.read_cookie(&format!("{sealed}{open}")), Err(ReadError::Unsigned));
    for form in ["hello", "{jax", "{xyz}abc", "[]", "{j~x}abc", "%ff"] {
        assert_eq!(blocks.read_cookie(form), Err(ReadError::UnknownFormat), "{form}");
    }
}

#[test]
fn error_contains_no_value_of_the_content() {
    let blocks = blocks();
    for text in [r#"[{"rid":{"CANARY":1}}]"#, r#"["CANARY"]"#, "CANARY"] {
        let error = blocks.read_cookie(&format!("{{jax}}{}", blocks.seal(text))).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
    }
    let odd = blocks.seal(r#"[{"rid":"r","ex":"CANARY"}]"#);
    let cookie = blocks.read_cookie(&format!("{{jax}}{odd}")).unwrap();
    assert!(!format!("{cookie:?}").contains("CANARY"));
    assert!(!cookie.access("r", at(N), ClientAddress::NotChecked).is_granted());
}

#[test]
fn webhook_of_another_application_or_without_data_is_rejected() {
    let blocks = blocks();
    let other = blocks.seal(r#"{"type":"access_granted","aid":"OTHER"}"#);
    assert_eq!(blocks.read_webhook(&other), Err(ReadError::OtherApplication));
    for nameless in [r#"{"type":"access_granted"}"#, r#"{"type":"access_granted","aid":null}"#] {
        let missing = ReadError::Content("aid: missing from the webhook".to_owned());
        assert_eq!(blocks.read_webhook(&blocks.seal(nameless)), Err(missing), "{nameless}");
    }
    let data = format!(r#"{{"type":"brand_new","aid":"{AID}","expires":0,"extra":[1]}}"#);
    let data = blocks.seal(&data);
    let webhook = blocks.read_webhook_target(&format!("/hook?a=b&data={data}")).unwrap();
    assert_eq!((webhook.version, webhook.kind.as_str()), (1, "brand_new"));
    assert_eq!((webhook.expires, webhook.extra.json("extra").as_deref()), (None, Some("[1]")));
    for target in ["/hook".to_owned(), "/hook?data=".to_owned() + &data + "&data=" + &data] {
        assert_eq!(blocks.read_webhook_target(&target), Err(ReadError::UnknownFormat));
    }
    assert!(blocks.read_webhook("").is_err());
}

#[test]
fn sandbox_sends_webhooks_for_grants_and_revocations() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let sandbox = Sandbox::start().unwrap();
    sandbox.tinypass().state(|server| server.webhooks.subscribe(&url)).unwrap();
    let client = tinypass(&sandbox).build().unwrap();
    let end = UnixTime::from_seconds(2_000_000_000);
    let grant = GrantAccess::new(RID, "eve@example.org").user_ref("eve").expires(end);
    let access = client.grant_access(&grant).unwrap().access.unwrap();
    client.revoke_access(&RevokeAccess::new(RID, "eve")).unwrap();

    let mut received = Vec::new();
    for _ in 0..2 {
        let (stream, _) = listener.accept().unwrap();
        let line = BufReader::new(&stream).lines().next().unwrap().unwrap();
        let target = line.split(' ').nth(1).unwrap();
        received.push(blocks().read_webhook_target(target).unwrap());
        write!(&stream, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    }
    let [granted, revoked] = received.try_into().unwrap();
    assert_eq!(granted.kind, WebhookType::AccessGranted);
    assert_eq!(granted.event, Some(WebhookEvent::FreeAccessGranted));
    assert_eq!((granted.access_id, granted.uid), (access.id, access.uid));
    assert_eq!((granted.rid.as_deref(), granted.expires), (Some(RID), Some(end)));
    assert_eq!((revoked.kind, revoked.version), (WebhookType::AccessRevoked, 2));
}

#[test]
fn aid_and_base_url_that_break_a_cookie_or_link_are_rejected() {
    for aid in ["A\r\nB", "A&r=1", "A;B", "A=B", "A B", "Ż"] {
        assert_eq!(Blocks::new(aid, "k").unwrap_err().argument(), "aid", "{aid:?}");
    }
    let purchase = Purchase::new(Offer::new(RID, "name", PriceOption::new("1", "1 day")));
    let link = |base: &str| {
        blocks().purchase_link(&purchase, &Environment::Custom(base.to_owned()), at(N))
    };
    assert!(link("https://proxy.example/tp/").unwrap().starts_with("https://proxy.example/tp/v2/"));
    assert!(link("http://127.0.0.1:80").is_ok());
    for base in
        ["javascript:alert(1)//", "data:text/html,", "", "//h", "/r", "https://h?x=", "https://u@h"]
    {
        assert_eq!(link(base).unwrap_err().argument(), "base_url", "{base}");
    }
}

#[test]
fn sandbox_sends_webhooks_to_loopback_hosts_only() {
    let sandbox = Sandbox::start().unwrap();
    for url in ["https://127.0.0.1:1/", "http://192.0.2.1:80/", "http://example.com/", "nonsense"] {
        let refused = sandbox.tinypass().state(|server| server.webhooks.subscribe(url));
        assert!(refused.is_err(), "{url}");
    }
}
