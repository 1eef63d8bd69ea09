//! Encrypts private keys with a passphrase, in the formats PKCS#8 (RFC 5958) and PKCS#12 (RFC
//! 7292). Both use PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC (RFC 8018). Salts and
//! initialization vectors are derived from the key, so that the same key and passphrase always
//! result in the same bytes.

use std::num::NonZeroU32;

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ecb::cipher::{BlockCipherEncrypt, KeyInit as _};
use hmac::{Hmac, Mac};
use ring::pbkdf2::{PBKDF2_HMAC_SHA256, derive};
use sha2::{Digest, Sha256};
use yasna::models::ObjectIdentifier;
use yasna::{DERWriter, Tag, construct_der};

/// The number of iterations when a key is derived from a passphrase. It is the default of OpenSSL,
/// because the provider's number is not documented.
const ITERATIONS: u32 = 2048;

/// Encrypts `key`, an unencrypted PKCS#8 key in DER format. Returns the result in PEM format.
pub(super) fn key_pem(key: &[u8], passphrase: &str) -> String {
    let text = STANDARD.encode(pkcs8(key, passphrase));
    let mut pem = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n".to_owned();
    for (index, char) in text.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            pem.push('\n');
        }
        pem.push(char);
    }
    pem + "\n-----END ENCRYPTED PRIVATE KEY-----\n"
}

/// Creates a PKCS#12 file with a certificate and its key, both in DER format. The file does not
/// contain the CA's certificate. The contents of the provider's files are not documented.
pub(super) fn pkcs12(certificate: &[u8], key: &[u8], passphrase: &str) -> Vec<u8> {
    let key_id = Sha256::digest(key);
    let bags = construct_der(|writer| {
        writer.write_sequence(|bags| {
            bag(bags.next(), &[1, 2, 840, 113_549, 1, 12, 10, 1, 3], &key_id, |value| {
                value.write_sequence(|cert| {
                    oid(cert.next(), &[1, 2, 840, 113_549, 1, 9, 22, 1]);
                    cert.next().write_tagged(Tag::context(0), |w| w.write_bytes(certificate));
                });
            });
            bag(bags.next(), &[1, 2, 840, 113_549, 1, 12, 10, 1, 2], &key_id, |value| {
                value.write_der(&pkcs8(key, passphrase));
            });
        });
    });
    let safe = construct_der(|writer| {
        writer.write_sequence(|contents| data(contents.next(), &bags));
    });
    let salt = salt("PKCS#12", key);
    let mac = mac(&safe, &salt, passphrase);
    construct_der(|writer| {
        writer.write_sequence(|pfx| {
            pfx.next().write_u8(3);
            data(pfx.next(), &safe);
            pfx.next().write_sequence(|mac_data| {
                mac_data.next().write_sequence(|digest| {
                    digest.next().write_sequence(|algorithm| {
                        oid(algorithm.next(), &[2, 16, 840, 1, 101, 3, 4, 2, 1]);
                        algorithm.next().write_null();
                    });
                    digest.next().write_bytes(&mac);
                });
                mac_data.next().write_bytes(&salt);
                mac_data.next().write_u32(ITERATIONS);
            });
        });
    })
}

/// Encrypts `key`, an unencrypted PKCS#8 key in DER format. Returns the result in DER format.
fn pkcs8(key: &[u8], passphrase: &str) -> Vec<u8> {
    let (salt, iv) = (salt("PKCS#8", key), salt("IV", key));
    let encrypted = encrypt(key, &derived_key(passphrase, &salt), &iv);
    construct_der(|writer| {
        writer.write_sequence(|info| {
            info.next().write_sequence(|algorithm| {
                oid(algorithm.next(), &[1, 2, 840, 113_549, 1, 5, 13]);
                algorithm.next().write_sequence(|pbes2| {
                    pbes2.next().write_sequence(|derivation| {
                        oid(derivation.next(), &[1, 2, 840, 113_549, 1, 5, 12]);
                        derivation.next().write_sequence(|pbkdf2| {
                            pbkdf2.next().write_bytes(&salt);
                            pbkdf2.next().write_u32(ITERATIONS);
                            pbkdf2.next().write_sequence(|function| {
                                oid(function.next(), &[1, 2, 840, 113_549, 2, 9]);
                                function.next().write_null();
                            });
                        });
                    });
                    pbes2.next().write_sequence(|cipher| {
                        oid(cipher.next(), &[2, 16, 840, 1, 101, 3, 4, 1, 42]);
                        cipher.next().write_bytes(&iv);
                    });
                });
            });
            info.next().write_bytes(&encrypted);
        });
    })
}

