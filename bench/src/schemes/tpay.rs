//! Tpay, `POST /transactions`: a JSON body and a bearer token.

use std::io::Write as _;

use api_auth::http::{HeaderValue, header};
use serde::{Deserialize, Serialize};
use tpay_client::{Client, CreateTransaction, Environment, Payer, grosze};

use super::{INPUTS, Place, Reach, Scheme, Wire, at, post, put, request, seconds};
use crate::report::Limit;
use crate::samples::TOKEN;

const TITLE: &str = "Tpay: bearer token, JSON body";
const AGENT: &str = "tpay-client/0.1.0";
const JSON: &str = "application/json";

/// A transaction, as its JSON body.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    amount: f64,
    description: String,
    payer: Person,
    hidden_description: String,
    lang: &'static str,
}

#[derive(Clone, Serialize)]
struct Person {
    email: String,
    name: String,
    phone: String,
}

/// The last digit is not a zero, which a float would lose.
fn units(number: u64) -> i64 {
    1234 + 10 * number as i64
}

impl Order {
    fn new(number: u64) -> Self {
        Self {
            amount: units(number) as f64 / 100.0,
            description: format!("Zamówienie {number}"),
            payer: Person {
                email: format!("jan.nowak+{number}@example.com"),
                name: "Jan Nowak".to_owned(),
                phone: "500100200".to_owned(),
            },
            hidden_description: format!("order-{number}"),
            lang: "pl",
        }
    }

    fn typed(&self, number: u64) -> CreateTransaction {
        let payer = Payer::new(&self.payer.email, &self.payer.name).phone(&self.payer.phone);
        CreateTransaction::new(grosze(units(number)), &self.description, payer)
            .hidden_description(&self.hidden_description)
            .lang(tpay_client::transactions::Language::Polish)
    }
}

/// The response as plain derived structs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "it is decoded, not read")]
struct PlainTransaction {
    result: String,
    request_id: String,
    transaction_id: String,
    title: String,
    pos_id: String,
    status: String,
    date: PlainDate,
    amount: f64,
    currency: String,
    description: String,
    hidden_description: String,
    payer: PlainPayer,
    lang: String,
    transaction_payment_url: String,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "it is decoded, not read")]
struct PlainDate {
    creation: String,
    realization: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "it is decoded, not read")]
struct PlainPayer {
    payer_id: String,
    email: String,
    name: String,
    phone: String,
}

/// A token as it is kept by hand: its header, and when it ends.
#[derive(Clone)]
struct Kept {
    header: HeaderValue,
    ends: u64,
}

impl Kept {
    fn new() -> Self {
        let mut header = HeaderValue::try_from(format!("Bearer {TOKEN}")).unwrap();
        header.set_sensitive(true);
        Self { header, ends: seconds() + 7200 }
    }

    fn header(&self) -> &HeaderValue {
        assert!(seconds() < self.ends);
        &self.header
    }
}

pub fn scheme(place: &Place, wire: Wire) -> Scheme {
    let inputs: Vec<Order> = (0..INPUTS).map(Order::new).collect();
    let calls: Vec<CreateTransaction> =
        (0..).zip(&inputs).map(|(number, order)| order.typed(number)).collect();
    let builder =
        Client::builder("id", "secret").environment(Environment::custom(place.base.clone()));
    let client = match wire {
        Some(wire) => builder.transport(wire).build().unwrap(),
        None => builder.build().unwrap(),
    };
    let url = [&place.base, "/transactions"].concat();
    Scheme {
        title: TITLE,
        limit: Box::new({
            let (inputs, token, host) = (inputs.clone(), Kept::new(), place.host.clone());
            let mut body = Vec::with_capacity(4096);
            move |number, out| {
                body.clear();
                serde_json::to_writer(&mut body, &inputs[at(number)]).unwrap();
                put(
                    out,
                    &[
                        b"POST /transactions HTTP/1.1\r\nhost: ",
                        host.as_bytes(),
                        b"\r\naccept: application/json\r\nuser-agent: ",
                        AGENT.as_bytes(),
                        b"\r\ncontent-type: application/json\r\nauthorization: ",
                        token.header().as_bytes(),
                        b"\r\ncontent-length: ",
                    ],
                );
                write!(out, "{}\r\n\r\n", body.len()).unwrap();
                out.extend_from_slice(&body);
            }
        }),
        hand: Box::new({
            let (inputs, token, uri) = (inputs.clone(), Kept::new(), url.parse().unwrap());
            move |number| {
                let mut body = Vec::with_capacity(512);
                serde_json::to_writer(&mut body, &inputs[at(number)]).unwrap();
                let mut request = post(&uri, AGENT, JSON, body);
                request.headers_mut().insert(header::AUTHORIZATION, token.header().clone());
                request
            }
        }),
        naive: Box::new(move |number| {
            let body = serde_json::to_string(&inputs[at(number)]).unwrap();
            let headers = [
                ("accept", "application/json"),
                ("user-agent", AGENT),
                ("content-type", JSON),
                ("authorization", &format!("Bearer {TOKEN}")),
            ];
            request("POST", url.clone(), &headers, body)
        }),
        ours: Box::new({
            let (client, calls) = (client.clone(), calls.clone());
            move |number| client.signed_request(&calls[at(number)]).unwrap()
        }),
        call: Box::new(move |number| {
            client.create_transaction(&calls[at(number)]).unwrap().transaction_id.unwrap()
        }),
        decode: |body| serde_json::from_slice::<PlainTransaction>(body).unwrap().transaction_id,
        reach: Reach {
            against_naive: Limit::above(0.5, 1.1),
            allocations: Limit::at(4.0),
            warm_allocations: Limit::at(6.0),
        },
    }
}
