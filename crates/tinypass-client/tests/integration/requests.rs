//! Tests of the exact bytes of each endpoint's request (with all options, without options, and with
//! reserved characters), and of rejected arguments.
//!
//! Tests are named `ENDPOINT_request...`. `cargo xtask endpoints` checks that there is one for each
//! endpoint.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tinypass_client::access::GetAccess;
use tinypass_client::api_auth::{NumberedPages, Request, Response, TransportError};
use tinypass_client::download::{DownloadPath, GetDownload};
use tinypass_client::subscription::CancelSubscription;
use tinypass_client::user::GetUser;
use tinypass_client::{
    Client, ClientBuilder, Endpoint, ErrorKind, GetDownloadUrl, GrantAccess, RevokeAccess,
    SearchAccess, SearchSubscriptions, UnixTime,
};

const RESERVED: &str = "a/b+c d&e=é~*%";
const RESERVED_ENCODED: &str = "a%2Fb%2Bc+d%26e%3D%C3%A9%7E*%25";

fn builder() -> ClientBuilder {
    Client::builder("AIDAIDAID0", "key").transport(sends_nothing)
}

fn sends_nothing(_: Request) -> Result<Response, TransportError> {
    panic!("a request was sent")
}

fn client() -> Client {
    builder().build().unwrap()
}

/// Returns the method and target of a request. Headers, body and host are the same for all
/// requests.
fn line(call: &impl Endpoint) -> String {
    let request = client().signed_request(call).unwrap();
    assert_eq!(request.uri().host(), Some("api.tinypass.com"));
    assert_eq!(request.uri().scheme_str(), Some("https"));
    assert!(request.body().is_empty(), "parameters are always in the query");
    let mut names: Vec<&str> = request.headers().keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "authorization", "user-agent"]);
    assert_eq!(request.headers()["accept"], "application/json");
    let agent = request.headers()["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("tinypass-client/"), "{agent}");
    format!("{} {}", request.method(), request.uri().path_and_query().unwrap())
}

/// Returns the argument that is rejected. No request is sent.
fn invalid_argument(call: &impl Endpoint) -> String {
    let Err(error) = client().send_raw(call) else { panic!("the argument was accepted") };
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Input, 0));
    error.argument().unwrap().to_owned()
}

#[test]
fn access_get_request() {
    let call = GetAccess::new("premium-content", "user_42");
    assert_eq!(line(&call), "GET /r2/access?rid=premium-content&user_ref=user_42");
    let expected = format!("GET /r2/access?rid={RESERVED_ENCODED}&user_ref={RESERVED_ENCODED}");
    assert_eq!(line(&GetAccess::new(RESERVED, RESERVED)), expected);
}

#[test]
fn access_search_request() {
    assert_eq!(line(&SearchAccess::new()), "GET /r2/access/search");
    let all = SearchAccess::new()
        .rid(RESERVED)
        .user_ref("u")
        .email("e@x.org")
        .tag("t 1")
        .show_expired(false)
        .page(3)
        .page_size(1000);
    assert_eq!(
        line(&all),
        format!(
            "GET /r2/access/search?rid={RESERVED_ENCODED}&user_ref=u&email=e%40x.org&tag=t+1&show_expired=false&page=3&pagesize=1000"
        )
    );
    // A page that is requested ahead differs only in its number.
    assert_eq!(all.page_number(), 3);
    assert_eq!(line(&all.with_page_number(12)), line(&all).replace("&page=3&", "&page=12&"));
}

#[test]
fn access_grant_request() {
    assert_eq!(
        line(&GrantAccess::new("r", "e@x.org")),
        "POST /r2/access/grant?rid=r&email=e%40x.org"
    );
    let all = GrantAccess::new(RESERVED, "e@x.org")
        .user_ref("u")
        .expires(UnixTime::from_seconds(1_893_456_000))
        .message("Welcome, Jané!\nEnjoy & share")
        .suppress_email(true);
    assert_eq!(
        line(&all),
        format!(
            "POST /r2/access/grant?rid={RESERVED_ENCODED}&user_ref=u&email=e%40x.org&expiration=1893456000&message=Welcome%2C+Jan%C3%A9%21%0AEnjoy+%26+share&suppress_email=true"
        )
    );
}

#[test]
fn access_revoke_request() {
    assert_eq!(line(&RevokeAccess::new("r", "u")), "POST /r2/access/revoke?rid=r&user_ref=u");
    let all = RevokeAccess::new(RESERVED, RESERVED).refund(true);
    let target = format!("rid={RESERVED_ENCODED}&user_ref={RESERVED_ENCODED}&refund=true");
    assert_eq!(line(&all), format!("POST /r2/access/revoke?{target}"));
}

