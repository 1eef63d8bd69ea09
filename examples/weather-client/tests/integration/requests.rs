//! The exact bytes of the request of each endpoint, and the rejected arguments.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use weather_client::{
    Client, CreateReport, Endpoint, ErrorKind, GetForecast, Request, Response, Sky, TransportError,
};

const NASTY: &str = "a/b+c d&e=é~*%";

fn client() -> Client {
    Client::builder("demo", "key").build().unwrap()
}

/// Returns the method, target and body of a call.
fn written(call: &impl Endpoint) -> String {
    let request = client().signed_request(call).unwrap();
    let target = request.uri().path_and_query().unwrap();
    let body = std::str::from_utf8(request.body()).unwrap();
    format!("{} {target} {body}", request.method()).trim_end().to_owned()
}

#[test]
fn forecast_get_request() {
    assert_eq!(written(&GetForecast::new("LHR")), "GET /v1/stations/LHR/forecast");
    assert_eq!(
        written(&GetForecast::new(NASTY).days(14)),
        "GET /v1/stations/a%2Fb%2Bc%20d%26e%3D%C3%A9~%2A%25/forecast?days=14"
    );
}

#[test]
fn report_create_request() {
    assert_eq!(
        written(&CreateReport::new("LHR", Sky::Rain)),
        "POST /v1/reports station=LHR&sky=rain"
    );
    assert_eq!(
        written(&CreateReport::new("LHR", Sky::Rain).note(NASTY)),
        "POST /v1/reports station=LHR&sky=rain&note=a%2Fb%2Bc+d%26e%3D%C3%A9%7E*%25"
    );
}

/// The expected signature was computed with OpenSSL:
/// `printf 'GET /v1/stations/LHR/forecast' | openssl dgst -sha256 -hmac key -binary | basenc --base64url | tr -d =`
#[test]
fn signature_matches_the_test_vector() {
    let request = client().signed_request(&GetForecast::new("LHR")).unwrap();
    assert_eq!(
        request.headers()["authorization"],
        "demo:KezTgyNWKio-uiVvVb3ZwBOMEkcLfuefEcVOdKlgCSw"
    );
    let shown = client().curl(&GetForecast::new("LHR")).unwrap();
    assert!(!shown.contains("KezTgyNWKio-uiVvVb3ZwBOMEkcLfuefEcVOdKlgCSw"), "{shown}");
}

#[test]
fn invalid_arguments_are_rejected_by_name() {
    let client = Client::builder("demo", "key")
        .transport(|_: Request| -> Result<Response, TransportError> { panic!("was sent") })
        .build()
        .unwrap();
    let refused = |result: Result<Response, weather_client::Error>| {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        error.argument().unwrap().to_owned()
    };
    for station in ["", " ", ".", ".."] {
        assert_eq!(refused(client.send_raw(&GetForecast::new(station))), "station");
        let report = CreateReport::new(station, Sky::Clear);
        assert_eq!(refused(client.send_raw(&report)), "station");
    }
    for days in [0, 15] {
        assert_eq!(refused(client.send_raw(&GetForecast::new("LHR").days(days))), "days");
    }
}
