//! Journeys through each provider with its sandbox.

mod blocks;
mod purchases;
mod tinycert;
mod tinypass;
mod tokenpass;
mod tpay;
