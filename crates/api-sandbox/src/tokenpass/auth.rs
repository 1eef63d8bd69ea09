//! Verifies the signature headers of requests.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::php::{Style, Value, parse_query};
use crate::Raw;
use crate::digest::{hex, hmac_sha256};
use crate::query::whole;

/// The maximum number of seconds between the nonce, which is a Unix time, and the time of the
/// server.
const WINDOW: u64 = 300;

/// A version of the signature headers. The server accepts only one version at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// The headers `X-Tokenly-Auth-*`. The signature of a GET request covers the query, converted
    /// to JSON. Used from 2016 to 2021.
    Query,
    /// The headers `X-Tokenly-Auth-*`. The signature of a GET request covers `{}`, regardless of
    /// the query. Used since April 2021.
    EmptyObject,
    /// The headers `X-API-*`. The signature covers the nonce and the body, which contains the
    /// parameters of all requests, even those of GET requests. Used by the official clients from
    /// 2022.
    XApi,
}

/// The signer and the nonce of a request with a valid signature.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Signed {
    /// The client id of an application, or the API token of a user.
    pub(super) key: String,
    /// The nonce, as it was sent.
    pub(super) nonce: String,
}

/// Returns whether the request has at least one of the signature headers.
pub(super) fn has_headers(request: &Raw, generation: Generation) -> bool {
    names(generation).iter().any(|name| request.header(name).is_some())
}

/// Returns the names of the headers with the key, the nonce and the signature, in this order.
fn names(generation: Generation) -> [&'static str; 3] {
    match generation {
        Generation::XApi => ["X-API-Key", "X-API-Nonce", "X-API-Signature"],
        _ => ["X-Tokenly-Auth-Api-Token", "X-Tokenly-Auth-Nonce", "X-Tokenly-Auth-Signature"],
    }
}

/// Verifies the signature headers. `secret_of` returns the secret for a key. The error is the
/// message for a response with status 403.
pub(super) fn verify(
    request: &Raw,
    generation: Generation,
    now: u64,
    secret_of: impl Fn(&str) -> Option<String>,
) -> Result<Signed, &'static str> {
    let [key, nonce, signature] = names(generation)
        .map(|name| request.header(name).filter(|value| !value.is_empty() && *value != "0"));
    let (key, nonce, signature) = match (key, nonce, signature) {
        (None, None, None) => return Err("Missing authentication credentials"),
        (_, None, _) => return Err("Missing nonce"),
        (None, ..) => return Err("Missing api_token"),
        (_, _, None) => return Err("Missing signature"),
        (Some(key), Some(nonce), Some(signature)) => (key, nonce, signature),
    };
    let secret = secret_of(key).ok_or("Invalid API Token")?;
    let holds = if generation == Generation::XApi {
        let message = [nonce.as_bytes(), &request.body].concat();
        hex(&hmac_sha256(&secret, &message)) == signature
    } else {
        if request.header("X-Tokenly-Auth-Signed-Url").is_some() {
            return Err("Invalid Signed URL");
        }
        if whole(nonce).is_none_or(|nonce| nonce.abs_diff(now) > WINDOW) {
            return Err("Invalid nonce parameter");
        }
        // The URL that the server reconstructs from the request has no query.
        let url = request.base_url() + request.path();
        params(request, generation).iter().any(|params| {
            let mut message = format!("{}\n{url}\n", request.method).into_bytes();
            message.extend(params);
            message.extend(format!("\n{key}\n{nonce}").into_bytes());
            STANDARD.encode(hmac_sha256(&secret, &message)) == signature
        })
    };
    if !holds {
        return Err("Invalid Authorization Signature");
    }
    Ok(Signed { key: key.to_owned(), nonce: nonce.to_owned() })
}

/// Returns the encodings of the parameters that a valid signature can cover. A signature of a JSON
/// body can cover the body as it was sent, or as PHP encodes it again.
fn params(request: &Raw, generation: Generation) -> Vec<Vec<u8>> {
    let query = request.query().filter(|query| !query.is_empty());
    match (request.method.as_str(), query) {
        ("GET", _) if generation == Generation::EmptyObject => vec![b"{}".to_vec()],
        ("GET", query) => vec![of_query(query.unwrap_or_default())],
        ("DELETE", Some(query)) => vec![of_query(query)],
        _ if request.body.is_empty() => vec![b"{}".to_vec()],
        _ if is_json(request) => {
            let again = Value::parse(&request.body).map(|value| value.json(Style::Signed));
            let again = again.map(String::into_bytes);
            [Some(request.body.clone()), again].into_iter().flatten().collect()
        }
        _ => vec![of_query(str::from_utf8(&request.body).unwrap_or("%FF"))],
    }
}

