//! The places of an answer that a mapping reads, as a tree of names.

/// A place in a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeId(u16);

impl NodeId {
    /// The whole answer.
    pub const DOCUMENT: NodeId = NodeId(0);
}

/// What the answer of one step is made of, as far as its mapping reads it.
#[derive(Debug)]
pub struct Shape {
    format: Format,
    nodes: Vec<Node>,
    namespaces: bool,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// XML; the first name of a path is that of the root element.
    Xml,
    /// JSON; arrays are passed through, each element stands at the same place.
    Json,
    /// Rows of a database; each row stands at the place `.`, its columns inside.
    Columns,
}

#[derive(Debug)]
struct Node {
    name: Name,
    children: Vec<NodeId>,
}

#[derive(Debug, PartialEq, Eq)]
enum Name {
    /// The whole answer, or the root value of JSON, or a row.
    Unnamed,
    /// Any element.
    Any,
    /// An element by its local name, in whatever namespace; a key; a column.
    Local(Box<str>),
    /// An element by namespace and local name.
    Qualified {
        namespace: Box<str>,
        local: Box<str>,
    },
    /// An attribute by its local name.
    Attribute(Box<str>),
}

/// Why a path cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPath(pub String);

impl Shape {
    /// A shape that reads nothing yet.
    pub fn new(format: Format) -> Shape {
        let unnamed = || Node {
            name: Name::Unnamed,
            children: Vec::new(),
        };
        let mut nodes = vec![unnamed()];
        if format != Format::Xml {
            nodes[0].children.push(NodeId(1));
            nodes.push(unnamed());
        }
        Shape {
            format,
            nodes,
            namespaces: false,
        }
    }

    /// How the answer is written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The place of a row or of the root value of JSON.
    pub fn root(&self) -> NodeId {
        match self.format {
            Format::Xml => NodeId::DOCUMENT,
            Format::Json | Format::Columns => NodeId(1),
        }
    }

    /// Whether a path names a namespace, so that the reader must resolve prefixes.
    pub fn has_namespaces(&self) -> bool {
        self.namespaces
    }

    /// Whether nothing is read below the place: its text is what is wanted.
    pub fn is_leaf(&self, node: NodeId) -> bool {
        self.node(node).children.is_empty()
    }

    /// Adds the path to what is read; `base` is the place that it starts from.
    ///
    /// Names are separated by `/`; `.` is the place itself, `*` any element, `@name` an attribute,
    /// `prefix:name` an element in the namespace that `namespaces` gives the prefix.
    pub fn add(
        &mut self,
        base: NodeId,
        path: &str,
        namespaces: &[(String, String)],
    ) -> Result<NodeId, BadPath> {
        let mut place = match base {
            NodeId::DOCUMENT => self.root(),
            inside => inside,
        };
        if path == "." {
            return Ok(place);
        }
        for segment in path.split('/') {
            let name = self.parse(segment, namespaces)?;
            place = self.child_or_new(place, name)?;
        }
        Ok(place)
    }

    fn parse(&self, segment: &str, namespaces: &[(String, String)]) -> Result<Name, BadPath> {
        let bad = |text: &str| Err(BadPath(format!("«{segment}»: {text}")));
        if segment.is_empty() || segment.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return bad("fra due «/» serve un nome senza spazi");
        }
        if self.format != Format::Xml {
            return Ok(Name::Local(segment.into()));
        }
        if segment == "*" {
            return Ok(Name::Any);
        }
        let (attribute, name) = match segment.strip_prefix('@') {
            Some(name) => (true, name),
            None => (false, segment),
        };
        let letters = |part: &str| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
        };
        match name.split_once(':') {
            _ if !name.split(':').all(letters) => bad("non è il nome di un elemento XML"),
            None if attribute => Ok(Name::Attribute(name.into())),
            None => Ok(Name::Local(name.into())),
            Some(_) if attribute => bad("un attributo si indica senza prefisso"),
            Some((prefix, local)) => {
                let Some((_, namespace)) = namespaces.iter().find(|(known, _)| known == prefix)
                else {
                    return bad("il prefisso non è dichiarato in [namespaces]");
                };
                Ok(Name::Qualified {
                    namespace: namespace.as_str().into(),
                    local: local.into(),
                })
            }
        }
    }

    fn child_or_new(&mut self, parent: NodeId, name: Name) -> Result<NodeId, BadPath> {
        let known = self.node(parent).children.iter();
        if let Some(child) = known.copied().find(|child| self.node(*child).name == name) {
            return Ok(child);
        }
        let too_many = || BadPath("la mappatura legge troppi posti diversi".to_owned());
        let child = NodeId(u16::try_from(self.nodes.len()).map_err(|_| too_many())?);
        self.namespaces |= matches!(name, Name::Qualified { .. });
        self.nodes.push(Node {
            name,
            children: Vec::new(),
        });
        self.nodes[usize::from(parent.0)].children.push(child);
        Ok(child)
    }

    fn node(&self, node: NodeId) -> &Node {
        &self.nodes[usize::from(node.0)]
    }

    /// The element of that local name inside `parent`, if the shape reads it; exact names go before `*`.
    pub fn element(&self, parent: NodeId, local: &str, namespace: Option<&str>) -> Option<NodeId> {
        let mut any = None;
        for &child in &self.node(parent).children {
            match &self.node(child).name {
                Name::Local(name) if &**name == local => return Some(child),
                Name::Qualified {
                    namespace: wanted,
                    local: name,
                } if &**name == local && namespace == Some(wanted) => return Some(child),
                Name::Any => any = Some(child),
                _ => {}
            }
        }
        any
    }

    /// The attribute of that local name at `parent`, if the shape reads it.
    pub fn attribute(&self, parent: NodeId, local: &str) -> Option<NodeId> {
        self.named(
            parent,
            |name| matches!(name, Name::Attribute(known) if &**known == local),
        )
    }

    /// Whether the shape reads attributes at the place.
    pub fn has_attributes(&self, parent: NodeId) -> bool {
        self.named(parent, |name| matches!(name, Name::Attribute(_)))
            .is_some()
    }

    /// The key inside `parent`, if the shape reads it.
    pub fn key(&self, parent: NodeId, key: &str) -> Option<NodeId> {
        self.named(
            parent,
            |name| matches!(name, Name::Local(known) if &**known == key),
        )
    }

    /// The column, if the shape reads it; databases differ in how they write the letters of a name.
    pub fn column(&self, column: &str) -> Option<NodeId> {
        self.named(
            self.root(),
            |name| matches!(name, Name::Local(known) if known.eq_ignore_ascii_case(column)),
        )
    }

    /// The columns that the shape reads.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let children = self.node(self.root()).children.iter();
        children.filter_map(|child| match &self.node(*child).name {
            Name::Local(name) => Some(&**name),
            _ => None,
        })
    }

    fn named(&self, parent: NodeId, fits: impl Fn(&Name) -> bool) -> Option<NodeId> {
        let children = self.node(parent).children.iter().copied();
        children
            .into_iter()
            .find(|child| fits(&self.node(*child).name))
    }
}
