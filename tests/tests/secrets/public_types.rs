//! Checks of every public type of every crate, as listed in `docs/api`: a field with the name of a
//! secret is a `Secret`, and each hand-written `Debug` and `Display` is tested with a canary
//! inside. A new type cannot be forgotten: it is in the lists, or `cargo xtask check` fails.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use api_auth::block::BlockKey;
use api_auth::http::Method;
use api_auth::oauth::{Bearer, Grant, TokenServer};
use api_auth::{
    AccessToken, Amount, Auth, Body, Credential, Encoding, Endpoint, Env, ExtraFields, HmacKey,
    InputError, Interrupt, LockOnce, ManualClock, MemoryStore, Params, Provider, RawEndpoint,
    Replay, Request, Response, Secret, SecretBytes, SecretOrigin, Sent, Server, Settings, TokenKey,
    TokenStore, TransportError, TransportErrorKind, UnixTime, UnsignedRequest, VerifiedStore,
    status_error,
};
use tokenpass_client::promises::PromiseId;
use tokenpass_client::proof::MessageKey;
use tokenpass_client::{Authorize, Op, Rule, Rules, Satoshis, Scope};
use tpay_client::notifications::events::HiddenDescription;
use tpay_client::transactions::ListTransactions;

const CRATES: [&str; 5] =
    ["api-auth", "tinypass-client", "tinycert-client", "tokenpass-client", "tpay-client"];

/// Fields with the name of a secret that are not secrets, and the reason.
const NO_SECRETS: &[(&str, &str)] = &[
    ("ClientBuilder.private_key_name", "the name of the argument or variable with the key"),
    ("ClientBuilder.api_key_name", "the name of the argument or variable with the key"),
    ("ClientBuilder.client_secret_name", "the name of the argument or variable with the secret"),
    ("Provider.secret_parameters", "names of parameters"),
    ("DetachedJws.signature", "of a public notification, with a public key"),
    ("CreditTransaction.tokenpass_user", "the name of a user"),
    ("GetPerks.token", "the name of an asset"),
    ("Perks.token", "the name of an asset"),
    ("GetMessengerPrivileges.token", "the name of an asset"),
    ("MessengerPrivileges.token", "the name of an asset"),
    ("Chat.tokens", "names of assets"),
    ("SignSecondFactor.signature", "of a public message, by a key that is not sent"),
    ("VerifyAddress.signature", "of a public message, by a key that is not sent"),
    ("UserToken.token_type", "`Bearer`"),
    ("Token.token_type", "`Bearer`"),
    ("BlikAlias.key", "which of several applications of a payer, as the server lists them"),
    ("PaymentNotification.token_expiry_date", "a month"),
    ("TokenizationNotification.token_expiry_date", "a month"),
    ("TokenizationNotification.tokenization_id", "the number of an event"),
    ("ClientBuilder.private_key_name", "the name of an argument or variable"),
    ("ClientBuilder.api_key_name", "the name of an argument or variable"),
    ("ClientBuilder.client_secret_name", "the name of an argument or variable"),
];

/// Words that make a name that of a secret.
const SPEAK_OF_SECRETS: &[&str] =
    &["token", "secret", "passw", "passphrase", "key", "signature", "digest", "cookie", "verifier"];

/// Words that also occur within harmless words, such as `pin` in `shipping`.
const SECRET_WORDS: &[&str] =
    &["cvv", "cvc", "csc", "pan", "pin", "otp", "wif", "cryptogram", "credentials", "mnemonic"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// A part of a public type: `Type.field`, `Type.0` or `Type.Variant`, and what it holds.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    name: String,
    kind: String,
}

