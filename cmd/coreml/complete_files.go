package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/gocoreml/coreml/hub"
)

// mostEntries is the number of entries of a folder that are looked at for candidates.
const mostEntries = 20_000

// wantedPath is what of the disk can be the value of a flag or an argument.
type wantedPath struct {
	folders bool // itself, and not only on the way to something else
	files   bool
	ending  string // of files, empty for all
	models  bool   // packages, and repositories of the local cache
	repos   bool   // repositories of the local cache
}

// argumentForms say of arguments by their names what the placeholders of flags say.
var argumentForms = map[string]string{
	"package": "MODEL", "model": "MODEL", "dir": "DIR", "out": "DIR", "file": "FILE", "checkpoint": "PATH", "name": "NAME",
}

// wantedOf reads off the placeholder of a flag, or the name of an argument, what the
// value is: FILE, FILE.npy, DIR, PATH (of something that may be in a repository too) and
// MODEL, which may have something before an equals sign.
func wantedOf(v *kong.Value) (want wantedPath, ok bool) {
	form := v.Tag.PlaceHolder
	if v.Flag == nil && form == "" {
		form = argumentForms[v.Name]
		if form == "NAME" {
			return wantedPath{repos: true}, true
		}
	}
	// [ID=]PATH and NAME=FILE take a path behind the sign, DIR[=SCALE] before it.
	name, behind, equals := strings.Cut(form, "=")
	if equals && !strings.HasSuffix(name, "[") {
		form = strings.Trim(behind, "[]")
	}
	form, _, _ = strings.Cut(form, "[")
	switch base, ending, dotted := strings.Cut(form, "."); {
	case base == "FILE" && dotted:
		return wantedPath{files: true, ending: "." + ending}, true
	case base == "FILE":
		return wantedPath{files: true}, true
	case base == "DIR":
		return wantedPath{folders: true}, true
	case base == "MODEL" || base == "PACKAGE" || v.Name == "model":
		return wantedPath{models: true}, true
	case base == "PATH":
		return wantedPath{folders: true, files: true, repos: true}, true
	}
	return want, false
}

// valueCandidates are the values of a flag or an argument that begin as a word does.
func valueCandidates(ctx context.Context, v *kong.Value, word string) []candidate {
	if names := choicesOf(v); len(names) > 0 {
		var list []candidate
		for _, name := range names {
			if strings.HasPrefix(name, word) {
				list = append(list, candidate{word: name})
			}
		}
		return list
	}
	want, ok := wantedOf(v)
	if !ok {
		return nil
	}
	before := ""
	if name, _, equals := strings.Cut(v.Tag.PlaceHolder, "="); equals && !strings.HasSuffix(name, "[") {
		// The path begins behind the first sign. Of a form that must have one, nothing
		// is known before it; in [ID=]PATH it may be left out.
		at := strings.IndexByte(word, '=')
		optional := strings.Contains(name, "[") && !strings.Contains(name, "]")
		if at < 0 && !optional {
			return nil
		}
		before, word = word[:at+1], word[at+1:]
	}
	list := pathCandidates(ctx, word, want)
	if want.models || want.repos {
		list = append(list, repoCandidates(ctx, word)...)
	}
	return prefixed(before, list)
}

// pathCandidates are the paths of what is wanted, and the folders on the way to it.
func pathCandidates(ctx context.Context, word string, want wantedPath) []candidate {
	if !want.files && !want.folders && !want.models {
		return nil
	}
	cut := strings.LastIndexByte(word, '/')
	if runtime.GOOS == "windows" {
		cut = strings.LastIndexAny(word, `/\`)
	}
	dir, start := word[:cut+1], word[cut+1:]
	folder := dir
	if rest, isHome := strings.CutPrefix(dir, "~/"); isHome {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil
		}
		folder = home + "/" + rest
	}
	if folder == "" {
		folder = "."
	}
	var list []candidate
	for _, e := range entriesOf(ctx, folder) {
		name := e.Name()
		if !strings.HasPrefix(name, start) || strings.HasPrefix(name, ".") && start == "" {
			continue
		}
		isDir := e.IsDir()
		if e.Type()&fs.ModeSymlink != 0 {
			info, err := os.Stat(filepath.Join(folder, name))
			isDir = err == nil && info.IsDir()
		}
		isPackage := slices.Contains(packageForms, strings.ToLower(filepath.Ext(name)))
		switch {
		case isPackage && (want.models || isDir && want.folders):
			list = append(list, candidate{word: dir + name})
		case isDir:
			list = append(list, candidate{word: dir + name + "/"})
		case want.files && strings.HasSuffix(name, want.ending):
			list = append(list, candidate{word: dir + name})
		}
	}
	slices.SortFunc(list, func(a, b candidate) int { return strings.Compare(a.word, b.word) })
	return list
}

// entriesOf lists a folder, as far as there is time.
func entriesOf(ctx context.Context, folder string) []fs.DirEntry {
	info, err := os.Stat(folder)
	if err != nil || !info.IsDir() {
		return nil
	}
	f, err := os.Open(folder)
	if err != nil {
		return nil
	}
	defer f.Close() //nolint:errcheck // the folder was only read
	const step = 500
	var list []fs.DirEntry
	for len(list) < mostEntries && ctx.Err() == nil {
		more, err := f.ReadDir(step)
		list = append(list, more...)
		if err != nil {
			break
		}
	}
	return list
}

// repoCandidates are the models of the local cache whose names begin as a word does.
//
// They are read off the names of its folders: a look into each would take as long as
// coreml list.
func repoCandidates(ctx context.Context, word string) []candidate {
	dir, err := newClient(true).CacheFolder()
	if err != nil {
		return nil
	}
	var list []candidate
	for _, e := range entriesOf(ctx, dir) {
		id, isModel := strings.CutPrefix(e.Name(), "models--")
		name := strings.Replace(id, "--", "/", 1)
		if repo, err := hub.ParseRepo(name); !isModel || err != nil || repo.ID != name || !strings.HasPrefix(name, word) {
			continue
		}
		list = append(list, candidate{name, "in the local cache"})
	}
	slices.SortFunc(list, func(a, b candidate) int { return strings.Compare(a.word, b.word) })
	return list
}
