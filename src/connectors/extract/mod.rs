//! What a mapping reads of an answer, cut out in one pass: no tree of the whole answer is ever built.

pub mod json;
pub mod shape;
pub mod survey;
pub mod wrapped;
pub mod xml;

use std::ops::Range;

use shape::NodeId;

/// Bytes of an ordinary answer: nothing is set aside for what larger ones hold, most of which nobody reads.
const TYPICAL: usize = 16 * 1024;

/// The cells of an answer in document order; all text stands in one buffer.
#[derive(Debug, Default)]
pub struct Extract {
    cells: Vec<Cell>,
    text: String,
    /// By place: its first cell and the one after its last, so that what is there once is found without looking further.
    places: Vec<Range<usize>>,
}

/// A place of the answer that the shape knows.
#[derive(Debug, Clone, Copy)]
struct Cell {
    node: NodeId,
    content: Content,
    /// Index of the first cell that is no longer inside this one.
    end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// Only its children matter.
    Group,
    /// The text from one byte of the buffer to another.
    Text(usize, usize),
    /// Said to be nothing: `xsi:nil`, JSON `null`, SQL `NULL`.
    Nothing,
}

/// A cell of an extract; paths are looked up inside it.
#[derive(Debug, Clone, Copy)]
pub struct CellRef<'a> {
    extract: &'a Extract,
    index: usize,
}

/// An answer that cannot be read; says what, never quotes the answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl Unreadable {
    /// The answer is unreadable for this reason.
    pub fn because(reason: impl Into<String>) -> Unreadable {
        Unreadable(reason.into())
    }
}

impl Extract {
    /// An extract without cells but the one that stands for the whole answer.
    pub fn empty() -> Extract {
        Extract::with_capacity(0, 0)
    }

    /// The same, with room for so many bytes of text and so many places.
    pub fn with_capacity(text: usize, places: usize) -> Extract {
        let mut extract = Extract {
            cells: Vec::with_capacity(places + 1),
            text: String::with_capacity(text),
            places: vec![0..0; places],
        };
        extract.open(NodeId::DOCUMENT);
        extract.close(0);
        extract
    }

    /// The whole answer.
    pub fn document(&self) -> CellRef<'_> {
        CellRef {
            extract: self,
            index: 0,
        }
    }

    /// Begins a cell; what is added until [`Extract::close`] stands inside it.
    fn open(&mut self, node: NodeId) -> usize {
        self.push(node, Content::Group)
    }

    /// Ends the cell at `index`.
    fn close(&mut self, index: usize) {
        self.cells[index].end = self.cells.len();
    }

    /// Adds a cell with nothing inside it.
    fn push(&mut self, node: NodeId, content: Content) -> usize {
        let index = self.cells.len();
        let end = index + 1;
        self.cells.push(Cell { node, content, end });
        let place = node.index();
        if self.places.len() <= place {
            self.places.resize(place + 1, 0..0);
        }
        let place = &mut self.places[place];
        if place.end == 0 {
            place.start = index;
        }
        place.end = end;
        index
    }

    /// Adds a cell with a text.
    pub fn add_text(&mut self, node: NodeId, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        self.push(node, Content::Text(start, self.text.len()));
    }

    /// The cell's text is what follows.
    fn begin_text(&mut self, cell: usize) {
        let here = self.text.len();
        self.cells[cell].content = Content::Text(here, here);
    }

    /// Adds to the text of the cell that was begun last; what is said to be nothing has none.
    fn push_text(&mut self, cell: usize, text: &str) {
        if let Content::Text(_, end) = &mut self.cells[cell].content {
            self.text.push_str(text);
            *end = self.text.len();
        }
    }

    /// The cell is said to be nothing.
    fn be_nothing(&mut self, cell: usize) {
        self.cells[cell].content = Content::Nothing;
    }

    /// Adds a cell that is said to be nothing.
    pub fn add_nothing(&mut self, node: NodeId) {
        self.push(node, Content::Nothing);
    }

    /// Adds a cell whose children `inside` adds.
    pub fn add_group<E>(
        &mut self,
        node: NodeId,
        inside: impl FnOnce(&mut Extract) -> Result<(), E>,
    ) -> Result<(), E> {
        let index = self.open(node);
        inside(self)?;
        self.close(index);
        Ok(())
    }

    /// Adds all cells of an answer of the same shape, as if both were one.
    pub fn absorb(&mut self, other: &Extract) {
        let (cells, text) = (self.cells.len() - 1, self.text.len());
        self.text.push_str(&other.text);
        for cell in &other.cells[1..] {
            self.cells.push(Cell {
                node: cell.node,
                content: match cell.content {
                    Content::Text(start, end) => Content::Text(start + text, end + text),
                    untouched => untouched,
                },
                end: cell.end + cells,
            });
        }
        if self.places.len() < other.places.len() {
            self.places.resize(other.places.len(), 0..0);
        }
        for (mine, theirs) in self.places.iter_mut().zip(&other.places).skip(1) {
            if theirs.end > 0 {
                let start = if mine.end == 0 {
                    theirs.start + cells
                } else {
                    mine.start
                };
                *mine = start..theirs.end + cells;
            }
        }
        self.close(0);
    }

    /// Ends the whole answer.
    #[must_use]
    pub fn finish(mut self) -> Extract {
        self.close(0);
        self
    }
}

impl<'a> CellRef<'a> {
    /// Every cell of that place inside this one, in document order; the cell itself if it is of that place.
    pub fn all(self, node: NodeId) -> impl Iterator<Item = CellRef<'a>> {
        let cells = &self.extract.cells;
        let place = self.extract.places.get(node.index());
        let place = place.cloned().unwrap_or_default();
        (self.index.max(place.start)..cells[self.index].end.min(place.end))
            .filter(move |index| cells[*index].node == node)
            .map(move |index| CellRef { index, ..self })
    }

    /// The text, if the cell has one.
    pub fn text(self) -> Option<&'a str> {
        match self.extract.cells[self.index].content {
            Content::Text(start, end) => Some(&self.extract.text[start..end]),
            Content::Group | Content::Nothing => None,
        }
    }

    /// Whether the cell is said to be nothing.
    pub fn is_nothing(self) -> bool {
        self.extract.cells[self.index].content == Content::Nothing
    }

    /// Whether two cells hold the same places with the same contents.
    pub fn same_as(self, other: CellRef<'_>) -> bool {
        let (mine, theirs) = (self.cells(), other.cells());
        mine.len() == theirs.len()
            && mine.iter().zip(theirs).all(|(one, two)| {
                one.node == two.node
                    && match (one.content, two.content) {
                        (Content::Text(from, to), Content::Text(start, end)) => {
                            self.extract.text[from..to] == other.extract.text[start..end]
                        }
                        (one, two) => one == two,
                    }
            })
    }

    fn cells(self) -> &'a [Cell] {
        &self.extract.cells[self.index..self.extract.cells[self.index].end]
    }
}
