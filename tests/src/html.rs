//! What a page offers a person: its forms, its buttons, and the elements that have an id.

use scraper::{ElementRef, Html, Selector};
use url::Url;

/// A page as far as tests care.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// Text of `title`.
    pub title: String,
    /// Every element with an id, and its text.
    pub elements: Vec<(String, String)>,
    /// Every form.
    pub forms: Vec<Form>,
    /// What frames load.
    pub frames: Vec<String>,
    /// Links with an id, and where they lead.
    pub links: Vec<(String, String)>,
}

/// A form, as a browser would submit it untouched.
#[derive(Debug, Clone)]
pub struct Form {
    /// Where it goes.
    pub action: Url,
    /// `get` or `post`.
    pub method: String,
    /// Names and values of the controls a browser sends, except buttons.
    pub inputs: Vec<(String, String)>,
    /// Controls that can be typed into: id and name.
    typed: Vec<(String, String)>,
    buttons: Vec<Button>,
}

#[derive(Debug, Clone)]
struct Button {
    id: String,
    name: String,
    value: String,
    action: Option<Url>,
}

impl Document {
    /// Reads the page that `url` answered.
    pub fn read(url: &Url, body: &str) -> Self {
        let html = Html::parse_document(body);
        Self {
            title: all(html.root_element(), "title").first().map(|title| text(*title)).unwrap_or_default(),
            elements: all(html.root_element(), "[id]")
                .into_iter()
                .map(|element| (attribute(element, "id"), text(element)))
                .collect(),
            forms: all(html.root_element(), "form").into_iter().map(|form| Form::read(url, form)).collect(),
            frames: all(html.root_element(), "iframe")
                .into_iter()
                .map(|frame| attribute(frame, "src"))
                .collect(),
            links: all(html.root_element(), "a[id]")
                .into_iter()
                .map(|link| (attribute(link, "id"), attribute(link, "href")))
                .collect(),
        }
    }

    /// Whether an element has this id.
    pub fn has(&self, id: &str) -> bool {
        self.elements.iter().any(|(known, _)| known == id)
    }

    /// Text of the element with this id.
    pub fn text(&self, id: &str) -> Option<&str> {
        self.elements.iter().find(|(known, _)| known == id).map(|(_, text)| text.as_str())
    }

    /// Where the link with this id leads.
    pub fn link(&self, id: &str) -> Option<&str> {
        self.links.iter().find(|(known, _)| known == id).map(|(_, href)| href.as_str())
    }

    /// The form that this button submits.
    pub fn form_of(&self, button: &str) -> Option<&Form> {
        self.forms.iter().find(|form| form.buttons.iter().any(|known| known.id == button))
    }
}

impl Form {
    fn read(url: &Url, form: ElementRef<'_>) -> Self {
        let mut inputs = Vec::new();
        let mut typed = Vec::new();
        let mut buttons = Vec::new();
        for control in all(form, "input, button, textarea") {
            let kind = control.attr("type").unwrap_or(if control.value().name() == "button" {
                "submit"
            } else {
                "text"
            });
            let (id, name) = (attribute(control, "id"), attribute(control, "name"));
            match kind {
                "submit" => buttons.push(Button {
                    id,
                    name,
                    value: attribute(control, "value"),
                    action: control
                        .attr("formaction")
                        .map(|action| url.join(action).expect("formaction is a URL")),
                }),
                "button" | "reset" => {}
                "checkbox" | "radio" => {
                    if control.attr("checked").is_some() {
                        inputs.push((name, control.attr("value").unwrap_or("on").to_owned()));
                    }
                }
                _ => {
                    typed.push((id, name.clone()));
                    inputs.push((name, attribute(control, "value")));
                }
            }
        }
        let action = form.attr("action").filter(|action| !action.is_empty());
        Self {
            action: action.map_or_else(|| url.clone(), |action| url.join(action).expect("action is a URL")),
            method: form.attr("method").unwrap_or("get").to_ascii_lowercase(),
            inputs: inputs.into_iter().filter(|(name, _)| !name.is_empty()).collect(),
            typed,
            buttons,
        }
    }

    /// Value of a control by its name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.inputs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Where and what a browser sends when `button` is pressed after typing `fields` (by id).
    pub fn pressed(&self, button: &str, fields: &[(&str, &str)]) -> (Url, Vec<(String, String)>) {
        let mut sent = self.inputs.clone();
        for (id, value) in fields {
            let name = self.typed.iter().find(|(known, _)| known == id).map(|(_, name)| name);
            let name = name.unwrap_or_else(|| panic!("the form has no field #{id}"));
            for (known, old) in &mut sent {
                if known == name {
                    (*value).clone_into(old);
                }
            }
        }
        let pressed = self.buttons.iter().find(|known| known.id == button).expect("the form has the button");
        if !pressed.name.is_empty() {
            sent.push((pressed.name.clone(), pressed.value.clone()));
        }
        (pressed.action.clone().unwrap_or_else(|| self.action.clone()), sent)
    }
}

fn all<'a>(within: ElementRef<'a>, selector: &str) -> Vec<ElementRef<'a>> {
    within.select(&Selector::parse(selector).unwrap()).collect()
}

fn attribute(element: ElementRef<'_>, name: &str) -> String {
    element.attr(name).unwrap_or_default().to_owned()
}

fn text(element: ElementRef<'_>) -> String {
    element.text().collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<title>Sign in</title><form method=post action="/login">
        <input type=hidden name=csrf value=c1><label for=login>Name</label><input id=login name=username>
        <input id=password type=password name=password><input type=checkbox name=remember checked value=yes>
        <button id=submit-login>Go</button>
        <button id=login-cancel name=decision value=cancel formaction="/cancel">Cancel</button></form>
        <p id=note> two
        words</p>"#;

    #[test]
    fn a_form_sends_what_a_browser_sends() {
        let page = Document::read(&"http://localhost:1/login?interaction=i".parse().unwrap(), PAGE);
        let form = page.form_of("submit-login").unwrap();
        let (action, sent) = form.pressed("submit-login", &[("login", "alice"), ("password", "p w")]);
        assert_eq!(action.as_str(), "http://localhost:1/login");
        let expected = [("csrf", "c1"), ("username", "alice"), ("password", "p w"), ("remember", "yes")];
        assert_eq!(sent, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));

        let (action, sent) = form.pressed("login-cancel", &[]);
        assert_eq!(action.path(), "/cancel");
        assert_eq!(sent.last().unwrap().1, "cancel");
    }

    #[test]
    fn text_is_found_by_id() {
        let page = Document::read(&"http://localhost:1/".parse().unwrap(), PAGE);
        assert_eq!((page.title.as_str(), page.text("note")), ("Sign in", Some("two words")));
        assert!(!page.has("error-page"));
    }
}
