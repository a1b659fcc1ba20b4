//! What an application is told: who is there, in which words, and what else.

use std::sync::Arc;
use std::time::Duration;

use super::email::EmailAddress;
use super::header::{FieldName, FieldValue, ManagedNames};
use super::identity::Identity;
use super::service_token::ServiceToken;

/// What an identity consists of, as far as applications are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Who it is: the address.
    User,
    /// The address.
    Email,
    /// The groups.
    Groups,
    /// What to call them: the address before its `@`.
    Name,
}

/// A family of names that applications know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// `Remote-User`, `Remote-Email`, `Remote-Groups`.
    #[default]
    Remote,
    /// `X-Forwarded-User`, `X-Forwarded-Email`, `X-Forwarded-Groups`.
    XForwarded,
    /// `X-Auth-Request-User`, `X-Auth-Request-Email`, `X-Auth-Request-Groups`.
    XAuthRequest,
}

/// How several groups stand in a header. Names of groups have neither commas, blanks nor quotes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupsFormat {
    /// `a,b`
    #[default]
    Comma,
    /// `a b`
    Space,
    /// `["a","b"]`
    Json,
    /// A header for each; an empty one for none.
    Repeated,
}

/// What an application hears of visitors who are not signed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenAnonymous {
    /// Nothing: the headers are not there.
    #[default]
    Absent,
    /// The headers are there, and empty.
    Empty,
}

/// The names under which an identity reaches an application. Part without a name: not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityHeaders {
    /// For [`Part::User`].
    pub user: Option<FieldName>,
    /// For [`Part::Email`].
    pub email: Option<FieldName>,
    /// For [`Part::Groups`].
    pub groups: Option<FieldName>,
    /// For [`Part::Name`].
    pub name: Option<FieldName>,
    /// How several groups are written.
    pub groups_format: GroupsFormat,
    /// What is said when nobody is signed in.
    pub when_anonymous: WhenAnonymous,
}

impl IdentityHeaders {
    /// The names of a family.
    #[must_use]
    pub fn preset(preset: Preset) -> Self {
        let [user, email, groups] = match preset {
            Preset::Remote => ["Remote-User", "Remote-Email", "Remote-Groups"],
            Preset::XForwarded => ["X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups"],
            Preset::XAuthRequest => {
                ["X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Groups"]
            }
        };
        let named = |name| Some(FieldName::own(name));
        Self { user: named(user), email: named(email), groups: named(groups), ..Self::nothing() }
    }

    /// No names at all.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            user: None,
            email: None,
            groups: None,
            name: None,
            groups_format: GroupsFormat::default(),
            when_anonymous: WhenAnonymous::default(),
        }
    }

    /// The parts that are told, each with its name.
    pub fn parts(&self) -> impl Iterator<Item = (Part, &FieldName)> {
        let all = [
            (Part::User, &self.user),
            (Part::Email, &self.email),
            (Part::Groups, &self.groups),
            (Part::Name, &self.name),
        ];
        all.into_iter().filter_map(|(part, name)| Some((part, name.as_ref()?)))
    }

    /// What is told of a part: one value or several. Made of what was parsed, so that every value
    /// is visible ASCII.
    #[must_use]
    pub fn values(&self, part: Part, identity: &Identity) -> Vec<String> {
        let address = identity.email.identity();
        let groups = || identity.groups.iter().map(|group| group.as_str());
        let joined = |between: &str| groups().collect::<Vec<_>>().join(between);
        match (part, self.groups_format) {
            (Part::User | Part::Email, _) => vec![address.to_owned()],
            (Part::Name, _) => {
                vec![address.rsplit_once('@').map_or(address, |(local, _)| local).to_owned()]
            }
            (Part::Groups, GroupsFormat::Comma) => vec![joined(",")],
            (Part::Groups, GroupsFormat::Space) => vec![joined(" ")],
            (Part::Groups, GroupsFormat::Json) if identity.groups.is_empty() => vec!["[]".into()],
            (Part::Groups, GroupsFormat::Json) => vec![format!("[\"{}\"]", joined("\",\""))],
            (Part::Groups, GroupsFormat::Repeated) if identity.groups.is_empty() => {
                vec![String::new()]
            }
            (Part::Groups, GroupsFormat::Repeated) => groups().map(str::to_owned).collect(),
        }
    }

    /// What is told of a part of a script: its name is the user, its address is the one that the
    /// token has. It has no groups. Nothing where a part is not told, or an empty value where the
    /// application wants the headers to be there always.
    #[must_use]
    pub fn value_of_machine(&self, part: Part, machine: &ServiceToken) -> Option<String> {
        let value = match part {
            Part::User => Some(machine.name.as_str()),
            Part::Email => machine.email.as_ref().map(EmailAddress::identity),
            Part::Groups | Part::Name => None,
        };
        match self.when_anonymous {
            WhenAnonymous::Absent => value.map(str::to_owned),
            WhenAnonymous::Empty => Some(value.unwrap_or_default().to_owned()),
        }
    }
}

impl Default for IdentityHeaders {
    fn default() -> Self {
        Self::preset(Preset::default())
    }
}

/// How assertions are signed (RFC 7518, RFC 8037).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519.
    #[default]
    EdDsa,
    /// ECDSA over P-256 with SHA-256.
    Es256,
}

