use super::*;
use crate::transport::TransportErrorKind;

fn response_with(status: u16, body: &str) -> Response {
    http::Response::builder()
        .status(status)
        .header("x-request-id", "r-1")
        .body(body.as_bytes().to_vec())
        .unwrap()
}

#[test]
fn display_of_empty_texts_is_no_reason_given() {
    let error = || ResponseError::new(ErrorKind::Api);
    let detail = |text: &str| Detail::new(Some(text.into()), Some(text.into()), Some(text.into()));
    for empty in ["", " ", "\n\t"] {
        for error in [
            error(),
            error().with_code(empty),
            error().with_message(empty),
            error().with_code(empty).with_message(empty).with_detail(detail(empty)),
        ] {
            assert_eq!(error.to_string(), "no reason given", "{error:?}");
        }
        let error = error().with_message(empty).with_detail(detail("x"));
        assert_eq!(error.to_string(), "x: x: x");
    }
    let own = error().with_code("c").with_message("m").with_detail(detail("x"));
    assert_eq!(own.to_string(), "c: m");
    let without_field = Detail::new(None, Some("c".into()), Some("m".into()));
    assert_eq!(error().with_detail(without_field).to_string(), "c: m");
}

#[test]
fn an_error_is_eight_bytes() {
    assert_eq!(size_of::<Error>(), 8);
}

#[test]
fn display_is_one_line_with_endpoint_status_and_request_id() {
    let error =
        ResponseError::of_status(StatusCode::NOT_FOUND).with_message("no\nsuch\u{202e}\u{2028}rid");
    let error = Error::from_response(error, response_with(404, "{}")).in_call(
        "tinypass",
        "access.grant",
        1,
    );
    assert_eq!(
        error.to_string(),
        "tinypass access.grant: 404 Not Found: no such  rid (request r-1)"
    );
}

#[test]
fn status_headers_and_body_are_always_kept() {
    let html = "<html>\n<b>Bad gateway</b></html>";
    let response = response_with(502, html);
    let error = ResponseError::of_status(response.status()).with_text_of(&response);
    let error = Error::from_response(error, response);
    assert_eq!(error.status(), Some(StatusCode::BAD_GATEWAY));
    assert_eq!(error.body_text(), html);
    assert_eq!(error.headers().unwrap()["x-request-id"], "r-1");
    assert_eq!(error.message(), Some("<html> <b>Bad gateway</b></html>"));
    assert_eq!(error.kind(), ErrorKind::Api);
}

#[test]
fn message_of_a_long_binary_or_empty_body() {
    let long = response_with(500, &"ż".repeat(100_000));
    let message = ResponseError::new(ErrorKind::Api).with_text_of(&long).message.unwrap();
    assert_eq!(message.chars().count(), 201);
    // 200 characters, with the spaces between the words.
    let words = ["ab".to_owned(), " a".repeat(99)].concat();
    for (body, message) in [
        (words.clone(), words.clone()),
        (format!("{words} a"), format!("{words}\u{2026}")),
        (format!("{words}a"), format!("{words}\u{2026}")),
    ] {
        let error = ResponseError::new(ErrorKind::Api).with_text_of(&response_with(500, &body));
        assert_eq!(error.message.unwrap(), message);
    }
    let mut binary = response_with(500, "");
    assert_eq!(
        ResponseError::new(ErrorKind::Api).with_text_of(&binary).message.unwrap(),
        "the response body is empty"
    );
    *binary.body_mut() = vec![0xff; 9];
    assert!(ResponseError::new(ErrorKind::Api).with_text_of(&binary).message.is_some());
}

/// Compressed bodies without the feature `gzip`, and encodings that no feature decodes.
#[test]
fn content_encoding_that_is_not_decoded_is_named() {
    // `{}` by gzip and by brotli.
    let gzip =
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00";
    let brotli = b"\x8b\x00\x80{}\x03";
    for (encoding, body) in [("gzip", &gzip[..]), ("br", brotli), (" zstd ", b"\x28\xb5\x2f\xfd")] {
        let expected = format!(
            "the body has the content encoding `{}`, which is not decoded",
            encoding.trim()
        );
        for status in [200, 502] {
            let mut response = response_with(status, "");
            *response.body_mut() = body.to_vec();
            let value = encoding.parse().unwrap();
            response.headers_mut().insert(http::header::CONTENT_ENCODING, value);
            let decoded = crate::json::<Vec<u8>>(&response).unwrap_err();
            assert_eq!(
                (decoded.kind, decoded.message.as_ref()),
                (ErrorKind::Decode, Some(&expected))
            );
            let rejected = crate::provider::status_error(&response);
            assert_eq!(rejected.message.as_ref(), Some(&expected));
        }
    }
    // A transport may decode the body and leave the header, and an empty body needs no decoding.
    for body in ["{]", ""] {
        let mut response = response_with(200, body);
        let value = "gzip".parse().unwrap();
        response.headers_mut().insert(http::header::CONTENT_ENCODING, value);
        let error = crate::json::<Vec<u8>>(&response).unwrap_err();
        assert!(!error.to_string().contains("gzip"), "{error}");
    }
}

