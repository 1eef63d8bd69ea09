//! The result of each endpoint for each response, over real HTTP.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use test_support::decoding::{Case, Outcome};
use weather_client::{Client, CreateReport, Environment, Sky};

const FORECAST: &str = r#"{"station":"LHR","days":[{"high":21.5,"sky":"clear"}]}"#;
const REPORT: &str = r#"{"id":"r-1","received":1893456000}"#;

fn client(base: &str) -> Client {
    let here = Environment::custom(base);
    Client::builder("demo", "key").environment(here).retries(0).build().unwrap()
}

fn forecast(base: &str) -> Outcome {
    client(base).get_forecast("LHR").map(|forecast| format!("{forecast:?}"))
}

fn report(base: &str) -> Outcome {
    let report = CreateReport::new("LHR", Sky::Clear);
    client(base).create_report(&report).map(|report| format!("{report:?}"))
}

#[test]
fn forecast_get_response_follows_the_rules() {
    Case { method: "GET", documented: FORECAST, any_body: false, missing: None, call: &forecast }
        .holds(&[]);
}

#[test]
fn forecast_get_response_is_read_field_by_field() {
    let mut server = mockito::Server::new();
    let path = "/v1/stations/LHR/forecast";
    let body = FORECAST.replace("clear", "hail");
    server.mock("GET", path).with_body(body).create();
    let forecast = client(&server.url()).get_forecast("LHR").unwrap().unwrap();
    assert_eq!(forecast.station.as_deref(), Some("LHR"));
    let day = &forecast.days[0];
    assert_eq!(day.high.unwrap().minor_units(1), Some(215));
    assert_eq!(day.sky.as_ref().unwrap().as_str(), "hail", "a new text survives");
}

#[test]
fn forecast_get_response_404_is_none() {
    let case = Case {
        method: "GET",
        documented: FORECAST,
        any_body: false,
        missing: None,
        call: &forecast,
    };
    assert_eq!(
        case.response(404, "application/json", r#"{"error":"no station"}"#).unwrap(),
        "None"
    );
}

#[test]
fn report_create_response_follows_the_rules() {
    Case { method: "POST", documented: REPORT, any_body: false, missing: None, call: &report }
        .holds(&[]);
}

#[test]
fn rejected_call_keeps_its_message() {
    let case =
        Case { method: "POST", documented: REPORT, any_body: false, missing: None, call: &report };
    let error = case.response(422, "application/json", r#"{"error":"no station"}"#).unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), error.message()), (422, Some("no station")));
}
