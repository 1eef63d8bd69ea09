//! Weather forecasts for stations.

use api_auth::{
    Amount, Endpoint, InputError, Params, Response, ResponseError, Result, Route, StatusCode, json,
    route, setters, wire_enum,
};
use serde::{Deserialize, Serialize};

use crate::Client;

wire_enum! {
    /// The state of the sky, in a forecast or a report.
    ///
    /// Source: the service's documentation, `weather.example/docs/forecast`.
    pub enum Sky {
        /// The sky is clear.
        Clear = "clear",
        /// The sky is cloudy.
        Cloudy = "cloudy",
        /// It is raining.
        Rain = "rain",
    }
}

/// The weather forecast for a station.
///
/// Source: the service's documentation, `weather.example/docs/forecast`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Forecast {
    /// The code of the station, such as `LHR`.
    pub station: Option<String>,
    /// The forecast for each day, beginning with tomorrow.
    #[serde(default)]
    pub days: Vec<Day>,
}

/// One day of a forecast.
///
/// Source: the service's documentation, `weather.example/docs/forecast`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Day {
    /// The highest temperature, in degrees Celsius.
    pub high: Option<Amount>,
    /// The state of the sky on this day.
    #[serde(default)]
    pub sky: Option<Sky>,
}

/// `GET /v1/stations/{station}/forecast`: returns the forecast for a station, or `None` if the
/// station is unknown.
///
/// Source: the service's documentation, `weather.example/docs/forecast`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetForecast {
    station: String,
    days: Option<u8>,
}

impl GetForecast {
    /// Creates a request for the forecast of the station with this code, such as `LHR`.
    pub fn new(station: impl Into<String>) -> Self {
        Self { station: station.into(), days: None }
    }

    setters! {
        /// Sets the number of days, from 1 to 14. The server's default is 7.
        days: u8,
    }
}

impl Endpoint for GetForecast {
    type Output = Option<Forecast>;
    const ID: &'static str = "forecast.get";
    const ROUTE: Route<Self> =
        route!(GET "/v1/stations/{station}/forecast", station).or_not_found();

    fn validate(&self) -> Result<(), InputError> {
        match self.days {
            Some(days) if !(1..=14).contains(&days) => {
                Err(InputError::new("days", "must be between 1 and 14"))
            }
            _ => Ok(()),
        }
    }

    fn query<'a>(&'a self, params: &mut Params<'a>) {
        params.push_some("days", self.days.map(|days| days.to_string()));
    }

    fn parse(&self, response: &Response) -> Result<Option<Forecast>, ResponseError> {
        match response.status() {
            StatusCode::NOT_FOUND => Ok(None),
            _ => json(response).map(Some),
        }
    }
}

impl Client {
    /// Returns the forecast for a station, or `None` if there is no such station.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub fn get_forecast(&self, station: impl Into<String>) -> Result<Option<Forecast>> {
        self.send(&GetForecast::new(station))
    }
}
