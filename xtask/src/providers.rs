//! The providers of the tasks, one row each.

use api_sandbox::Sandbox;

/// A provider crate.
pub(crate) struct Provider {
    /// The name of the provider in file names: `docs/endpoints/NAME.toml`,
    /// `docs/providers/NAME.md`.
    pub(crate) name: &'static str,
    /// The maximum number of crates in its default dependency tree, including itself.
    pub(crate) ceiling: usize,
    /// The sources (of the endpoint list) that the crate covers. Empty for all.
    pub(crate) scope: &'static [&'static str],
    /// The features that the examples need.
    pub(crate) features: &'static str,
    /// An example that receives webhooks or notifications while the others run.
    pub(crate) listener: Option<Listener>,
    /// The examples, in the order in which the demo runs them. In their arguments, `{listener}` is
    /// replaced with the listener's address.
    pub(crate) examples: &'static [Example],
}

/// Sets the address of a listener at a server.
type Subscribe = fn(&Sandbox, &str) -> Result<(), String>;

/// An example that first prints `listening on URL`, and ends after it has received a message.
pub(crate) struct Listener {
    pub(crate) example: Example,
    /// Sets the address of the listener at the server, if no example does.
    pub(crate) subscribe: Option<Subscribe>,
}

/// An example program of a provider crate.
pub(crate) struct Example {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static [&'static str],
    /// The exit status that the demo expects.
    pub(crate) status: i32,
    /// The example that must have run before in the same sandbox. Empty for none.
    pub(crate) after: &'static str,
}

const fn example(name: &'static str, arguments: &'static [&'static str]) -> Example {
    Example { name, arguments, status: 0, after: "" }
}

impl Example {
    const fn after(mut self, name: &'static str) -> Self {
        self.after = name;
        self
    }

    const fn fails(mut self) -> Self {
        self.status = 1;
        self
    }
}

impl Provider {
    /// Returns the name of the crate.
    pub(crate) fn package(&self) -> String {
        format!("{}-client", self.name)
    }

    /// Returns the folder of the crate.
    pub(crate) fn folder(&self) -> String {
        format!("crates/{}-client", self.name)
    }

    /// Returns the example that calls every endpoint.
    pub(crate) fn tour(&self) -> Option<&'static Example> {
        self.examples.iter().find(|example| example.name.ends_with("_tour"))
    }
}

/// Every provider, in the order of the README.
pub(crate) const PROVIDERS: &[Provider] = &[
    Provider {
        name: "tinypass",
        ceiling: 45,
        scope: &["seed"],
        features: "blocks",
        listener: Some(Listener {
            example: example("webhook_server", &["--listen", LISTEN, "--count", "2"]),
            subscribe: Some(|sandbox, url| sandbox.tinypass().state(|s| s.webhooks.subscribe(url))),
        }),
        examples: &[
            example("check_access", &["premium-content", "user_42"]),
            example("check_access", &["premium-content", "a stranger"]).fails(),
            example("export_accesses", &["--page-size", "2"]),
            example("tinypass_tour", &[]),
        ],
    },
    Provider {
        name: "tinycert",
        ceiling: 45,
        scope: &[],
        features: "",
        listener: None,
        examples: &[
            example("list", &[]),
            example(
                "issue",
                &[
                    "--ca",
                    "Sandbox, Inc.",
                    "--out",
                    "target/demo",
                    "*.example.com",
                    "example.com",
                    "127.0.0.1",
                ],
            ),
            example("renew", &["--out", "target/demo"]),
            example("renew", &["--execute", "--out", "target/demo"]),
            // A second run, as after a failure, creates nothing.
            example(
                "renew",
                &["--execute", "--ca", "Sandbox, Inc.", "--cert", "14237", "--out", "target/demo"],
            ),
            example("tinycert_tour", &[]),
        ],
    },
    Provider {
        name: "tokenpass",
        ceiling: 45,
        scope: &[],
        features: "sign-message",
        listener: None,
        examples: &[
            example("gate", &["cryptonaut", "TOKENLY >= 1 and LTBCOIN > 4000"]),
            example("gate", &["bob", "TOKENLY >= 6 or SOUP"]).fails(),
            example("lend", &["--hours", "2", SOURCE, "user:bob", "TOKENLY", "5"]),
            example("gate", &["bob", "TOKENLY >= 6 or SOUP"]).after("lend"),
            example("gate", &["--without-promises", "bob", "TOKENLY >= 6"]).fails(),
            example("gate", &["--local", "cryptonaut", "SECRETCOIN = 1"]),
            example("lend", &["--list"]),
            example("balances", &[]),
            example("credits", &["--create", "--ref", "welcome", "give", "demo", "bob", "500"]),
            example("credits", &["take", "demo", "bob", "200"]).after("credits"),
            example("credits", &["history", "demo"]).after("credits"),
            example("credits", &["accounts", "demo"]).after("credits"),
            example("tokenpass_tour", &[]),
            // The user agrees in the tour.
            example("login", &["--no-browser"]).after("tokenpass_tour"),
        ],
    },
    Provider {
        name: "tpay",
        ceiling: 46,
        scope: &[],
        features: "notifications",
        listener: Some(Listener {
            example: example(
                "notification_server",
                &[
                    "--listen",
                    LISTEN,
                    "--merchant-id",
                    "1010",
                    "--count",
                    "1",
                    "--anchors-of-server",
                ],
            ),
            subscribe: None,
        }),
        examples: &[
            example("pay_by_link", &["12.34", "Order 7", "jan@example.com", "Jan Nowak"]),
            example(
                "blik_payment",
                &[
                    "--crc",
                    "order-8",
                    "--notify",
                    "{listener}",
                    "12.34",
                    "777123",
                    "jan@example.com",
                    "Jan Nowak",
                ],
            ),
            example("blik_payment", &["12.34", "700063", "jan@example.com", "Jan Nowak"]).fails(),
            example("refund", &["--amount", "1.50", "--by-crc", "order-8"]).after("blik_payment"),
            example("export_transactions", &["--page-size", "2"]),
            example("tpay_tour", &[]),
        ],
    },
];

/// The address on which listeners listen. The demo replaces port 0 with a free port, so that its
/// commands can be typed.
pub(crate) const LISTEN: &str = "127.0.0.1:0";

/// The address from which the sandbox's user lends tokens.
const SOURCE: &str = api_sandbox::tokenpass::SOURCE_ADDRESS;

/// The command-line programs. They are not published yet, and their dependencies have licences of the
/// same list.
pub(crate) const PROGRAMS: &[&str] = &["tinypass-cli", "tinycert-cli", "tokenpass-cli", "tpay-cli"];

/// The crates that are published, in the order in which they must be.
pub(crate) fn published() -> Vec<String> {
    let mut names = vec!["api-auth".to_owned(), "api-sandbox".to_owned()];
    names.extend(PROVIDERS.iter().map(Provider::package));
    names
}
