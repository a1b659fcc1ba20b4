//! Finds the rules that may be about a request, without looking at the others.
//!
//! First by host, then by path: a tree of path segments for the rules of every host, for those of
//! each named host, and for those of each `*.` parent. What is found is a little too much rather
//! than too little (names are compared by a hash of their lower-case letters), always in the order
//! of the rules, and tried by the one matcher that there is: the index decides nothing.
//!
//! What it cannot tell apart are rules that differ in method or networks alone.

use std::collections::HashMap;
use std::ops::Range;

use super::rule::Rule;

/// Segments of a pattern that the tree knows. Deeper ones are left to the matcher.
const DEEPEST: usize = 24;
/// Branches that are followed at once, and lists that are merged. A request that needs more (only
/// rules with stars and names mixed over many segments get there) is tried against every rule.
const MOST: usize = 24;

/// The rules of a site, by host and path.
#[derive(Clone, Debug)]
pub(super) struct Index {
    rules: usize,
    nodes: Vec<Node>,
    names: HashMap<(NodeId, u64), NodeId>,
    exact_hosts: HashMap<Box<str>, NodeId>,
    parent_hosts: HashMap<Box<str>, NodeId>,
}

type NodeId = u32;

/// The tree of the rules that name no host.
const EVERY_HOST: NodeId = 0;

/// What is known after some segments.
#[derive(Clone, Debug, Default)]
struct Node {
    /// After any segment.
    any: Option<NodeId>,
    has_names: bool,
    /// Rules whose path ends here.
    ends: Vec<u32>,
    /// Rules that take any rest from here.
    rests: Vec<u32>,
}

impl Index {
    /// Indexes rules. The index belongs to this list in this order.
    pub(super) fn of(rules: &[Rule]) -> Self {
        let mut index = Self {
            rules: rules.len(),
            nodes: vec![Node::default()],
            names: HashMap::new(),
            exact_hosts: HashMap::new(),
            parent_hosts: HashMap::new(),
        };
        for (at, rule) in (0_u32..).zip(rules) {
            index.add(at, rule);
        }
        index
    }

    fn add(&mut self, at: u32, rule: &Rule) {
        let root = self.root(rule);
        let (keys, mut any_rest) = rule.path.keys();
        let mut level = vec![root];
        for (depth, key) in keys.enumerate() {
            if depth == DEEPEST || level.len() > MOST {
                // The matcher looks at what is left.
                any_rest = true;
                break;
            }
            let mut next = Vec::new();
            for node in level {
                match &key {
                    None => next.push(self.any_child(node)),
                    Some(names) => {
                        next.extend(names.iter().map(|name| self.named_child(node, name)));
                    }
                }
            }
            next.sort_unstable();
            next.dedup();
            level = next;
        }
        for node in level {
            if let Some(node) = self.nodes.get_mut(slot(node)) {
                if any_rest { node.rests.push(at) } else { node.ends.push(at) }
            }
        }
    }

    fn root(&mut self, rule: &Rule) -> NodeId {
        let Some(pattern) = &rule.host else { return EVERY_HOST };
        let new = self.nodes.len();
        let roots =
            if pattern.exact().is_some() { &mut self.exact_hosts } else { &mut self.parent_hosts };
        let root = *roots.entry(pattern.host().as_str().into()).or_insert(number(new));
        if slot(root) == new {
            self.nodes.push(Node::default());
        }
        root
    }

    fn any_child(&mut self, node: NodeId) -> NodeId {
        let new = number(self.nodes.len());
        let Some(parent) = self.nodes.get_mut(slot(node)) else { return node };
        let child = *parent.any.get_or_insert(new);
        if child == new {
            self.nodes.push(Node::default());
        }
        child
    }

    fn named_child(&mut self, node: NodeId, name: &[u8]) -> NodeId {
        let new = number(self.nodes.len());
        if let Some(parent) = self.nodes.get_mut(slot(node)) {
            parent.has_names = true;
        }
        let child = *self.names.entry((node, caseless_hash(name))).or_insert(new);
        if child == new {
            self.nodes.push(Node::default());
        }
        child
    }

