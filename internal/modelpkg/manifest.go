package modelpkg

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/storage"
)

// maxManifest bounds the manifest, which has a few hundred bytes in real
// packages.
const maxManifest = 4 << 20

// manifestName is the only file that every package has in the same place.
const manifestName = "Manifest.json"

// manifest is Manifest.json: items by an identifier of no meaning, of which one
// is the model file. Paths are relative to the folder Data. coremltools writes
// two items: the model file, and the folder of weights where there are any.
type manifest struct {
	FileFormatVersion   string                  `json:"fileFormatVersion"`
	ItemInfoEntries     map[string]manifestItem `json:"itemInfoEntries"`
	RootModelIdentifier string                  `json:"rootModelIdentifier"`
}

// manifestItem is a file or a folder of the package.
type manifestItem struct {
	Author      string `json:"author"`
	Description string `json:"description"`
	Name        string `json:"name"`
	Path        string `json:"path"`
}

// readManifest finds the model file and the other items of the package folder.
// The items' paths become names in fsys, of which none leads out of the
// package.
func (p *Package) readManifest(compiled bool) (modelFile string, err error) {
	name := path.Join(p.dir, manifestName)
	data, err := storage.ReadSmall(p.fsys, name, maxManifest)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if compiled || p.looksCompiled() {
			return "", errIsCompiled
		}
		return "", p.notPackage()
	case errors.Is(err, storage.ErrTooLong):
		return "", fmt.Errorf("%w: larger than %d bytes", ErrManifest, maxManifest)
	case err != nil:
		return "", p.inside(name, err)
	}
	root, others, err := parseManifest(data)
	if err != nil {
		if other := storage.Sniff(name, data, "", storage.KindJSON, storage.KindText); other != nil {
			return "", fmt.Errorf("%w: %w", ErrManifest, p.inside(name, other))
		}
		return "", err
	}
	data0 := path.Join(p.dir, "Data")
	for _, item := range others {
		p.items = append(p.items, path.Join(data0, item))
	}
	return path.Join(data0, root), nil
}

// errIsCompiled is how readManifest says that the folder is a compiled model.
var errIsCompiled = errors.New("a compiled model")

// looksCompiled recognises the files that compiled models have. It is only
// asked when there is no manifest.
func (p *Package) looksCompiled() bool {
	return p.has(dataName) || p.has(ProgramName) || p.has(networkName) || p.has(path.Join("model0", dataName))
}

// parseManifest returns the paths, relative to Data, of the model file and of
// all other items, these in order. Items of a later minor version are read as those of
// version 1: a change that a reader must know would have another major one.
func parseManifest(data []byte) (root string, others []string, err error) {
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return "", nil, fmt.Errorf("%w: %w", ErrManifest, storage.JSONError(err))
	}
	if major, _, _ := strings.Cut(m.FileFormatVersion, "."); major != "1" {
		return "", nil, fmt.Errorf("%w: format version %s is not 1", ErrManifest, storage.Quote(m.FileFormatVersion))
	}
	if _, ok := m.ItemInfoEntries[m.RootModelIdentifier]; !ok {
		return "", nil, fmt.Errorf("%w: rootModelIdentifier %s names none of its %d items",
			ErrManifest, storage.Quote(m.RootModelIdentifier), len(m.ItemInfoEntries))
	}
	for id, item := range m.ItemInfoEntries {
		clean, err := localPath(item.Path)
		if err != nil {
			return "", nil, fmt.Errorf("%w: item %s: %w", ErrManifest, storage.Quote(item.Name), err)
		}
		if id == m.RootModelIdentifier {
			root = clean
		} else {
			others = append(others, clean)
		}
	}
	slices.Sort(others)
	return root, others, nil
}

// localPath cleans a path that a package gives, and refuses one that could lead
// out of it: absolute paths, parent folders, volume names and the separators of
// other systems. A package may come from anywhere, and its paths are opened
// here.
func localPath(name string) (string, error) {
	clean := path.Clean(name)
	if name == "" || clean == "." || !fs.ValidPath(clean) || strings.ContainsAny(clean, "\\:\x00") {
		return "", fmt.Errorf("path %s does not stay inside the package", storage.Quote(name))
	}
	return clean, nil
}