#[test]
fn subscription_search_request() {
    assert_eq!(line(&SearchSubscriptions::new()), "GET /r2/subscription/search");
    let all = SearchSubscriptions::new().rid(RESERVED).user_ref("u");
    assert_eq!(
        line(&all),
        format!("GET /r2/subscription/search?rid={RESERVED_ENCODED}&user_ref=u")
    );
}

#[test]
fn subscription_cancel_request() {
    let call = CancelSubscription::new(RESERVED, "u");
    assert_eq!(
        line(&call),
        format!("POST /r2/subscription/cancel?rid={RESERVED_ENCODED}&user_ref=u")
    );
}

#[test]
fn download_url_request() {
    let call = GetDownloadUrl::for_lifetime("ebook 1", Duration::from_millis(30_900));
    assert_eq!(line(&call), "GET /r2/downloads/url?rid=ebook+1&lifetime=30");
    let call = GetDownloadUrl::until(RESERVED, UnixTime::from_seconds(9)).path(DownloadPath::Sdk);
    assert_eq!(line(&call), format!("GET /r2/download/url?rid={RESERVED_ENCODED}&expiration=9"));
}

#[test]
fn download_get_request() {
    assert_eq!(line(&GetDownload::new("ebook-1")), "GET /r2/download/?rid=ebook-1");
    let call = GetDownload::new(RESERVED).path(DownloadPath::Sdk);
    assert_eq!(line(&call), format!("GET /r2/download?rid={RESERVED_ENCODED}"));
}

#[test]
fn user_get_request() {
    assert_eq!(line(&GetUser::new("kjkxrNWUyD")), "GET /r2/user/kjkxrNWUyD");
    assert_eq!(line(&GetUser::new(RESERVED)), "GET /r2/user/a%2Fb%2Bc%20d%26e%3D%C3%A9~%2A%25");
}

#[test]
fn error_of_an_invalid_argument_names_it() {
    for user in ["", " "] {
        assert_eq!(invalid_argument(&GrantAccess::new("r", "e@x.org").user_ref(user)), "user_ref");
        assert_eq!(invalid_argument(&RevokeAccess::new("r", user)), "user_ref");
        assert_eq!(invalid_argument(&CancelSubscription::new("r", user)), "user_ref");
    }
    for rid in ["", " ", "\t\n", &"x".repeat(256)] {
        assert_eq!(invalid_argument(&GetAccess::new(rid, "u")), "rid");
        assert_eq!(invalid_argument(&SearchAccess::new().rid(rid)), "rid");
        assert_eq!(invalid_argument(&GrantAccess::new(rid, "e@x.org")), "rid");
        assert_eq!(invalid_argument(&RevokeAccess::new(rid, "u")), "rid");
        assert_eq!(invalid_argument(&SearchSubscriptions::new().rid(rid)), "rid");
        assert_eq!(invalid_argument(&CancelSubscription::new(rid, "u")), "rid");
        assert_eq!(invalid_argument(&GetDownload::new(rid)), "rid");
        assert_eq!(
            invalid_argument(&GetDownloadUrl::for_lifetime(rid, Duration::from_secs(1))),
            "rid"
        );
    }
    for size in [0, 1001, u32::MAX] {
        assert_eq!(invalid_argument(&SearchAccess::new().page_size(size)), "page_size");
    }
    assert_eq!(invalid_argument(&GrantAccess::new("r", " ")), "email");
    let past = UnixTime::from_seconds(0);
    assert_eq!(invalid_argument(&GrantAccess::new("r", "e").expires(past)), "expires");
    assert_eq!(invalid_argument(&GetDownloadUrl::until("r", past)), "expires");
    assert_eq!(
        invalid_argument(&GetDownloadUrl::for_lifetime("r", Duration::from_millis(999))),
        "lifetime"
    );
    for uid in ["", " ", ".", ".."] {
        assert_eq!(invalid_argument(&GetUser::new(uid)), "uid");
    }
    assert_eq!(
        invalid_argument(&GetAccess::new("x".repeat(255), "u".repeat(70_000))),
        "path and query"
    );
}

#[test]
fn iterator_with_an_invalid_argument_sends_no_request_and_ends() {
    let mut items = client().accesses(&SearchAccess::new().page_size(0));
    assert_eq!(items.next().unwrap().unwrap_err().argument(), Some("page_size"));
    assert!(items.next().is_none());
}

#[test]
fn curl_masks_the_signature_by_default() {
    let call = GetAccess::new("r", "it's");
    let masked = client().curl(&call).unwrap();
    assert!(masked.contains("-H 'authorization: ***'"), "{masked}");
    assert!(
        masked
            .starts_with("curl -X GET 'https://api.tinypass.com/r2/access?rid=r&user_ref=it%27s'")
    );
    let shown = client().curl_with_secrets(&call).unwrap();
    assert!(shown.contains("-H 'authorization: AIDAIDAID0:"), "{shown}");
}

