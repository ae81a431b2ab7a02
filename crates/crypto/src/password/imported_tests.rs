//! Hashes that the systems themselves made: Django 5.2, Werkzeug 3.1, passlib 1.7, bcrypt 5.0, argon2-cffi 25.1
//! and Spring Security 6.4 for [`PASSWORD`]; the others from the tests and documents of their makers.

use super::*;

const PASSWORD: &str = "correct horse battery";

const MADE: &[(&str, &str)] = &[
    ("Django", "pbkdf2_sha256$1000$Zx8yVq0mBkTn$q/PUn62rY2hUTOuDm4p7o6Kgn/i/pSF246W39juqaXk="),
    ("Django", "pbkdf2_sha1$1000$Zx8yVq0mBkTn$Ka4dQZbw6jUjgPatRXQMEH+HuFk="),
    (
        "Django",
        "argon2$argon2id$v=19$m=1024,t=2,p=2$MllIR0F0WWdnckpJcjFRMlFxWUJjMw$4lpHJwzYF3q5nYubeZx9xxRVd/0p+65UZDpuJ+R2miY",
    ),
    (
        "Django",
        "scrypt$1024$twkAUW7cvBR081BjA18AP7$8$5$V3BUivrDbWbl5PvduWZfcBWa8h3qH3e1ZRzmCXDj6T0vy4wU0miB5rKC6hCzaO++mEWzSc23oGvheYo6RacWPw==",
    ),
    ("Django", "bcrypt_sha256$$2b$04$BGINM9MR3QMmf.Ruj.3Jn.LUnMpT03lcaxyUrZFTsysfvw6mt3gBq"),
    ("Django", "bcrypt$$2b$04$vrWtGrWN45Zr4Rn11ub1FengZlL9IeJb8u8TRSDV0ETKSuv.0gcku"),
    (
        "Werkzeug",
        "scrypt:1024:8:1$c2Qyel4goMK3s9gY$01a82b09bd9734d74e19723e12adfb93c5ebc7a336d908505a102afb8d2a49b306840e7aa278ddd79322ad1697e2be85a12a6ffa8fd8a86ad7780b7f055d28f9",
    ),
    (
        "Werkzeug",
        "pbkdf2:sha256:1000$oVPxd5SwZG1nFVtS$911afd6a6841bfe05b1f66bdcc9ed3744ccdaea37efb590a6644ebc9beb5cfa0",
    ),
    (
        "Werkzeug",
        "pbkdf2:sha512:1000$RQRmkHuwFdFJbxJU$5caa23f69e19d9cd5038d4cbbebe71b3431784e55aec82304718df4ee8a216e785fd6be1e45adbf4c5f7797a8a17137ac3ec1b70f6fc7f16f438e63735e329a2",
    ),
    ("bcrypt", "$2b$04$r2sOh8uJJ2U2u38PoFpBs.6nHMlb79iI2YhaFLv6g7ND/gVXXBatC"),
    ("bcrypt", "$2a$04$Vl8zE4/ysAu0OJFN0IXSoeOJfxMTcWhMRQu6rFlK7l72zu1V9jT2K"),
    ("LDAP", "{CRYPT}$2y$04$r2sOh8uJJ2U2u38PoFpBs.6nHMlb79iI2YhaFLv6g7ND/gVXXBatC"),
    ("Spring", "{bcrypt}$2a$04$Vl8zE4/ysAu0OJFN0IXSoeOJfxMTcWhMRQu6rFlK7l72zu1V9jT2K"),
    ("Spring", "{pbkdf2}e27c85b532e7063bd9749258885b113f33daaf65df0c61da1a881530d5bbbf8234a6ff4aaac24fcd"),
    (
        "Spring",
        "{pbkdf2@SpringSecurity_v5_8}1498e653f527ddb04747eb9417e83a746aa8d4772735b43aadb7d0cb0ab07948319648920fac24939456dfaf4b944d0b",
    ),
    ("Spring", "{scrypt}$a0802$CIIV5jspex+cbalVN1fBbQ==$Mq42WvciVkXjRhKAYiEJCMJQ27wvDtH2u6sCdzWn4mU="),
    (
        "Spring",
        "{scrypt@SpringSecurity_v5_8}$100801$iUq41Ha3tVSyXWq4G3LGkA==$kjkTYpuKnwFxHyep10SYS6ns8/iMVMNTIuBnqGfhkRQ=",
    ),
    (
        "Spring",
        "{argon2@SpringSecurity_v5_8}$argon2id$v=19$m=16384,t=2,p=1$px3d0iYi/XguH6sONJg4ag$Qw05jRtxZCGAePNE9sXV15BrkNuO/oAOFpaL2IWNZqU",
    ),
    (
        "argon2-cffi",
        "$argon2id$v=19$m=1024,t=2,p=1$dHy6xEhsavzx7qt3i+503A$z1yRkRvBtIgu6/EGfxPp0dN3RWb4Zd29PN31IN3RwoQ",
    ),
    (
        "argon2-cffi",
        "$argon2i$v=19$m=1024,t=2,p=1$rTEQr1YCIKaZbWUb11SSjQ$t5rBK2JlPaOUvik0PqKsBWjG6RlxVsNF5bSMslHR70k",
    ),
    (
        "argon2-cffi",
        "$argon2d$v=19$m=1024,t=2,p=1$nK97BOupC048fsVan3Ft0Q$A8utsJHWIJtqm2Npa+V4oiZHLxKFYqxnII2Sg/Hu2/0",
    ),
    ("passlib", "$pbkdf2-sha256$1000$iNE6x7iXkjJGCOGcEwLgXA$jaav/xJ96hMdyE8Ete.Gsh1nXxtckFh9LfZZfYfdPS8"),
    (
        "passlib",
        "$pbkdf2-sha512$1000$d67VOucc43xPqRUi5HxvzQ$jS8aSe3.I2FjkMLBo/wPo8yxeL4zOUBraYU5LYjOIARBU6gJTxWdH7MnIeC6MII7wO8Y0zIQSW4H5vImePdTNA",
    ),
    ("passlib", "$pbkdf2$1000$K8U4p/Re633vfW.tFcKYMw$2chN.Q1u6XmWPAv/RKwVwBPN6ok"),
    ("passlib", "$scrypt$ln=10,r=8,p=1$X2vtPYdQ6p2z9p6TEkKo1Q$TkWElJMJ3tMENm2zsr8YWUOoa/v6yl+eG0XN3NMhAy0"),
    ("LDAP", "{PBKDF2}1000$7V0rZeydEyLEuBciZAyhFA$sT92wnsopgCdXeBaeCjcjooX9OE"),
    ("LDAP", "{PBKDF2-SHA256}1000$JKRUqtUaw/gfY.xdC8HY.w$yXmFenbGNJdw1nqnBH6IWnOn//8Rd4lv8UPZGfOjukg"),
    (
        "LDAP",
        "{PBKDF2-SHA512}1000$kLI2pjQmxHgvxRgD4Nwbgw$MJvwpeTr3iU1rPa0pd/Pb.6BcwAjNP7bD301asO2VHzlhso8S8o4RgbXj1g4GDi1px/Ql.XNPQE76K4KQaYY2g",
    ),
];

