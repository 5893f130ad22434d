package hub

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/hub/internal/cache"
	"github.com/gocoreml/coreml/internal/quote"
)

// Which files of a repository are a package and what belongs to it. Everything here
// goes by names alone: nothing is read.

// packageForms are the endings of Core ML models, those first that are taken before
// the others: a folder that every engine runs, a file, and what Apple's runtime alone
// runs.
var packageForms = []string{".mlpackage", ".mlmodel", ".mlmodelc"}

// modelFile is the one form that is a file and no folder.
const modelFile = ".mlmodel"

// PackageEntry is a Core ML model in a repository.
type PackageEntry struct {
	// Path is its path in the repository: a folder .mlpackage or .mlmodelc, or a file
	// .mlmodel. It is foreign text: escape it before it goes to a terminal.
	Path string

	// Size is that of all its files in bytes, -1 where it is not known.
	Size int64
}

// form is the ending of the package's name.
func (p PackageEntry) form() string { return strings.ToLower(path.Ext(p.Path)) }

// holds reports whether a file is the package or lies in it.
func (p PackageEntry) holds(name string) bool {
	return name == p.Path || strings.HasPrefix(name, p.Path+"/")
}

// findPackages returns the packages among the files of a repository, sorted by path.
func findPackages(files []File) []PackageEntry {
	at := map[string]int64{}
	for _, f := range files {
		p, ok := packageOf(f.Path)
		if !ok {
			continue
		}
		if size := at[p]; size < 0 || f.Size < 0 {
			at[p] = -1
		} else {
			at[p] = size + f.Size
		}
	}
	list := make([]PackageEntry, 0, len(at))
	for p, size := range at {
		list = append(list, PackageEntry{p, size})
	}
	slices.SortFunc(list, func(a, b PackageEntry) int { return cmp.Compare(a.Path, b.Path) })
	return list
}

// packageOf returns the package that a file belongs to: the outermost one, since the
// model file of a package lies inside it.
func packageOf(name string) (string, bool) {
	for at := 0; at < len(name); {
		end, last := len(name), true
		if n := strings.IndexByte(name[at:], '/'); n >= 0 {
			end, last = at+n, false
		}
		if form := strings.ToLower(path.Ext(name[at:end])); slices.Contains(packageForms, form) && last == (form == modelFile) {
			return name[:end], true
		}
		at = end + 1
	}
	return "", false
}

// choosePackage returns the package that a path means: that one, or the only one in
// that folder, "" being the repository. Where there are several forms of it the first of
// packageForms counts, as a folder with a package and its compiled form is usual.
func choosePackage(repo Repo, list []PackageEntry, where string) (PackageEntry, error) {
	found := list
	if where != "" {
		found = slices.DeleteFunc(slices.Clone(list), func(p PackageEntry) bool {
			return p.Path != where && !strings.HasPrefix(p.Path, where+"/")
		})
	}
	if len(found) == 0 {
		return PackageEntry{}, &PackagesError{Repo: repo, Path: where, Packages: list, none: true}
	}
	for _, form := range packageForms {
		n, last := 0, PackageEntry{}
		for _, p := range found {
			if p.form() == form {
				n, last = n+1, p
			}
		}
		switch {
		case n == 1:
			return last, nil
		case n > 1:
			return PackageEntry{}, &PackagesError{Repo: repo, Path: where, Packages: found}
		}
	}
	return found[0], nil // not reached: every entry has one of the forms
}

// PackagesError says that a name does not lead to one package of a repository. It is
// [ErrAmbiguous] where there are several and [ErrEntryNotFound] where there is none.
type PackagesError struct {
	// Repo is the repository and its revision, Path what was looked for in it, "" being
	// any package.
	Repo Repo
	Path string

	// Packages are those that there are, sorted by path: those below Path or, where there
	// are none, all of the repository.
	Packages []PackageEntry

	// Checkpoint says that there is no package and that the repository holds a trained
	// model, which [Client.ResolveCheckpoint] fetches and coreml convert makes a package
	// of.
	Checkpoint bool

	none bool
}

