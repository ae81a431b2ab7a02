use proptest::prelude::*;

use super::*;

fn target(text: &str) -> Target {
    Target::parse(text).unwrap_or_else(|refusal| panic!("{text}: {refusal}"))
}

fn literal(text: &str) -> IpAddr {
    match target(text).host() {
        Host::Ipv4(address) => IpAddr::V4(*address),
        Host::Ipv6(address) => IpAddr::V6(*address),
        Host::Domain(name) => panic!("{name} is a name"),
    }
}

fn allowing(networks: &[&str]) -> AddressPolicy {
    AddressPolicy::new(networks.iter().map(|network| network.parse().unwrap()).collect())
}

// T136
#[test]
fn addresses_beside_the_public_internet_are_refused() {
    for address in [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "169.254.1.1",
        "100.64.0.1",
        "100.127.255.255",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "192.0.2.1",
        "198.51.100.7",
        "203.0.113.9",
        "198.18.0.1",
        "198.19.255.255",
        "192.88.99.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:808:808::",
        "2001::1",
        "2001:10::1",
        "2001:2::1",
        "2001:db8::1",
        "3fff:fff::1",
        "100::1",
        "5f00::1",
        "fc00::1",
        "fd00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::a9fe:a9fe",
        "fec0::1",
        "ff02::1",
    ] {
        let address: IpAddr = address.parse().unwrap();
        assert!(!is_public(address), "{address}");
        let refused = AddressPolicy::default().permitted(&target("https://app.example/jwks"), &[address]);
        assert_eq!(refused, Err(Refusal::Address(address)));
    }
}

#[test]
fn addresses_of_the_public_internet_are_permitted() {
    for address in [
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "198.17.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "2606:4700::1111",
        "2001:4860:4860::8888",
        "2a00:1450::1",
        "64:ff9b::808:808",
        "::ffff:8.8.8.8",
    ] {
        let address: IpAddr = address.parse().unwrap();
        assert!(is_public(address), "{address}");
        assert!(AddressPolicy::default().permits(&target("https://app.example"), address), "{address}");
    }
}

// T137
#[test]
fn an_address_is_known_in_every_spelling() {
    for text in [
        "https://2130706433/",
        "https://0x7f000001/",
        "https://017700000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.01/",
        "https://127.1/",
        "https://127.0.0.1./",
        "https://127.0.1/",
        "https://%31%32%37.0.0.1/",
        "https://１２７.０.０.１/",
        "https://①②⑦.0.0.1/",
        "https://127。0。0。1/",
        "https:127.0.0.1",
        "https:\\\\127.0.0.1\\",
    ] {
        assert_eq!(literal(text), IpAddr::V4(Ipv4Addr::LOCALHOST), "{text}");
    }
    assert_eq!(literal("https://[::ffff:7f00:1]/").to_canonical(), IpAddr::V4(Ipv4Addr::LOCALHOST));
    assert_eq!(literal("https://[0:0:0:0:0:0:0:1]/"), IpAddr::V6(Ipv6Addr::LOCALHOST));
}

// T137, T140
#[test]
fn user_information_foreign_schemes_and_ports_are_refused() {
    assert_eq!(Target::parse("https://u:p@app.example/"), Err(Refusal::UserInformation));
    assert_eq!(Target::parse("https://u@app.example/"), Err(Refusal::UserInformation));
    for text in [
        "gopher://a.example",
        "file:///etc/passwd",
        "ftp://a.example",
        "unix:/run/x",
        "data:,x",
        "ws://a.example",
    ] {
        assert_eq!(Target::parse(text), Err(Refusal::Scheme), "{text}");
    }
    assert_eq!(Target::parse("https://./jwks"), Err(Refusal::NotAUrl), "a name of nothing but a dot");
    assert_eq!(Target::parse("/jwks"), Err(Refusal::NotAUrl));
    let public: IpAddr = "1.1.1.1".parse().unwrap();
    for port in [22, 25, 80, 5432, 6379, 11211] {
        let refused =
            AddressPolicy::default().permitted(&target(&format!("https://a.example:{port}")), &[public]);
        assert_eq!(refused, Err(Refusal::Port(port)));
    }
    assert!(AddressPolicy::default().permits(&target("https://a.example:8443"), public));
}

