//! The rules of token-controlled access (TCA). They are parsed and evaluated as by the provider's
//! server.

use std::collections::BTreeMap;

use super::php::{BLANK, Value, integer, parse_query};

/// The number of decimal places of a token, because one satoshi is 10^-8 tokens.
const DECIMALS: i32 = 8;

/// A rule, which compares the balance of an asset with an amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The name of the asset, in upper case.
    pub asset: String,
    /// The amount with which the balance is compared, in satoshis.
    pub amount: i128,
    /// The comparison operator, such as `>`. Defaults to `>=`.
    pub op: String,
    /// The operator that combines the rule with those before it, in upper case. `OR` begins a new
    /// group of rules. Any other value adds the rule to the current group.
    pub stack_op: String,
}

/// The rules in a request, in the order in which the server reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// The rules, in groups of which at least one must be satisfied; see [`Rule::stack_op`].
    pub rules: Vec<Rule>,
    /// Whether promises to the user are counted. They are, unless the parameter `no_provisional` is
    /// empty or `0`.
    pub with_promises: bool,
}

/// Returns whether `balances`, in satoshis by asset, satisfy the rules in an encoded query. Returns
/// `false` if [`Stack::from_query`] returns `None`.
///
/// ```
/// use std::collections::BTreeMap;
/// use api_sandbox::tokenpass::tca::evaluate;
///
/// let held = BTreeMap::from([("TOKENLY".to_owned(), 100_000_000)]);
/// assert!(evaluate("TOKENLY=1", &held));
/// assert!(!evaluate("TOKENLY=1&op_0=%3E", &held));
/// ```
pub fn evaluate(query: &str, balances: &BTreeMap<String, i64>) -> bool {
    Stack::from_query(query).is_some_and(|stack| stack.allows(balances))
}

impl Stack {
    /// Parses the rules in an encoded query. Returns `None` if the query is not UTF-8, or if a
    /// parameter such as `stackop_1[]` is a list, with which the provider's server fails.
    pub fn from_query(query: &str) -> Option<Self> {
        parse_query(query).and_then(|input| Self::from_input(&input))
    }

    /// Reads the rules from the parameters of a request. Returns `None` if the provider's server
    /// fails with them.
    pub(super) fn from_input(input: &[(String, Value)]) -> Option<Self> {
        let mut ops = BTreeMap::new();
        let mut stack_ops = BTreeMap::new();
        let mut assets = Vec::new();
        let mut with_promises = true;
        for (name, value) in input {
            let text = value.text().unwrap_or_default();
            let mut parts = name.split('_');
            let (kind, number) = (parts.next().unwrap_or_default(), parts.next());
            let index = number.map_or(0, integer);
            match (name.as_str(), kind) {
                ("oauth_token", _) => {}
                ("no_provisional", _) => with_promises = value.is_truthy(),
                (_, "op") => drop(ops.insert(index, text)),
                (_, "stackop") if value.items().is_some() => return None,
                (_, "stackop") => drop(stack_ops.insert(index, text.to_ascii_uppercase())),
                // A list is the number 1, and an empty list is 0.
                _ if value.items().is_some() => {
                    let amount = satoshis(if value.is_truthy() { "1" } else { "0" });
                    assets.push((name.to_ascii_uppercase(), amount));
                }
                _ => assets.push((name.to_ascii_uppercase(), satoshis(&text))),
            }
        }
        let rules = assets
            .into_iter()
            .zip(0..)
            .map(|((asset, amount), index)| Rule {
                asset,
                amount,
                op: ops.remove(&index).unwrap_or_else(|| ">=".to_owned()),
                stack_op: stack_ops.remove(&index).unwrap_or_else(|| "AND".to_owned()),
            })
            .collect();
        Some(Self { rules, with_promises })
    }

    /// Returns whether `balances`, in satoshis by asset, satisfy all rules of at least one group.
    pub fn allows(&self, balances: &BTreeMap<String, i64>) -> bool {
        let mut any = false;
        let mut group = None;
        for rule in &self.rules {
            let holds = rule.holds(balances.get(&rule.asset).copied().unwrap_or(0).into());
            group = match group {
                Some(so_far) if rule.stack_op == "OR" => {
                    any |= so_far;
                    Some(holds)
                }
                Some(so_far) => Some(so_far && holds),
                None => Some(holds),
            };
        }
        any || group == Some(true)
    }
}

