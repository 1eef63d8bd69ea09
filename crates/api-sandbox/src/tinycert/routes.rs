//! The paths and parameters of the TinyCert endpoints.

use crate::routes;

/// An endpoint and the names of its parameters.
pub(super) type Route = routes::Route<&'static [&'static str]>;

const fn post(id: &'static str, path: &'static str, names: &'static [&'static str]) -> Route {
    Route::new(id, "POST", path, names)
}

/// All endpoints. Each path is also accepted with the suffix `.json` or `.xml`.
#[rustfmt::skip]
pub(super) const ROUTES: [Route; 13] = [
    post("session.connect", "/api/v1/connect", &["email", "passphrase"]),
    post("session.disconnect", "/api/v1/disconnect", &["token"]),
    post("ca.list", "/api/v1/ca/list", &["token"]),
    post("ca.details", "/api/v1/ca/details", &["ca_id", "token"]),
    post("ca.get", "/api/v1/ca/get", &["ca_id", "token", "what"]),
    post("ca.delete", "/api/v1/ca/delete", &["ca_id", "token"]),
    post("ca.new", "/api/v1/ca/new", &["C", "L", "O", "ST", "hash_method", "token"]),
    post("cert.list", "/api/v1/cert/list", &["ca_id", "token", "what"]),
    post("cert.details", "/api/v1/cert/details", &["cert_id", "token"]),
    post("cert.get", "/api/v1/cert/get", &["cert_id", "token", "what"]),
    post("cert.reissue", "/api/v1/cert/reissue", &["cert_id", "token"]),
    post("cert.status", "/api/v1/cert/status", &["cert_id", "status", "token"]),
    post("cert.new", "/api/v1/cert/new", &["C", "CN", "L", "O", "OU", "SANs", "ST", "ca_id", "token"]),
];
