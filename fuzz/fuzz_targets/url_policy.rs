//! Where we connect for a client (security of outgoing calls): what is let through is on the public internet by the standard
//! library's opinion too, and what stands in the request cannot begin another one.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use libfuzzer_sys::fuzz_target;
use policy::{AddressPolicy, Target, is_public};

#[path = "../../crates/server/src/outbound/policy.rs"]
mod policy;

fn special_v4(address: Ipv4Addr) -> bool {
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
}

fn special(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => special_v4(v4),
        IpAddr::V6(v6) => {
            let segments = v6.segments();
            let embedded = |high: u16, low: u16| {
                let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
                special_v4(Ipv4Addr::new(a, b, c, d))
            };
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] && embedded(segments[6], segments[7])
                || segments[..2] == [0x2002, 0]
        }
    }
}

fn judged(target: &Target, address: IpAddr) {
    let policy = AddressPolicy::default();
    if is_public(address) {
        assert!(!special(address), "{address}");
    }
    if policy.permits(target, address) {
        assert!(target.is_tls() && !special(address), "{target:?} {address}");
        assert_eq!(policy.permitted(target, &[address]), Ok(vec![address]));
    } else {
        assert!(policy.permitted(target, &[address]).is_err());
    }
}

/// An IPv6 address, an IPv4 address, and a URL.
fuzz_target!(|data: &[u8]| {
    let Some((v6, rest)) = data.split_first_chunk::<16>() else { return };
    let Some((v4, rest)) = rest.split_first_chunk::<4>() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let Ok(target) = Target::parse(text) else { return };
    let (authority, path) = (target.authority(), target.path_and_query());
    let breaks = |text: &str| text.contains(|c: char| c.is_ascii_control() || c == ' ' || c == '#');
    assert!(path.starts_with('/') && !breaks(&path), "{path:?}");
    assert!(!authority.is_empty() && !breaks(&authority) && !authority.contains(['@', '/', '?']), "{authority:?}");
    assert!(target.port() != 0 || text.contains(":0"), "{text}");
    judged(&target, IpAddr::from(*v6));
    judged(&target, IpAddr::from(*v4));
    match target.host() {
        url::Host::Ipv4(address) => judged(&target, IpAddr::V4(*address)),
        url::Host::Ipv6(address) => judged(&target, IpAddr::V6(*address)),
        url::Host::Domain(name) => assert!(!name.is_empty(), "{text:?}"),
    }
});