impl Rule {
    /// Returns whether a balance in satoshis satisfies the rule. A balance of 0 never satisfies `<`
    /// or `<=`.
    fn holds(&self, balance: i128) -> bool {
        match self.op.as_str() {
            ">=" => balance >= self.amount,
            ">" => balance > self.amount,
            "=" | "==" => balance == self.amount,
            "!" | "!=" => balance != self.amount,
            "<" => balance > 0 && balance < self.amount,
            "<=" => balance > 0 && balance <= self.amount,
            _ => false,
        }
    }
}

/// Returns the integer at the beginning of a string. Returns 0 if there is none.
fn leading_integer(text: &str) -> i64 {
    let text = text.trim_start_matches(BLANK);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = digits
        .chars()
        .map_while(|char| char.to_digit(10))
        .fold(0_i64, |value, digit| value.saturating_mul(10).saturating_add(digit.into()));
    if negative { -value } else { value }
}

/// Returns the decimal number at the beginning of a string, converted to satoshis and rounded half
/// away from zero. Returns 0 if there is none.
pub(super) fn satoshis(text: &str) -> i128 {
    let mut chars = text.trim_start_matches(BLANK).chars().peekable();
    let negative = chars.next_if(|char| *char == '-').is_some();
    if !negative {
        chars.next_if_eq(&'+');
    }
    let mut digits = Vec::new();
    let mut scale = DECIMALS;
    while let Some(digit) = chars.peek().and_then(|char| char.to_digit(10)) {
        digits.push(digit);
        chars.next();
    }
    if chars.next_if_eq(&'.').is_some() {
        while let Some(digit) = chars.peek().and_then(|char| char.to_digit(10)) {
            digits.push(digit);
            scale = scale.saturating_sub(1);
            chars.next();
        }
    }
    if !digits.is_empty() && chars.next_if(|char| matches!(char, 'e' | 'E')).is_some() {
        let exponent = leading_exponent(&chars.collect::<String>());
        scale = scale.saturating_add(exponent);
    }
    let amount = scaled(&digits, scale);
    if negative { -amount } else { amount }
}

/// Returns the number in an exponent: digits after an optional sign. Returns 0 for anything else.
fn leading_exponent(text: &str) -> i32 {
    if text.starts_with(BLANK) {
        return 0;
    }
    let exponent = leading_integer(text).clamp(-1_000_000, 1_000_000);
    i32::try_from(exponent).unwrap_or(0)
}

