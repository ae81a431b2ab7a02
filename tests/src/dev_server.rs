//! What a newcomer starts: `grantor serve --dev`, with nothing configured.

use crate::guardian::Folder;
use crate::process::Node;

/// `grantor serve --dev` in an empty directory, on free ports.
#[derive(Debug)]
pub struct DevServer {
    /// What the terminal says to open.
    pub address: String,
    /// The process.
    pub node: Node,
    _directory: Folder,
}

impl DevServer {
    /// Starts it with nothing but other ports, which the environment sets.
    pub async fn start(name: &str) -> Self {
        Self::start_at(name, None, &[]).await
    }

    /// The same under another address, which something in front of it has, and with more settings from the environment.
    pub async fn start_at(name: &str, address: Option<&str>, settings: &[(&str, &str)]) -> Self {
        let directory = Folder::new("grantor-dev-");
        let node = Node::new(name, 0, &directory);
        let address = address.map_or_else(|| node.origin(), str::to_owned);
        let mut environment = vec![
            ("GRANTOR__ISSUER".to_owned(), address.clone()),
            ("GRANTOR__PUBLIC__LISTEN".to_owned(), format!("127.0.0.1:{}", node.public)),
            ("GRANTOR__ADMIN__LISTEN".to_owned(), format!("127.0.0.1:{}", node.admin)),
        ];
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        node.spawn(&["serve", "--dev"], directory.path(), &environment);
        node.ready().await;
        assert!(node.log().contains(&address), "the terminal does not say what to open:\n{}", node.log());
        Self { address, node, _directory: directory }
    }
}
