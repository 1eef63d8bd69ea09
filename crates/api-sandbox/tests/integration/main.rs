//! The integration tests of api-sandbox: one program, one module for each provider.

mod console;
mod program;
mod recorded;
mod server;
mod tinycert;
mod tinypass;
mod tokenpass;
mod tpay;