/// Returns the number with these decimal digits, times ten to the power of `scale`, rounded half
/// up. Returns [`i128::MAX`] if the number is too large.
fn scaled(digits: &[u32], scale: i32) -> i128 {
    let dropped = usize::try_from(scale.saturating_neg()).unwrap_or(0);
    let kept = digits.len().saturating_sub(dropped);
    let zeros = if digits.iter().all(|digit| *digit == 0) { 0 } else { scale.max(0) };
    let mut value = digits
        .iter()
        .take(kept)
        .copied()
        .chain((0..zeros.min(64)).map(|_| 0))
        .fold(0_i128, |value, digit| value.saturating_mul(10).saturating_add(digit.into()));
    let rounds_up = dropped <= digits.len() && digits.get(kept).is_some_and(|digit| *digit >= 5);
    if dropped > 0 && rounds_up {
        value = value.saturating_add(1);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held() -> BTreeMap<String, i64> {
        [
            ("TOKENLY", 100_000_000),
            ("LTBCOIN", 500_000_000_000),
            ("SOUP", 1),
            ("A11135283252627285275", 250_000_000),
            ("ZERO", 0),
        ]
        .map(|(asset, balance)| (asset.to_owned(), balance))
        .into()
    }

    #[test]
    fn stacks_match_the_results_of_the_server() {
        for (query, result) in [
            ("TOKENLY=1", true),
            ("TOKENLY=1.00000001", false),
            ("TOKENLY=1&LTBCOIN=5000", true),
            ("TOKENLY=1&LTBCOIN=5000.1", false),
            ("TOKENLY=2&LTBCOIN=5000&stackop_1=OR", true),
            ("TOKENLY=2&LTBCOIN=5000&stackop_1=or", true),
            ("TOKENLY=2&SOUP=1&LTBCOIN=1&stackop_2=OR", true),
            ("TOKENLY=1&LTBCOIN=9999&SOUP=1&stackop_1=OR&stackop_2=AND", true),
            ("TOKENLY=2&LTBCOIN=1&stackop_0=OR", false),
            ("TOKENLY=1&op_0=%3E", false),
            ("TOKENLY=1&op_0=%3D", true),
            ("LTBCOIN=5000&op_0=%3D%3D", true),
            ("TOKENLY=1&op_0=!", false),
            ("TOKENLY=2&op_0=!%3D", true),
            ("TOKENLY=2&op_0=%3C", true),
            ("TOKENLY=1&op_0=%3C", false),
            ("TOKENLY=1&op_0=%3C%3D", true),
            ("NOTHELD=2&op_0=%3C", false),
            ("ZERO=1&op_0=%3C%3D", false),
            ("NOTHELD=0&op_0=%3D", true),
            ("NOTHELD=0", true),
            ("TOKENLY=1&op_0=%3D%3E", false),
            ("", false),
            ("oauth_token=abc", false),
            ("oauth_token=abc&TOKENLY=2&LTBCOIN=1&op_0=%3C", true),
            ("client_id=abc&TOKENLY=1&op_0=%3C", false),
            ("TOKENLY=2&LTBCOIN=1&stackOp_1=OR", false),
            ("LTBCOIN=10000&LTBSTAFF=1&op_0=>stackop_1=OR", false),
            ("tokenly=1", true),
            ("TOKENLY=0.5&tokenly=2&op_1=%3C", true),
            ("op_1=%3C&TOKENLY=1&LTBCOIN=6000", true),
            ("A11135283252627285275=2.5", true),
            ("PARENT.child=1", false),
            ("op_1e3=%3E&SOUP=0&TOKENLY=1", true),
            ("op_1e0=%3E&SOUP=0&TOKENLY=1", false),
            ("op_1.9=%3E&SOUP=0&TOKENLY=1", false),
            ("op_-1=%3E&TOKENLY=1", true),
            ("op_+0=%3E&TOKENLY=1", false),
            ("op_abc=%3E&TOKENLY=1", false),
            ("op_0=%3E&op=%3D&TOKENLY=1", true),
            ("op=%3E&op_0=%3D&op=%3E&TOKENLY=1", true),
            ("op_0[]=%3E&TOKENLY=0", false),
            ("TOKENLY[]=5", true),
            ("TOKENLY[]=", true),
            ("TOKENLY[a]=99", true),
            ("SOUP[]=", false),
            ("TOKENLY%00X=1", true),
            ("TOKENLY=2&LTBCOIN=1&stackop_1[]=OR", false),
        ] {
            assert_eq!(evaluate(query, &held()), result, "{query}");
        }
    }

    #[test]
    fn the_flag_against_promises_is_inverted() {
        for (query, with_promises) in [
            ("TOKENLY=1", true),
            ("TOKENLY=1&no_provisional=1", true),
            ("TOKENLY=1&no_provisional=0", false),
            ("TOKENLY=1&no_provisional=", false),
        ] {
            let stack = Stack::from_query(query).unwrap();
            assert_eq!((stack.with_promises, stack.rules.len()), (with_promises, 1), "{query}");
        }
    }

    #[test]
    fn rules_are_read_with_their_names_and_indices() {
        let stack = Stack::from_query("client_id=abc&TOKENLY=1&op=%3C&stackop_1=Or").unwrap();
        let rule = |asset: &str, amount, op: &str, stack_op: &str| Rule {
            asset: asset.to_owned(),
            amount,
            op: op.to_owned(),
            stack_op: stack_op.to_owned(),
        };
        let rules = [rule("CLIENT_ID", 0, "<", "AND"), rule("TOKENLY", 100_000_000, ">=", "OR")];
        assert_eq!(stack.rules, rules);
    }

    #[test]
    fn amounts_are_exact_and_rounded_half_up() {
        for (text, amount) in [
            ("1", 100_000_000),
            ("0.1", 10_000_000),
            ("0.00000001", 1),
            ("1.23456789", 123_456_789),
            ("0.000000005", 1),
            ("0.0000000049", 0),
            ("5,000", 500_000_000),
            ("5e3", 500_000_000_000),
            ("5E-8", 5),
            ("5e-9", 1),
            ("5e-10", 0),
            (".5", 50_000_000),
            ("-1", -100_000_000),
            (" 2", 200_000_000),
            ("-+1", 0),
            ("1.5.5", 150_000_000),
            ("1e 3", 100_000_000),
            ("abc", 0),
            ("", 0),
            ("184467440737.09551615", 18_446_744_073_709_551_615),
        ] {
            assert_eq!(satoshis(text), amount, "{text}");
        }
        assert_eq!(satoshis("1e400"), i128::MAX);
    }

    #[test]
    fn a_number_has_one_sign() {
        assert_eq!((satoshis("+1"), satoshis("-1")), (100_000_000, -100_000_000));
        assert_eq!((satoshis("-+1"), satoshis("+-1"), satoshis("++1")), (0, 0, 0));
    }
}
