//! Rules that all command-line programs follow.

use crate::cli::Run;

/// A call of an endpoint by a command.
pub type Call<'a> = (&'a str, Vec<&'a str>, &'a str);

/// Runs each command: first with `--curl`, which must print a command and send nothing, then with
/// `-vv` and a recording, which must call the endpoint. `run` gets the arguments and the input, and
/// checks that no output contains a secret. `seen` returns and clears the endpoints that were called.
///
/// # Panics
/// Panics if a command fails, calls another endpoint, or sends something with `--curl`.
pub fn walk(
    calls: &[Call<'_>],
    run: impl Fn(&[&str], &str) -> Run,
    seen: impl Fn() -> Vec<Option<&'static str>>,
) {
    for (endpoint, arguments, input) in calls {
        seen();
        let ended = run(&[arguments, &["--curl"][..]].concat(), input);
        assert_eq!(ended.status, 0, "{endpoint} --curl: {ended:?}");
        assert!(ended.stdout.starts_with("curl "), "{endpoint} --curl: {ended:?}");
        assert_eq!(seen(), [], "{endpoint} --curl sends nothing");
        let options = ["--yes", "-vv", "--record", "walk.jsonl"];
        let ended = run(&[arguments, &options[..]].concat(), input);
        assert_eq!(ended.status, 0, "{endpoint} {arguments:?}: {ended:?}");
        let called = seen();
        assert!(called.contains(&Some(endpoint)), "{endpoint} {arguments:?}: {called:?}");
    }
}

/// Checks that each endpoint is called by a command or is for `api` only, and not both.
///
/// # Panics
/// Panics if an endpoint is missing, or is in both lists.
pub fn assert_all<'a>(
    endpoints: impl Iterator<Item = &'a str>,
    called: impl Iterator<Item = &'a str>,
    api_only: &[&str],
) {
    let called: Vec<&str> = called.collect();
    let endpoints: Vec<&str> = endpoints.collect();
    for endpoint in &endpoints {
        let is_called = called.contains(endpoint);
        assert_ne!(is_called, api_only.contains(endpoint), "{endpoint} has a command: {is_called}");
    }
    for endpoint in called.iter().chain(api_only) {
        assert!(endpoints.contains(endpoint), "{endpoint} is no endpoint");
    }
}

/// Compares a text with a snapshot. With `UPDATE_SNAPSHOTS=1`, the snapshot is written.
///
/// # Panics
/// Panics if they differ.
pub fn assert_snapshot(path: &str, text: &str) {
    #[expect(clippy::disallowed_methods, reason = "it is an option of the test")]
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some_and(|value| value == "1") {
        std::fs::write(path, text).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    let mut lines = expected.lines().zip(text.lines()).enumerate();
    let different = lines.find(|(_, (expected, line))| expected != line);
    assert!(
        expected == text,
        "{path} differs ({different:?}); UPDATE_SNAPSHOTS=1 writes it, read the difference"
    );
}
