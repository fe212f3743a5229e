//! The places of an answer that a mapping reads, as a tree of names.

/// A place in a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u16);

impl NodeId {
    /// The whole answer.
    pub const DOCUMENT: NodeId = NodeId(0);

    /// The place's number, counted from 0.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What the answer of one step is made of, as far as its mapping reads it.
#[derive(Debug)]
pub struct Shape {
    format: Format,
    nodes: Vec<Node>,
    namespaces: bool,
    /// Whether values may stand elsewhere in the answer.
    references: bool,
    /// Places whose text is a document of its own, and how that is written.
    nested: Vec<(NodeId, Wrapping)>,
}

/// How a document stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrapping {
    /// As it is.
    Plain,
    /// In base64.
    Base64,
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
    /// One per child: what most names differ in, so that a name is compared with one child only.
    tags: Vec<Tag>,
    /// By the slot of a tag: the first child whose tag has it, counted from 1; 0: none has.
    slots: [u16; SLOTS],
    /// The child that any element without a place of its own stands at.
    any: Option<NodeId>,
}

/// Enough that most names that are not read meet no child.
const SLOTS: usize = 64;

/// Length, first and last byte of a name; [`Tag::ANY`] for a child that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tag(u32);

impl Tag {
    const ANY: Tag = Tag(0);

    fn of(name: &str) -> Tag {
        let (Some(first), Some(last)) = (name.as_bytes().first(), name.as_bytes().last()) else {
            return Tag::ANY;
        };
        let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
        Tag(length << 16 | u32::from(*first) << 8 | u32::from(*last))
    }

