//! Detection of secrets by the name of a parameter, a JSON member or a header.

/// Names whose values are secrets, in lower case and without punctuation. Names of two words cover
/// `card_number`, `cardNumber`, `card[number]`, `card.number` and `{"card":{"number":…}}`.
const SECRET: &[&str] = &[
    "accesskey",
    "assertion",
    "cardnumber",
    "clientassertion",
    "codeverifier",
    "encryptionkey",
    "key",
    "mnemonic",
    "pwd",
    "secretkey",
    "securitycode",
    "sessionid",
    "signingkey",
    "wif",
];

/// Words that identify a secret if a word of a name ends with them, as in `oauthtoken` and
/// `tokenValue`. Punctuation within them is ignored, as in `api_key`. `TOKENLY` is a different
/// word.
const SECRET_WORDS: &[&str] = &[
    "apikey",
    "authorization",
    "cardnumber",
    "cookie",
    "credential",
    "cryptogram",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "signature",
    "token",
];

/// Words that identify a secret wherever they occur in a name as a separate word: `card_cvc`,
/// `userPin`, `cvvCode`.
const WHOLE_WORDS: &[&str] = &["csc", "cvc", "cvc2", "cvv", "cvv2", "otp", "pan", "pin"];

/// Words that identify a secret alone or next to a word of [`BEFORE`] or [`AFTER`], as in
/// `userpass`.
const COMPOUND: &[&str] = &["bearer", "jwt", "pass"];

/// Words before a secret in names without punctuation and capital letters: `cardcvv`, `userpin`.
const BEFORE: &[&str] = &[
    "access", "admin", "auth", "card", "client", "db", "ftp", "id", "login", "mail", "my", "mysql",
    "new", "old", "payment", "proxy", "redis", "root", "sms", "smtp", "ssh", "user",
];

/// Words after a secret in names without punctuation and capital letters: `pincode`, `tokenvalue`,
/// `privatekeypem`.
const AFTER: &[&str] =
    &["base64", "code", "data", "der", "hash", "hex", "number", "pem", "string", "text", "value"];

/// Returns whether a name in lower case without punctuation is the name of a secret, with an
/// optional word before and after it.
fn is_compound(name: &str) -> bool {
    let is_term = |name: &str| {
        let singular = name.strip_suffix('s').unwrap_or(name);
        let has = |words: &&[&str]| words.contains(&name) || words.contains(&singular);
        [WHOLE_WORDS, SECRET_WORDS, COMPOUND].iter().any(has)
    };
    let starts = BEFORE.iter().filter_map(|word| name.strip_prefix(word)).chain([name]);
    starts.into_iter().any(|rest| {
        is_term(rest) || AFTER.iter().filter_map(|word| rest.strip_suffix(word)).any(is_term)
    })
}

/// Returns whether a parameter, JSON member or header with this name contains a secret, judging by
/// the words of the name. Case and punctuation are ignored.
///
/// ```
/// # use api_auth::is_secret_name;
/// assert!(is_secret_name("x-login-pin"));
/// assert!(!is_secret_name("x-request-id"));
/// ```
pub fn is_secret_name(name: &str) -> bool {
    is_secret("", name, &[])
}

/// Returns whether a text that cannot be parsed contains the name of a secret.
pub(crate) fn has_secret_name(text: &str, listed: &[&str]) -> bool {
    let is_part = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.');
    let mut names = text.split(|char| !is_part(char)).filter(|name| !name.is_empty());
    names.any(|name| is_secret("", name, listed))
}

/// Returns whether the value of the parameter or member `name` is a secret. This depends on the
/// words of `name`, on `parent`, the name of the object that contains the member (may be empty),
/// and on the `listed` names.
///
/// Case and punctuation are ignored. Each part of `user[password]` is checked.
pub(crate) fn is_secret(parent: &str, name: &str, listed: &[&str]) -> bool {
    let mut before = scope("", parent);
    for written in name.split(['[', ']', '.']).filter(|part| !is_index(part)) {
        let part = plain(written);
        let both = [before.as_str(), part.as_str()].concat();
        let is_listed = |listed: &&str| {
            let listed = plain(listed);
            listed == part || listed == both
        };
        if SECRET.iter().any(|name| *name == part || *name == both)
            || has_secret_word(written)
            || words(written).iter().any(|word| is_whole_word(word))
            || is_compound(&part)
            || listed.iter().any(is_listed)
        {
            return true;
        }
        before = scope(&before, written);
    }
    false
}