// Error lists the packages with their sizes.
func (e *PackagesError) Error() string {
	repo := quote.Bare(e.Repo.String(), maxName)
	var b strings.Builder
	fmt.Fprintf(&b, "hub: %s: ", repo)
	where := ""
	if e.Path != "" {
		where = " at " + quote.Name(e.Path, maxName)
	}
	switch {
	case len(e.Packages) == 0:
		fmt.Fprintf(&b, "no Core ML package (%s) lies in the repository", strings.Join(packageForms, ", "))
		if e.Checkpoint {
			fmt.Fprintf(&b, "; it has a checkpoint, of which one is made by coreml convert %s Model.mlpackage", repo)
		}
		return b.String()
	case e.none:
		fmt.Fprintf(&b, "no Core ML package lies there%s: the repository has", where)
	default:
		fmt.Fprintf(&b, "there are several Core ML packages%s: name one, as in %s:%s, of", where, repo, quote.Bare(e.Packages[0].Path, maxName))
	}
	const shown = 40
	for i, p := range e.Packages[:min(shown, len(e.Packages))] {
		sep := ", "
		if i == 0 {
			sep = " "
		}
		b.WriteString(sep + quote.Name(p.Path, maxName))
		if p.Size >= 0 {
			fmt.Fprintf(&b, " (%s)", sizeText(p.Size))
		}
	}
	if more := len(e.Packages) - shown; more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	return b.String()
}

// Is reports whether target is what the error comes to.
func (e *PackagesError) Is(target error) bool {
	if e.none {
		return target == ErrEntryNotFound
	}
	return target == ErrAmbiguous
}

// sizeText is a number of bytes for people, in units of 1024.
func sizeText(n int64) string {
	const units = "KMGTPE"
	v, unit := float64(n), -1
	for v >= 1024 && unit < len(units)-1 {
		v, unit = v/1024, unit+1
	}
	if unit < 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %ciB", v, units[unit])
}

// The files that belong to a package beside it, by their names. They are those that
// packages tokenizer and generate read, which this package does not import: a program
// may want the one without the other.
var (
	// vocabularyNames and vocabularyPatterns are files that are a tokenizer.
	vocabularyNames = []string{
		"tokenizer.json", "tekken.json", "tokenizer.model", "tiktoken.model", "spiece.model", "sentencepiece.model",
		"sentencepiece.bpe.model", "vocab.json", "vocab.txt",
	}
	vocabularyPatterns = []string{"*.tiktoken", "*tekken*.json"}

	// besideNames and besidePatterns are read with them.
	besideNames = []string{
		"merges.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
		"chat_template.jinja", "chat_template.json", "config.json", "generation_config.json", "driver.json", "meta.yaml", "model_config.json",
		"modules.json", "sentence_bert_config.json", "config_sentence_transformers.json",
	}
	// The folders are those of sentence-transformers: what follows a model of embeddings.
	besidePatterns = []string{
		"*.driver.json", "[0-9]*_*/config.json", "[0-9]*_Dense*/model.safetensors", "[0-9]*_LayerNorm*/model.safetensors",
	}
)

// templatesFolder holds further chat templates beside a tokenizer.
const templatesFolder = "additional_chat_templates"

// IsTokenizer reports whether a file of this name is a tokenizer, which [Client.Resolve]
// looks for beside a package. name has no folder.
func IsTokenizer(name string) bool {
	return slices.Contains(vocabularyNames, name) || matchesAny(vocabularyPatterns, name)
}

// IsBeside reports whether [Client.Resolve] fetches a file of this path from the folder
// in which a package lies: a tokenizer, what is read with one, generation_config.json,
// config.json, driver files and what sentence-transformers writes beside a model of
// embeddings. name is relative to that folder.
func IsBeside(name string) bool {
	if dir, file := path.Split(name); dir == templatesFolder+"/" {
		return path.Ext(file) == ".jinja"
	}
	return IsTokenizer(name) || slices.Contains(besideNames, name) || matchesAny(besidePatterns, name)
}

// matchesAny reports whether a name matches one of the patterns, in which a star
// stands for no slash.
func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return ok && err == nil
	})
}