    /// Where a place notes the first child of this tag.
    fn slot(self) -> usize {
        // The upper bits of a product depend on all of the tag's.
        (self.0.wrapping_mul(0x9E37_79B1) >> 26) as usize
    }
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
            tags: Vec::new(),
            slots: [0; SLOTS],
            any: None,
        };
        let mut nodes = vec![unnamed()];
        if format != Format::Xml {
            nodes[0].children.push(NodeId(1));
            nodes[0].tags.push(Tag::ANY);
            nodes.push(unnamed());
        }
        Shape {
            format,
            nodes,
            namespaces: false,
            references: false,
            nested: Vec::new(),
        }
    }

    /// How the answer is written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// How many places there are.
    pub fn places(&self) -> usize {
        self.nodes.len()
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

    /// Values may stand elsewhere in the answer, as rpc/encoded SOAP has it: they are then read as if they stood in place.
    pub fn follow_references(&mut self) {
        self.references = true;
    }

    /// Whether values may stand elsewhere in the answer.
    pub fn follows_references(&self) -> bool {
        self.references
    }

    /// The text at that place is an XML document: paths go on inside it with the name of its root element.
    pub fn nest(&mut self, place: NodeId, wrapping: Wrapping) {
        self.nested.push((place, wrapping));
    }

    /// Whether the text at that place is a document of its own.
    pub fn is_nested(&self, place: NodeId) -> bool {
        self.wrapping(place).is_some()
    }

    /// How the document in the text at that place is written; `None`: there is none.
    pub fn wrapping(&self, place: NodeId) -> Option<Wrapping> {
        let mut nested = self.nested.iter();
        let found = nested.find(|(nested, _)| *nested == place);
        found.map(|(_, wrapping)| *wrapping)
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
            let name = self.parse(place, segment, namespaces)?;
            place = self.child_or_new(place, name)?;
        }
        Ok(place)
    }

    /// Whether names inside that place are those of XML elements.
    fn is_xml_inside(&self, place: NodeId) -> bool {
        let holder = |place: NodeId| {
            let holds = |node: &Node| node.children.contains(&place);
            let index = self.nodes.iter().position(holds)?;
            u16::try_from(index).ok().map(NodeId)
        };
        let mut around = std::iter::successors(Some(place), |place| holder(*place));
        self.format == Format::Xml || around.any(|place| self.is_nested(place))
    }

    fn parse(
        &self,
        inside: NodeId,
        segment: &str,
        namespaces: &[(String, String)],
    ) -> Result<Name, BadPath> {
        let bad = |text: &str| Err(BadPath(format!("«{segment}»: {text}")));
        if segment.is_empty() || segment.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return bad("fra due «/» serve un nome senza spazi");
        }
        if !self.is_xml_inside(inside) {
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
        let tag = match &name {
            Name::Local(local) | Name::Qualified { local, .. } | Name::Attribute(local) => {
                Tag::of(local)
            }
            Name::Unnamed | Name::Any => Tag::ANY,
        };
        let any = matches!(name, Name::Any).then_some(child);
        self.nodes.push(Node {
            name,
            children: Vec::new(),
            tags: Vec::new(),
            slots: [0; SLOTS],
            any: None,
        });
        let parent = &mut self.nodes[usize::from(parent.0)];
        parent.children.push(child);
        parent.tags.push(tag);
        let slot = &mut parent.slots[tag.slot()];
        if *slot == 0 {
            // There are no more children than places.
            *slot = u16::try_from(parent.children.len()).map_err(|_| too_many())?;
        }
        parent.any = parent.any.or(any);
        Ok(child)
    }

    fn node(&self, node: NodeId) -> &Node {
        &self.nodes[usize::from(node.0)]
    }

    /// The element of that local name inside `parent`, if the shape reads it; exact names go before `*`. `namespace` tells that
    /// of the element where a path asks for it.
    pub fn element<'n>(
        &self,
        parent: NodeId,
        local: &str,
        namespace: impl FnOnce() -> Option<&'n str>,
    ) -> Option<NodeId> {
        let mut asked = Some(namespace);
        let mut namespace = None;
        let named = self.named(parent, local, |name| match name {
            Name::Local(name) => **name == *local,
            Name::Qualified {
                namespace: wanted,
                local: name,
            } => {
                if let Some(ask) = asked.take() {
                    namespace = ask();
                }
                **name == *local && namespace == Some(wanted)
            }
            Name::Unnamed | Name::Any | Name::Attribute(_) => false,
        });
        named.or(self.node(parent).any)
    }

    /// The element of that local name inside `parent` that the shape reads in a namespace, whichever it is.
    pub fn qualified(&self, parent: NodeId, local: &str) -> Option<NodeId> {
        self.named(
            parent,
            local,
            |name| matches!(name, Name::Qualified { local: known, .. } if **known == *local),
        )
    }

    /// The path of a place, as response files write it from the root.
    pub fn path(&self, place: NodeId) -> String {
        let holds = |node: &&Node| node.children.contains(&place);
        let parent = self.nodes.iter().position(|node| holds(&node));
        let above = parent.and_then(|index| u16::try_from(index).ok());
        let above = above.map_or(String::new(), |index| self.path(NodeId(index)));
        let name = match &self.node(place).name {
            Name::Unnamed => return above,
            Name::Any => "*".to_owned(),
            Name::Local(name) => name.to_string(),
            Name::Qualified { local, .. } => local.to_string(),
            Name::Attribute(name) => format!("@{name}"),
        };
        match &*above {
            "" | "Envelope/Body" => name,
            above => format!("{above}/{name}"),
        }
    }

    /// The attribute of that local name at `parent`, if the shape reads it.
    pub fn attribute(&self, parent: NodeId, local: &str) -> Option<NodeId> {
        self.named(
            parent,
            local,
            |name| matches!(name, Name::Attribute(known) if **known == *local),
        )
    }

    /// The key inside `parent`, if the shape reads it.
    pub fn key(&self, parent: NodeId, key: &str) -> Option<NodeId> {
        self.named(
            parent,
            key,
            |name| matches!(name, Name::Local(known) if **known == *key),
        )
    }

    /// The column, if the shape reads it; databases differ in how they write the letters of a name.
    pub fn column(&self, column: &str) -> Option<NodeId> {
        let mut children = self.node(self.root()).children.iter().copied();
        children.find(|child| {
            matches!(&self.node(*child).name, Name::Local(known) if known.eq_ignore_ascii_case(column))
        })
    }

    /// The names of all places.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().filter_map(|node| match &node.name {
            Name::Local(name) | Name::Attribute(name) | Name::Qualified { local: name, .. } => {
                Some(&**name)
            }
            Name::Unnamed | Name::Any => None,
        })
    }

    /// The columns that the shape reads.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let children = self.node(self.root()).children.iter();
        children.filter_map(|child| match &self.node(*child).name {
            Name::Local(name) => Some(&**name),
            _ => None,
        })
    }

    /// The first child of a name like that one that fits.
    fn named(
        &self,
        parent: NodeId,
        like: &str,
        mut fits: impl FnMut(&Name) -> bool,
    ) -> Option<NodeId> {
        let (parent, tag) = (self.node(parent), Tag::of(like));
        let first = usize::from(parent.slots[tag.slot()]).checked_sub(1)?;
        let alike = parent.tags[first..].iter().zip(&parent.children[first..]);
        let mut alike = alike.filter(|(known, _)| **known == tag);
        alike
            .find(|(_, child)| fits(&self.node(**child).name))
            .map(|(_, child)| *child)
    }
}
