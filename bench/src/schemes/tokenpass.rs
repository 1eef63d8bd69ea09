//! Tokenpass, `POST /api/v1/tca/provisional/tx`: a JSON body, and three headers over it and the
//! clock.

use std::io::Write as _;

use api_auth::http::{HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tokenpass_client::{Client, CreatePromise, Destination, Environment, Satoshis};

use super::{
    INPUTS, Mac256, Place, Reach, Scheme, Wire, at, fresh_mac, keyed, mac, post, put, request,
    seconds,
};
use crate::report::Limit;
use crate::samples::{CLIENT_ID, KEY};

const TITLE: &str = "Tokenpass: nonce headers over a JSON body";
const AGENT: &str = "tokenpass-client/0.1.0";
const PATH: &str = "/api/v1/tca/provisional/tx";
const JSON: &str = "application/json";

/// A promise of tokens, as its JSON body.
#[derive(Clone, Serialize)]
struct Promise {
    source: String,
    destination: String,
    asset: String,
    quantity: i64,
    #[serde(rename = "ref")]
    reference: String,
    note: String,
}

impl Promise {
    fn new(number: u64) -> Self {
        Self {
            source: "1MySourceAddressXXXXXXXXXXXXXXXXX".to_owned(),
            destination: "1TheDestinationAddressXXXXXXXXXXX".to_owned(),
            asset: "TOKENLY".to_owned(),
            quantity: 1_000_000 + number as i64,
            reference: format!("order-{number}"),
            note: "Grüße aus Łódź, \"merci\"".to_owned(),
        }
    }

    fn typed(&self) -> CreatePromise {
        let destination = Destination::from(self.destination.as_str());
        CreatePromise::new(&self.source, destination, &self.asset, Satoshis::new(self.quantity))
            .reference(&self.reference)
            .note(&self.note)
    }
}

/// The same as a plain derived struct.
#[derive(Deserialize)]
#[allow(dead_code, reason = "it is decoded, not read")]
struct PlainPromise {
    promise_id: i64,
    source: String,
    destination: String,
    asset: String,
    quantity: i64,
    fingerprint: Option<String>,
    txid: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    expiration: Option<i64>,
    created_at: String,
    updated_at: String,
    pseudo: bool,
    note: Option<String>,
}

#[derive(Deserialize)]
struct Wrapped {
    tx: PlainPromise,
}

/// Nonce and signature of a body.
struct Signed {
    nonce: [u8; 10],
    signature: [u8; 44],
}

impl Signed {
    fn of(body: &[u8], url: &[u8], key: &Mac256) -> Self {
        let (mut nonce, mut signature) = ([0; 10], [0; 44]);
        write!(&mut nonce[..], "{}", seconds()).unwrap();
        let id = CLIENT_ID.as_bytes();
        let tag = mac(key, &[b"POST\n", url, b"\n", body, b"\n", id, b"\n", &nonce]);
        STANDARD.encode_slice(tag, &mut signature).unwrap();
        Self { nonce, signature }
    }
}

pub fn scheme(place: &Place, wire: Wire) -> Scheme {
    let inputs: Vec<Promise> = (0..INPUTS).map(Promise::new).collect();
    let calls: Vec<CreatePromise> = inputs.iter().map(Promise::typed).collect();
    let builder =
        Client::builder(CLIENT_ID, KEY).environment(Environment::Custom(place.base.clone()));
    let client = match wire {
        Some(wire) => builder.transport(wire).build().unwrap(),
        None => builder.build().unwrap(),
    };
    let url = [&place.base, PATH].concat();
    Scheme {
        title: TITLE,
        limit: Box::new({
            let (inputs, key) = (inputs.clone(), keyed(KEY));
            let (url, host) = (url.clone(), place.host.clone());
            let mut body = Vec::with_capacity(4096);
            move |number, out| {
                body.clear();
                serde_json::to_writer(&mut body, &inputs[at(number)]).unwrap();
                let Signed { nonce, signature } = Signed::of(&body, url.as_bytes(), &key);
                put(
                    out,
                    &[
                        b"POST /api/v1/tca/provisional/tx HTTP/1.1\r\nhost: ",
                        host.as_bytes(),
                        b"\r\naccept: application/json\r\nuser-agent: ",
                        AGENT.as_bytes(),
                        b"\r\ncontent-type: application/json\r\nx-tokenly-auth-api-token: ",
                        CLIENT_ID.as_bytes(),
                        b"\r\nx-tokenly-auth-nonce: ",
                        &nonce,
                        b"\r\nx-tokenly-auth-signature: ",
                        &signature,
                        b"\r\ncontent-length: ",
                    ],
                );
                write!(out, "{}\r\n\r\n", body.len()).unwrap();
                out.extend_from_slice(&body);
            }
        }),
        hand: Box::new({
            let (inputs, key) = (inputs.clone(), keyed(KEY));
            let (url, uri) = (url.clone(), url.parse().unwrap());
            let [id, nonce, signature] = ["api-token", "nonce", "signature"]
                .map(|name| HeaderName::try_from(format!("x-tokenly-auth-{name}")).unwrap());
            move |number| {
                let mut body = Vec::with_capacity(512);
                serde_json::to_writer(&mut body, &inputs[at(number)]).unwrap();
                let signed = Signed::of(&body, url.as_bytes(), &key);
                let mut request = post(&uri, AGENT, JSON, body);
                let headers = request.headers_mut();
                let value = |text: &[u8]| HeaderValue::from_bytes(text).unwrap();
                headers.insert(id.clone(), HeaderValue::from_static(CLIENT_ID));
                headers.insert(nonce.clone(), value(&signed.nonce));
                headers.insert(signature.clone(), value(&signed.signature));
                request
            }
        }),
        naive: Box::new(move |number| {
            let value = serde_json::to_value(&inputs[at(number)]).unwrap();
            // A map of `Value` is sorted by name, so the order is given by hand.
            let names = ["source", "destination", "asset", "quantity", "ref", "note"];
            let members: Vec<String> =
                names.iter().map(|name| format!("\"{name}\":{}", value[*name])).collect();
            let body = format!("{{{}}}", members.join(","));
            let nonce = seconds().to_string();
            let message = ["POST", &url, &body, CLIENT_ID, &nonce].join("\n");
            let signature = STANDARD.encode(fresh_mac(&message));
            let headers = [
                ("accept", "application/json"),
                ("user-agent", AGENT),
                ("content-type", JSON),
                ("x-tokenly-auth-api-token", CLIENT_ID),
                ("x-tokenly-auth-nonce", &nonce),
                ("x-tokenly-auth-signature", &signature),
            ];
            request("POST", url.clone(), &headers, body)
        }),
        ours: Box::new({
            let (client, calls) = (client.clone(), calls.clone());
            move |number| client.signed_request(&calls[at(number)]).unwrap()
        }),
        call: Box::new(move |number| {
            let promise = client.create_promise(&calls[at(number)]).unwrap();
            promise.promise_id.unwrap().to_string()
        }),
        decode: |body| serde_json::from_slice::<Wrapped>(body).unwrap().tx.promise_id.to_string(),
        reach: Reach {
            against_naive: Limit::above(0.5, 0.7),
            allocations: Limit::at(7.0),
            warm_allocations: Limit::at(6.0),
        },
    }
}
