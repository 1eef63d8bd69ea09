use super::*;
use crate::error::response::ResponseError;
use crate::message::Response;
use crate::raw_endpoint::RawEndpoint;
use crate::route::Route;

struct GetRefund {
    refund_id: String,
}

impl Endpoint for GetRefund {
    type Output = ();
    const ID: &'static str = "refunds.get";
    const ROUTE: Route<Self> = crate::route!(GET "/refunds/{refundId}", refund_id);

    fn parse(&self, _: &Response) -> Result<(), ResponseError> {
        Ok(())
    }
}

#[test]
fn arguments_of_the_path_are_validated_before_a_request_is_built() {
    for bad in ["", " ", "..", "."] {
        let call = GetRefund { refund_id: bad.to_owned() };
        let error = UnsignedRequest::of(&call).unwrap_err();
        assert_eq!(error.argument(), "refund_id", "{bad:?}");
    }
    let call = GetRefund { refund_id: "rf/1".to_owned() };
    assert_eq!(UnsignedRequest::of(&call).unwrap().path, "/refunds/rf%2F1");
}

const BASE: &str = "https://api.example.com/base";

fn encode(call: &RawEndpoint) -> Result<Request, InputError> {
    UnsignedRequest::of(call)?.encode(BASE, Encoding::Form)
}

#[test]
fn without_parameters_there_is_no_question_mark() {
    let request = encode(&RawEndpoint::new(Method::GET, "/r2/download/")).unwrap();
    assert_eq!(request.uri(), "https://api.example.com/base/r2/download/");
    assert!(request.headers().is_empty());
}

#[test]
fn form_and_json_bodies_carry_their_content_type() {
    let mut form = Params::new();
    form.push("a b", "*~");
    let call = RawEndpoint::new(Method::POST, "/x").with_body(Body::Form(form));
    let request = encode(&call).unwrap();
    assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(request.body(), b"a+b=*%7E");

    let call = RawEndpoint::new(Method::POST, "/x").with_body(Body::json(&["ą/"]).unwrap());
    let request = encode(&call).unwrap();
    assert_eq!(request.headers()["content-type"], "application/json");
    assert_eq!(request.body(), "[\"ą/\"]".as_bytes());
}

#[test]
fn debug_shows_names_and_lengths_and_no_values() {
    let mut form = Params::new();
    form.push("password", "CANARY");
    for (body, shown) in [
        (Body::None, "None"),
        (Body::Form(form), r#"Form(["password"])"#),
        (Body::Json(b"{\"a\":\"CANARY\"}".to_vec()), "Json(14 bytes)"),
        (
            Body::Bytes { content_type: "text/plain", bytes: b"CANARY".to_vec() },
            "Bytes(text/plain, 6 bytes)",
        ),
    ] {
        assert_eq!(format!("{body:?}"), shown);
        let call = RawEndpoint::new(Method::POST, "/t/CANARY").param("token", "CANARY");
        let call = call.with_body(body);
        let unsigned = UnsignedRequest::of(&call).unwrap();
        for text in [format!("{call:?}"), format!("{unsigned:?}")] {
            assert!(text.contains("path: 9 bytes") && text.contains(r#"["token"]"#), "{text}");
            // The bytes are not shown either.
            assert!(text.contains(shown), "{text}");
            assert!(!text.contains("CANARY") && !text.contains("67, 65"), "{text}");
        }
    }
}

#[test]
fn members_are_added_at_the_end_of_a_body() {
    let extended = |body: Body<'static>, value| {
        let call = RawEndpoint::new(Method::POST, "/x").param("q", "1 é").with_body(body);
        let mut unsigned = UnsignedRequest::of(&call).unwrap();
        unsigned.add_to_body("t\"", value)?;
        let request = unsigned.encode(BASE, Encoding::Form).unwrap();
        assert_eq!(request.uri().query(), Some("q=1+%C3%A9"));
        let content_type = request.headers()["content-type"].to_str().unwrap().to_owned();
        Ok::<_, InputError>((content_type, String::from_utf8(request.into_body()).unwrap()))
    };
    let expected = |content_type: &str, body: &str| (content_type.to_owned(), body.to_owned());
    let json = |text: &str| Body::Json(text.as_bytes().to_vec());
    assert_eq!(
        extended(Body::None, None).unwrap(),
        expected("application/json", r#"{"t\"":null}"#)
    );
    assert_eq!(
        extended(json(r#"{"a":[]}"#), Some("v")).unwrap(),
        expected("application/json", r#"{"a":[],"t\"":"v"}"#)
    );
    let mut form = Params::new();
    form.push("f", "2");
    assert_eq!(
        extended(Body::Form(form.clone()), Some("v")).unwrap(),
        expected("application/x-www-form-urlencoded", "f=2&t%22=v")
    );
    assert_eq!(extended(Body::Form(form), None).unwrap_err().argument(), "body");
    for bad in ["[]", "1", "", "{"] {
        assert_eq!(extended(json(bad), Some("v")).unwrap_err().argument(), "body", "{bad}");
    }
}

#[test]
fn error_of_an_invalid_path_names_the_argument() {
    for bad in ["", "r2", "/a?b=c", "/a#b", "/a b", "/a\nb", "@evil.example/"] {
        let error = encode(&RawEndpoint::new(Method::GET, bad)).unwrap_err();
        assert!(error.argument().starts_with("path"), "{bad:?}: {error}");
    }
}

#[test]
fn request_target_longer_than_http_allows_is_an_error() {
    let call = RawEndpoint::new(Method::GET, "/x").param("q", "x".repeat(70_000));
    assert_eq!(encode(&call).unwrap_err().argument(), "path and query");
}