fn oid(writer: DERWriter<'_>, numbers: &[u64]) {
    writer.write_oid(&ObjectIdentifier::from_slice(numbers));
}

/// Writes a `ContentInfo` of the type `data` (RFC 5652) that contains `content`.
fn data(writer: DERWriter<'_>, content: &[u8]) {
    writer.write_sequence(|info| {
        oid(info.next(), &[1, 2, 840, 113_549, 1, 7, 1]);
        info.next().write_tagged(Tag::context(0), |writer| writer.write_bytes(content));
    });
}

/// Writes a `SafeBag` with the attribute `localKeyId`, which links a certificate to its key.
fn bag(writer: DERWriter<'_>, kind: &[u64], key_id: &[u8], value: impl FnOnce(DERWriter<'_>)) {
    writer.write_sequence(|bag| {
        oid(bag.next(), kind);
        bag.next().write_tagged(Tag::context(0), value);
        bag.next().write_set(|attributes| {
            attributes.next().write_sequence(|attribute| {
                oid(attribute.next(), &[1, 2, 840, 113_549, 1, 9, 21]);
                attribute.next().write_set(|values| values.next().write_bytes(key_id));
            });
        });
    });
}

/// Derives a salt or an initialization vector of 16 bytes from `key` and `purpose`.
fn salt(purpose: &str, key: &[u8]) -> [u8; 16] {
    let digest = Sha256::new().chain_update(purpose).chain_update(key).finalize();
    let mut salt = [0; 16];
    for (to, from) in salt.iter_mut().zip(digest) {
        *to = from;
    }
    salt
}

fn derived_key(passphrase: &str, salt: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    let iterations = NonZeroU32::new(ITERATIONS).unwrap_or(NonZeroU32::MIN);
    derive(PBKDF2_HMAC_SHA256, iterations, salt, passphrase.as_bytes(), &mut key);
    key
}

/// Encrypts with AES-256-CBC and PKCS#7 padding.
fn encrypt(plain: &[u8], key: &[u8; 32], iv: &[u8; 16]) -> Vec<u8> {
    let cipher = Aes256::new(&(*key).into());
    let padding = 16 - plain.len() % 16;
    let mut padded = plain.to_vec();
    padded.resize(plain.len() + padding, u8::try_from(padding).unwrap_or_default());
    let mut before = *iv;
    let mut out = Vec::with_capacity(padded.len());
    for chunk in padded.chunks(16) {
        let mut block = before;
        for (to, from) in block.iter_mut().zip(chunk) {
            *to ^= from;
        }
        let mut block = block.into();
        cipher.encrypt_block(&mut block);
        before = block.into();
        out.extend_from_slice(&before);
    }
    out
}

/// Returns the integrity MAC of a PKCS#12 file. The key of the MAC is derived as in RFC 7292,
/// appendix B. One output block of SHA-256 is long enough for the whole key.
fn mac(content: &[u8], salt: &[u8], passphrase: &str) -> Vec<u8> {
    let password: Vec<u8> =
        passphrase.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect();
    let blocks = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().copied().cycle().take(bytes.len().div_ceil(64) * 64).collect()
    };
    let mut key = Sha256::new()
        .chain_update([3; 64])
        .chain_update(blocks(salt))
        .chain_update(blocks(&password))
        .finalize();
    for _ in 1..ITERATIONS {
        key = Sha256::digest(key);
    }
    let mac = Hmac::<Sha256>::new_from_slice(&key);
    mac.map(|mac| mac.chain_update(content).finalize().into_bytes().to_vec()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_pem_file_have_64_characters() {
        let pem = key_pem(&[7; 200], "passphrase");
        let lines: Vec<&str> = pem.lines().collect();
        let [first, full @ .., rest, last] = lines.as_slice() else { panic!("{pem}") };
        assert_eq!(*first, "-----BEGIN ENCRYPTED PRIVATE KEY-----");
        assert_eq!(*last, "-----END ENCRYPTED PRIVATE KEY-----");
        assert!(full.len() > 3 && full.iter().all(|line| line.len() == 64), "{pem}");
        assert!((1..=64).contains(&rest.len()), "{pem}");
        let bytes = STANDARD.decode([full.concat(), (*rest).to_owned()].concat());
        assert_eq!(bytes, Ok(pkcs8(&[7; 200], "passphrase")));
    }

    #[test]
    fn salts_depend_on_the_purpose_and_the_key() {
        assert_eq!(salt("IV", b"a"), salt("IV", b"a"));
        assert_ne!(salt("IV", b"a"), salt("PKCS#8", b"a"));
        assert_ne!(salt("IV", b"a"), salt("IV", b"b"));
    }
}