/// The public structs and enums of a source text, and their parts.
fn types(text: &str) -> (BTreeSet<String>, Vec<Part>) {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
    let (mut names, mut parts) = (BTreeSet::new(), Vec::new());
    let lines: Vec<&str> = code.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim_start();
        let declared = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "));
        let Some(rest) = declared else { continue };
        let name = rest.split(['<', '(', ' ', ';']).next().unwrap();
        names.insert(name.to_owned());
        if let Some((_, inside)) = rest.split_once('(') {
            let kind = inside.trim_end_matches([')', ';']).to_owned();
            parts.push(Part { name: format!("{name}.0"), kind });
            continue;
        }
        let end = format!("{}}}", " ".repeat(indent));
        let body = lines.iter().skip(number + 1).take_while(|line| **line != end);
        if !rest.ends_with('{') {
            continue;
        }
        for line in body.map(|line| line.trim()) {
            let line = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            if line.starts_with(['/', '#', '}']) {
                continue;
            }
            let part = line.split_once(": ").or_else(|| line.split_once('('));
            if let Some((part, kind)) = part {
                let kind = kind.trim_end_matches([',', ')']).to_owned();
                parts.push(Part { name: format!("{name}.{part}"), kind });
            }
        }
    }
    (names, parts)
}

/// Returns the public types and their parts of all crates.
fn all_types() -> (BTreeSet<String>, Vec<Part>) {
    let mut files = Vec::new();
    for krate in CRATES {
        sources(&root().join("crates").join(krate).join("src"), &mut files);
    }
    let (mut names, mut parts) = (BTreeSet::new(), Vec::new());
    for file in files {
        let (more_names, more_parts) = types(&std::fs::read_to_string(&file).unwrap());
        names.extend(more_names);
        parts.extend(more_parts);
    }
    (names, parts)
}

/// Returns the lines of the lists of public items.
fn listed() -> Vec<(&'static str, String)> {
    let list = |krate: &'static str| {
        let path = root().join("docs/api").join(format!("{krate}.txt"));
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| (krate, line.to_owned())).collect::<Vec<_>>()
    };
    CRATES.into_iter().flat_map(list).collect()
}

fn plain_name(text: &str) -> &str {
    text.split(['<', '(', ' ', ':', ';']).next().unwrap()
}

#[test]
fn parts_of_structs_and_enums_are_found() {
    let (names, parts) = types(
        "pub struct A<'a> {\n    /// b: c\n    pub b: Option<String>,\n    c: u8,\n}\n\
         pub struct B(pub(crate) Secret);\n    pub enum C {\n        D(String),\n        \
         E { f: Secret },\n        G,\n        H {\n            i: String,\n        },\n    }\n\
         pub struct J;\n",
    );
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["A", "B", "C", "J"]);
    let found: Vec<&str> = parts.iter().map(|part| &*part.name).collect();
    assert_eq!(found, ["A.b", "A.c", "B.0", "C.D", "C.E { f", "C.i"]);
    assert_eq!(parts.first().unwrap().kind, "Option<String>");
}

/// The public types of a crate.
fn types_of_list(krate: &str) -> BTreeSet<String> {
    let of_crate = listed().into_iter().filter(|(name, _)| *name == krate);
    of_crate
        .filter_map(|(_, line)| {
            let rest = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "));
            rest.map(|rest| plain_name(rest).to_owned())
        })
        .collect()
}

#[test]
fn every_public_type_is_looked_at() {
    let (seen, _) = all_types();
    let listed_types: BTreeSet<String> = CRATES.into_iter().flat_map(types_of_list).collect();
    assert!(listed_types.len() > 300, "{}", listed_types.len());
    let unseen: Vec<&String> = listed_types.difference(&seen).collect();
    assert!(unseen.is_empty(), "these are declared in a form that is not read: {unseen:?}");
}

/// Exports that are not types declared in the source, and the reason.
const NO_TYPES: &[(&str, &str)] = &[
    ("CaId", "a number, by the macro `id!`"),
    ("CertId", "a number, by the macro `id!`"),
    ("CategoryId", "a number, by the macro `id!`"),
    ("ChannelId", "a number, by the macro `id!`"),
    ("DocumentTypeId", "a number, by the macro `id!`"),
    ("GroupId", "a number, by the macro `id!`"),
    ("LegalFormId", "a number, by the macro `id!`"),
    ("Method", "of the HTTP library"),
    ("StatusCode", "of the HTTP library"),
    ("Scheme", "another name of `Variant`"),
];