/// Returns the argument `parent` of [`is_secret`] for the members of the object `name`, which is
/// itself a member of the object `parent`. For all objects in a card, it is `card`.
pub(crate) fn scope(parent: &str, name: &str) -> String {
    let plain = plain(name);
    if parent == "card" || plain.ends_with("card") || plain.ends_with("cards") {
        "card".to_owned()
    } else {
        plain
    }
}

/// Splits a name into words at its punctuation and capital letters. The words are in lower case.
#[inline(never)]
fn words(name: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut before = None;
    let mut chars = name.chars().peekable();
    while let Some(char) = chars.next() {
        if !char.is_alphanumeric() || begins_word(before, char, chars.peek().copied()) {
            all.push(String::new());
        }
        before = Some(char);
        if char.is_alphanumeric()
            && let Some(word) = all.last_mut()
        {
            word.extend(char.to_lowercase());
        }
    }
    all
}

/// Returns whether the letter `char` begins a word. Such a letter is a capital letter that does not
/// continue an acronym, like the last capital letter of `cvvCode` and `CVVCode`.
fn begins_word(before: Option<char>, char: char, after: Option<char>) -> bool {
    let is_after_lower = before.is_some_and(|before| !before.is_uppercase());
    char.is_uppercase() && (is_after_lower || after.is_some_and(char::is_lowercase))
}

/// Words that identify a secret header if its name contains them.
const HEADER_WORDS: &[&str] = &["apikey", "authorization", "cookie", "password", "secret"];

/// Words that identify a secret header if its name ends with them.
const LAST_HEADER_WORDS: &[&str] =
    &["token", "signature", "sessionid", "bearer", "jwt", "passphrase", "passwd"];

/// Returns whether values of this header are secrets, even if they are not marked as sensitive.
/// Each header of each request is checked, so common headers are recognized by their name, and all
/// others are checked without an allocation.
///
/// ```
/// # use api_auth::is_secret_header;
/// assert!(is_secret_header("x-session-token"));
/// assert!(!is_secret_header("x-request-id"));
/// ```
pub fn is_secret_header(name: &str) -> bool {
    if matches!(name, "accept" | "content-length" | "content-type" | "host" | "user-agent") {
        return false;
    }
    let rests = (0..name.len()).filter_map(|at| name.as_bytes().get(at..));
    rests.into_iter().any(|rest| {
        let after = |word: &&str| {
            let first = rest.first().zip(word.as_bytes().first());
            let begins = first.is_some_and(|(own, first)| own.eq_ignore_ascii_case(first));
            begins.then(|| after_word(rest, word)).flatten()
        };
        let is_last = |end: &[u8]| !end.iter().any(u8::is_ascii_alphanumeric);
        HEADER_WORDS.iter().any(|word| after(word).is_some())
            || LAST_HEADER_WORDS.iter().any(|word| after(word).is_some_and(is_last))
    })
}

/// Returns whether values of this header are secrets, which is also the case if its name is one of
/// the `listed` names. Case and punctuation are ignored.
pub(crate) fn is_masked_header(name: &str, listed: &[&str]) -> bool {
    fn letters(name: &str) -> impl Iterator<Item = u8> {
        let letters = name.bytes().filter(u8::is_ascii_alphanumeric);
        letters.map(|byte| byte.to_ascii_lowercase())
    }
    is_secret_header(name) || listed.iter().any(|listed| letters(listed).eq(letters(name)))
}

/// Returns the rest of `text` after `word`, or `None` if `text` does not begin with `word`. Case
/// and punctuation are ignored.
#[inline(never)]
fn after_word<'a>(mut text: &'a [u8], word: &str) -> Option<&'a [u8]> {
    for byte in word.bytes() {
        loop {
            let (own, rest) = text.split_first()?;
            text = rest;
            if own.eq_ignore_ascii_case(&byte) {
                break;
            }
            if own.is_ascii_alphanumeric() {
                return None;
            }
        }
    }
    Some(text)
}

fn is_whole_word(word: &str) -> bool {
    WHOLE_WORDS.contains(&word) || matches!(word, "bearer" | "jwt")
}

fn has_secret_word(name: &str) -> bool {
    let mut before = String::new();
    let mut chars = name.chars();
    while let Some(char) = chars.next() {
        if char.is_alphanumeric() {
            before.extend(char.to_lowercase());
        }
        let mut rest = chars.clone();
        let is_end = rest
            .next()
            .is_none_or(|next| !next.is_alphabetic() || begins_word(Some(char), next, rest.next()));
        let singular = before.strip_suffix('s').unwrap_or(&before);
        let is_secret = |word: &&str| before.ends_with(*word) || singular.ends_with(*word);
        if is_end && SECRET_WORDS.iter().any(is_secret) {
            return true;
        }
    }
    false
}

/// Returns whether a part of a name is empty or an index, such as the `0` of `SANs[0]`.
fn is_index(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_digit())
}