/// Converts a query or form to JSON in the format that signatures cover. The result is empty if the
/// input is not UTF-8.
fn of_query(query: &str) -> Vec<u8> {
    let members = parse_query(query);
    members.map(|members| Value::Map(members).json(Style::Signed)).unwrap_or_default().into_bytes()
}

/// Returns whether the `Content-Type` of a request is JSON.
pub(super) fn is_json(request: &Raw) -> bool {
    let kind = request.header("content-type").unwrap_or_default();
    kind.contains("/json") || kind.contains("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "IExampleClient00000000000000000A1";
    const SECRET: &str = "KExampleSecret000000000000000000000000Z9";
    const NONCE: &str = "1506000000";
    const NOW: u64 = 1_506_000_000;
    const HOST: &str = "tokenpass.tokenly.com";

    fn request(method: &str, target: &str, body: &str, headers: &[(&str, &str)]) -> Raw {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
        Raw {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers.collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    fn signed(method: &str, target: &str, body: &str, signature: &str) -> Raw {
        request(
            method,
            target,
            body,
            &[
                ("Host", HOST),
                ("X-Forwarded-Proto", "https"),
                ("Content-Type", "application/json"),
                ("X-Tokenly-Auth-Api-Token", ID),
                ("X-Tokenly-Auth-Nonce", NONCE),
                ("X-Tokenly-Auth-Signature", signature),
            ],
        )
    }

    fn check(request: &Raw, generation: Generation, now: u64) -> Result<(), &'static str> {
        verify(request, generation, now, |id| (id == ID).then(|| SECRET.to_owned())).map(drop)
    }

    #[test]
    fn documented_signatures_are_accepted() {
        let register = r#"{"address":"1CPM4nnf9sjD7aU46gQki8moNdxwwkfjbf","proof":"IHnyXpEMX+Dhu/em3SYEC+pLZPQYI1EblsjIGpPEVy2SmPJ1p6CBDvy71llh6lYMt5SxTx51SOImSpIp1PQoGUI=","assets":["TOKENLY","LTBCOIN"]}"#;
        let promise = r#"{"source":"1CPM4nnf9sjD7aU46gQki8moNdxwwkfjbf","destination":"user:cryptonaut","asset":"TOKENLY","quantity":100000000,"expiration":1506003600}"#;
        for (method, target, body, signature) in [
            ("GET", "/api/v1/tca/provisional", "", "fWod8MXBCKwkeG8jhVZJMlS/Ky8laReMCMMlYzlH9i8="),
            (
                "GET",
                "/api/v1/tca/check/cryptonaut?TOKENLY=1&LTBCOIN=100000&stackop_1=OR&oauth_token=ExampleOauthToken00000000000000000000001",
                "",
                "Pua9ZcBE+CI56vBMjZyXEA645j196gur9lWWxSeoWKU=",
            ),
            (
                "GET",
                "/api/v1/tca/check/cryptonaut?LTBCOIN=10000&LTBSTAFF=1&op_0=%3E&stackop_1=OR",
                "",
                "l2UgMbyEn790E6Gf1nnnoYC5AJ4ClRYBN7+/Pq2pdrI=",
            ),
            (
                "GET",
                "/api/v1/tca/addresses/cryptonaut?refresh=",
                "",
                "58z+Rcd73FNZX8iXt4ML+X4+LYfUhMuT2sXFuXMYJls=",
            ),
            (
                "GET",
                "/api/v1/lookup/user/bob?note=two+words",
                "",
                "TQwrtk0denKmnFBZa4E8a8NlJzG/b0N72kDUNQiJ9IE=",
            ),
            (
                "GET",
                "/api/v1/lookup/user/bob?note=two%20words",
                "",
                "TQwrtk0denKmnFBZa4E8a8NlJzG/b0N72kDUNQiJ9IE=",
            ),
            (
                "GET",
                "/api/v1/lookup/user/bob?name=caf%C3%A9+%E2%82%BF+%F0%9F%98%80",
                "",
                "sb7yM3Kb5m7wNiHGKc6PBaKOT6iIr/K0y7kHSrHsuao=",
            ),
            (
                "GET",
                "/api/v1/lookup/user/Ren%C3%A9",
                "",
                "ICB7m3NCR+peIPJDMUxIfJ4hXYcMuGP2+WpM1V0qnl8=",
            ),
            (
                "GET",
                "/api/v1/lookup/user/bob?q=%26%3D%2B%2F%3F%23%22%5C%25%7E%27",
                "",
                "rksDc/p+1QKVlYkxLZ5NvVfqwk3iH2qxgNXh/Wj160A=",
            ),
            (
                "GET",
                "/api/v1/tca/check/bob?A=1&B=2&A=3",
                "",
                "HBAI3FMbd8MpsHkvyfnxVR3XAt6noK/fxOlPzBdHgQE=",
            ),
            (
                "GET",
                "/api/v1/tca/users?TOKENLY=1&tags%5B%5D=red&tags%5B%5D=blue&meta%5Bsize%5D=L",
                "",
                "0rNvLQVQJAkTvIo0wkXRNKS+wukvfeywmrl3QjO3uBE=",
            ),
            (
                "DELETE",
                "/api/v1/tca/provisional/1CPM4nnf9sjD7aU46gQki8moNdxwwkfjbf",
                "",
                "K1YWEJcpadhhx6/TNp3F8wrEfEafJPNTfC4Jjy3wH8I=",
            ),
            (
                "DELETE",
                "/api/v1/tca/address/1CPM4nnf9sjD7aU46gQki8moNdxwwkfjbf?oauth_token=ExampleOauthToken00000000000000000000001",
                "",
                "SHhYIpVV85wBuOPeVbguy/AYFaGRcE6uBCnsMbaj44U=",
            ),
            (
                "POST",
                "/api/v1/tca/provisional/tx",
                promise,
                "NK/JQdS6lRxpqQg93zCd4VMI5OWFDpgvsmIsiF+n2ho=",
            ),
            (
                "POST",
                "/api/v1/tca/provisional/register",
                register,
                "IvGG/oub1uxII4S2BErDQMU7RkA+MYr9ktTAy278V9g=",
            ),
            (
                "POST",
                "/api/v1/tca/provisional/register",
                register,
                "1RgpLDV2aT/7GLJSyOocwaXowMclTTSFN/qsWLpjiKw=",
            ),
            (
                "POST",
                "/api/v1/credits",
                r#"{"name":"Café ₿ 😀 a/b"}"#,
                "K7lJQ1Nn0uUY1b/0g4KXQQebSW0Nm3/bBY4EUrRFMcc=",
            ),
            (
                "POST",
                "/api/v1/credits",
                r#"{"name":"Café ₿ 😀 a/b"}"#,
                "iE3iwpYwVxNgmwYwDpIbCBoFFLPSNnuBCW1tXHZ3O2M=",
            ),
            ("POST", "/api/v1/credits", "", "LecFjbXFXlRCumFceontoYk0LJYYvbllzq1tT743bPk="),
        ] {
            let request = signed(method, target, body, signature);
            assert_eq!(check(&request, Generation::Query, NOW), Ok(()), "{method} {target}");
        }
    }

    #[test]
    fn each_generation_rejects_the_other_form_of_a_get() {
        let target = "/api/v1/tca/check/cryptonaut?TOKENLY=1&LTBCOIN=100000&stackop_1=OR&oauth_token=ExampleOauthToken00000000000000000000001";
        let empty = signed("GET", target, "", "+gxIYA8sZZmDGW7dYO5/lnvE6zdxuetjunMDYE7T86A=");
        let query = signed("GET", target, "", "Pua9ZcBE+CI56vBMjZyXEA645j196gur9lWWxSeoWKU=");
        let refused = Err("Invalid Authorization Signature");
        assert_eq!(check(&empty, Generation::EmptyObject, NOW), Ok(()));
        assert_eq!(check(&empty, Generation::Query, NOW), refused);
        assert_eq!(check(&query, Generation::EmptyObject, NOW), refused);
    }

    #[test]
    fn non_default_ports_are_signed() {
        let signature = "lkHtt8j1cBHl0nHo0jZHGXa4pPBqRM8cVNly9MPX6Uk=";
        let mut request = signed("GET", "/api/v1/credits", "", signature);
        request.headers[0].1 = "127.0.0.1:8321".into();
        request.headers.remove(1);
        assert_eq!(check(&request, Generation::Query, NOW), Ok(()));
        let signature = "LEuoMuzAqisKejMDTAYZthT2WoRNYqjANRDE8TtSqz4=";
        let mut request = signed("GET", "/api/v1/credits", "", signature);
        request.headers[0].1 = "Tokenpass.Tokenly.com:443".into();
        assert_eq!(check(&request, Generation::Query, NOW), Ok(()));
    }

    /// The verdicts of the real validator for the same requests and times.
    #[test]
    fn verdicts_match_the_real_validator() {
        const GOOD: &str = "fWod8MXBCKwkeG8jhVZJMlS/Ky8laReMCMMlYzlH9i8=";
        let list = || signed("GET", "/api/v1/tca/provisional", "", GOOD);
        let without = |names: &[&str]| {
            let mut request = list();
            request.headers.retain(|(name, _)| !names.contains(&name.as_str()));
            request
        };
        let with = |name: &str, value: &str| {
            let mut request = without(&[name]);
            request.headers.push((name.to_owned(), value.into()));
            request
        };
        const TOKEN: &str = "X-Tokenly-Auth-Api-Token";
        const NONCE: &str = "X-Tokenly-Auth-Nonce";
        const SIGNATURE: &str = "X-Tokenly-Auth-Signature";
        let post = |kind: &str| {
            let signature = "pSFqtwBCu/GvO0g/iP1F1es2Yukp9v7zXNhmFPr0Rpk=";
            let mut request = signed("POST", "/api/v1/credits", r#"{"name":"X"}"#, signature);
            request.headers[2].1 = kind.into();
            request
        };
        for (request, now, said) in [
            (without(&[TOKEN, NONCE, SIGNATURE]), NOW, "Missing authentication credentials"),
            (without(&[NONCE]), NOW, "Missing nonce"),
            (with(NONCE, "0"), NOW, "Missing nonce"),
            (without(&[TOKEN]), NOW, "Missing api_token"),
            (without(&[SIGNATURE]), NOW, "Missing signature"),
            (with(TOKEN, "INOSUCHCLIENT"), NOW, "Invalid API Token"),
            (
                with(SIGNATURE, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
                NOW,
                "Invalid Authorization Signature",
            ),
            (with(SIGNATURE, GOOD.trim_end_matches('=')), NOW, "Invalid Authorization Signature"),
            (list(), NOW + 300, ""),
            (list(), NOW + 301, "Invalid nonce parameter"),
            (list(), NOW - 300, ""),
            (list(), NOW - 301, "Invalid nonce parameter"),
            (with(NONCE, "1506000000000"), NOW, "Invalid nonce parameter"),
            (with(NONCE, "+1506000000"), NOW, "Invalid nonce parameter"),
            (with(NONCE, "01506000000"), NOW, "Invalid nonce parameter"),
            (list(), NOW, ""),
            (post("application/x-www-form-urlencoded"), NOW, "Invalid Authorization Signature"),
            (post("application/json; charset=utf-8"), NOW, ""),
            (
                with(
                    "X-Tokenly-Auth-Signed-Url",
                    "https://tokenpass.tokenly.com/api/v1/tca/provisional",
                ),
                NOW,
                "Invalid Signed URL",
            ),
        ] {
            let verdict = check(&request, Generation::Query, now).err().unwrap_or_default();
            assert_eq!(verdict, said, "{request:?} at {now}");
        }
    }

    #[test]
    fn the_headers_of_2020_sign_nonce_and_body() {
        let body = r#"{"TOKENLY":"1","LTBCOIN":"100000","stackop_1":"OR","oauth_token":"TOKENALLSCOPES0000000000000000000000001"}"#;
        let id = "ISIMCLIENT00000000000000000000001";
        let nonce = "e8fee9ab3ab9e32b4f89cd0e25325a73a228115648b23b2a8b0823b93c25c885";
        let check = |body: &str, signature: &str| {
            let headers =
                [("X-API-Key", id), ("X-API-Nonce", nonce), ("X-API-Signature", signature)];
            let request = request("GET", "/api/v1/tca/check/cryptonaut", body, &headers);
            let secret = |_: &str| Some("KSIMSECRET000000000000000000000000000001".to_owned());
            verify(&request, Generation::XApi, NOW, secret).map(|signed| signed.nonce)
        };
        let signature = "a7333330e9eed9f53fee9ce81ff39a0f1caaaf94e1719b80288b4ec84a78f08c";
        assert_eq!(check(body, signature), Ok(nonce.to_owned()));
        let refused = Err("Invalid Authorization Signature");
        assert_eq!(check("{}", signature), refused);
        assert_eq!(check(body, &signature.to_uppercase()), refused);
    }
}
