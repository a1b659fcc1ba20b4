//! When what was seen of the files is worth reading.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::files::Stamps;

/// How many looks in a row may find another change before the files are read as they are. Something
/// that writes all the time, as a log in a folder of templates, must not keep everything else out.
const PATIENCE: u32 = 3;

/// What a look at the files says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// They are as they were when they were read.
    Known,
    /// They have changed since the last look, and so are still being written.
    Unsettled,
    /// They have changed, and not since the last look.
    Settled,
    /// They have changed at every look for some time.
    Restless,
}

/// How the files looked when they were read, and since.
pub(super) struct Watch {
    known: Stamps,
    before: Stamps,
    unsettled: u32,
}

impl Watch {
    /// The files were read just now.
    pub(super) fn new(known: Stamps) -> Self {
        Self { before: known.clone(), known, unsettled: 0 }
    }

    /// What is to be looked at.
    pub(super) fn paths(&self) -> BTreeSet<PathBuf> {
        self.known.keys().cloned().collect()
    }

    /// Takes in how they look now.
    pub(super) fn look(&mut self, seen: &Stamps) -> Sight {
        let is_settled = *seen == self.before;
        self.before.clone_from(seen);
        self.unsettled = if is_settled { 0 } else { self.unsettled + 1 };
        match () {
            () if *seen == self.known => Sight::Known,
            () if is_settled => Sight::Settled,
            () if self.unsettled >= PATIENCE => Sight::Restless,
            () => Sight::Unsettled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::files::Stamp;
    use super::*;

    /// One file, `number` times changed.
    fn seen(number: i128) -> Stamps {
        Stamps::from([("linkgate.yaml".into(), Stamp::File([number; 7]))])
    }

    fn sights(watch: &mut Watch, numbers: &[i128]) -> Vec<Sight> {
        numbers.iter().map(|number| watch.look(&seen(*number))).collect()
    }

    #[test]
    fn a_change_is_read_once_it_has_settled() {
        let mut watch = Watch::new(seen(0));
        let expected = [Sight::Known, Sight::Unsettled, Sight::Unsettled, Sight::Settled];
        assert_eq!(sights(&mut watch, &[0, 1, 2, 2]), expected);
        assert_eq!(sights(&mut watch, &[2, 0]), [Sight::Settled, Sight::Known], "taken back");
    }

    #[test]
    fn what_never_settles_is_read_all_the_same_and_again() {
        let mut watch = Watch::new(seen(0));
        let three = [Sight::Unsettled, Sight::Unsettled, Sight::Restless];
        assert_eq!(sights(&mut watch, &[1, 2, 3]), three);
        // It was read, and goes on.
        let mut watch = Watch::new(seen(3));
        assert_eq!(sights(&mut watch, &[4, 5, 6]), three);
        // A rest in between counts from the beginning.
        let mut watch = Watch::new(seen(0));
        let rest = [Sight::Unsettled, Sight::Unsettled, Sight::Settled, Sight::Unsettled];
        assert_eq!(sights(&mut watch, &[1, 2, 2, 3]), rest);
    }
}