/// Password and hash.
const PUBLISHED: &[(&str, &str, &str)] = &[
    // jBCrypt's own tests.
    ("jBCrypt", "", "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s."),
    ("jBCrypt", "abcdefghijklmnopqrstuvwxyz", "$2a$08$aTsUwsyowQuzRrDqFflhgekJ8d9/7Z3GV3UcgvzQW3J5zMyrTvlz."),
    // The tests of ASP.NET Core Identity.
    ("ASP.NET 2", "my password", "AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg=="),
    ("ASP.NET 3", "my password", "AQAAAAAAAAD6AAAAEAhftMyfTJylOlZT+eEotFXd1elee8ih5WsjXaR3PA9M"),
    (
        "ASP.NET 3",
        "my password",
        "AQAAAAEAA9CQAAAAIESkQuj2Du8Y+kbc5lcN/W/3NiAZFEm11P27nrSN5/tId+bR1SwV8CO1Jd72r4C08OLvplNlCDc3oQZ8efcW+jQ=",
    ),
    ("ASP.NET 3", "my password", "AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw"),
    // Realm exports of Keycloak 26, and of one before 24.
    (
        "Keycloak",
        "secret",
        r#"{"type": "password", "secretData": "{\"value\":\"xKjWvB9+0sSP6wTqI1JoEI7w+iA0x9VDhPgmrOHRG80=\",\"salt\":\"LRScGShC7shkdoU5B1UgUQ==\",\"additionalParameters\":{}}", "credentialData": "{\"hashIterations\":5,\"algorithm\":\"argon2\",\"additionalParameters\":{\"hashLength\":[\"32\"],\"memory\":[\"7168\"],\"type\":[\"id\"],\"version\":[\"1.3\"],\"parallelism\":[\"1\"]}}"}"#,
    ),
    (
        "Keycloak",
        "alice-password",
        r#"{"secretData": "{\"value\":\"KqABIiReBuRWbP4pBct3W067pNvYzeN7ILBV+8vT8nuF5cgYs2fdl2QikJT/7bGTW/PBXg6CYLwJQFYrBK9MWg==\",\"salt\":\"EPgscX9CQz7UnuZDNZxtMw==\"}", "credentialData": "{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\"}"}"#,
    ),
    // RFC 7914 section 12.
    (
        "RFC 7914",
        "pleaseletmein",
        "scrypt:16384:8:1$SodiumChloride$7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
    ),
    // RFC 6070 section 2.
    ("RFC 6070", "password", "pbkdf2:sha1:4096$salt$4b007901b765489abead49d926f721d065a429c1"),
];

