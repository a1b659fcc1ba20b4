//! What became of the last changes, and how much of it is told to whom.

use crate::cli::installation::StartError;
use crate::config::{Problem, Problems};
use crate::domain::time::UnixMillis;
use crate::portal::pages::clock::rfc3339;

/// Who reads a report. The health pages are there for everybody who reaches the admin listener, and
/// the messages repeat what the files say: addresses of people, and what was pasted at the wrong key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anybody: places, keys, and what is wrong there.
    Anybody,
    /// Who has shown the token of the admin API: all of it.
    Operator,
}

/// Why a configuration was not put in force.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// It cannot be read.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// Something that it names cannot be used.
    #[error(transparent)]
    Part(#[from] StartError),
}

impl Refusal {
    /// How many mistakes there are.
    pub(super) fn mistakes(&self) -> u32 {
        match self {
            Self::Problems(problems) => u32::try_from(problems.iter().count()).unwrap_or(u32::MAX),
            Self::Part(_) => 1,
        }
    }

    fn lines(&self, audience: Audience) -> Vec<String> {
        let part = |place: &str| vec![format!("{place}: cannot be used")];
        match (audience, self) {
            (Audience::Operator, _) => self.to_string().lines().map(str::to_owned).collect(),
            (Audience::Anybody, Self::Problems(problems)) => {
                problems.iter().map(Problem::without_value).collect()
            }
            (Audience::Anybody, Self::Part(StartError::Brand(error))) => part(&error.place),
            (Audience::Anybody, Self::Part(StartError::File { path, .. })) => {
                part(&path.display().to_string())
            }
            (Audience::Anybody, Self::Part(_)) => part("something that is named there"),
        }
    }
}

fn told(problem: &Problem, audience: Audience) -> String {
    match audience {
        Audience::Anybody => problem.without_value(),
        Audience::Operator => problem.to_string(),
    }
}

/// What became of the last changes.
#[derive(Debug)]
pub(super) struct News {
    /// When the configuration in force was put in force.
    pub(super) since: UnixMillis,
    /// What was tried after that, and why it is not in force.
    pub(super) refused: Option<(UnixMillis, Refusal)>,
    /// What is wrong and was put up with: what held before holds there.
    pub(super) tolerated: Vec<Problem>,
    /// What was expected under `tests` and does not come true.
    pub(super) disappointed: Vec<Problem>,
    /// Keys whose changes wait for a restart.
    pub(super) waits: Vec<&'static str>,
}

impl News {
    /// Why what was read last is not in force, if it is not.
    pub(super) fn refusal(&self, audience: Audience) -> Option<String> {
        self.refused.as_ref().map(|(_, why)| why.lines(audience).join("\n"))
    }

    /// Line by line, for `/readyz`.
    pub(super) fn report(&self, audience: Audience) -> String {
        let mut report = format!("configuration: in force since {}\n", rfc3339(self.since));
        if let Some((at, why)) = &self.refused {
            let at = rfc3339(*at);
            for line in why.lines(audience) {
                report.push_str(&format!("configuration: not changed at {at}: {line}\n"));
            }
            if audience == Audience::Anybody {
                report.push_str("configuration: the log says more of it\n");
            }
        }
        for problem in &self.tolerated {
            for line in told(problem, audience).lines() {
                report.push_str(&format!("configuration: what held before holds here: {line}\n"));
            }
        }
        for problem in &self.disappointed {
            for line in told(problem, audience).lines() {
                report.push_str(&format!("configuration: does not come true: {line}\n"));
            }
        }
        if !self.waits.is_empty() {
            let keys = self.waits.join(", ");
            report.push_str(&format!("configuration: waits for a restart: {keys}\n"));
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::config::{Fault, KeyPlace, Place};
    use crate::portal::brand::BrandError;

    fn report(why: Refusal, audience: Audience) -> String {
        let refused = Some((UnixMillis(60_000), why));
        let since = UnixMillis(0);
        let tolerated = vec![problem("groups.yaml", "staff[0]")];
        let disappointed = vec![problem("linkgate.yaml", "tests[0]")];
        News { since, refused, tolerated, disappointed, waits: vec!["store"] }.report(audience)
    }

    fn problem(file: &str, key: &str) -> Problem {
        let place = Place { line: 12, column: 9 };
        let fault = Fault::new("is not an e-mail address").value("eve@@secret.example");
        let at = KeyPlace { file: file.into(), place, key: key.into() };
        at.problem(fault.hint("did you mean `eve@secret.example`?"))
    }

    fn refusals() -> [Refusal; 4] {
        let problem = problem("a.yaml", "sites[0].allow[0]");
        let (place, what) = ("looks/a.html:7".to_owned(), "has eve@secret.example".to_owned());
        let (path, cause) = (PathBuf::from("ca.pem"), "holds eve@secret.example".to_owned());
        [
            Problems::new(vec![problem]).into(),
            StartError::Brand(BrandError { place, what }).into(),
            StartError::File { path, cause }.into(),
            StartError::Part("eve@secret.example".into()).into(),
        ]
    }

    #[test]
    fn anybody_learns_where_and_what_and_nothing_that_the_files_say() {
        let told = refusals().map(|why| report(why, Audience::Anybody)).concat();
        insta::assert_snapshot!(told);
        assert!(!told.contains("secret"), "{told}");
    }

    #[test]
    fn operators_learn_it_all() {
        for why in refusals() {
            let whole = why.to_string();
            let told = report(why, Audience::Operator);
            assert!(whole.contains("secret.example"), "{whole}");
            assert!(whole.lines().all(|line| told.contains(line)), "{told}");
            assert!(told.ends_with("configuration: waits for a restart: store\n"), "{told}");
        }
    }
}
