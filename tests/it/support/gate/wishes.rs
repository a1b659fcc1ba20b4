//! What a test wants to be different about a gate, and the configuration that comes of it.

use super::Gate;

/// What a test wants to be different. Every text is YAML.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// The value of `store:`, on one line; `$DIR` is the folder of this gate.
    pub store: String,
    /// More keys of `sign_in:`, as in `link_lifetime: 1m`.
    pub sign_in: String,
    /// More keys of `session:`, as in `domain: example.com`.
    pub session: String,
    /// The value of `trusted_proxies:`.
    pub trusted: String,
    /// The value of `mail:`; the folder `mails` if empty.
    pub mail: String,
    /// The whole list under `sites:`; one site with usual rules if empty. `$ORIGIN`, `$UPSTREAM`
    /// and `$PORT` are replaced.
    pub sites: String,
    /// More entries of `listen:`, each with a comma before it.
    pub listen: String,
    /// More top-level keys.
    pub extra: String,
    /// More keys of `admin:`, with a comma before each.
    pub admin: String,
    /// Environment variables of the process.
    pub environment: Vec<(String, String)>,
    /// Whether it makes its own secret, which it does beside an embedded store.
    pub own_secret: bool,
    /// Whether it is started as the link `linkgate` in its folder, which may lead elsewhere later.
    pub own_program: bool,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            store: "{ memory: {} }".into(),
            sign_in: String::new(),
            session: String::new(),
            trusted: "[]".into(),
            mail: String::new(),
            sites: String::new(),
            listen: String::new(),
            extra: String::new(),
            admin: String::new(),
            environment: Vec::new(),
            own_secret: false,
            own_program: false,
        }
    }
}

const USUAL_SITE: &str = r#"
  - name: app
    origin: $ORIGIN
    upstream: $UPSTREAM
    allow: ["@example.com", "bob@partner.example"]
    rules:
      - { path: "/public/**", access: public }
      - { path: "/admin/**", allow: ["root@example.com"] }
      - { path: "/admin", allow: ["root@example.com"] }
"#;

impl Wishes {
    /// The configuration of a gate that fulfils them.
    pub(super) fn configuration(&self, gate: &Gate) -> String {
        let Wishes { store, sign_in, session, trusted, mail, sites, listen, extra, .. } = self;
        let folder = gate.folder.path().display().to_string();
        let mail = if mail.is_empty() {
            format!(
                "{{ from: \"Gate <login@example.com>\", folder: {{ path: \"{folder}/mails\" }} }}"
            )
        } else {
            mail.clone()
        };
        let comma = |more: &str| if more.is_empty() { String::new() } else { format!(", {more}") };
        let limits = if sign_in.contains("limits:") {
            String::new()
        } else {
            ", limits: { email: 1000/1h, ip: 100000/1h, network: 100000/1h, site: 100000/1h, \
             total: 100000/1h }"
                .to_owned()
        };
        let secret = if self.own_secret {
            String::new()
        } else {
            format!("secret: {{ file: \"{folder}/secret\" }}\n")
        };
        let sites = if sites.is_empty() { USUAL_SITE } else { sites };
        format!(
            "listen: [{{ address: \"{}\" }}{listen}]\nadmin: {{ listen: \"{}\"{} }}\n\
             trusted_proxies: {trusted}\n{secret}store: {store}\n\
             mail: {mail}\nsign_in: {{ used_link_retention: 30d{limits}{} }}\n\
             session: {{ idle: 12h, absolute: 7d{} }}\n{extra}\nsites:{sites}",
            gate.address,
            gate.admin,
            self.admin,
            comma(sign_in),
            comma(session),
        )
        .replace("$ORIGIN", &gate.origin)
        .replace("$UPSTREAM", &format!("http://{}", gate.upstream.address))
        .replace("$PORT", &gate.address.port().to_string())
        .replace("$DIR", &folder)
    }
}