fn all() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    MADE.iter().map(|(by, hash)| (*by, PASSWORD, *hash)).chain(PUBLISHED.iter().copied())
}

#[test]
fn what_other_systems_made_is_verified_and_replaced_at_the_next_login() {
    for (by, password, hash) in all() {
        let stored = import_password_hash(hash).unwrap_or_else(|refused| panic!("{by} {hash}: {refused}"));
        assert_eq!(verify_password(&password.into(), &stored), Ok(true), "{by} {hash}");
        let longer = format!("{password}x");
        assert_eq!(verify_password(&longer.into(), &stored), Ok(false), "{by} {hash}");
        assert!(needs_rehash(&stored), "{by} {hash}");
    }
}

#[test]
fn what_is_stored_is_one_text_for_one_hash() {
    for (by, _, hash) in all() {
        let stored = import_password_hash(hash).unwrap();
        assert_eq!(import_password_hash(&stored).as_deref(), Ok(stored.as_str()), "{by}");
        assert!(stored.starts_with('$') || stored.starts_with(bcrypt::OVER_SHA256), "{stored}");
    }
}

#[test]
fn a_hash_of_ours_is_taken_over_as_it_is() {
    let ours = hash_password(&PASSWORD.into()).unwrap();
    assert_eq!(import_password_hash(&ours).as_deref(), Ok(ours.as_str()));
    assert!(!needs_rehash(&ours));
}

#[test]
fn a_password_that_is_shorter_than_ours_may_be_is_rehashed_all_the_same() {
    let rehashed = rehash_password(&"abc".into()).unwrap();
    assert_eq!(verify_password(&"abc".into(), &rehashed), Ok(true));
    assert!(!needs_rehash(&rehashed));
}

// The hash is bcrypt 5.0's of 72 times "a".
#[test]
fn bcrypt_sees_72_bytes_and_no_more_and_django_over_sha_256_sees_all() {
    let hash = "$2b$04$IBMk//SnavaJH2oWVaJiGeTkfiUBJPl.SQKjiSsd/avLAtuilV9fi";
    let stored = import_password_hash(hash).unwrap();
    for (count, expected) in [(71, false), (72, true), (73, true), (200, true)] {
        assert_eq!(verify_password(&"a".repeat(count).into(), &stored), Ok(expected), "{count}");
    }
    // Its input has 64 bytes, however long the password is.
    let over = "bcrypt_sha256$$2b$04$BGINM9MR3QMmf.Ruj.3Jn.LUnMpT03lcaxyUrZFTsysfvw6mt3gBq";
    assert_eq!(verify_password(&format!("{PASSWORD}{}", "a".repeat(80)).into(), over), Ok(false));
}

#[test]
fn a_zero_byte_does_not_end_a_password() {
    let stored =
        import_password_hash("$2b$04$r2sOh8uJJ2U2u38PoFpBs.6nHMlb79iI2YhaFLv6g7ND/gVXXBatC").unwrap();
    assert_eq!(verify_password(&format!("{PASSWORD}\0and more").into(), &stored), Ok(false));
}

