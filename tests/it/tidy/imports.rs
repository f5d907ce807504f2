//! Finds circles of imports between the files of a crate.
//!
//! A path such as `super::Record` leads to the file that defines `Record`, through the re-exports of
//! `mod.rs`. An import from a file of one's own child modules does not count: a `mod.rs` that lists its
//! children, which use the trait that it defines, is not a circle.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};

/// The files of one or more crates.
pub struct Files {
    files: BTreeMap<String, File>,
}

/// What one file declares and imports.
#[derive(Default)]
struct File {
    /// The file that declares this one as a module.
    parent: Option<String>,
    /// The names of its child modules, which later lead to their files.
    children: BTreeMap<String, String>,
    /// The paths of its `use` declarations, by the names that they bring into scope.
    uses: BTreeMap<String, Vec<String>>,
    /// All paths, of `use` declarations and in the code.
    paths: BTreeSet<Vec<String>>,
}

impl File {
    fn add_use(&mut self, tree: &syn::UseTree, mut path: Vec<String>) {
        match tree {
            syn::UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.add_use(&part.tree, path);
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.add_use(item, path.clone()));
            }
            syn::UseTree::Glob(_) => drop(self.paths.insert(path)),
            syn::UseTree::Name(_) | syn::UseTree::Rename(_) => {
                let (name, alias) = match tree {
                    syn::UseTree::Rename(item) => (&item.ident, &item.rename),
                    syn::UseTree::Name(item) => (&item.ident, &item.ident),
                    _ => return,
                };
                let mut alias = alias.to_string();
                if name != "self" {
                    path.push(name.to_string());
                } else if alias == "self" {
                    alias = path.last().cloned().unwrap_or_default();
                }
                self.paths.insert(path.clone());
                self.uses.insert(alias, path);
            }
        }
    }
}

impl<'ast> Visit<'ast> for File {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let is_test = module.attrs.iter().any(|attribute| attribute.path().is_ident("cfg"));
        if module.content.is_none() {
            self.children.insert(module.ident.to_string(), String::new());
        } else if !is_test {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_use(&item.tree, Vec::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names.len() > 1 {
            self.paths.insert(names);
        }
        visit::visit_path(self, path);
    }
}

impl Files {
    /// Parses files, each given by its path and its text. Paths that lead to other files are ignored.
    pub fn new(sources: &[(String, String)]) -> Files {
        let mut files: BTreeMap<String, File> = BTreeMap::new();
        for (name, text) in sources {
            let mut file = File::default();
            file.visit_file(&syn::parse_file(text).unwrap_or_else(|e| panic!("{name}: {e}")));
            files.insert(name.clone(), file);
        }
        for (name, _) in sources {
            let folder = match name.rsplit_once('/') {
                Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder,
                _ => name.trim_end_matches(".rs"),
            };
            for child in std::mem::take(&mut files.get_mut(name).unwrap().children).into_keys() {
                let paths = [format!("{folder}/{child}.rs"), format!("{folder}/{child}/mod.rs")];
                if let Some(path) = paths.into_iter().find(|path| files.contains_key(path)) {
                    files.get_mut(&path).unwrap().parent = Some(name.clone());
                    files.get_mut(name).unwrap().children.insert(child, path);
                }
            }
        }
        Files { files }
    }

    /// `file`, then the file that declares it, and so on up to the root of its crate.
    fn ancestry<'f>(&'f self, file: &'f str) -> impl Iterator<Item = &'f str> {
        std::iter::successors(Some(file), |file| self.files[*file].parent.as_deref())
    }

    /// The file that `path` leads to from `file`; `None` if it leads to another crate.
    fn resolve<'f>(&'f self, file: &'f str, path: &[String]) -> Option<&'f str> {
        let (first, rest) = path.split_first()?;
        let start = match first.as_str() {
            "self" => Some(file),
            "super" => self.files[file].parent.as_deref(),
            "crate" => self.ancestry(file).last(),
            name => match self.files[file].children.get(name) {
                Some(child) => Some(child.as_str()),
                None => self.files[file]
                    .uses
                    .get(name)
                    .filter(|path| path.first() != Some(first))
                    .and_then(|path| self.resolve(file, path)),
            },
        };
        rest.iter()
            .try_fold((start?, false), |(file, found), name| {
                let module = &self.files[file];
                Some(match (module.children.get(name), module.uses.get(name)) {
                    // What follows a type or a function is defined with it.
                    _ if found => (file, true),
                    _ if name == "super" => (module.parent.as_deref()?, false),
                    (Some(child), _) => (child.as_str(), false),
                    (None, Some(path)) => (self.resolve(file, path).unwrap_or(file), false),
                    (None, None) => (file, true),
                })
            })
            .map(|(file, _)| file)
    }

    /// The files that `file` imports from, besides those of its own child modules.
    fn imports<'f>(&'f self, file: &'f str) -> BTreeSet<&'f str> {
        let targets = self.files[file].paths.iter().filter_map(|path| self.resolve(file, path));
        targets.filter(|target| self.ancestry(target).all(|above| above != file)).collect()
    }

    /// Every circle: files that import from each other, directly or through others, as a text with
    /// one import a line.
    pub fn circles(&self) -> Vec<String> {
        let imports: BTreeMap<&str, BTreeSet<&str>> =
            self.files.keys().map(|file| (file.as_str(), self.imports(file))).collect();
        let reached: BTreeMap<&str, BTreeSet<&str>> =
            imports.keys().map(|file| (*file, reach(&imports, file))).collect();
        let circles: BTreeSet<BTreeSet<&str>> = imports
            .keys()
            .map(|file| {
                reached[file]
                    .iter()
                    .copied()
                    .filter(|other| reached[other].contains(file))
                    .collect()
            })
            .collect();
        let describe = |circle: &BTreeSet<&str>| {
            let lines = circle.iter().flat_map(|file| {
                imports[file].intersection(circle).map(move |to| format!("{file} -> {to}\n"))
            });
            lines.collect::<String>()
        };
        circles.iter().filter(|circle| !circle.is_empty()).map(describe).collect()
    }
}

/// All files that `from` imports from, directly or through others.
fn reach<'f>(imports: &BTreeMap<&'f str, BTreeSet<&'f str>>, from: &str) -> BTreeSet<&'f str> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![&imports[from]]);
    while let Some(files) = next.pop() {
        next.extend(files.iter().filter(|file| reached.insert(**file)).map(|file| &imports[file]));
    }
    reached
}
