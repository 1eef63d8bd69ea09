//! Price splits: the shares of a price that several recipients receive.

use api_auth::InputError;

/// The share of one recipient, which is sent as `EMAIL=SHARE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Split {
    pub(super) email: String,
    pub(super) share: String,
}

impl Split {
    /// Returns the split as it is sent, such as `author@example.org=0.3`. A percentage such as
    /// `30%` becomes the fraction `0.3`.
    pub(super) fn text(&self) -> Result<String, InputError> {
        let Self { email, share } = self;
        let is_address = email.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        });
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'=';
        if !is_address || !email.bytes().all(is_plain) {
            let problem = "must have an e-mail address in ASCII without \"=\"";
            return Err(InputError::new("split", problem));
        }
        let amount = match share.strip_suffix('%') {
            Some(percent) => fraction(percent),
            None => is_positive(share).then(|| share.clone()),
        };
        amount.map(|amount| format!("{email}={amount}")).ok_or_else(|| {
            let problem =
                "must be a percentage above 0 % and up to 100 %, or an amount, such as 12.5% or 5.00";
            InputError::new("split", problem)
        })
    }
}

/// Returns whether a string is a decimal number greater than 0, without sign or exponent.
fn is_positive(number: &str) -> bool {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let mut digits = whole.bytes().chain(part.bytes());
    digits.clone().all(|byte| byte.is_ascii_digit()) && digits.any(|byte| byte != b'0')
}

/// Converts a percentage without its `%`, such as `30`, to the shortest decimal fraction, such as
/// `0.3`. Returns `None` unless the percentage is greater than 0 and at most 100.
fn fraction(percent: &str) -> Option<String> {
    if !is_positive(percent) {
        return None;
    }
    let (whole, part) = percent.split_once('.').unwrap_or((percent, ""));
    let whole = format!("{:0>3}", whole.trim_start_matches('0'));
    let (ones, hundredths) = whole.split_at_checked(whole.len().checked_sub(2)?)?;
    let digits = format!("{hundredths}{part}");
    match (ones, digits.trim_end_matches('0')) {
        ("0", digits) => Some(format!("0.{digits}")),
        ("1", "") => Some("1".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(share: &str) -> Option<String> {
        let split = Split { email: "a@b.c".to_owned(), share: share.to_owned() };
        split.text().ok().map(|text| text.strip_prefix("a@b.c=").unwrap().to_owned())
    }

    #[test]
    fn percentages_become_the_shortest_fractions_and_amounts_are_unchanged() {
        for (share, expected) in [
            ("30%", "0.3"),
            ("33.333%", "0.33333"),
            ("12.5%", "0.125"),
            ("100%", "1"),
            ("100.0%", "1"),
            ("0100%", "1"),
            (".5%", "0.005"),
            ("5.%", "0.05"),
            ("0.3%", "0.003"),
            ("99.99%", "0.9999"),
            ("0.30", "0.30"),
            (".30", ".30"),
            ("5.00", "5.00"),
            ("1", "1"),
        ] {
            assert_eq!(text(share).as_deref(), Some(expected), "{share}");
        }
    }

    #[test]
    fn other_shares_and_addresses_are_rejected() {
        for share in [
            "", "%", ".", ".%", "0", "0.00", "0%", "0.0%", "-5%", "+5%", "1e1%", "30 %", " 30%",
            "30%%", "1,5%", "1.2.3", "abc", "100.1%", "101%", "1000%", "٣%",
        ] {
            assert_eq!(text(share), None, "{share}");
        }
        for email in ["", "a", "@b", "a@", "a@b@c", "a=b@c", "a b@c", "a@b\n", "é@c"] {
            let split = Split { email: email.to_owned(), share: "1%".to_owned() };
            assert_eq!(split.text().unwrap_err().argument(), "split", "{email:?}");
        }
    }
}