/// The signed statement of who is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionTerms {
    /// How it is signed.
    pub algorithm: Algorithm,
    /// How long it is good for, five minutes at most.
    pub lifetime: Duration,
    /// Its header.
    pub header: FieldName,
}

impl AssertionTerms {
    /// The name of the header when nothing else is said.
    pub const HEADER: &'static str = "X-Linkgate-Assertion";
    /// The longest lifetime: nobody can take an assertion back.
    pub const LONGEST: Duration = Duration::from_secs(300);

    /// The usual header.
    #[must_use]
    pub fn usual_header() -> FieldName {
        FieldName::own(Self::HEADER)
    }
}

impl Default for AssertionTerms {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::default(),
            lifetime: Self::LONGEST,
            header: Self::usual_header(),
        }
    }
}

/// A header that is the same in every request to an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constant {
    /// Its name.
    pub name: FieldName,
    /// Its value.
    pub value: FieldValue,
}

/// Everything that the application of a site is told in headers of the operator's choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disclosure {
    identity: IdentityHeaders,
    assertion: AssertionTerms,
    constants: Vec<Constant>,
    managed: Arc<ManagedNames>,
}

impl Disclosure {
    /// Joins the three. No name may be there twice.
    #[must_use]
    pub fn new(
        identity: IdentityHeaders,
        assertion: AssertionTerms,
        constants: Vec<Constant>,
    ) -> Self {
        let parts = identity.parts().map(|(_, name)| name);
        let own = constants.iter().map(|constant| &constant.name);
        let managed = ManagedNames::new(parts.chain(own).chain([&assertion.header]));
        Self { identity, assertion, constants, managed: managed.into() }
    }

    /// The names that an application may take for a proof, whichever site a request comes by: all,
    /// but constants under names that every client sends.
    pub fn proofs(&self) -> impl Iterator<Item = &FieldName> {
        let constants = self.constants.iter().map(|constant| &constant.name);
        let constants = constants.filter(|name| !name.is_of_browsers());
        self.identity.parts().map(|(_, name)| name).chain(constants).chain([&self.assertion.header])
    }

    /// Lets the names of all sites be believed from no client of this one, either.
    pub fn distrust(&mut self, everywhere: &Arc<ManagedNames>) {
        self.managed = if everywhere.covers(&self.managed) {
            Arc::clone(everywhere)
        } else {
            Arc::new(self.managed.with(everywhere))
        };
    }

    /// Who is there.
    #[must_use]
    pub fn identity(&self) -> &IdentityHeaders {
        &self.identity
    }

    /// The proof of it.
    #[must_use]
    pub fn assertion(&self) -> &AssertionTerms {
        &self.assertion
    }

    /// What is always said.
    #[must_use]
    pub fn constants(&self) -> &[Constant] {
        &self.constants
    }

    /// All these names, and those of the other sites once they are known: what a client says under
    /// one of them is never believed.
    #[must_use]
    pub fn managed(&self) -> &ManagedNames {
        &self.managed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity::Membership;
    use crate::domain::time::UnixMillis;

    fn identity(groups: &[&str]) -> Identity {
        Identity {
            email: EmailAddress::parse("Ann.B@Example.com").unwrap(),
            groups: groups.iter().map(|group| group.parse().unwrap()).collect(),
            signed_in_at: UnixMillis(0),
            membership: Membership::Outsider,
            expires_at: UnixMillis(1),
        }
    }

    #[test]
    fn groups_are_written_as_the_application_reads_them() {
        for (format, none, one, two) in [
            (GroupsFormat::Comma, &[""][..], &["a"][..], &["a,b"][..]),
            (GroupsFormat::Space, &[""], &["a"], &["a b"]),
            (GroupsFormat::Json, &["[]"], &["[\"a\"]"], &["[\"a\",\"b\"]"]),
            (GroupsFormat::Repeated, &[""], &["a"], &["a", "b"]),
        ] {
            let headers = IdentityHeaders { groups_format: format, ..Default::default() };
            let written = |groups: &[&str]| headers.values(Part::Groups, &identity(groups));
            assert_eq!(written(&[]), none, "{format:?}");
            assert_eq!(written(&["a"]), one, "{format:?}");
            assert_eq!(written(&["a", "b"]), two, "{format:?}");
        }
    }

    #[test]
    fn a_person_is_their_address() {
        let headers = IdentityHeaders::default();
        let told = |part| headers.values(part, &identity(&[]));
        assert_eq!(told(Part::User), ["ann.b@example.com"]);
        assert_eq!(told(Part::Email), ["ann.b@example.com"]);
        assert_eq!(told(Part::Name), ["ann.b"]);
    }

    #[test]
    fn every_name_is_managed() {
        let constant = Constant { name: "X-Proxy".parse().unwrap(), value: "a".parse().unwrap() };
        let all = Disclosure::new(Default::default(), Default::default(), vec![constant]);
        for name in ["remoteuser", "remoteemail", "remotegroups", "xproxy", "xlinkgateassertion"] {
            assert!(all.managed().contains(name.as_bytes()), "{name}");
            assert!(all.managed().may_begin_with(name.as_bytes()[0]), "{name}");
        }
        assert!(!all.managed().contains(b"remotename") && !all.managed().may_begin_with(b'a'));
    }
}
