package cache

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"unicode/utf16"
)

// Tree lists the files of a repository at a commit, by name. It is kept beside
// what was downloaded: it tells whether a snapshot is whole, and spares asking
// again, since the files of a commit never change.
type Tree map[string]TreeEntry

// TreeEntry is what a hub's listing says of a file.
type TreeEntry struct {
	Size   int64
	BlobID string // git's SHA-1 of the file, or of its pointer where LFSSHA256 is set

	// Of a large file, for which git holds a pointer. LFSSHA256 is "" for others.
	LFSSHA256 string
	LFSSize   int64

	XetHash string // "" for a file that is not in Xet storage
}

const (
	treeVersion = 1
	// A file takes some 150 bytes, so this is more than a million of them.
	maxTree = 256 << 20
)

// Tree returns what was kept of the listing of a commit. [fs.ErrNotExist] means
// that none is there, or none that this version understands.
func (r *Repo) Tree(commit string) (Tree, error) {
	return r.c.tree(r.in("trees"), commit)
}

// SetTree keeps the listing of a commit. A listing with a malformed Xet hash is
// not kept, as Python does not.
func (r *Repo) SetTree(commit string, t Tree) error {
	return r.c.setTree(r.in("trees"), commit, t)
}

// tree reads the listing of a commit in dir.
func (f *folder) tree(dir, commit string) (Tree, error) {
	if err := checkCommit(commit); err != nil {
		return nil, err
	}
	name := path.Join(dir, commit+".json")
	data, err := f.readSmall(name, maxTree)
	if err != nil {
		return nil, err
	}
	t, err := parseTree(data)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: f.path(name), Err: errors.Join(err, fs.ErrNotExist)}
	}
	return t, nil
}

// setTree keeps one there, with the mode that Python's temporary files have.
func (f *folder) setTree(dir, commit string, t Tree) error {
	if err := checkCommit(commit); err != nil {
		return err
	}
	if !t.validXet() {
		return nil
	}
	for name := range t {
		if err := CheckName(name); err != nil {
			return err
		}
	}
	return f.replace(path.Join(dir, commit+".json"), "tmp*.tmp", t.encode(), 0o600)
}

// validXet says whether all Xet hashes are of their form.
func (t Tree) validXet() bool {
	for _, file := range t {
		if file.XetHash != "" && !isHex(file.XetHash, 64) {
			return false
		}
	}
	return true
}

// entryJSON is a file in a listing that is kept.
type entryJSON struct {
	Size    *int64  `json:"size"`
	BlobID  *string `json:"blob_id"`
	SHA256  *string `json:"lfs_sha256"`
	LFSSize *int64  `json:"lfs_size"`
	Xet     *string `json:"xet_hash"`
}

// parseTree reads a listing. Names that may not become paths make it unusable, and so
// do more files than any repository has, which are counted before they are kept.
func parseTree(data []byte) (Tree, error) {
	var head struct {
		Version *json.Number `json:"format_version"`
		Files   filesJSON    `json:"files"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, err
	}
	if head.Version == nil || head.Version.String() != strconv.Itoa(treeVersion) {
		return nil, errors.New("a listing in a form that is not known")
	}
	if head.Files == nil {
		return nil, errors.New("a listing without files")
	}
	return Tree(head.Files), nil
}

// filesJSON reads the files of a listing one by one.
type filesJSON Tree

// UnmarshalJSON reads an object, or null.
func (f *filesJSON) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t == nil {
		return err
	} else if t != json.Delim('{') {
		return errors.New("a listing whose files are no object")
	}
	var total int64
	*f = filesJSON{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string) // a key is nothing else
		if len(*f) == maxEntries {
			return ErrTooMany
		}
		var e *entryJSON
		if err := d.Decode(&e); err != nil {
			return err
		}
		file, err := e.file(name)
		if err != nil {
			return err
		}
		if total += file.Size; total < 0 {
			return errors.New("a listing of more bytes than can be counted")
		}
		(*f)[name] = file
	}
	return nil
}

// file checks an entry.
func (e *entryJSON) file(name string) (TreeEntry, error) {
	if err := CheckName(name); err != nil {
		return TreeEntry{}, err
	}
	if e == nil || e.Size == nil || *e.Size < 0 || e.BlobID == nil {
		return TreeEntry{}, errors.New("a listing with a file of no size or no name of its content")
	}
	file := TreeEntry{Size: *e.Size, BlobID: *e.BlobID}
	if e.SHA256 != nil {
		file.LFSSHA256 = *e.SHA256
		if e.LFSSize != nil {
			file.LFSSize = *e.LFSSize
		}
	}
	if e.Xet != nil {
		file.XetHash = *e.Xet
		if !isHex(file.XetHash, 64) {
			return TreeEntry{}, errors.New("a listing with a malformed Xet hash")
		}
	}
	return file, nil
}

// encode writes what json.dump(…, indent=1) of Python writes, byte for byte.
func (t Tree) encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n \"format_version\": %d,\n \"files\": {", treeVersion)
	for i, name := range slices.Sorted(maps.Keys(t)) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n  ")
		writeJSON(&b, name)
		t[name].encode(&b)
	}
	if len(t) > 0 {
		b.WriteString("\n ")
	}
	b.WriteString("}\n}")
	return b.Bytes()
}

// encode writes the fields in the order in which Python's dataclass has them.
func (f TreeEntry) encode(b *bytes.Buffer) {
	fmt.Fprintf(b, ": {\n   \"size\": %d,\n   \"blob_id\": ", f.Size)
	writeJSON(b, f.BlobID)
	if f.LFSSHA256 != "" {
		b.WriteString(",\n   \"lfs_sha256\": ")
		writeJSON(b, f.LFSSHA256)
		fmt.Fprintf(b, ",\n   \"lfs_size\": %d", f.LFSSize)
	}
	if f.XetHash != "" {
		b.WriteString(",\n   \"xet_hash\": ")
		writeJSON(b, f.XetHash)
	}
	b.WriteString("\n  }")
}

// writeJSON writes a string as Python does: everything but printable ASCII escaped.
func writeJSON(b *bytes.Buffer, s string) {
	short := map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\f': `\f`, '\b': `\b`}
	b.WriteByte('"')
	for _, c := range s {
		escaped, ok := short[c]
		switch {
		case ok:
			b.WriteString(escaped)
		case c >= ' ' && c <= '~':
			b.WriteRune(c)
		case c > 0xffff:
			high, low := utf16.EncodeRune(c)
			fmt.Fprintf(b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(b, `\u%04x`, c)
		}
	}
	b.WriteByte('"')
}