#[test]
fn plain_http_is_for_allowed_networks_alone() {
    let policy = allowing(&["127.0.0.1/32", "10.1.0.0/16"]);
    let (plain, tls) = (target("http://app.example:9000/jwks"), target("https://app.example:22/jwks"));
    for allowed in ["127.0.0.1", "10.1.2.3", "::ffff:127.0.0.1"] {
        assert!(policy.permits(&plain, allowed.parse().unwrap()), "{allowed}");
        assert!(policy.permits(&tls, allowed.parse().unwrap()), "{allowed}");
    }
    assert!(!policy.permits(&plain, "127.0.0.2".parse().unwrap()));
    assert_eq!(policy.permitted(&plain, &["1.1.1.1".parse().unwrap()]), Err(Refusal::Scheme));
}

#[test]
fn no_setting_opens_metadata_services() {
    let policy = allowing(&["0.0.0.0/0", "::/0"]);
    for address in [
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "ff02::1",
    ] {
        assert!(!policy.permits(&target("http://app.example"), address.parse().unwrap()), "{address}");
    }
    assert!(policy.permits(&target("http://app.example"), "192.168.0.1".parse().unwrap()));
}

// T138
#[test]
fn of_a_mix_only_the_good_addresses_are_used() {
    let (good, bad): (IpAddr, IpAddr) = ("1.1.1.1".parse().unwrap(), "10.0.0.1".parse().unwrap());
    let target = target("https://app.example/");
    assert_eq!(AddressPolicy::default().permitted(&target, &[bad, good, bad]), Ok(vec![good]));
    assert_eq!(AddressPolicy::default().permitted(&target, &[bad]), Err(Refusal::Address(bad)));
}

#[test]
fn what_is_sent_is_the_name_and_the_path() {
    let parsed = target("https://App.example.:8443/a/../jwks?x=1#part");
    assert_eq!(parsed.authority(), "app.example:8443");
    assert_eq!(parsed.path_and_query(), "/jwks?x=1");
    assert_eq!(target("https://[2606:4700::1111]").authority(), "[2606:4700::1111]");
    assert_eq!(target("https://a.example").path_and_query(), "/");
}

proptest! {
    #[test]
    fn every_form_of_an_ipv4_address_is_as_good_as_the_address(bits: u32) {
        let plain = Ipv4Addr::from(bits);
        let public = is_public(IpAddr::V4(plain));
        prop_assert_eq!(is_public(IpAddr::V6(plain.to_ipv6_mapped())), public);
        let nat64 = Ipv6Addr::from((0x64_ff9b_u128 << 96) | u128::from(bits));
        prop_assert_eq!(is_public(IpAddr::V6(nat64)), public);
        prop_assert!(!is_public(IpAddr::V6(Ipv6Addr::from((0x2002_u128 << 112) | (u128::from(bits) << 80)))));
        for spelling in [format!("https://{bits}/"), format!("https://{bits:#x}/"), format!("https://0{bits:o}/")] {
            prop_assert_eq!(literal(&spelling), IpAddr::V4(plain));
        }
    }

    #[test]
    fn nothing_that_the_standard_library_calls_special_is_public(bits: u128, v4: u32) {
        let v4 = Ipv4Addr::from(v4);
        if v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast() || v4.is_documentation()
            || v4.is_broadcast() || v4.is_unspecified()
        {
            prop_assert!(!is_public(IpAddr::V4(v4)));
        }
        let v6 = Ipv6Addr::from(bits);
        if v6.is_loopback() || v6.is_multicast() || v6.is_unique_local() || v6.is_unicast_link_local() {
            prop_assert!(!is_public(IpAddr::V6(v6)));
        }
    }

    #[test]
    fn no_text_makes_the_policy_panic_or_connect_elsewhere(text in ".*", host in "[0-9a-fx.:%\\[\\]]{1,40}") {
        for text in [text, format!("https://{host}/")] {
            if let Ok(target) = Target::parse(&text) {
                let address = match target.host() {
                    Host::Ipv4(address) => IpAddr::V4(*address),
                    Host::Ipv6(address) => IpAddr::V6(*address),
                    Host::Domain(name) => {
                        // Nothing that a resolver would take for an address is left a name.
                        prop_assert!(name.parse::<IpAddr>().is_err(), "{}", name);
                        continue;
                    }
                };
                prop_assert_eq!(
                    AddressPolicy::default().permitted(&target, &[address]).is_ok(),
                    target.is_tls() && is_public(address) && is_web_port(target.port())
                );
            }
        }
    }
}