// filesBeside returns the files in a folder of a repository, "." being its root, that
// belong to a package there, and whether a tokenizer is among them.
func filesBeside(files []File, dir string) (names []string, tokenizer bool) {
	for _, f := range files {
		name, ok := below(dir, f.Path)
		if !ok || !IsBeside(name) {
			continue
		}
		names = append(names, f.Path)
		tokenizer = tokenizer || IsTokenizer(name)
	}
	return names, tokenizer
}

// below returns the path of a file relative to a folder that it lies in.
func below(dir, name string) (string, bool) {
	if dir == "." {
		return name, true
	}
	return strings.CutPrefix(name, dir+"/")
}

// chosen is what is to be there of a repository.
type chosen struct {
	pkg       PackageEntry
	files     []string // of the package and beside it
	tokenizer string   // folder, "" where there is no tokenizer

	checkpoint string // folder or GGUF file, or the folder of an adapter, where that was looked for
}

// choose returns the package that a path means with the files that belong to it: those
// beside it and, where no tokenizer is among these, those of the nearest folder above
// that has one.
func choose(repo Repo, files []File, where string) (*chosen, error) {
	pkg, err := choosePackage(repo, findPackages(files), where)
	if err != nil {
		if e, ok := errors.AsType[*PackagesError](err); ok && len(e.Packages) == 0 {
			e.Checkpoint = slices.ContainsFunc(files, isWeights)
		}
		return nil, err
	}
	c := &chosen{pkg: pkg}
	for _, f := range files {
		if !pkg.holds(f.Path) {
			continue
		}
		// A hub may list anything.
		if err := cache.CheckName(f.Path); err != nil {
			return nil, fromCache(err, f.Path)
		}
		c.files = append(c.files, f.Path)
	}
	dir := path.Dir(pkg.Path)
	names, found := filesBeside(files, dir)
	c.files = append(c.files, names...)
	if !found {
		if dir, found = above(dir, tokenizerFolders(files)); found {
			names, _ = filesBeside(files, dir)
			c.files = append(c.files, names...)
		}
	}
	if found {
		c.tokenizer = dir
	}
	return c, nil
}

// isWeights reports whether a file has the weights of a trained model.
func isWeights(f File) bool {
	ext := strings.ToLower(path.Ext(f.Path))
	return ext == ".safetensors" || ext == ".gguf"
}

// tokenizerFolders are the folders of a repository that have a tokenizer.
func tokenizerFolders(files []File) map[string]bool {
	dirs := map[string]bool{}
	for _, f := range files {
		if dir, name := path.Split(f.Path); IsTokenizer(name) {
			dirs[path.Clean(dir)] = true // "" is the root too, "."
		}
	}
	return dirs
}

// above returns the nearest folder above another one that is among dirs.
func above(dir string, dirs map[string]bool) (string, bool) {
	for dir != "." {
		if dir = path.Dir(dir); dirs[dir] {
			return dir, true
		}
	}
	return dir, false
}

// chooseTokenizer returns the files of a tokenizer in a folder, "" being the root, or
// beside a file that is one.
func chooseTokenizer(repo Repo, files []File, where string) (*chosen, error) {
	dir := cmp.Or(where, ".")
	if slices.ContainsFunc(files, func(f File) bool { return f.Path == dir }) {
		dir = path.Dir(dir)
	}
	names, found := filesBeside(files, dir)
	if !found && where == "" {
		// Without one in the root it is that of the only package.
		if c, err := choose(repo, files, ""); err == nil && c.tokenizer != "" {
			dir = c.tokenizer
			names, found = filesBeside(files, dir)
		}
	}
	if !found {
		at := ""
		if where != "" {
			at = " at " + quote.Name(where, maxName)
		}
		return nil, &Error{Op: "find the tokenizer of", Repo: repo, Err: fmt.Errorf("%w: no tokenizer%s: none of %s",
			ErrEntryNotFound, at, strings.Join(slices.Concat(vocabularyNames, vocabularyPatterns), ", "))}
	}
	return &chosen{files: names, tokenizer: dir}, nil
}
