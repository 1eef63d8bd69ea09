//! Building and signing one whole request, for each scheme.

use api_auth::{Request, Response, TransportError, http};

use crate::report::{Row, Section, contenders};
use crate::rounds::{Contender, Race, race};
use crate::samples::TOKEN_RESPONSE;
use crate::schemes::{INPUTS, Place, Scheme, tinycert, tinypass, tokenpass, tpay};

const HAND: &str = "http::Request by hand";
const OURS: &str = "ours";
const NAIVE: &str = "naive";

/// The parts of a request that all must agree on.
#[derive(Debug, PartialEq)]
struct Same {
    line: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

impl Same {
    fn of_text(bytes: &[u8]) -> Self {
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let text = str::from_utf8(&bytes[..head]).unwrap();
        let (line, headers) = text.split_once("\r\n").unwrap();
        let by_library = ["host:", "content-length:"];
        let mut headers: Vec<String> = headers.lines().map(str::to_owned).collect();
        headers.retain(|header| !by_library.iter().any(|name| header.starts_with(name)));
        headers.sort();
        let line = line.strip_suffix(" HTTP/1.1").unwrap().to_owned();
        Self { line, headers, body: bytes[head + 4..].to_vec() }
    }

    fn of_request(request: &Request) -> Self {
        let line = format!("{} {}", request.method(), request.uri().path_and_query().unwrap());
        let text =
            |(name, value): (_, &http::HeaderValue)| format!("{name}: {}", value.to_str().unwrap());
        let mut headers: Vec<String> = request.headers().iter().map(text).collect();
        headers.sort();
        Self { line, headers, body: request.body().clone() }
    }
}

/// All make the same request. A nonce is the time in seconds, which may change in between.
fn agree(scheme: &mut Scheme) {
    for number in 0..INPUTS {
        let mut once = || {
            let mut bytes = Vec::new();
            (scheme.limit)(number, &mut bytes);
            let builders = [&mut scheme.ours, &mut scheme.hand, &mut scheme.naive];
            (Same::of_text(&bytes), builders.map(|build| Same::of_request(&build(number))))
        };
        let mut made = once();
        if made.1.iter().any(|other| *other != made.0) {
            made = once();
        }
        made.1.iter().for_each(|other| assert_eq!(*other, made.0));
    }
}

fn measure(mut scheme: Scheme, rounds: usize) -> Race {
    agree(&mut scheme);
    let Scheme { hand, naive, ours, .. } = scheme;
    let mut contenders =
        [Contender::new(HAND, hand), Contender::new(OURS, ours), Contender::new(NAIVE, naive)];
    race(&mut contenders, rounds, 200)
}

/// Responds to requests for a token. No other request is sent.
fn token(_: Request) -> Result<Response, TransportError> {
    Ok(Response::new(TOKEN_RESPONSE.as_bytes().to_vec()))
}

fn schemes() -> [Scheme; 4] {
    [
        tinypass::scheme(&Place::new("https://api.tinypass.com"), Some(token)),
        tinycert::scheme(&Place::new("https://www.tinycert.org"), Some(token)),
        tokenpass::scheme(&Place::new("https://tokenpass.tokenly.com"), Some(token)),
        tpay::scheme(&Place::new("https://api.tpay.com"), Some(token)),
    ]
}

pub fn section() -> Section {
    let (mut rows, mut table) = (Vec::new(), String::new());
    for scheme in schemes() {
        let title = scheme.title;
        let (against_naive, allocations) = (scheme.reach.against_naive, scheme.reach.allocations);
        let race = measure(scheme, 401);
        let figure = |what: &str| format!("{title}: {what}");
        rows.push(Row::ratio(&figure("time"), &race, OURS, NAIVE, against_naive));
        let counted = race.counts(OURS).allocations;
        let baseline = format!("naive: {}", race.counts(NAIVE).allocations);
        rows.push(Row::count(&figure("allocations"), counted, allocations, baseline));
        table += &format!("{title}:\n\n{}\n", contenders(&race, NAIVE));
    }
    Section {
        title: "Build and sign one request",
        name: "sign",
        rows,
        table: Some(table),
        ..Section::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_of_all_schemes_make_the_same_requests() {
        schemes().iter_mut().for_each(agree);
    }
}
