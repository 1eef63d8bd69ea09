//! TinyCert, `POST /api/v1/cert/new`: eleven sorted parameters and their digest.

use std::io::Write as _;

use serde::Deserialize;
use tinycert_client::{CaId, Client, CreateCert, Environment, San};

use super::{
    INPUTS, Mac256, Place, Reach, Scheme, Wire, at, encode, fresh_mac, hex, keyed, mac, post, put,
    request,
};
use crate::report::Limit;
use crate::samples::{KEY, SESSION};

const TITLE: &str = "TinyCert: digest of a sorted form, 11 parameters";
const AGENT: &str = "tinycert-client/0.1.0";
const PATH: &str = "/api/v1/cert/new";
const FORM: &str = "application/x-www-form-urlencoded";

/// What changes from call to call.
#[derive(Clone)]
struct Input {
    common_name: String,
    host: String,
}

#[derive(Deserialize)]
struct Made {
    cert_id: i64,
}

fn create_cert(input: &Input) -> CreateCert {
    CreateCert::new(CaId::new(561), "PL", "Example & Sons", &input.common_name)
        .organizational_unit("Web services")
        .locality("Łódź")
        .state("Łódzkie")
        .san(San::Dns(input.host.clone()))
        .san(San::Dns("www.example.com".to_owned()))
}

/// The form with its digest. The hand-written code has the names sorted and encoded.
fn form(input: &Input, key: &Mac256, body: &mut Vec<u8>) {
    body.extend_from_slice(b"C=PL&CN=");
    encode(&input.common_name, false, body);
    body.extend_from_slice(b"&L=");
    encode("Łódź", false, body);
    body.extend_from_slice(b"&O=");
    encode("Example & Sons", false, body);
    body.extend_from_slice(b"&OU=");
    encode("Web services", false, body);
    body.extend_from_slice(b"&SANs%5B0%5D%5BDNS%5D=");
    encode(&input.host, false, body);
    body.extend_from_slice(b"&SANs%5B1%5D%5BDNS%5D=");
    encode("www.example.com", false, body);
    body.extend_from_slice(b"&ST=");
    encode("Łódzkie", false, body);
    body.extend_from_slice(b"&ca_id=561&token=");
    encode(SESSION, false, body);
    let digest = hex(&mac(key, &[body]));
    put(body, &[b"&digest=", &digest]);
}

pub fn scheme(place: &Place, wire: Wire) -> Scheme {
    let inputs: Vec<Input> = (0..INPUTS)
        .map(|number| Input {
            common_name: format!("*.host{number}.example.com"),
            host: format!("host{number}.example.com"),
        })
        .collect();
    let calls: Vec<CreateCert> = inputs.iter().map(create_cert).collect();
    let client = || {
        let builder = Client::builder(KEY).environment(Environment::Custom(place.base.clone()));
        match wire {
            Some(wire) => builder.transport(wire).build().unwrap(),
            None => builder.build().unwrap(),
        }
        .resume(SESSION)
    };
    let (session, sending) = (client(), client());
    Scheme {
        title: TITLE,
        limit: Box::new({
            let (inputs, key, host) = (inputs.clone(), keyed(KEY), place.host.clone());
            let mut body = Vec::with_capacity(4096);
            move |number, out| {
                body.clear();
                form(&inputs[at(number)], &key, &mut body);
                put(
                    out,
                    &[
                        b"POST /api/v1/cert/new HTTP/1.1\r\nhost: ",
                        host.as_bytes(),
                        b"\r\naccept: application/json\r\nuser-agent: ",
                        AGENT.as_bytes(),
                        b"\r\ncontent-type: ",
                        FORM.as_bytes(),
                        b"\r\ncontent-length: ",
                    ],
                );
                write!(out, "{}\r\n\r\n", body.len()).unwrap();
                out.extend_from_slice(&body);
            }
        }),
        hand: Box::new({
            let (inputs, key) = (inputs.clone(), keyed(KEY));
            let uri = [&place.base, PATH].concat().parse().unwrap();
            move |number| {
                let mut body = Vec::with_capacity(512);
                form(&inputs[at(number)], &key, &mut body);
                post(&uri, AGENT, FORM, body)
            }
        }),
        naive: Box::new({
            let url = [&place.base, PATH].concat();
            move |number| {
                let Input { common_name, host } = inputs[at(number)].clone();
                let mut params = vec![
                    ("ca_id", "561".to_owned()),
                    ("C", "PL".to_owned()),
                    ("CN", common_name),
                    ("L", "Łódź".to_owned()),
                    ("O", "Example & Sons".to_owned()),
                    ("OU", "Web services".to_owned()),
                    ("SANs[0][DNS]", host),
                    ("SANs[1][DNS]", "www.example.com".to_owned()),
                    ("ST", "Łódzkie".to_owned()),
                    ("token", SESSION.to_owned()),
                ];
                params.sort_by_key(|(name, _)| *name);
                let one = |text: &str| {
                    form_urlencoded::byte_serialize(text.as_bytes())
                        .collect::<String>()
                        .replace('*', "%2A")
                };
                let pairs: Vec<String> = params
                    .iter()
                    .map(|(name, value)| format!("{}={}", one(name), one(value)))
                    .collect();
                let canonical = pairs.join("&");
                let digest: String =
                    fresh_mac(&canonical).iter().map(|byte| format!("{byte:02x}")).collect();
                let headers =
                    [("accept", "application/json"), ("user-agent", AGENT), ("content-type", FORM)];
                request("POST", url.clone(), &headers, format!("{canonical}&digest={digest}"))
            }
        }),
        ours: Box::new({
            let calls = calls.clone();
            move |number| session.signed_request(&calls[at(number)]).unwrap()
        }),
        call: Box::new(move |number| sending.create_cert(&calls[at(number)]).unwrap().to_string()),
        decode: |body| serde_json::from_slice::<Made>(body).unwrap().cert_id.to_string(),
        reach: Reach {
            against_naive: Limit::above(0.5, 0.6),
            allocations: Limit::above(3.0, 9.0),
            warm_allocations: Limit::above(6.0, 8.0),
        },
    }
}
