//! The password hashes of other systems, as they write them. docs/importing-users.md has the table.

use super::{
    PasswordHash, argon2_phc,
    bcrypt::Bcrypt,
    encoding::{from_b64, from_hex},
    keycloak,
    pbkdf2::{self, Digest, Pbkdf2},
    refused::HashRefused,
    scrypt::{self, Scrypt},
};

/// What to store for a hash that another system made; a text of any of the forms in docs/importing-users.md.
pub fn import_password_hash(text: &str) -> Result<String, HashRefused> {
    read(text).map(|hash| hash.to_string())
}

fn read(text: &str) -> Result<PasswordHash, HashRefused> {
    if text.starts_with('{') {
        return match text.split_once('}') {
            Some((prefix, _)) if prefix.contains('"') => keycloak::read(text),
            Some((prefix, rest)) => prefixed(prefix.trim_start_matches('{'), rest),
            None => Err(HashRefused::UnknownForm),
        };
    }
    if text.starts_with('$') {
        return modular(text);
    }
    if text.is_empty() || text.starts_with(['!', '*']) {
        return Err(HashRefused::NoPassword);
    }
    let Some((scheme, rest)) = text.split_once('$') else {
        return asp_net(text);
    };
    match scheme {
        "argon2" => modular(&format!("${rest}")),
        "bcrypt" => modular(rest),
        "bcrypt_sha256" => Bcrypt::parse(text).map(PasswordHash::Bcrypt),
        "scrypt" => django_scrypt(rest).map(PasswordHash::Scrypt),
        "md5" | "unsalted_md5" | "sha1" | "unsalted_sha1" | "crypt" => {
            Err(HashRefused::NotOffered("unstretched"))
        }
        _ => match (scheme.split_once('_'), scheme.split_once(':')) {
            (Some(("pbkdf2", digest)), _) => django_pbkdf2(digest, rest).map(PasswordHash::Pbkdf2),
            (_, Some(("pbkdf2", method))) => werkzeug_pbkdf2(method, rest).map(PasswordHash::Pbkdf2),
            (_, Some(("scrypt", method))) => werkzeug_scrypt(method, rest).map(PasswordHash::Scrypt),
            _ => Err(HashRefused::UnknownForm),
        },
    }
}

/// `$scheme$...`, the forms of crypt(3) and of the PHC.
pub(super) fn modular(text: &str) -> Result<PasswordHash, HashRefused> {
    let scheme = text.strip_prefix('$').and_then(|rest| rest.split('$').next()).unwrap_or_default();
    match scheme {
        "argon2id" | "argon2i" | "argon2d" => argon2_phc(text),
        "2a" | "2b" | "2y" | "2x" => Bcrypt::parse(text).map(PasswordHash::Bcrypt),
        "scrypt" => Scrypt::parse(text).map(PasswordHash::Scrypt),
        "1" | "apr1" => Err(HashRefused::NotOffered("MD5-crypt")),
        "5" | "6" => Err(HashRefused::NotOffered("SHA-crypt")),
        "y" | "7" | "gy" => Err(HashRefused::NotOffered("yescrypt")),
        "P" | "H" | "S" => Err(HashRefused::NotOffered("phpass")),
        "bcrypt-sha256" => Err(HashRefused::NotOffered("passlib's bcrypt-sha256")),
        "wp" => Err(HashRefused::NotOffered("WordPress's bcrypt")),
        _ if scheme.starts_with("pbkdf2") => Pbkdf2::parse(text).map(PasswordHash::Pbkdf2),
        _ => Err(HashRefused::UnknownForm),
    }
}

