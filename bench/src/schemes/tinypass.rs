//! TinyPass, `GET /r2/access`: two parameters, one of them not ASCII; a header over the request line.

use api_auth::http::{self, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tinypass_client::access::GetAccess;
use tinypass_client::{Client, Environment};

use super::{
    INPUTS, Mac256, Place, Reach, Scheme, Wire, at, encode, fresh_mac, keyed, mac, put, request,
};
use crate::report::Limit;
use crate::samples::{AID, KEY, PlainAccess, USER_AGENT};

const TITLE: &str = "TinyPass: header over the request line";

/// `AID:signature` of a request line, in a stack array.
pub struct Signer(Mac256);

impl Signer {
    pub fn new() -> Self {
        Self(keyed(KEY))
    }

    pub fn header(&self, line: &[&[u8]]) -> [u8; AID.len() + 44] {
        let mut text = [b':'; AID.len() + 44];
        text[..AID.len()].copy_from_slice(AID.as_bytes());
        URL_SAFE_NO_PAD.encode_slice(mac(&self.0, line), &mut text[AID.len() + 1..]).unwrap();
        text
    }
}

pub fn client(base: &str, ca_pem: Option<&str>, wire: Wire) -> Client {
    let mut builder = Client::builder(AID, KEY).environment(Environment::Custom(base.to_owned()));
    if let Some(pem) = ca_pem {
        builder = builder.extra_root_certificates(pem.as_bytes());
    }
    if let Some(wire) = wire {
        builder = builder.transport(wire);
    }
    builder.build().unwrap()
}

pub fn decode(body: &[u8]) -> String {
    serde_json::from_slice::<PlainAccess>(body).unwrap().id.unwrap()
}

pub fn scheme(place: &Place, wire: Wire) -> Scheme {
    let inputs: Vec<(String, String)> = (0..INPUTS)
        .map(|number| ("Été complet".to_owned(), format!("user+{number}@example.org")))
        .collect();
    let calls: Vec<GetAccess> =
        inputs.iter().map(|(rid, user)| GetAccess::new(rid, user)).collect();
    let client = client(&place.base, None, wire);
    let target = |(rid, user): &(String, String), out: &mut Vec<u8>| {
        out.extend_from_slice(b"/r2/access?rid=");
        encode(rid, true, out);
        out.extend_from_slice(b"&user_ref=");
        encode(user, true, out);
    };
    Scheme {
        title: TITLE,
        limit: Box::new({
            let (inputs, signer, host) = (inputs.clone(), Signer::new(), place.host.clone());
            move |number, out| {
                out.extend_from_slice(b"GET ");
                target(&inputs[at(number)], out);
                let header = signer.header(&[out]);
                put(
                    out,
                    &[
                        b" HTTP/1.1\r\nhost: ",
                        host.as_bytes(),
                        b"\r\naccept: application/json\r\nuser-agent: ",
                        USER_AGENT.as_bytes(),
                        b"\r\nauthorization: ",
                        &header,
                        b"\r\n\r\n",
                    ],
                );
            }
        }),
        hand: Box::new({
            let (inputs, signer, base) = (inputs.clone(), Signer::new(), place.base.clone());
            move |number| {
                let mut url = Vec::with_capacity(256);
                url.extend_from_slice(base.as_bytes());
                target(&inputs[at(number)], &mut url);
                let header = signer.header(&[b"GET ", &url[base.len()..]]);
                let mut request = http::Request::new(Vec::new());
                *request.uri_mut() = http::Uri::from_maybe_shared(url).unwrap();
                let headers = request.headers_mut();
                headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
                headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
                let header = HeaderValue::from_bytes(&header).unwrap();
                headers.insert(header::AUTHORIZATION, header);
                request
            }
        }),
        naive: Box::new({
            let (inputs, base) = (inputs.clone(), place.base.clone());
            move |number| {
                let (rid, user) = &inputs[at(number)];
                let query = form_urlencoded::Serializer::new(String::new())
                    .append_pair("rid", rid)
                    .append_pair("user_ref", user)
                    .finish();
                let target = format!("/r2/access?{query}");
                let signature = URL_SAFE_NO_PAD.encode(fresh_mac(&format!("GET {target}")));
                let headers = [
                    ("accept", "application/json"),
                    ("user-agent", USER_AGENT),
                    ("authorization", &format!("{AID}:{signature}")),
                ];
                request("GET", format!("{base}{target}"), &headers, String::new())
            }
        }),
        ours: Box::new({
            let client = client.clone();
            move |number| client.signed_request(&calls[at(number)]).unwrap()
        }),
        call: Box::new(move |number| {
            let (rid, user) = &inputs[at(number)];
            client.get_access(rid, user).unwrap().unwrap().id.unwrap()
        }),
        decode,
        reach: Reach {
            against_naive: Limit::above(0.5, 0.8),
            allocations: Limit::at(5.0),
            warm_allocations: Limit::at(6.0),
        },
    }
}