#[test]
fn debug_shows_neither_headers_nor_body() {
    let error = ResponseError::of_status(StatusCode::OK);
    let error = Error::from_response(error, response_with(200, "CANARY"));
    assert!(!format!("{error:?} {error:#?} {error}").contains("CANARY"));
}

#[test]
fn source_is_the_cause_and_never_the_displayed_text() {
    let error = Error::from(InputError::new("rid", "must not be empty"));
    assert!(error.source().is_none());
    assert_eq!((error.kind(), error.argument()), (ErrorKind::Input, Some("rid")));
    assert_eq!((error.delivery(), error.position()), (Delivery::NotSent, None));
    let error = Error::from(InputError::new("rule", "is invalid").at_byte(3));
    assert_eq!(error.position(), Some(3));

    let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let error = TransportError::new(TransportErrorKind::Interrupted, Sent::Maybe, "broke");
    let error = Error::from(error.with_source(reset));
    assert_eq!(error.source().unwrap().to_string(), "connection reset");
    assert_eq!(error.to_string(), "broke");
    assert_eq!(error.transport_error().unwrap().kind(), TransportErrorKind::Interrupted);
}

/// An error of each kind: its cause, Display, the hint of Debug, delivery, and whether it is
/// retryable and its outcome unknown, for a write.
#[test]
fn each_kind_has_the_documented_text_and_delivery() {
    use Delivery::{Accepted, NotSent, Refused, Unknown};

    let of_status = |status: u16| {
        let response = response_with(status, "{}");
        let error = ResponseError::of_status(response.status()).with_message("no");
        Error::from_response(error, response)
    };
    let of_kind = |kind| {
        let error = ResponseError::new(kind).with_code("c").with_message("no");
        Error::from_response(error, response_with(200, "{}"))
    };
    let broken = |sent, retryable| {
        let error = TransportError::new(TransportErrorKind::Connect, sent, "refused");
        Error::from(error).with_retryable(retryable)
    };
    let cut = |status: u16| {
        let error = TransportError::new(TransportErrorKind::Interrupted, Sent::Maybe, "cut");
        Error::from(error.with_partial(response_with(status, "{")))
    };
    let unknown =
        Some("the request may have been carried out: check its outcome before you repeat it");
    let rows = [
        (
            Error::from(InputError::new("rid", "must not be empty")),
            "tpay a.b: rid: must not be empty (after 2 attempts)",
            None,
            (NotSent, false, false),
        ),
        (
            broken(Sent::No, true),
            "tpay a.b: refused (after 2 attempts)",
            Some("it is safe to send this request again later"),
            (NotSent, true, false),
        ),
        (
            broken(Sent::Maybe, false),
            "tpay a.b: refused (after 2 attempts)",
            unknown,
            (Unknown, false, true),
        ),
        (
            broken(Sent::No, false),
            "tpay a.b: refused (after 2 attempts)",
            None,
            (NotSent, false, false),
        ),
        (
            cut(200),
            "tpay a.b: cut (after 2 attempts) (request r-1)",
            unknown,
            (Accepted, false, true),
        ),
        (cut(404), "tpay a.b: cut (after 2 attempts) (request r-1)", None, (Refused, false, false)),
        (
            cut(502),
            "tpay a.b: cut (after 2 attempts) (request r-1)",
            unknown,
            (Unknown, false, true),
        ),
        (
            of_status(401),
            "tpay a.b: 401 Unauthorized: no (after 2 attempts) (request r-1)",
            Some(
                "check that the credentials are correct, have not expired, have the required permissions, and are for this environment",
            ),
            (Refused, false, false),
        ),
        (
            of_status(404),
            "tpay a.b: 404 Not Found: no (after 2 attempts) (request r-1)",
            None,
            (Refused, false, false),
        ),
        (
            of_status(429),
            "tpay a.b: 429 Too Many Requests: no (after 2 attempts) (request r-1)",
            Some("wait before you send another request"),
            (Refused, false, false),
        ),
        (
            of_status(429).with_retry_after(Some(Duration::from_secs(7))),
            "tpay a.b: 429 Too Many Requests: no (after 2 attempts) (request r-1)",
            Some("wait 7 s before you send another request"),
            (Refused, false, false),
        ),
        (
            Error::from_response(
                ResponseError::new(ErrorKind::Auth).with_message("wrong nonce"),
                response_with(401, "{}"),
            ),
            "tpay a.b: 401 Unauthorized: wrong nonce (after 2 attempts) (request r-1)",
            Some("check that the clock of this machine is correct"),
            (Refused, false, false),
        ),
        (
            of_status(502),
            "tpay a.b: 502 Bad Gateway: no (after 2 attempts) (request r-1)",
            unknown,
            (Unknown, false, true),
        ),
        (
            of_kind(ErrorKind::Api),
            "tpay a.b: c: no (after 2 attempts) (request r-1)",
            None,
            (Refused, false, false),
        ),
        (
            of_kind(ErrorKind::OperationFailed),
            "tpay a.b: c: no (after 2 attempts) (request r-1)",
            None,
            (Accepted, false, false),
        ),
        (
            of_kind(ErrorKind::Decode),
            "tpay a.b: c: no (after 2 attempts) (request r-1)",
            unknown,
            (Accepted, false, true),
        ),
        (
            of_kind(ErrorKind::Incomplete),
            "tpay a.b: c: no (after 2 attempts) (request r-1)",
            Some("entries may be missing: read the list again"),
            (Refused, false, false),
        ),
        (
            of_kind(ErrorKind::Verify),
            "tpay a.b: c: no (after 2 attempts) (request r-1)",
            Some(
                "do not act on the notification: it is not genuine, is for another merchant, or cannot be verified",
            ),
            (Refused, false, false),
        ),
    ];
    for (error, display, hint, judged) in rows {
        let error = error.in_call("tpay", "a.b", 2).with_idempotent(false);
        assert_eq!(error.to_string(), display);
        let debug = hint.map_or(display.to_owned(), |hint| format!("{display}\n  {hint}"));
        assert_eq!(format!("{error:?}"), debug);
        let all = format!("{error:#?}");
        assert!(all.starts_with(&format!("Error {{\n    kind: {:?},\n", error.kind())), "{all}");
        assert!(all.contains(&format!("    text: {display},\n")), "{all}");
        assert!(all.contains(&format!("    delivery: {:?},\n", judged.0)), "{all}");
        let actual = (error.delivery(), error.is_retryable(), error.outcome_unknown());
        assert_eq!(actual, judged, "{display}");
        assert_eq!((error.provider(), error.endpoint()), ("tpay", "a.b"));
        // An idempotent request is safe to retry.
        assert!(!error.with_idempotent(true).outcome_unknown(), "{display}");
    }
}

