//! Tests of the validation of chain and key before they replace files.

use super::*;
use crate::files::pem::check_pair;

fn check(chain: &str, key: &str) -> Result<(), String> {
    let key = Secret::new(key);
    let checked = check_pair((Path::new("c.pem"), chain), (Path::new("k.pem"), &key));
    checked.map_err(|error| error.to_string())
}

fn cert(number: u64) -> String {
    pem("CERTIFICATE", &rsa_certificate(number))
}

fn private(number: u64) -> String {
    key(number).expose().to_owned()
}

#[test]
fn pairs_of_each_kind_are_accepted() {
    let pkcs1 = pem("RSA PRIVATE KEY", &rsa_key(1));
    let windows = |text: &str| text.replace('\n', "\r\n");
    for (chain, key) in [
        (cert(1), private(1)),
        (cert(1) + &cert(2) + &cert(3), private(1)),
        (cert(1), pkcs1.clone()),
        (windows(&(cert(1) + &cert(2))), windows(&private(1))),
        (cert(1).trim_end().to_owned(), pkcs1.trim_end().to_owned()),
        (format!("Certificate:\n    Data: x\n{}\nmore\n{}", cert(1), cert(2)), private(1)),
    ] {
        assert_eq!(check(&chain, &key), Ok(()), "{chain}");
    }
}

#[test]
fn key_on_disk_must_belong_to_the_first_certificate() {
    let files = KeyPairFiles::new("c.pem", "k.pem");
    let parameters = pem("DH PARAMETERS", b"parameters");
    let combined = private(1) + &parameters + &cert(1) + &cert(2);
    for (chain, key) in [
        (cert(1) + &cert(2), private(1)),
        (combined.clone(), combined.clone()),
        (parameters.clone() + &cert(1), parameters + &private(1) + &private(2)),
    ] {
        assert!(files.check_match(&chain, &Secret::new(&*key)).is_ok(), "{chain}{key}");
    }
    for (chain, key, problem) in [
        (cert(2) + &cert(1), private(1), "k.pem: it does not belong to the certificate"),
        (combined, private(2), "k.pem: it does not belong to the certificate"),
        (cert(1), String::new(), "k.pem: contains no private key"),
        (cert(1), cert(1), "k.pem: contains no private key"),
        (private(1), private(1), "c.pem: contains no certificate"),
        (String::new(), private(1), "c.pem: contains no certificate"),
        (pem("CERTIFICATE", b"x"), private(1), "c.pem: contains an invalid certificate"),
        (
            cert(1),
            private(1).replace("END", "END "),
            "k.pem: PEM block 1 (PRIVATE KEY) is incomplete",
        ),
    ] {
        let checked = files.check_match(&chain, &Secret::new(&*key));
        let kind = checked.as_ref().err().and_then(|error| match error {
            FileError::File { source, .. } => Some(source.kind()),
            FileError::Call(_) => None,
        });
        assert_eq!(kind, Some(io::ErrorKind::InvalidData));
        assert_eq!(checked.unwrap_err().to_string(), problem);
    }
}

#[test]
fn keys_of_elliptic_curves_are_compared_if_they_contain_the_public_key() {
    let ec = |point: Option<&[u8]>, curve: Option<&[u8]>| {
        let curve = curve.map_or(vec![], |curve| der(0xa0, &[&curve[9..]]));
        let point = point.map_or(vec![], |point| der(0xa1, &[&der(3, &[&[0], point])]));
        der(0x30, &[&[2, 1, 1], &der(4, &[b"secret"]), &curve, &point])
    };
    let ed = |point: Option<&[u8]>| {
        let point = point.map_or(vec![], |point| der(0x81, &[&[0], point]));
        let inner = der(4, &[&der(4, &[b"secret"])]);
        der(0x30, &[&[2, 1, 1], &der(0x30, &[ED25519]), &inner, &point])
    };
    // PKCS#8 may contain the public key that the private key inside it lacks.
    let with_point = |point: &[u8]| {
        let inner = der(4, &[&ec(None, None)]);
        let point = der(0x81, &[&[0], point]);
        der(0x30, &[&[2, 1, 1], &der(0x30, &[P256]), &inner, &point])
    };
    let sec1 = |der: &[u8]| pem("EC PRIVATE KEY", der);
    let parameters = pem("EC PARAMETERS", &P256[9..]);
    let of_p256 = pem("CERTIFICATE", &certificate(P256, b"point"));
    let of_ed = pem("CERTIFICATE", &certificate(ED25519, b"point"));
    for (cert, key, is_accepted) in [
        (&of_p256, pem("PRIVATE KEY", &pkcs8(P256, &ec(Some(b"point"), None))), true),
        (&of_p256, pem("PRIVATE KEY", &pkcs8(P256, &ec(Some(b"other"), None))), false),
        (&of_p256, pem("PRIVATE KEY", &pkcs8(P256, &ec(None, None))), true),
        (&of_p256, pem("PRIVATE KEY", &pkcs8(P384, &ec(None, None))), false),
        (&of_p256, pem("PRIVATE KEY", &with_point(b"point")), true),
        (&of_p256, pem("PRIVATE KEY", &with_point(b"other")), false),
        (&of_p256, sec1(&ec(Some(b"point"), Some(P256))), true),
        (&of_p256, sec1(&ec(Some(b"other"), Some(P256))), false),
        (&of_p256, sec1(&ec(None, Some(P384))), false),
        (&of_p256, parameters + &sec1(&ec(Some(b"point"), Some(P256))), true),
        (&of_p256, pem("PRIVATE KEY", &ed(None)), false),
        (&of_p256, private(1), false),
        (&of_ed, pem("PRIVATE KEY", &ed(None)), true),
        (&of_ed, pem("PRIVATE KEY", &ed(Some(b"point"))), true),
        (&of_ed, pem("PRIVATE KEY", &ed(Some(b"other"))), false),
        (&cert(1), pem("PRIVATE KEY", &ed(None)), false),
    ] {
        let checked = check(cert, &key);
        assert_eq!(checked.is_ok(), is_accepted, "{key}: {checked:?}");
        if let Err(error) = checked {
            assert!(
                error.starts_with("k.pem: the server sent an invalid private key: "),
                "{error}"
            );
            assert!(error.contains("does not belong to the certificate"), "{error}");
        }
    }
}

