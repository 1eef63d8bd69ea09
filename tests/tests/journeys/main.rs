//! Journeys: tests of several requests in a row to each provider's test server.

mod blocks;
mod purchases;
mod tinycert;
mod tinypass;
mod tokenpass;
mod tpay;
