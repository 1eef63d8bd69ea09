//! Warm calls of the clients of TinyCert, Tokenpass and Tpay, by their public typed methods.

use std::sync::Arc;

use crate::calls::{self, BEST, RAW, Target};
use crate::cores::{NO_TASKSET, on_one_core};
use crate::report::{Limit, Row, Section, contenders};
use crate::rounds::{Contender, heats};
use crate::schemes::{Call, Place, Scheme, Wire, tinycert, tokenpass, tpay};
use crate::server::{Recorded, Server, connect, header};

const OURS: &str = "typed client";

const HEATS: usize = 5;
const ROUNDS: usize = 41;
const CALLS: u64 = 20;

/// The relevant headers of a request, except those with the time.
const HEADERS: [&str; 5] = ["host", "accept", "user-agent", "content-type", "authorization"];

type Make = fn(&Place, Wire) -> Scheme;

/// The three contenders of a scheme.
fn ways(make: Make, target: &Target) -> [(&'static str, Call); 3] {
    let place = Place::new(&target.url);
    let Scheme { limit, decode, hand, call, .. } = make(&place, None);
    let agent = Arc::new(calls::best_agent(target));
    [
        (RAW, calls::converse(connect(target.port), limit, decode)),
        (BEST, calls::run(agent, hand, decode)),
        (OURS, call),
    ]
}

/// Panics unless all send the same signed request and return the same value.
fn same_requests(server: &mut Server, ways: &mut [(&'static str, Call)]) {
    let mut sent = |(name, call): &mut (&'static str, Call)| {
        let id = call(1);
        let mut recorded = server.record(|| assert_eq!(call(7), id));
        assert_eq!(recorded.len(), 1, "{name} sends one request");
        let request: Recorded = recorded.remove(0);
        assert_eq!(request.signed, Some(true), "{name}");
        let line = request.text.lines().next().unwrap().to_owned();
        let headers = HEADERS.map(|name| header(&request.text, name).map(str::to_owned));
        let body = request.text.split_once("\r\n\r\n").unwrap().1.to_owned();
        (id, line, headers, body)
    };
    let all: Vec<_> = ways.iter_mut().map(&mut sent).collect();
    all.iter().for_each(|one| assert_eq!(*one, all[0]));
}

pub fn section() -> Section {
    let mut server = Server::start();
    let target = Target::of(&server, false);
    let makes: [(&str, Make); 3] = [
        ("TinyCert, `create_cert`", tinycert::scheme),
        ("Tokenpass, `create_promise`", tokenpass::scheme),
        ("Tpay, `create_transaction`", tpay::scheme),
    ];
    let (mut rows, mut table) = (Vec::new(), String::new());
    for (title, make) in makes {
        let more = make(&Place::new(&target.url), None).reach.warm_allocations;
        same_requests(&mut server, &mut ways(make, &target));
        let callers = |target: &Target| {
            ways(make, target).map(|(name, call)| Contender::new(name, call)).into()
        };
        let counts = heats(|| callers(&target), 1, 1, [0, 1]);
        let race = on_one_core(|server| {
            let target = Target::of(server, false);
            heats(|| callers(&target), HEATS, ROUNDS, [CALLS, CALLS])
        });
        let best = counts.counts(BEST).allocations;
        rows.push(Row::count(
            &format!("{title}: allocations"),
            counts.counts(OURS).allocations,
            more.plus(best as f64),
            format!("{BEST}: {best}"),
        ));
        let figure = format!("{title}: time, one core");
        let Some(race) = race else {
            rows.push(Row::told(&figure, NO_TASKSET, "-"));
            continue;
        };
        rows.push(Row::ratio(&figure, &race, OURS, BEST, Limit::above(1.05, 1.2)));
        table += &format!("{title}:\n\n{}\n", contenders(&race, RAW));
    }
    Section {
        title: "Warm calls of the other clients",
        name: "clients",
        rows,
        table: Some(table),
        ..Section::default()
    }
}
