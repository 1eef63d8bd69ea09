//! The paths and parameters of the TinyPass endpoints.

use crate::routes;

/// An endpoint and the names of its parameters.
pub(super) type Route = routes::Route<&'static [&'static str]>;

/// All endpoints, with both spellings of the download paths.
#[rustfmt::skip]
pub(super) const ROUTES: [Route; 11] = {
    const SEARCH: &[&str] = &["rid", "user_ref", "email", "tag", "show_expired", "page", "pagesize"];
    const GRANT: &[&str] = &["rid", "user_ref", "email", "expiration", "message", "suppress_email"];
    const LINK: &[&str] = &["rid", "lifetime", "expiration"];
    [
        Route::new("access.get", "GET", "/r2/access", &["rid", "user_ref"]),
        Route::new("access.search", "GET", "/r2/access/search", SEARCH),
        Route::new("access.grant", "POST", "/r2/access/grant", GRANT),
        Route::new("access.revoke", "POST", "/r2/access/revoke", &["rid", "user_ref", "refund"]),
        Route::new("subscription.search", "GET", "/r2/subscription/search", &["rid", "user_ref"]),
        Route::new("subscription.cancel", "POST", "/r2/subscription/cancel", &["rid", "user_ref"]),
        Route::new("download.url", "GET", "/r2/downloads/url", LINK),
        Route::new("download.get", "GET", "/r2/download/", &["rid"]),
        Route::new("download.url", "GET", "/r2/download/url", LINK),
        Route::new("download.get", "GET", "/r2/download", &["rid"]),
        Route::new("user.get", "GET", "/r2/user/{}", &[]),
    ]
};

/// The documented download paths.
pub(super) const DOCUMENTED: [&str; 2] = ["/r2/downloads/url", "/r2/download/"];

/// The download paths of the official PHP client.
pub(super) const SDK: [&str; 2] = ["/r2/download/url", "/r2/download"];