#[test]
fn hint_names_a_spaced_credential_if_authentication_failed() {
    let of_status = |status: u16| {
        let response = response_with(status, "{}");
        let error = ResponseError::of_status(response.status()).with_message("no");
        Error::from_response(error, response)
    };
    let error = of_status(401).with_spaced_credential(|| Some("TPAY_CLIENT_SECRET"));
    // The first credential stays: that of the token request.
    let error = error.with_spaced_credential(|| Some("password"));
    assert_eq!(error.spaced_credential(), Some("TPAY_CLIENT_SECRET"));
    assert_eq!(
        format!("{error:?}"),
        "401 Unauthorized: no (request r-1)\n  TPAY_CLIENT_SECRET begins or ends with whitespace, \
         which may have been copied by mistake"
    );
    assert!(format!("{error:#?}").contains("Some(\n        \"TPAY_CLIENT_SECRET\",\n    )"));
    assert_eq!(error.duplicate().spaced_credential(), Some("TPAY_CLIENT_SECRET"));
    for status in [400, 404, 429, 500] {
        let error = of_status(status).with_spaced_credential(|| Some("client_secret"));
        assert_eq!(error.spaced_credential(), None, "{status}");
    }
    assert_eq!(of_status(403).with_spaced_credential(|| None).spaced_credential(), None);
}

#[test]
fn one_attempt_is_not_mentioned() {
    let error = Error::from(InputError::new("rid", "must not be empty"));
    assert_eq!(error.in_call("tpay", "a.b", 1).to_string(), "tpay a.b: rid: must not be empty");
}
