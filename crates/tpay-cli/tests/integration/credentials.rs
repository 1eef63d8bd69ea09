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