/// `{SCHEME}...`, as LDAP directories and Spring Security write it.
fn prefixed(scheme: &str, rest: &str) -> Result<PasswordHash, HashRefused> {
    let scheme = scheme.to_ascii_lowercase();
    match scheme.as_str() {
        "crypt" | "bcrypt" | "blf-crypt" | "argon2" | "argon2@springsecurity_v5_8" => modular(rest),
        "pbkdf2" if !rest.contains('$') => {
            spring_pbkdf2(Digest::Sha1, 185_000, 8, rest).map(PasswordHash::Pbkdf2)
        }
        "pbkdf2@springsecurity_v5_8" => {
            spring_pbkdf2(Digest::Sha256, 310_000, 16, rest).map(PasswordHash::Pbkdf2)
        }
        "scrypt" | "scrypt@springsecurity_v5_8" => spring_scrypt(rest).map(PasswordHash::Scrypt),
        "pbkdf2" => ldap_pbkdf2("sha1", rest).map(PasswordHash::Pbkdf2),
        "noop" | "plain" | "clear" | "cleartext" => Err(HashRefused::Plain),
        "ssha" | "sha" | "md5" | "smd5" | "ldap" => Err(HashRefused::NotOffered("unstretched")),
        _ => match scheme.strip_prefix("pbkdf2-") {
            Some(digest) => ldap_pbkdf2(digest, rest).map(PasswordHash::Pbkdf2),
            None if scheme.contains("sha") || scheme.contains("md") => {
                Err(HashRefused::NotOffered("unstretched"))
            }
            None => Err(HashRefused::UnknownForm),
        },
    }
}

fn digest(name: &str) -> Result<Digest, HashRefused> {
    Digest::named(name)
        .ok_or(HashRefused::NotOffered("PBKDF2 with another hash than SHA-1, SHA-256 and SHA-512"))
}

fn broken_pbkdf2(reason: &'static str) -> HashRefused {
    HashRefused::Broken { scheme: pbkdf2::SCHEME, reason }
}

fn broken_scrypt(reason: &'static str) -> HashRefused {
    HashRefused::Broken { scheme: scrypt::SCHEME, reason }
}

/// `iterations$salt$hash`: the salt is the text itself, the hash base64.
fn django_pbkdf2(name: &str, rest: &str) -> Result<Pbkdf2, HashRefused> {
    let mut parts = rest.split('$');
    let (Some(iterations), Some(salt), Some(hash), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(broken_pbkdf2("it must be pbkdf2_sha256$iterations$salt$hash"));
    };
    let iterations = iterations.parse().map_err(|_| broken_pbkdf2("the iterations are no number"))?;
    let hash = from_b64(hash).ok_or(broken_pbkdf2("the hash must be base64"))?;
    Pbkdf2::new(digest(name)?, iterations, salt, hash)
}

/// `N$salt$r$p$hash`: the salt is the text itself, the hash base64.
fn django_scrypt(rest: &str) -> Result<Scrypt, HashRefused> {
    let mut parts = rest.split('$');
    let (Some(n), Some(salt), Some(r), Some(p), Some(hash), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(broken_scrypt("it must be scrypt$N$salt$r$p$hash"));
    };
    let (Ok(n), Ok(r), Ok(p)) = (n.parse(), r.parse(), p.parse()) else {
        return Err(broken_scrypt("N, r and p must be numbers"));
    };
    let hash = from_b64(hash).ok_or(broken_scrypt("the hash must be base64"))?;
    Scrypt::with_n(n, r, p, salt, hash)
}

/// `sha256:iterations` and `salt$hash`: the salt is the text itself, the hash hexadecimal.
fn werkzeug_pbkdf2(method: &str, rest: &str) -> Result<Pbkdf2, HashRefused> {
    // Each version had other iterations where none are written.
    let (name, iterations) = method
        .split_once(':')
        .ok_or(broken_pbkdf2("it must name its iterations: pbkdf2:sha256:600000$..."))?;
    let iterations = iterations.parse().map_err(|_| broken_pbkdf2("the iterations are no number"))?;
    let (salt, hash) = rest.split_once('$').ok_or(broken_pbkdf2("there is no hash behind the salt"))?;
    let hash = from_hex(hash).ok_or(broken_pbkdf2("the hash must be hexadecimal"))?;
    Pbkdf2::new(digest(name)?, iterations, salt, hash)
}

