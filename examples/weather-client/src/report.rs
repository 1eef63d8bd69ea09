//! Reports that observers send.

use api_auth::{
    Body, Endpoint, InputError, Params, Response, ResponseError, Result, Route, UnixTime, json,
    route, setters, validate,
};
use serde::{Deserialize, Serialize};

use crate::{Client, Sky};

/// A report by an observer, as the server returns it.
///
/// Source: the service's documentation, `weather.example/docs/reports`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// The id that the server assigned to the report.
    pub id: Option<String>,
    /// The time at which the server received the report, in Unix seconds.
    pub received: Option<UnixTime>,
}

/// `POST /v1/reports`: reports the state of the sky. Two requests create two reports, so the
/// request is not idempotent, which is the default for POST.
///
/// Source: the service's documentation, `weather.example/docs/reports`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateReport {
    station: String,
    sky: Sky,
    note: Option<String>,
}

impl CreateReport {
    /// Creates a request to report the state of the sky at a station.
    pub fn new(station: impl Into<String>, sky: Sky) -> Self {
        Self { station: station.into(), sky, note: None }
    }

    setters! {
        /// Sets the text of a note by the observer. By default, a report has no note.
        note: impl Into<String>,
    }
}

impl Endpoint for CreateReport {
    type Output = Report;
    const ID: &'static str = "report.create";
    const ROUTE: Route<Self> = route!(POST "/v1/reports");

    fn validate(&self) -> Result<(), InputError> {
        validate::segment("station", &self.station)
    }

    fn body(&self) -> Result<Body<'_>, InputError> {
        let mut form = Params::new();
        form.push("station", &self.station)
            .push("sky", self.sky.as_str())
            .push_some("note", self.note.as_deref());
        Ok(Body::Form(form))
    }

    fn parse(&self, response: &Response) -> Result<Report, ResponseError> {
        json(response)
    }
}

impl Client {
    /// Reports the state of the sky. If the response is lost, the request is not retried.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn create_report(&self, report: &CreateReport) -> Result<Report> {
        self.send(report)
    }
}