    /// The rules that may be about a path on a host (on no particular one, if none), in their order.
    pub(super) fn candidates(&self, host: Option<&str>, path: &[u8]) -> Candidates<'_> {
        let mut lists = Merged::default();
        let is_complete = self.collect(EVERY_HOST, path, &mut lists)
            && host.is_none_or(|host| self.collect_host(host, path, &mut lists));
        if is_complete { Candidates::Merged(lists) } else { Candidates::all(self.rules) }
    }

    fn collect_host<'a>(&'a self, host: &str, path: &[u8], lists: &mut Merged<'a>) -> bool {
        let exact = self.exact_hosts.get(host).copied();
        let is_complete = exact.is_none_or(|root| self.collect(root, path, lists));
        let mut roots = host.match_indices('.').filter_map(|(dot, _)| {
            if self.parent_hosts.is_empty() {
                None
            } else {
                self.parent_hosts.get(&host[dot + 1..])
            }
        });
        is_complete && roots.all(|root| self.collect(*root, path, lists))
    }

    /// Walks the tree, all branches at once; `false` when there are too many.
    fn collect<'a>(&'a self, root: NodeId, path: &[u8], lists: &mut Merged<'a>) -> bool {
        let Some(rest) = path.strip_prefix(b"/") else { return true };
        let mut level = Level::default();
        level.push(root);
        for name in rest.split(|&byte| byte == b'/') {
            let mut hash = None;
            let mut next = Level::default();
            for &id in level.nodes() {
                let Some(node) = self.nodes.get(slot(id)) else { return false };
                if !lists.push(&node.rests) {
                    return false;
                }
                if let Some(any) = node.any.filter(|_| !name.is_empty())
                    && !next.push(any)
                {
                    return false;
                }
                if node.has_names {
                    let hash = *hash.get_or_insert_with(|| caseless_hash(name));
                    let child = self.names.get(&(id, hash));
                    if child.is_some_and(|child| !next.push(*child)) {
                        return false;
                    }
                }
            }
            level = next;
            if level.nodes().is_empty() {
                return true;
            }
        }
        let ends = level.nodes().iter().filter_map(|id| self.nodes.get(slot(*id)));
        ends.map(|node| node.ends.as_slice()).all(|list| lists.push(list))
    }
}

fn slot(node: NodeId) -> usize {
    usize::try_from(node).unwrap_or(usize::MAX)
}

/// Four thousand million rules do not fit into a configuration file.
fn number(slot: usize) -> NodeId {
    NodeId::try_from(slot).unwrap_or(NodeId::MAX)
}

/// FNV-1a over the lower-case letters. Whoever finds two names with one hash has gained that a rule
/// more is tried.
fn caseless_hash(name: &[u8]) -> u64 {
    name.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The nodes reached after some segments. On the stack: looking up must not allocate.
#[derive(Default)]
struct Level {
    nodes: [NodeId; MOST],
    len: usize,
}

impl Level {
    fn push(&mut self, node: NodeId) -> bool {
        let Some(place) = self.nodes.get_mut(self.len) else { return false };
        *place = node;
        self.len += 1;
        true
    }

    fn nodes(&self) -> &[NodeId] {
        self.nodes.get(..self.len).unwrap_or_default()
    }
}

/// Places of rules, in order, each once.
#[allow(clippy::large_enum_variant)] // on the stack, because looking up must not allocate
pub(super) enum Candidates<'a> {
    /// Every rule.
    All(Range<usize>),
    /// Those that an index has found.
    Merged(Merged<'a>),
}

impl Candidates<'_> {
    /// Every one of this many rules.
    pub(super) fn all(rules: usize) -> Self {
        Self::All(0..rules)
    }
}

impl Iterator for Candidates<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        match self {
            Self::All(range) => range.next(),
            Self::Merged(lists) => lists.next(),
        }
    }
}

/// Lists in order, read as one. No rule is in two of them.
#[derive(Default)]
pub(super) struct Merged<'a> {
    lists: [&'a [u32]; MOST],
    len: usize,
}

impl<'a> Merged<'a> {
    fn push(&mut self, list: &'a [u32]) -> bool {
        if list.is_empty() {
            return true;
        }
        let Some(place) = self.lists.get_mut(self.len) else { return false };
        *place = list;
        self.len += 1;
        true
    }

    fn next(&mut self) -> Option<usize> {
        let lists = self.lists.get_mut(..self.len)?;
        let first = lists.iter_mut().filter(|list| !list.is_empty()).min_by_key(|list| list[0])?;
        let (at, rest) = first.split_first()?;
        *first = rest;
        usize::try_from(*at).ok()
    }
}