/// `N:r:p` and `salt$hash`: the salt is the text itself, the hash hexadecimal.
fn werkzeug_scrypt(method: &str, rest: &str) -> Result<Scrypt, HashRefused> {
    let mut numbers = method.split(':').map(str::parse::<u32>);
    let (Some(Ok(n)), Some(Ok(r)), Some(Ok(p)), None) =
        (numbers.next(), numbers.next(), numbers.next(), numbers.next())
    else {
        return Err(broken_scrypt("it must begin with scrypt:N:r:p"));
    };
    let (salt, hash) = rest.split_once('$').ok_or(broken_scrypt("there is no hash behind the salt"))?;
    let hash = from_hex(hash).ok_or(broken_scrypt("the hash must be hexadecimal"))?;
    Scrypt::with_n(n.into(), r, p, salt, hash)
}

/// `iterations$salt$hash`, salt and hash in base64 (OpenLDAP's pw-pbkdf2, passlib's `ldap_pbkdf2_*`).
fn ldap_pbkdf2(name: &str, rest: &str) -> Result<Pbkdf2, HashRefused> {
    digest(name)?;
    Pbkdf2::parse(&format!("$pbkdf2-{name}${rest}"))
}

/// Hexadecimal, the salt in front; the prefix stands for everything else (`Pbkdf2PasswordEncoder`, without a secret).
fn spring_pbkdf2(digest: Digest, iterations: u32, salt: usize, rest: &str) -> Result<Pbkdf2, HashRefused> {
    let bytes = from_hex(rest).ok_or(broken_pbkdf2("salt and hash must be hexadecimal"))?;
    let (salt, hash) = bytes.split_at_checked(salt).ok_or(broken_pbkdf2("it is cut off"))?;
    Pbkdf2::new(digest, iterations, salt, hash.to_vec())
}

/// `$parameters$salt$hash`: log2 of N, r and p as one hexadecimal number, the rest base64 (`SCryptPasswordEncoder`).
fn spring_scrypt(rest: &str) -> Result<Scrypt, HashRefused> {
    let mut parts = rest.strip_prefix('$').unwrap_or_default().split('$');
    let (Some(cost), Some(salt), Some(hash), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(broken_scrypt("it must be {scrypt}$parameters$salt$hash"));
    };
    let cost =
        u32::from_str_radix(cost, 16).map_err(|_| broken_scrypt("the parameters must be hexadecimal"))?;
    let decoded = |text| from_b64(text).ok_or(broken_scrypt("salt and hash must be base64"));
    let log_n = u8::try_from(cost >> 16).map_err(|_| broken_scrypt("N is too large"))?;
    Scrypt::new(log_n, (cost >> 8) & 0xff, cost & 0xff, decoded(salt)?, decoded(hash)?)
}

/// ASP.NET Identity: base64 of a format byte and what it says: version 2 (0) or version 3 (1).
fn asp_net(text: &str) -> Result<PasswordHash, HashRefused> {
    let bytes = from_b64(text).ok_or(HashRefused::UnknownForm)?;
    let hash = match bytes.split_first() {
        Some((0, rest)) if rest.len() == 48 => {
            let (salt, hash) = rest.split_at(16);
            Pbkdf2::new(Digest::Sha1, 1000, salt, hash.to_vec())
        }
        Some((1, rest)) => asp_net_3(rest),
        _ => Err(HashRefused::UnknownForm),
    };
    hash.map(PasswordHash::Pbkdf2)
}

/// Three big-endian numbers (hash function, iterations, length of the salt), salt, hash.
fn asp_net_3(rest: &[u8]) -> Result<Pbkdf2, HashRefused> {
    let cut_off = broken_pbkdf2("it is cut off");
    let (head, rest) = rest.split_at_checked(12).ok_or(cut_off)?;
    let (numbers, _) = head.as_chunks::<4>();
    let [function, iterations, salt] = numbers else {
        return Err(cut_off);
    };
    let digest = match u32::from_be_bytes(*function) {
        0 => Digest::Sha1,
        1 => Digest::Sha256,
        2 => Digest::Sha512,
        _ => return Err(broken_pbkdf2("its hash function is not known")),
    };
    let salt = usize::try_from(u32::from_be_bytes(*salt)).unwrap_or(usize::MAX);
    let (salt, hash) = rest.split_at_checked(salt).ok_or(cut_off)?;
    Pbkdf2::new(digest, u32::from_be_bytes(*iterations), salt, hash.to_vec())
}
