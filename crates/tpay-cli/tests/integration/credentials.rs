//! Credentials: environment file, profile, environment, default profile.

use crate::{World, finish};

impl World {
    fn with_input(&self, arguments: &[&str], input: &str) -> crate::Run {
        finish(self.bare(arguments), input)
    }
}

#[test]
fn profile_is_stored_used_listed_and_removed() {
    let world = World::new();
    let login = ["auth", "login", "--profile", "shop", "--env-file", "-"];
    let run = world.with_input(&login, &world.env_file());
    assert_eq!(run.status, 0, "{run:?}");
    // It is the default, since it is the first.
    for arguments in [&["auth", "status"][..], &["auth", "status", "--profile", "shop"]] {
        let run = world.with_input(arguments, "");
        assert_eq!((run.status, run.stderr.as_str()), (0, ""));
        assert_eq!(run.stdout, "source\tprofile `shop`\naccepted\ttrue\n");
    }
    assert_eq!(world.with_input(&["auth", "list"], "").stdout, "shop\ttrue\n");
    assert_eq!(world.with_input(&["auth", "logout", "shop"], "").status, 0);
    assert_eq!(world.with_input(&["auth", "status"], "").status, 3);
}

#[test]
fn sources_have_an_order() {
    let world = World::new();
    let file = world.env_file();
    let login = ["auth", "login", "--env-file", "-"];
    assert_eq!(world.with_input(&login, &file).status, 0);
    let run = world.run(&["auth", "status"]);
    assert!(run.stdout.contains("environment"), "{run:?}");
    std::fs::write(world.home.join("tpay.env"), &file).unwrap();
    let run = world.run(&["auth", "status", "--env-file", "tpay.env", "--profile", "none"]);
    assert!(run.stdout.contains("file tpay.env"), "{run:?}");
    let run = world.run(&["auth", "status", "--profile", "default"]);
    assert!(run.stdout.contains("profile `default`"), "{run:?}");
}

#[test]
fn incomplete_credentials_are_named_and_not_stored() {
    let world = World::new();
    let run = world.with_input(&["auth", "login", "--env-file", "-"], "TPAY_CLIENT_ID=x\n");
    assert_eq!(run.status, 3);
    assert!(
        run.stderr
            .contains("TPAY_CLIENT_SECRET is not set (credentials were read from the file -)"),
        "{run:?}"
    );
    assert_eq!(world.with_input(&["auth", "list"], "").stdout, "");
    let run = world.with_input(&["auth", "login"], "");
    assert_eq!(run.status, 2, "prompts need a terminal: {run:?}");
}

#[cfg(unix)]
#[test]
fn profiles_that_others_can_read_are_rejected() {
    use std::os::unix::fs::PermissionsExt;

    let world = World::new();
    world.with_input(&["auth", "login", "--env-file", "-"], &world.env_file());
    let path = world.home.join(".config/tpay/profiles.toml");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let run = world.with_input(&["transaction", "list", "--profile", "default"], "");
    assert_eq!(run.status, 10);
    assert!(run.stderr.contains("chmod 600"), "{run:?}");
}

#[test]
fn logout_removes_the_token_from_the_default_cache_only() {
    let world = World::new();
    let tokens = |folder: &std::path::Path| {
        let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().ends_with(".json")).count()
    };
    let own = world.home.join("own");
    let own_cache = format!("TPAY_TOKEN_CACHE={}\n", own.display());
    let default = world.home.join("cache").join("tpay-client");
    for (folder, setting, expected) in [
        (&own, &*own_cache, "is not changed, because it is not the default one: "),
        (&default, "", "\nremoved its access token from "),
    ] {
        let env = world.env_file();
        let env = env.lines().filter(|line| !line.contains("TPAY_TOKEN_CACHE"));
        let env = env.collect::<Vec<_>>().join("\n") + "\n" + setting;
        let login = ["auth", "login", "--env-file", "-"];
        assert_eq!(world.with_input(&login, &env).status, 0);
        assert_eq!(world.with_input(&["transaction", "list"], "").status, 0);
        assert_eq!(tokens(folder), 1);
        // The secret is not needed to remove the token.
        let path = world.home.join(".config/tpay/profiles.toml");
        let stored = std::fs::read_to_string(&path).unwrap();
        let secret = stored.lines().find(|line| line.starts_with("client_secret = ")).unwrap();
        let command = "client_secret = { command = [\"false\"] }";
        std::fs::write(&path, stored.replace(secret, command)).unwrap();
        let run = world.with_input(&["auth", "logout", "--dry-run"], "");
        assert!(run.status == 0 && run.stderr.lines().count() == 1, "{run:?}");
        assert_eq!(tokens(folder), 1);
        // Tokens of others stay.
        std::fs::write(folder.join("other.json"), "x").unwrap();
        let run = world.with_input(&["auth", "logout"], "");
        assert!(run.status == 0 && run.stderr.contains(expected), "{run:?}");
        assert!(run.stderr.contains(folder.to_str().unwrap()), "{run:?}");
        assert_eq!(tokens(folder), if setting.is_empty() { 1 } else { 2 });
    }
    // Without a token, there is nothing to remove, and an invalid profile can be removed, too.
    let path = world.home.join(".config/tpay/profiles.toml");
    for (profile, status, problem) in [
        ("client_id = \"x\"", 0, ""),
        (
            "client_ids = \"x\"",
            10,
            "its access token was not removed: profile `p`: client_ids is not",
        ),
    ] {
        std::fs::write(&path, format!("[profiles.p]\n{profile}\n")).unwrap();
        let run = world.with_input(&["auth", "logout", "p"], "");
        assert!(run.status == status && run.stderr.contains("removed profile `p`"), "{run:?}");
        assert!(run.stderr.contains(problem) && run.stderr.lines().count() == 1, "{run:?}");
        assert!(!std::fs::read_to_string(&path).unwrap().contains("[profiles.p]"));
    }
}

#[cfg(unix)]
#[test]
fn killed_logout_can_be_repeated() {
    use std::process::Stdio;

    let world = World::new();
    let env = world.env_file();
    let env: Vec<_> = env.lines().filter(|line| !line.contains("TPAY_TOKEN_CACHE")).collect();
    let login = ["auth", "login", "--env-file", "-"];
    assert_eq!(world.with_input(&login, &(env.join("\n") + "\n")).status, 0);
    assert_eq!(world.with_input(&["transaction", "list"], "").status, 0);
    let folder = world.home.join("cache").join("tpay-client");
    let tokens = || {
        let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().ends_with(".json")).count()
    };
    assert_eq!(tokens(), 1);
    // The lock keeps the command from removing the profile.
    let lock = world.home.join(".config/tpay/.profiles.toml.lock");
    let lock = std::fs::File::create(lock).unwrap();
    lock.lock().unwrap();
    let mut command = world.bare(&["auth", "logout"]);
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    test_support::cli::wait_until(&mut child, || tokens() == 0);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(lock);
    assert_eq!(world.with_input(&["auth", "list"], "").stdout, "default\ttrue\n");
    let run = world.with_input(&["auth", "logout"], "");
    assert!(run.status == 0 && run.stderr.contains("removed profile `default`"), "{run:?}");
}
