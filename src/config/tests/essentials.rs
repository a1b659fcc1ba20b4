//! What leads to the store is read although something else is wrong, and never in another way.

use std::path::{Path, PathBuf};

use super::{BASE, TestEnvironment, machine, parse};
use crate::config::{Essentials, Problems, SecretPlan, StoreConfig};

fn load(text: &str) -> Result<Essentials, Problems> {
    let path = "etc/linkgate.yaml";
    Essentials::load_in(Path::new(path), &with(machine(), text))
}

fn with(machine: TestEnvironment, text: &str) -> TestEnvironment {
    machine.file("etc/linkgate.yaml", text)
}

#[test]
fn they_are_those_of_the_whole_configuration() {
    let text = format!(
        "{BASE}prefix: /.gate\naudit: {{ retention: 30d }}\n\
         admin: {{ listen: \"127.0.0.1:9181\", token: {{ env: ADMIN_TOKEN }} }}\n"
    );
    let (whole, part) = (Essentials::from(&parse(&text).unwrap()), load(&text).unwrap());
    assert_eq!(format!("{whole:?}"), format!("{part:?}"));
    assert!(
        matches!(&part.secret, SecretPlan::Create(path) if path == Path::new("etc/data/secret"))
    );
}

/// Each of these ends the reading of the whole file.
#[test]
fn a_mistake_elsewhere_does_not_matter() {
    for wrong in [
        "nobody_knows_this: 1\n",
        "sign_in: { mode: by pigeon }\n",
        "sign_in: [a, list]\n",
        "groups:\n",
        "groups: { staff: [everyone] }\n",
        "groups: { staff: [], staff: [] }\n",
        "log: { level: loud, level: louder }\n",
        "groups_file: not-there.yaml\n",
        "session: { idle: forever }\n",
    ] {
        let text = format!("{BASE}{wrong}");
        assert!(parse(&text).is_err(), "{wrong}");
        let part = load(&text).unwrap_or_else(|problems| panic!("{wrong}: {problems}"));
        let StoreConfig::Embedded { path } = part.store else { panic!("{wrong}") };
        assert_eq!(path, PathBuf::from("etc/data"), "{wrong}");
    }
}

#[test]
fn a_mistake_in_what_leads_to_the_store_does() {
    let redis = |store: &str| BASE.replace("{ embedded: { path: data } }", store);
    for (text, said) in [
        (
            redis("{ redis: { url: { env: LINKGATE_REDIS_URL }, prefx: app } }"),
            "is no key that we know",
        ),
        (redis("{ redis: { url: { env: LINKGATE_REDIS_URL } } }"), "secret"),
        (redis("{ redis: { url: { env: NOT_THERE } } }"), "NOT_THERE"),
        (redis("{ embedded: {} }"), "store.embedded.path"),
        (redis("{ embedded: { path: data }, cache: 5 }"), "store.cache"),
        (redis("{ embedded: { path: data, path: other } }"), "cannot be read"),
        (BASE.replace("store:", "stroe:"), "store"),
        (format!("{BASE}store: {{ memory: {{}} }}\n"), "cannot be read"),
        (format!("{BASE}secret: {{ env: SHORT_SECRET }}\n"), "secret"),
        (format!("{BASE}admin: {{ listen: somewhere }}\n"), "admin.listen"),
        (format!("{BASE}prefix:\n"), "cannot be read"),
        (format!("{BASE}  [\n"), "etc/linkgate.yaml"),
    ] {
        let problems = load(&text).expect_err(&text).to_string();
        assert!(problems.contains(said), "{said}: {problems}");
    }
}