#[inline(never)]
fn plain(name: &str) -> String {
    name.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_found_in_every_spelling() {
        for name in [
            "password",
            "Password",
            "current_password",
            "userPassword",
            "client_secret",
            "clientSecret",
            "CLIENT-SECRET",
            "accessToken",
            "refresh_token",
            "token",
            "tokens",
            "api_key",
            "X-Api-Key",
            "apiKeyOfShop",
            "oauthtoken",
            "tokenValue",
            "TOKEN",
            "CLIENT_SECRET",
            "newPassword2",
            "signatures",
            "deviceTokens",
            "privateKey",
            "private_key",
            "key",
            "pin",
            "pan",
            "CVV",
            "cvv2",
            "cvc",
            "cryptogram",
            "onlinePaymentCryptogram",
            "cookie",
            "wif",
            "card_number",
            "cardNumber",
            "card.number",
            "card[number]",
            "cards[0][card][number]",
            "user[password]",
            "user[password][]",
            "a.b.secret",
            "codeVerifier",
            "creditCardNumber",
            "credit_card.number",
            "cards[0][number]",
            "card[data][number]",
            "card_cvc",
            "cardCvv",
            "cvvCode",
            "cardPan",
            "userPin",
            "pin_code",
            "smsOtp",
            "CVVCode",
            "PINCode",
            "OTPCode",
            "cardCVVCode",
            "CVV2Code",
            "mPIN",
            "TOKENValue",
            "APIKEYValue",
            "userPASSWORDHash",
        ] {
            assert!(is_secret("", name, &[]), "{name}");
        }
        for parent in ["card", "cards", "creditCard", "SAVED_CARDS"] {
            assert!(is_secret(parent, "number", &[]), "{parent}");
            assert!(is_secret(&scope(&scope("", parent), "data"), "number", &[]), "{parent}");
        }
        assert!(is_secret("", "blik_code", &["blikCode"]));
        assert!(is_secret("payment", "value", &["payment.value"]));
    }

    #[test]
    fn other_names_are_not_secret() {
        for name in [
            "",
            "id",
            "number",
            "order.number",
            "keyword",
            "spin",
            "pinned",
            "company",
            "japan",
            "spinner",
            "cardholder.number",
            "monkey",
            "TOKENLY",
            "Tokenly",
            "TOKENLYAssets",
            "OPINCode",
            "tokenized",
            "secretary",
        ] {
            assert!(!is_secret("", name, &[]), "{name}");
        }
        assert!(!is_secret("order", "number", &["card.number", "value"]));
    }

    #[test]
    fn secrets_in_names_of_lower_case_are_found() {
        for name in [
            "cvvcode",
            "pincode",
            "cardcvv",
            "userpin",
            "tokenvalue",
            "privatekeypem",
            "otpcode",
            "smsotpcode",
            "clientsecrettext",
            "passwordhash",
            "apikeyvalue",
            "pass",
            "PASS",
            "userpass",
            "db_pass",
            "smtp-pass",
            "jwt",
            "jwtvalue",
            "id_jwt",
            "idjwt",
            "jwtAssertion",
            "bearer",
            "bearer_value",
            "userpins",
        ] {
            assert!(is_secret("", name, &[]), "{name}");
        }
        for name in [
            "passengers",
            "bypass",
            "compass",
            "passed",
            "passport",
            "userdata",
            "newdata",
            "clientcode",
            "couponcode",
            "companycode",
            "japancode",
            "spincode",
            "username",
            "idnumber",
            "forbearers",
            "tokenly",
            "zipcode",
            "usercode",
            "cardtype",
            "tinypass",
            "hashcode",
        ] {
            assert!(!is_secret("", name, &[]), "{name}");
        }
        assert!(has_secret_name(r#"{"a":1,"user_password":"x"#, &[]));
        assert!(has_secret_name(r#"[{"blikCode":"x"#, &["blik_code"]));
        assert!(!has_secret_name(r#"{"a":1,"name":"x"#, &[]));
    }

    #[test]
    fn headers_with_credentials_are_secret_by_their_names() {
        for name in [
            "authorization",
            "Proxy-Authorization",
            "cookie",
            "set-cookie",
            "x-api-key",
            "token",
            "x-auth-token",
            "X-Access-Token",
            "x-session-id",
            "X-Signature",
            "x-jwt",
            "X-Key-Passphrase",
        ] {
            assert!(is_secret_header(name), "{name}");
        }
        for name in ["accept", "x-tokenly-auth-nonce", "content-type", "x-key", "tokens"] {
            assert!(!is_secret_header(name), "{name}");
        }
    }
}