#[test]
fn every_exported_name_is_a_type_that_is_looked_at() {
    let (seen, _) = all_types();
    let lines = listed();
    let traits_and_aliases: BTreeSet<&str> = lines
        .iter()
        .filter_map(|(_, line)| {
            line.strip_prefix("pub trait ").or_else(|| line.strip_prefix("pub type "))
        })
        .map(plain_name)
        .collect();
    let words = lines
        .iter()
        .filter_map(|(_, line)| line.strip_prefix("pub use "))
        .flat_map(|line| line.split(|char: char| !char.is_alphanumeric() && char != '_'));
    let is_type =
        |word: &&str| word.starts_with(char::is_uppercase) && word.contains(char::is_lowercase);
    let known = |word: &&str| {
        seen.contains(*word)
            || traits_and_aliases.contains(word)
            || NO_TYPES.iter().any(|(name, _)| name == word)
    };
    let unseen: BTreeSet<&str> = words.filter(is_type).filter(|word| !known(word)).collect();
    assert!(unseen.is_empty(), "these are declared in a form that is not read: {unseen:?}");
}

#[test]
fn fields_with_names_of_secrets_are_secrets() {
    let (_, parts) = all_types();
    assert!(parts.len() > 1000, "the search finds parts: {}", parts.len());
    let holds_text = |part: &&Part| {
        ["String", "Vec<u8>", "str", "Value", "[u8"].iter().any(|text| part.kind.contains(text))
    };
    let speaks = |part: &&Part| {
        let name = part.name.split_once('.').unwrap().1.to_ascii_lowercase();
        SPEAK_OF_SECRETS.iter().any(|word| name.contains(word))
            || name.split(['_', ' ']).any(|word| SECRET_WORDS.contains(&word))
    };
    let plain: Vec<&str> =
        parts.iter().filter(speaks).filter(holds_text).map(|part| &*part.name).collect();
    let allowed: Vec<&str> = NO_SECRETS.iter().map(|(part, _)| *part).collect();
    let new: Vec<&&str> = plain.iter().filter(|part| !allowed.contains(part)).collect();
    assert!(new.is_empty(), "make these `Secret`, or say in NO_SECRETS why they are none: {new:?}");
    let gone: Vec<&&str> = allowed.iter().filter(|part| !plain.contains(part)).collect();
    assert!(gone.is_empty(), "these are no more: {gone:?}");
}

fn debug(value: &impl std::fmt::Debug) -> String {
    format!("{value:?} {value:#?}")
}

