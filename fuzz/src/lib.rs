//! What the fuzz targets share: the project's adapters with their examples, loaded once, and the shapes of their answers.

pub mod nightly;

use std::path::Path;
use std::sync::LazyLock;

use pontile::config::mistake::Mistake;
use pontile::connectors::adapter::Adapter;
use pontile::connectors::examples::question::question;
use pontile::connectors::examples::setting::Setting;
use pontile::connectors::examples::{self, RESPONSE, Subject};
use pontile::connectors::extract::shape::{Format, Shape};
use pontile::contract::operation::{FieldSet, Operation};
use pontile::contract::question::Parameters;

/// An adapter and what its examples are played with.
pub struct Product {
    /// The adapter.
    pub adapter: Adapter,
    /// Instance, ente, secrets and moment of its examples.
    pub setting: Setting,
    /// Its examples, logins and those without any answer left out.
    pub cases: Vec<Case>,
}

/// One example: a question, and the answers that its files hold.
pub struct Case {
    /// What is asked.
    pub operation: Operation,
    /// Of whom, and which fields.
    pub asked: (Parameters, FieldSet),
    /// The back end's answers by the name of their exchange, in the order of the names.
    pub answers: Vec<(String, String)>,
}

/// Every adapter of the project, in the order of their folders' names.
pub static PRODUCTS: LazyLock<Vec<Product>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters");
    let folders = examples::adapter_folders(&root).expect("the adapters' folder");
    folders.iter().map(|folder| product(folder)).collect()
});

/// The shapes of all answers of that format, of every step of every adapter.
pub fn shapes(format: Format) -> Vec<&'static Shape> {
    PRODUCTS
        .iter()
        .flat_map(|product| {
            let login = product.adapter.token();
            let operations = product.adapter.operations().iter();
            login.into_iter().chain(operations.flat_map(|operation| operation.steps()))
        })
        .map(|step| &step.mapping.shape)
        .filter(|shape| shape.format() == format)
        .collect()
}

/// One of them as the first byte chooses, and the rest of the bytes as text.
pub fn chosen<'a, T>(all: &'a [T], data: &'a [u8]) -> Option<(&'a T, &'a str)> {
    let (choice, rest) = data.split_first()?;
    let text = std::str::from_utf8(rest).ok()?;
    Some((&all[usize::from(*choice) % all.len()], text))
}

fn product(folder: &Path) -> Product {
    let mistaken = |mistake: Mistake| -> ! { panic!("{mistake}") };
    let adapter = Adapter::load(folder).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
    let setting = Setting::read(folder, &adapter).unwrap_or_else(|mistake| mistaken(mistake));
    let found = examples::examples_of(folder).unwrap_or_else(|mistake| mistaken(mistake));
    let cases = found.iter().filter_map(|example| {
        let Subject::Operation(operation) = example.of else {
            return None;
        };
        let request = examples::read_json(&example.request_file()).ok()?;
        let asked = question(operation, &request).ok()?;
        let names = example.exchanges(RESPONSE).ok()?;
        let answers = names.into_iter().filter_map(|name| {
            let text = example.exchange_text(RESPONSE, &name).ok()?;
            Some((name, text))
        });
        let answers: Vec<_> = answers.collect();
        // What is refused before the product is called has no answer to put a text in the place of.
        (!answers.is_empty()).then_some(Case { operation, asked, answers })
    });
    let cases = cases.collect();
    Product { adapter, setting, cases }
}