#[test]
fn invalid_chains_are_rejected_with_the_reason() {
    let (one, two) = (cert(1), cert(2));
    let glued = format!("{}{}", one.trim_end(), two);
    let cut = one.get(..one.len() / 2).unwrap();
    let last_byte = {
        let mut der = rsa_certificate(1);
        der.pop();
        pem("CERTIFICATE", &der)
    };
    let more = pem("CERTIFICATE", &[rsa_certificate(1), vec![0]].concat());
    for (chain, problem) in [
        (String::new(), "no PEM block"),
        ("<html>".to_owned(), "no PEM block"),
        (glued, "block 1 (CERTIFICATE) has a malformed last line"),
        (cut.to_owned(), "block 1 (CERTIFICATE) is incomplete"),
        (one.clone() + cut, "block 2 (CERTIFICATE) is incomplete"),
        (one.trim_end_matches("-----\n").to_owned(), "block 1 (CERTIFICATE) is incomplete"),
        (one.clone() + "-----END CERTIFICATE-----\n", "malformed text after 1 PEM blocks"),
        (one.clone() + "-----BEGIN", "malformed text after 1 PEM blocks"),
        (one.clone() + "-----BEGIN CERTIFICATE----", "block 2 has a malformed first line"),
        (one.replace("CERTIFICATE", "\u{1b}[31m"), "block 1 has a malformed first line"),
        (one.replace("CERTIFICATE", &"A".repeat(65)), "block 1 has a malformed first line"),
        (format!("\u{feff}{one}"), "malformed text before PEM block 1"),
        (format!(" {one}"), "malformed text before PEM block 1"),
        (one.clone() + &private(1), "block 2 (PRIVATE KEY) is not a certificate"),
        (private(1) + &one, "block 1 (PRIVATE KEY) is not a certificate"),
        (one.replace("CERTIFICATE", "TRUSTED CERTIFICATE"), "(TRUSTED CERTIFICATE) is not a"),
        (one.replace("CERTIFICATE-----\n", "CERTIFICATE-----\n!"), "is not base64"),
        (one.replacen("AQ", "AQ-", 1), "is not base64"),
        (pem("CERTIFICATE", b""), "is not base64"),
        (pem("CERTIFICATE", b"hello"), "block 1 is not a valid certificate"),
        (one.clone() + &pem("CERTIFICATE", &rsa_key(1)), "block 2 is not a valid certificate"),
        (last_byte, "block 1 is not a valid certificate"),
        (more, "block 1 is not a valid certificate"),
        (two + &one, "does not belong to the certificate"),
    ] {
        let error = check(&chain, &private(1)).unwrap_err();
        assert!(error.contains(problem), "{problem}: {error}");
        assert!(error.ends_with("; the file was not replaced"), "{error}");
    }
}

#[test]
fn invalid_keys_are_rejected_with_the_reason_and_without_their_content() {
    let (one, two) = (private(1), private(2));
    let pkcs1 = pem("RSA PRIVATE KEY", &rsa_key(1));
    let head = "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n";
    for (key, problem) in [
        (String::new(), "no private key"),
        ("<html>".to_owned(), "no private key"),
        (one.clone() + &two, "found several PEM blocks"),
        (one.clone() + &cert(1), "found several PEM blocks"),
        (one.trim_end().to_owned() + &two, "has a malformed last line"),
        (one.get(..one.len() / 2).unwrap().to_owned(), "is incomplete"),
        (one.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), "it is encrypted"),
        (pkcs1.replacen("-----\n", head, 1), "is encrypted"),
        (cert(1), "expected a private key, found CERTIFICATE"),
        (pem("PUBLIC KEY", b"x"), "expected a private key, found PUBLIC KEY"),
        (pem("PRIVATE KEY", b"hello"), "not a valid private key"),
        (pem("PRIVATE KEY", &rsa_key(1)), "not a valid private key"),
        (pem("RSA PRIVATE KEY", &pkcs8(RSA, &rsa_key(1))), "not a valid private key"),
        (two, "does not belong to the certificate"),
    ] {
        let error = check(&cert(1), &key).unwrap_err();
        assert!(error.contains(problem), "{problem}: {error}");
        let content = key.lines().nth(1).unwrap_or("no content");
        assert!(!error.contains(content), "{error}");
    }
}

