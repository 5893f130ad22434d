package modelpkg

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/milpb"
)

// WeightFileName is the name by which programs refer to the weight file that a
// Writer makes.
const WeightFileName = "@model_path/weights/weight.bin"

// Where a package keeps its files, as coremltools lays them out.
const (
	itemAuthor  = "com.apple.CoreML"
	modelPath   = "com.apple.CoreML/model.mlmodel"
	weightsPath = "com.apple.CoreML/weights"
)

// Writer makes a new package. Weights go to its weight file one by one, so that
// they never have to be in memory together. The package appears under its name
// only when Finish has succeeded. A Writer is for one goroutine. One of Finish
// and Discard must be called, or its folder stays. size is the length of the
// weight file so far, count the number of its blobs.
type Writer struct {
	dir, tmp string
	file     *os.File
	out      *pieces
	size     uint64
	count    uint32
	left     int // bytes to come of the blob that was begun last
	err      error
}

// Create starts a package at the path dir, where nothing may lie yet. The
// folder's name begins with a dot and lies beside dir, on the same volume.
func Create(dir string) (*Writer, error) {
	dir = filepath.Clean(dir)
	if _, err := os.Lstat(dir); err == nil {
		return nil, &fs.PathError{Op: "create", Path: dir, Err: fs.ErrExist}
	}
	// Beside the place of the package, so that it can be renamed into it.
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+".*")
	if err != nil {
		return nil, err
	}
	w := &Writer{dir: dir, tmp: tmp}
	if err := os.MkdirAll(filepath.Join(tmp, "Data", filepath.FromSlash(weightsPath)), 0o777); err != nil {
		return nil, errors.Join(err, os.RemoveAll(tmp))
	}
	// MkdirTemp keeps others out; a package is readable as the umask says.
	if err := os.Chmod(tmp, 0o755); err != nil {
		return nil, errors.Join(err, os.RemoveAll(tmp))
	}
	return w, nil
}

// AddBlob writes n packed elements to the weight file and returns the offset by
// which a program refers to them, under WeightFileName. Every blob begins at a
// multiple of 64. data is written before the method returns, and may be used
// again.
func (w *Writer) AddBlob(t dtype.Type, n int, data []byte) (uint64, error) {
	if want, ok := t.PackedLen(n); w.err == nil && (!ok || want != len(data)) {
		return 0, fmt.Errorf("%w: %d bytes for %d elements of %v", ErrBlob, len(data), n, t)
	}
	offset, err := w.BeginBlob(t, n)
	if err != nil {
		return 0, err
	}
	return offset, w.Append(data)
}

// BeginBlob begins a blob of n packed elements, whose bytes come by Append, and returns
// its offset. It is for blobs that are not in memory as a whole. All of its bytes must
// have come before the next blob begins.
func (w *Writer) BeginBlob(t dtype.Type, n int) (uint64, error) {
	if w.err != nil {
		return 0, w.err
	}
	code := slices.Index(blobTypes[:], t)
	want, ok := t.PackedLen(n)
	if code < 1 || !ok || w.left != 0 {
		return 0, fmt.Errorf("%w: %d elements of %v, with %d bytes to come of the one before", ErrBlob, n, t, w.left)
	}
	if w.file == nil {
		w.openWeights()
	}
	if rest := w.size % blobAlign; rest != 0 {
		w.write(make([]byte, blobAlign-rest))
	}
	offset := w.size
	meta := make([]byte, blobAlign)
	binary.LittleEndian.PutUint32(meta, blobSentinel)
	binary.LittleEndian.PutUint32(meta[4:], uint32(code))
	binary.LittleEndian.PutUint64(meta[8:], uint64(want))
	binary.LittleEndian.PutUint64(meta[16:], offset+blobAlign)
	if t.Size() == 0 { // bits at the end that belong to no element
		binary.LittleEndian.PutUint64(meta[24:], uint64(8*want-n*t.Bits()))
	}
	w.write(meta)
	w.count++
	w.left = want
	return offset, w.err
}

// Append writes bytes of the blob that was begun last. data may be used again when the
// method returns.
func (w *Writer) Append(data []byte) error {
	if len(data) > w.left && w.err == nil {
		return fmt.Errorf("%w: %d bytes where %d are to come", ErrBlob, len(data), w.left)
	}
	w.left -= len(data)
	w.write(data)
	return w.err
}

// pieceSize is what the weight file is written in, each piece at a multiple of it. What
// is written at once the system may keep in one piece of its cache, and weights that are
// used where they lie are then found through few entries of the page tables.
const pieceSize = 4 << 20