#[test]
fn user_agent_begins_with_the_application() {
    let client = builder().application("my-shop/2.1").build().unwrap();
    let request = client.signed_request(&SearchAccess::new()).unwrap();
    let agent = request.headers()["user-agent"].to_str().unwrap().to_owned();
    assert!(agent.starts_with("my-shop/2.1 tinypass-client/"), "{agent}");
    for invalid in ["a\nb", "ą"] {
        let error = builder().application(invalid).build().unwrap_err();
        assert_eq!(error.argument(), Some("application"));
    }
}

/// Returns a client whose transport returns these pages, and the list to which the queries of its
/// requests are added.
fn paging(
    pages: impl Fn(u64) -> String + Send + Sync + 'static,
) -> (Client, Arc<Mutex<Vec<String>>>) {
    let queries = Arc::new(Mutex::new(Vec::new()));
    let seen = queries.clone();
    let transport = move |request: Request| -> Result<Response, TransportError> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let page = query.split('&').find_map(|pair| pair.strip_prefix("page=")).unwrap();
        let body = pages(page.parse().unwrap());
        seen.lock().unwrap().push(query);
        Ok(Response::new(body.into_bytes()))
    };
    (Client::builder("A", "k").transport(transport).build().unwrap(), queries)
}

fn ids(range: std::ops::Range<u64>) -> String {
    let data: Vec<String> = range.map(|id| format!(r#"{{"id":"i{id}"}}"#)).collect();
    format!(r#"{{"data":[{}]}}"#, data.join(","))
}

#[test]
fn short_or_empty_page_is_the_last_one() {
    let search = SearchAccess::new().page_size(2);
    let (client, queries) = paging(|page| ids(page * 2..(page * 2 + 2).min(5)));
    assert_eq!(client.accesses(&search).map(Result::unwrap).count(), 5);
    let expected = ["page=0&pagesize=2", "page=1&pagesize=2", "page=2&pagesize=2"];
    assert_eq!(*queries.lock().unwrap(), expected);
    let (client, queries) = paging(|page| ids(page * 2..(page * 2 + 2).min(4)));
    assert_eq!(client.accesses(&search).by_page().map(Result::unwrap).count(), 3);
    assert_eq!(queries.lock().unwrap().len(), 3);
}

#[test]
fn page_that_is_repeated_twice_is_an_error() {
    let (client, queries) = paging(|_| ids(0..2));
    let mut items = client.accesses(&SearchAccess::new().page_size(2));
    assert_eq!(items.by_ref().take(2).filter(Result::is_ok).count(), 2);
    assert_eq!(items.next().unwrap().unwrap_err().kind(), ErrorKind::Incomplete);
    assert!(items.next().is_none());
    assert_eq!(queries.lock().unwrap().len(), 3);
}

#[test]
fn page_of_known_records_is_not_the_last_one() {
    // Two records are added before the second request.
    let (client, _) =
        paging(|page| if page == 0 { ids(0..2) } else { ids(page * 2 - 2..(page * 2).min(5)) });
    let accesses: Result<Vec<_>, _> = client.accesses(&SearchAccess::new().page_size(2)).collect();
    assert_eq!(accesses.unwrap().len(), 5);
}

#[test]
fn concurrent_pages_are_read_in_order_and_fewer_of_them_beyond_the_end() {
    let (client, queries) = paging(|page| ids((page * 2).min(13)..(page * 2 + 2).min(13)));
    let search = SearchAccess::new().page_size(2);
    let found = |items: tinypass_client::Items<SearchAccess>| -> Vec<String> {
        items.map(|access| access.unwrap().id.unwrap()).collect()
    };
    assert_eq!(found(client.accesses(&search).concurrent(4)), found(client.accesses(&search)));
    let pages = queries.lock().unwrap().iter().collect::<std::collections::HashSet<_>>().len();
    assert!((7..=10).contains(&pages), "{pages}");
}

#[test]
fn record_that_moves_to_the_next_page_is_returned_once() {
    let (client, _) = paging(|page| match page {
        0 => ids(0..3),
        1 => ids(2..5),
        _ => ids(4..5),
    });
    let search = SearchAccess::new().page_size(3);
    let found: Vec<String> =
        client.accesses(&search).map(|access| access.unwrap().id.unwrap()).collect();
    assert_eq!(found, ["i0", "i1", "i2", "i3", "i4"]);
}

#[test]
fn iterator_ends_after_an_error_and_returns_its_request() {
    let (client, _) = paging(|page| if page == 0 { ids(0..2) } else { "{".to_owned() });
    let mut items = client.accesses(&SearchAccess::new().page_size(2));
    assert!(items.next().unwrap().is_ok() && items.next().unwrap().is_ok());
    assert_eq!(items.next().unwrap().unwrap_err().kind(), ErrorKind::Decode);
    assert!(items.next().is_none());
    assert_eq!(items.request(), Some(&SearchAccess::new().page(1).page_size(2)));
}