#[test]
fn lengths_are_definite_and_have_four_bytes_at_most() {
    let chain = pem("CERTIFICATE", &certificate(ED25519, b"point"));
    // 128 bytes, so that the indefinite length 0x80 is also the length modulo 256.
    let content = [&[2, 1, 0], &der(0x30, &[ED25519])[..], &der(4, &[&[1; 108]])].concat();
    assert_eq!(content.len(), 0x80);
    for (length, is_valid) in [
        (&[0x81, 0x80][..], true),
        (&[0x84, 0, 0, 0, 0x80], true),
        (&[0x80], false),
        (&[0x85, 0, 0, 0, 0, 0x80], false),
    ] {
        let key = [&[0x30], length, &content].concat();
        let checked = check(&chain, &pem("PRIVATE KEY", &key));
        assert_eq!(checked.is_ok(), is_valid, "{length:x?}: {checked:?}");
    }
}

/// Truncates and changes a pair at each position. There is no panic, and no wrong pair is accepted.
#[test]
fn each_truncation_is_rejected() {
    let (chain, key) = (pem("CERTIFICATE", &certificate(P256, b"p")), pkcs8(P256, b""));
    let key = pem("PRIVATE KEY", &key);
    for end in 0..chain.len() - 1 {
        check(chain.get(..end).unwrap(), &key).unwrap_err();
    }
    let der = certificate(P256, b"p");
    for end in 0..der.len() {
        check(&pem("CERTIFICATE", &der[..end]), &key).unwrap_err();
        for byte in [0, 0x7f, 0x80, 0x84, 0x88, 0xff] {
            let mut der = der.clone();
            der[end] = byte;
            let _ = check(&pem("CERTIFICATE", &der), &key);
        }
    }
}

/// Runs OpenSSL. Returns `None` if it is not installed.
fn openssl(arguments: &[&str]) -> Option<String> {
    let output = Command::new("openssl").args(arguments).output().ok()?;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn keys_of_openssl_match_only_their_certificates() {
    let version = Command::new("openssl").arg("version").output();
    if !version.is_ok_and(|output| output.stdout.starts_with(b"OpenSSL 3")) {
        println!("skipped: OpenSSL 3 is not installed");
        return;
    }
    let folder = Folder::new();
    let mut pairs: Vec<(String, Vec<String>)> = Vec::new();
    for arguments in [
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"][..],
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        &["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        &["-algorithm", "ED25519"],
    ] {
        let file = folder.path("key.pem");
        let path = file.to_str().unwrap();
        let key = openssl(&[&["genpkey"], arguments].concat()).unwrap();
        fs::write(path, &key).unwrap();
        let request = ["req", "-x509", "-new", "-key", path, "-days", "9", "-subj", "/CN=a/O=B"];
        let cert = openssl(&request).unwrap();
        let mut forms = vec![key];
        let mut encrypted: Vec<&[&str]> = vec![&[]];
        if arguments.contains(&"RSA") || arguments.contains(&"EC") {
            forms.extend(openssl(&["pkey", "-in", path, "-traditional"]));
            encrypted.push(&["-traditional"]);
        }
        if arguments.contains(&"EC") {
            let curve = arguments.last().unwrap().rsplit(':').next().unwrap();
            let parameters = openssl(&["ecparam", "-name", curve]).unwrap();
            forms.push(parameters + &forms[1]);
        }
        for form in encrypted {
            let encrypt = ["pkey", "-in", path, "-aes256", "-passout", "pass:x"];
            let key = openssl(&[&encrypt[..], form].concat()).unwrap();
            assert!(check(&cert, &key).unwrap_err().contains("encrypted"), "{key}");
        }
        let file = folder.path("cert.pem");
        fs::write(&file, &cert).unwrap();
        let text = openssl(&["x509", "-text", "-in", file.to_str().unwrap()]).unwrap();
        assert_eq!(check(&text, &forms[0]), Ok(()), "{arguments:?}");
        pairs.push((cert, forms));
    }
    for (index, (cert, _)) in pairs.iter().enumerate() {
        for (other, (_, forms)) in pairs.iter().enumerate() {
            for key in forms {
                let checked = check(cert, key);
                assert_eq!(checked.is_ok(), index == other, "{index} {other}: {checked:?} {key}");
            }
        }
    }
}
