//! Accessibility and looks of a page: axe-core finds no violation of WCAG 2.2 AA, nothing scrolls
//! sideways, and a screenshot is kept; in light and dark, on a desktop and a phone.

use std::fs;

use serde_json::{Value, json};

use crate::npm::node_module;
use crate::page::Page;

/// What the person's system prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `prefers-color-scheme: light`.
    Light,
    /// `prefers-color-scheme: dark`.
    Dark,
}

/// What the person holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// 1280 by 900.
    Desktop,
    /// 390 by 844, touch, two device pixels to one.
    Phone,
    /// 320 by 640: what WCAG 2.2 reflow (1.4.10) asks, and a page at 400 % zoom.
    Narrow,
}

const RULES: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'],
        resultTypes: ['violations'],
    }).then((found) => done({violations: found.violations}), (fault) => done({fault: String(fault)}));";

impl Page {
    /// Shows the page as such a person would see it.
    pub async fn shown(&self, scheme: Scheme, screen: Screen) {
        let value = if scheme == Scheme::Dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
        let (width, height, scale, mobile) = match screen {
            Screen::Desktop => (1280, 900, 1, false),
            Screen::Phone => (390, 844, 2, true),
            Screen::Narrow => (320, 640, 2, true),
        };
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Asserts that the page is one that everybody can use, in every scheme and on every screen,
    /// and keeps screenshots as `<test>-<name>-<scheme>-<screen>.png`.
    pub async fn is_accessible(&self, name: &str) {
        for scheme in [Scheme::Light, Scheme::Dark] {
            for screen in [Screen::Desktop, Screen::Phone, Screen::Narrow] {
                self.shown(scheme, screen).await;
                let label = format!("{name}-{scheme:?}-{screen:?}").to_lowercase();
                self.screenshot(&label).await;
                let wide =
                    self.run("return document.documentElement.scrollWidth > window.innerWidth", vec![]).await;
                assert_eq!(wide, json!(false), "{label} scrolls sideways");
                let violations = self.violations().await;
                assert!(violations.is_empty(), "axe finds on {label} at {}:\n{violations}", self.url().await);
            }
        }
        self.shown(Scheme::Light, Screen::Desktop).await;
    }

    /// What axe-core objects to on the page as shown, one finding a paragraph; empty when nothing.
    pub async fn violations(&self) -> String {
        if self.run("return typeof axe === 'undefined'", vec![]).await == json!(true) {
            let source = fs::read_to_string(node_module("axe-core/axe.min.js")).unwrap();
            self.run(&source, vec![]).await;
        }
        let found = self.run_async(RULES, vec![]).await;
        let violations = found["violations"].as_array().unwrap_or_else(|| panic!("axe did not run: {found}"));
        violations.iter().map(described).collect::<Vec<_>>().join("\n")
    }
}

fn described(violation: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines =
        format!("{} ({}): {}", text(&violation["id"]), text(&violation["impact"]), text(&violation["help"]));
    for node in violation["nodes"].as_array().into_iter().flatten() {
        let summary = text(&node["failureSummary"]).replace('\n', " ");
        lines.extend(["\n    ", &text(&node["html"]), "\n    ", &summary]);
    }
    lines
}
