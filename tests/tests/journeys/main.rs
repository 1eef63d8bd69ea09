//! Journeys through each provider with its sandbox.

mod blocks;
mod tinycert;
mod tinypass;
mod tokenpass;
mod tpay;