/// Returns the output of every hand-written `Debug` and `Display` for a value with a canary in each
/// field that can contain one.
fn written_by_hand() -> Vec<(&'static str, String)> {
    const URL: &str = "https://u:CANARY@h/p";
    let secret = Secret::new("CANARY");
    let key = HmacKey::new("key", &secret).unwrap();
    let signature = key.sign(&[b"message"]);
    let server = || TokenServer::new("https://h/t", "id", "CANARY").unwrap();
    let bearer =
        Bearer::new(server(), Grant::Password { username: "u".into(), password: secret.clone() });
    let response = |text: &str| Response::new(text.as_bytes().to_vec());
    bearer.handle_response(response(r#"{"access_token":"CANARY"}"#), UNIX_EPOCH).unwrap();
    let preparation =
        Bearer::new(server(), Grant::ClientCredentials).next_request(UNIX_EPOCH).unwrap();
    let unread =
        bearer.handle_response(response(r#"{"access_token":["CANARY"]}"#), UNIX_EPOCH).unwrap_err();
    let error = api_auth::oauth::token_response(&response("CANARY"), UNIX_EPOCH).unwrap_err();
    let store = MemoryStore::new();
    store.save(&TokenKey::new(&["k"]), &AccessToken::new("CANARY", UNIX_EPOCH));
    let mut settings = Settings::default();
    settings.proxy(Secret::new("http://u:CANARY@127.0.0.1:1"));
    let fields: ExtraFields =
        serde_json::from_str(r#"{"token":"CANARY","a":[{"password":"CANARY"}]}"#).unwrap();
    let mut params = Params::new();
    params.push("passphrase", "CANARY");
    let login =
        Authorize::new("https://h/back", [Scope::User]).unwrap().with_state("CANARY-of-state");
    let other_state = login.read_callback("https://h/back?code=CANARY&state=CANARY").unwrap_err();
    let rules: Rules = "TOKENLY >= 1".parse().unwrap();
    let rule = Rule::new("TOKENLY", Op::AtLeast, Satoshis::whole(1));
    let tinycert = tinycert_client::Client::builder("CANARY");
    let offline = |_: Request| -> Result<Response, TransportError> {
        Err(TransportError::new(TransportErrorKind::Connect, Sent::No, "offline"))
    };
    let tinycert_client = tinycert.clone().transport(offline).build().unwrap();
    let session = tinycert_client.resume_or_connect("CANARY", "a@b", "CANARY").unwrap();
    let tpay = tpay_client::Client::builder("id", "CANARY")
        .no_proxy()
        .clock(ManualClock::at_unix(1_760_000_000));
    let tpay_client = tpay.clone().build().unwrap();
    let tokenpass =
        tokenpass_client::Client::builder("id", "CANARY").no_proxy().oauth_token("CANARY");
    let verified =
        VerifiedStore::new(Arc::new(MemoryStore::new()), &[&secret], SecretOrigin::Generated);
    let json = Body::Json(b"{\"a\":\"CANARY\"}".to_vec());
    let form = Body::Form(params.clone());
    let bytes = Body::Bytes { content_type: "text/plain", bytes: b"CANARY".to_vec() };
    let raw = RawEndpoint::new(Method::POST, "/CANARY").param("cvv", "CANARY");
    let raw = raw.with_body(json.clone());
    let broken = TransportError::new(TransportErrorKind::Interrupted, Sent::Maybe, "broke");
    let broken = broken.with_partial(response("CANARY"));
    let receipt = response(r#"{"token":"CANARY"}"#);
    vec![
        ("api-auth: Debug Bearer", debug(&bearer)),
        ("api-auth: Debug Body", [debug(&json), debug(&form), debug(&bytes)].concat()),
        ("api-auth: Debug BlockKey", debug(&BlockKey::new("key", &secret).unwrap())),
        ("api-auth: Debug Client", debug(&core(settings.clone()))),
        ("api-auth: Debug Replay", {
            let head = r#"{"recording":1,"provider":"CANARY","masked":[]}"#;
            let line = r#"{"endpoint":"a","request":{"method":"GET","target":"/CANARY"}}"#;
            debug(&Replay::parse(&[head, line].join("\n")).unwrap())
        }),
        ("api-auth: Debug UnsignedRequest", debug(&UnsignedRequest::of(&raw).unwrap())),
        ("api-auth: Debug Error", debug(&unread)),
        ("api-auth: Debug ExtraFields", debug(&fields)),
        ("api-auth: Debug HmacKey", debug(&key)),
        ("api-auth: Debug Batch", debug(&tpay_client.send_all([raw.clone()], 2))),
        ("api-auth: Debug Interrupt", debug(&Interrupt::default())),
        ("api-auth: Debug Items", debug(&tpay_client.items(ListTransactions::new()).concurrent(2))),
        ("api-auth: Debug Pages", debug(&tpay_client.items(ListTransactions::new()).by_page())),
        ("api-auth: Debug LockAttempt", debug(&LockOnce::default().acquire(|| None))),
        ("api-auth: Debug ManualClock", debug(&ManualClock::at_unix(0))),
        ("api-auth: Debug MemoryStore", debug(&store)),
        ("api-auth: Debug Params", debug(&params)),
        ("api-auth: Debug Preparation", debug(&preparation)),
        ("api-auth: Debug RawEndpoint", debug(&raw)),
        (
            "api-auth: Debug Acknowledgement",
            debug(&tpay_client::cards::DeleteCardToken::new("CANARY").parse(&receipt).unwrap()),
        ),
        ("api-auth: Debug Route", debug(&tpay_client::cards::DeleteCardToken::ROUTE)),
        ("api-auth: Debug Secret", debug(&secret)),
        ("api-auth: Debug SecretBytes", debug(&SecretBytes::new(*b"CANARY"))),
        ("api-auth: Debug Settings", debug(&settings)),
        ("api-auth: Debug Signature", debug(&signature)),
        ("api-auth: Debug SignatureText", debug(&signature.hex())),
        ("api-auth: Debug TransportError", debug(&broken)),
        ("api-auth: Debug Env", debug(&Env::given(&[("KEY", "CANARY")]))),
        ("api-auth: Debug VerifiedStore", debug(&verified)),
        ("api-auth: Display TransportError", broken.to_string()),
        ("api-auth: Display BlockError", {
            let key = BlockKey::new("key", &secret).unwrap();
            key.open("CANARY").unwrap_err().to_string()
        }),
        (
            "api-auth: Display JwsError",
            api_auth::jws::DetachedJws::parse("CANARY").unwrap_err().to_string(),
        ),
        ("api-auth: Display Amount", "1.50".parse::<Amount>().unwrap().to_string()),
        ("api-auth: Display Error", unread.to_string()),
        ("api-auth: Display ResponseError", error.to_string()),
        ("api-auth: Display InputError", InputError::new("key", "is empty").to_string()),
        ("api-auth: Debug InputError", debug(&InputError::new("key", "is empty"))),
        ("api-auth: Display UnixTime", UnixTime::from_seconds(1).to_string()),
        (
            "tpay-client: Display CardExpiry",
            tpay_client::cards::CardExpiry::new(1, 2030).unwrap().to_string(),
        ),
        (
            "tpay-client: Display LocalTime",
            tpay_client::common::LocalTime::from(UnixTime::from_seconds(1)).to_string(),
        ),
        ("tinycert-client: Debug ClientBuilder", debug(&tinycert)),
        (
            "tinycert-client: Debug Environment",
            debug(&tinycert_client::Environment::Custom(URL.to_owned())),
        ),
        (
            "tinypass-client: Debug Environment",
            debug(&tinypass_client::Environment::Custom(URL.to_owned())),
        ),
        (
            "tokenpass-client: Debug Environment",
            debug(&tokenpass_client::Environment::Custom(URL.to_owned())),
        ),
        ("tpay-client: Debug Environment", debug(&tpay_client::Environment::custom(URL))),
        ("tinycert-client: Debug Client", debug(&tinycert_client)),
        ("tinycert-client: Debug Session", debug(&session)),
        ("tinycert-client: Debug StatusMask", debug(&tinycert_client::cert::StatusMask::ALL)),
        (
            "tinycert-client: Display San",
            "example.com".parse::<tinycert_client::San>().unwrap().to_string(),
        ),
        (
            "tinycert-client: Debug FileError",
            debug(&tinycert_client::files::FileError::File {
                path: "key.pem".into(),
                source: std::io::ErrorKind::NotFound.into(),
            }),
        ),
        (
            "tinycert-client: Display FileError",
            tinycert_client::files::FileError::from(unread).to_string(),
        ),
        ("tinypass-client: Display ReadError", {
            let blocks = tinypass_client::blocks::Blocks::new("AID", "CANARY").unwrap();
            blocks.open("CANARY").unwrap_err().to_string()
        }),
        ("tokenpass-client: Debug Client", debug(&tokenpass.build().unwrap())),
        ("tokenpass-client: Debug MessageKey", debug(&MessageKey::from_wif(WIF).unwrap())),
        ("tokenpass-client: Display LoginError", other_state.to_string()),
        ("tokenpass-client: Display PromiseId", PromiseId::new(1).to_string()),
        ("tokenpass-client: Display Rule", rule.to_string()),
        ("tokenpass-client: Display Rules", rules.to_string()),
        ("tokenpass-client: Display Satoshis", Satoshis::whole(1).to_string()),
        ("tpay-client: Debug ClientBuilder", debug(&tpay)),
        // The field is shown by the `Debug` of a payment: an order number is no secret.
        (
            "tpay-client: Debug HiddenDescription",
            debug(&HiddenDescription::from(b"order-\xf3".to_vec())),
        ),
        ("tpay-client: Display HiddenDescription", HiddenDescription::from("order-7").to_string()),
        ("tpay-client: Debug OtherNotification", debug(&unknown_notification(&tpay_client))),
        ("tpay-client: Debug PaymentNotification", debug(&payment(&tpay_client))),
    ]
}

/// A private key that is not in use.
const WIF: &str = "KyRduzoL8UP6Ds6xKHChV3rQzU9S5rvvRT6hsZ7wmKU9SVniUdDC";

fn read_notification(
    tpay: &tpay_client::Client,
    body: &str,
) -> Result<tpay_client::Notification, api_auth::Error> {
    use tpay_client::notifications::testing;
    let notifications = tpay.notifications().unwrap().merchant_id("1010").security_code("CANARY");
    let notifications =
        notifications.anchors(testing::ANCHORS).unwrap().certificate(testing::CERTIFICATE);
    let signature = testing::sign(tpay, body.as_bytes()).unwrap();
    notifications.read(&signature, body.as_bytes())
}

/// A payment by a saved card, whose token came with it.
fn payment(tpay: &tpay_client::Client) -> tpay_client::Notification {
    let body = tpay_client::notifications::testing::payment(
        "TR-1",
        tpay_client::grosze(1),
        "crc",
        "CANARY",
    );
    read_notification(tpay, &format!("{body}&card_token=CANARY&cli_auth=CANARY")).unwrap()
}

fn unknown_notification(
    tpay: &tpay_client::Client,
) -> tpay_client::notifications::events::OtherNotification {
    let error = read_notification(tpay, r#"{"type":"new","token":"CANARY"}"#).unwrap_err();
    error.payload::<tpay_client::notifications::events::OtherNotification>().unwrap().clone()
}

fn core(settings: Settings) -> api_auth::Client {
    static PROVIDER: Provider = Provider {
        name: "test",
        user_agent: "test/0",
        encoding: Encoding::Form,
        retry_statuses: &[],
        secret_parameters: &[],
        read_error: status_error,
    };
    let server = TokenServer::new("https://h/t", "id", "CANARY").unwrap();
    let auth: Arc<dyn Auth> = Arc::new(Bearer::new(server, Grant::ClientCredentials));
    let servers = [(Server::MAIN, "base_url", "https://h.example")];
    settings.build(&PROVIDER, &servers, vec![(Credential::MAIN, auth)]).unwrap()
}

/// The impls of `Debug` and `Display` in the sources, for public types.
fn impls_by_hand() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for krate in CRATES {
        let mut files = Vec::new();
        sources(&root().join("crates").join(krate).join("src"), &mut files);
        let texts: Vec<String> =
            files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
        let public: BTreeSet<String> = texts.iter().flat_map(|text| types(text).0).collect();
        for text in &texts {
            let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
            let impls = code
                .lines()
                .filter_map(|line| line.trim_start().strip_prefix("impl")?.split_once(" for "));
            for (of, name) in impls {
                let (of, name) = (of.rsplit([' ', ':']).next().unwrap(), plain_name(name));
                // `$name`: the numbers and the texts that a macro declares.
                let is_named = !name.starts_with('$') && public.contains(name);
                if ["Debug", "Display"].contains(&of) && is_named {
                    found.insert(format!("{krate}: {of} {name}"));
                }
            }
        }
    }
    found
}

#[test]
fn custom_debug_and_display_show_no_secret() {
    let texts = written_by_hand();
    let looked_at: BTreeSet<String> = texts.iter().map(|(name, _)| (*name).to_owned()).collect();
    let written = impls_by_hand();
    let missing: Vec<&String> = written.difference(&looked_at).collect();
    assert!(missing.is_empty(), "put a canary into these: {missing:?}");
    let gone: Vec<&String> = looked_at.difference(&written).collect();
    assert!(gone.is_empty(), "these are no more: {gone:?}");
    for (name, text) in texts {
        assert!(!text.is_empty(), "{name}");
        assert!(!text.contains("CANARY") && !text.contains(WIF), "{name}: {text}");
        // Nor as the numbers of its bytes, on one line or on many.
        let numbers = text.replace([' ', '\n'], "");
        assert!(!numbers.contains("67,65,78,65,82,89"), "{name}: {text}");
    }
}
