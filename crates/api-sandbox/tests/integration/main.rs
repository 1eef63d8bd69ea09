//! The integration tests of api-sandbox, as one program with one module for each subject.

mod cases;
mod console;
mod program;
mod recorded;
mod server;
mod tinycert;
mod tinypass;
mod tokenpass;
mod tpay;
