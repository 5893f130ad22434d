package coreml

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"

	"github.com/gocoreml/coreml/internal/storage"
)

// fingerprint is that of a program, found when it is first asked for.
type fingerprint struct {
	mu   sync.Mutex
	text string
}

// Fingerprint tells the function apart from others, for those who keep what was made with
// it, such as states: it is the same for functions of the same name in packages whose files
// have the same names, sizes and checksums, with the same adapters. It is a text of 64
// hexadecimal digits.
//
// The first call reads all files of the package once, which takes about a second for each
// few gigabytes that are in the system's cache; it gives up with ctx's error when ctx
// ends. A nil ctx is context.Background. After Close a fingerprint that is not known yet
// gives [ErrClosed].
func (m *Model) Fingerprint(ctx context.Context) (string, error) {
	text, err := m.program().findFingerprint(orBackground(ctx))
	if err != nil {
		return "", fail("fingerprint", err)
	}
	return text, nil
}

func (p *program) findFingerprint(ctx context.Context) (string, error) {
	p.print.mu.Lock()
	text := p.print.text
	p.print.mu.Unlock()
	if text != "" {
		return text, nil
	}
	if !p.gate.enter() {
		return "", fmt.Errorf("model is %w", ErrClosed)
	}
	defer p.gate.leave()
	h := sha256.New()
	fmt.Fprintf(h, "function %q\n", p.desc.Function)
	if err := hashFolder(ctx, h, p.loaded.src.FS, p.loaded.src.Dir, "", 0); err != nil {
		return "", err
	}
	for i := range p.loaded.adapters {
		a := &p.loaded.adapters[i]
		fmt.Fprintf(h, "adapter %v\n", a.scale())
		if err := hashFolder(ctx, h, os.DirFS(a.Path), ".", "", 0); err != nil {
			return "", err
		}
	}
	text = hex.EncodeToString(h.Sum(nil))
	p.print.mu.Lock()
	p.print.text = text
	p.print.mu.Unlock()
	return text, nil
}

// maxDepth bounds the folders within folders of a package.
const maxDepth = 16

// hashFolder adds the names, sizes and checksums of the files in a folder, or of one
// file. The manifest says nothing but where they are, under names that are new with each
// copy; hidden files are those of file managers.
func hashFolder(ctx context.Context, h hash.Hash, fsys fs.FS, name, shown string, depth int) error {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		sum, n, err := checksum(ctx, fsys, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "file %q %d %08x\n", cmp.Or(shown, path.Base(name)), n, sum)
		return nil
	}
	if depth > maxDepth {
		return fmt.Errorf("%s: folders lie more than %d deep", storage.Quote(shown), maxDepth)
	}
	entries, err := fs.ReadDir(fsys, name) // in the order of their names
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || depth == 0 && e.Name() == "Manifest.json" {
			continue
		}
		if err := hashFolder(ctx, h, fsys, path.Join(name, e.Name()), path.Join(shown, e.Name()), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// castagnoli is the polynomial that processors compute.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum reads a file to its end. It guards against another model of the same shapes,
// not against a forger, and is about as fast as memory.
func checksum(ctx context.Context, fsys fs.FS, name string) (sum uint32, n int64, err error) {
	f, err := storage.OpenFS(fsys, name)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = cmp.Or(err, f.Close()) }()
	c := crc32.New(castagnoli)
	n, err = io.CopyBuffer(c, storage.Reader(ctx, f), make([]byte, 1<<20))
	return c.Sum32(), n, err
}