// pieces collects what is written and passes it on piece by piece.
type pieces struct {
	file *os.File
	held []byte // of which the capacity is a piece
}

// Write implements [io.Writer].
func (p *pieces) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		part := b[n:min(len(b), n+cap(p.held)-len(p.held))]
		p.held = append(p.held, part...)
		n += len(part)
		if len(p.held) == cap(p.held) {
			err = p.Flush()
		}
	}
	return n, err
}

// Flush passes on what is held.
func (p *pieces) Flush() error {
	_, err := p.file.Write(p.held)
	p.held = p.held[:0]
	return err
}

// openWeights begins the weight file when the first blob comes: a package
// without weights has none.
func (w *Writer) openWeights() {
	name := filepath.Join(w.tmp, "Data", filepath.FromSlash(weightsPath), "weight.bin")
	if w.file, w.err = os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666); w.err != nil {
		return
	}
	w.out = &pieces{file: w.file, held: make([]byte, 0, pieceSize)}
	w.write(make([]byte, blobAlign)) // the header, which Finish fills
}

// write adds bytes to the weight file. The first error stays, and every later call
// returns it.
func (w *Writer) write(b []byte) {
	if w.err != nil {
		return
	}
	var n int
	n, w.err = w.out.Write(b)
	w.size += uint64(n)
}

// Finish writes the model file and the manifest and puts the package in its
// place. The Writer is of no use afterwards, whatever it returns. Files are not
// synced: a package that a crash of the system damages can be made again.
func (w *Writer) Finish(m *milpb.Model) (err error) {
	if w.tmp == "" {
		return errors.New("writer is finished already")
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Discard())
		}
	}()
	if err := w.finishWeights(); err != nil {
		return err
	}
	spec := m.Encode()
	if err := os.WriteFile(filepath.Join(w.tmp, "Data", filepath.FromSlash(modelPath)), spec, 0o666); err != nil {
		return err
	}
	if err := w.writeManifest(spec); err != nil {
		return err
	}
	if err := os.Rename(w.tmp, w.dir); err != nil {
		return err
	}
	w.tmp = ""
	return nil
}

// finishWeights completes the weight file, or removes its folder when there are
// no weights.
func (w *Writer) finishWeights() error {
	if w.err == nil && w.left != 0 {
		w.err = fmt.Errorf("%w: %d bytes of the last one did not come", ErrBlob, w.left)
	}
	if w.err != nil {
		return w.err
	}
	if w.file == nil {
		return os.Remove(filepath.Join(w.tmp, "Data", filepath.FromSlash(weightsPath)))
	}
	header := binary.LittleEndian.AppendUint32(nil, w.count)
	header = binary.LittleEndian.AppendUint32(header, blobVersion)
	err := w.out.Flush()
	if err == nil {
		_, err = w.file.WriteAt(header, 0)
	}
	err = errors.Join(err, w.file.Close())
	w.file = nil
	return err
}

// Discard removes what has been written so far. It does nothing after Finish.
func (w *Writer) Discard() error {
	if w.tmp == "" {
		return nil
	}
	var err error
	if w.file != nil {
		err = w.file.Close()
		w.file = nil
	}
	err = errors.Join(err, os.RemoveAll(w.tmp))
	w.tmp, w.err = "", fs.ErrClosed
	return err
}

// writeManifest writes the manifest, with the items and texts of coremltools.
// Keys of a Go map are sorted in JSON, so the text is the same each time.
func (w *Writer) writeManifest(spec []byte) error {
	model, weights := itemID(spec, "model"), itemID(spec, "weights")
	m := manifest{
		FileFormatVersion:   "1.0.0",
		RootModelIdentifier: model,
		ItemInfoEntries: map[string]manifestItem{
			model: {Author: itemAuthor, Description: "CoreML Model Specification", Name: "model.mlmodel", Path: modelPath},
		},
	}
	if w.count > 0 {
		m.ItemInfoEntries[weights] = manifestItem{Author: itemAuthor, Description: "CoreML Model Weights", Name: "weights", Path: weightsPath}
	}
	data, err := json.MarshalIndent(m, "", "    ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(w.tmp, "Manifest.json"), append(data, '\n'), 0o666)
}

// itemID derives the UUID of a manifest item from the model's content, so that
// the same program always makes the same package. Version 8 is for such schemes.
func itemID(spec []byte, item string) string {
	h := sha256.New()
	// A hash takes every write.
	_, _ = io.WriteString(h, item+"\x00")
	_, _ = h.Write(spec)
	id := h.Sum(nil)[:16]
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