#[test]
fn what_would_be_an_attack_on_ourselves_is_refused_with_its_bound() {
    let hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let costly = [
        format!("$argon2id$v=19$m=524288,t=1,p=1$c2FsdHNhbHQ${hash}"),
        format!("$argon2id$v=19$m=262144,t=16,p=1$c2FsdHNhbHQ${hash}"),
        format!("$argon2id$v=19$m=19456,t=100,p=1$c2FsdHNhbHQ${hash}"),
        format!("$argon2id$v=19$m=19456,t=2,p=64$c2FsdHNhbHQ${hash}"),
        "$2b$15$r2sOh8uJJ2U2u38PoFpBs.6nHMlb79iI2YhaFLv6g7ND/gVXXBatC".to_owned(),
        format!("pbkdf2_sha256$4000001$salt${hash}="),
        format!("$scrypt$ln=19,r=8,p=1$c2FsdA${hash}"),
        format!("$scrypt$ln=17,r=8,p=8$c2FsdA${hash}"),
        format!("$scrypt$ln=63,r=4294967295,p=4294967295$c2FsdA${hash}"),
    ];
    for hash in costly {
        let refused = import_password_hash(&hash).unwrap_err();
        assert!(matches!(refused, HashRefused::TooCostly { .. }), "{hash}: {refused}");
        assert_eq!(verify_password(&PASSWORD.into(), &hash), Err(PasswordError::UnusableHash));
    }
    let bearable = [
        "pbkdf2_sha256$1500000$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned(),
        format!("$scrypt$ln=17,r=8,p=1$c2FsdA${hash}"),
        "$2b$14$r2sOh8uJJ2U2u38PoFpBs.6nHMlb79iI2YhaFLv6g7ND/gVXXBatC".to_owned(),
        format!("$argon2id$v=19$m=65536,t=4,p=4$c2FsdHNhbHQ${hash}"),
    ];
    for hash in bearable {
        assert!(import_password_hash(&hash).is_ok(), "{hash}");
    }
}

#[test]
fn what_cannot_be_taken_over_is_refused_with_the_reason() {
    use HashRefused::{NoPassword, NotOffered, Plain, UnknownForm};
    for (hash, expected) in [
        ("", NoPassword),
        ("!", NoPassword),
        ("*LK*", NoPassword),
        ("{noop}secret", Plain),
        ("{cleartext}secret", Plain),
        ("{SSHA}MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=", NotOffered("unstretched")),
        ("md5$salt$5f4dcc3b5aa765d61d8327deb882cf99", NotOffered("unstretched")),
        ("$1$salt$qJH7.N4xYta3aEG/dfqo/0", NotOffered("MD5-crypt")),
        ("$6$salt$abc", NotOffered("SHA-crypt")),
        ("$P$Bsalt", NotOffered("phpass")),
        ("$2x$04$r2sOh8uJJ2U2u38PoFpBs.6nHMlb79iI2YhaFLv6g7ND/gVXXBatC", NotOffered("bcrypt $2x$")),
        ("hunter2", UnknownForm),
        ("5f4dcc3b5aa765d61d8327deb882cf99", UnknownForm),
        ("{NEW}abc", UnknownForm),
        ("$new$abc", UnknownForm),
    ] {
        assert_eq!(import_password_hash(hash), Err(expected), "{hash}");
    }
}

#[test]
fn a_broken_hash_is_refused_and_matches_nothing() {
    let broken = [
        "$2b$12$",
        "$2b$12$abc",
        "$2b$xx$r2sOh8uJJ2U2u38PoFpBs.6nHMlb79iI2YhaFLv6g7ND/gVXXBatC",
        "$2b$04$r2sOh8uJJ2U2u38PoFpBs.6nHMlb79iI2YhaFLv6g7ND/gVXXBat!",
        "$argon2id$v=19$m=19456,t=2,p=1",
        "$argon2id$v=19$m=1024,t=2,p=1$dHy6xEhsavzx7qt3i+503A",
        "$pbkdf2-sha256$1000$c2FsdA$",
        "$pbkdf2-sha256$0$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$pbkdf2-sha256$1000$$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$pbkdf2-sha256$1000$c2FsdA$AAAA",
        "pbkdf2_sha256$1000$salt",
        "pbkdf2:sha256$salt$00",
        "pbkdf2:sha256:1000$salt$0",
        "scrypt:1000:8:1$salt$00000000000000000000000000000000",
        "scrypt$1024$salt$0$1$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "$scrypt$ln=0,r=8,p=1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AQAAAAEAACcQAAAAEA==",
        "{pbkdf2}abcd",
        r#"{"secretData": "{}", "credentialData": "{}"}"#,
        r#"{"value": "x"}"#,
    ];
    for hash in broken {
        let refused = import_password_hash(hash).unwrap_err();
        assert!(matches!(refused, HashRefused::Broken { .. }), "{hash}: {refused}");
        assert!(verify_password(&PASSWORD.into(), hash).is_err(), "{hash}");
    }
}
